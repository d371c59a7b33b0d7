-- Accounts that change hands: what was filed for them since `since` goes to the mailbox of `target` in steps. While a row is here neither
-- mailbox is opened. `next_*`: how far the steps are; entries of `source` from `below` on came later and stay.
CREATE TABLE account_move (
  source INTEGER PRIMARY KEY REFERENCES account (id),
  target INTEGER NOT NULL UNIQUE REFERENCES account (id),
  since INTEGER NOT NULL,
  below INTEGER NOT NULL,
  next_uid INTEGER NOT NULL DEFAULT 0,
  next_held INTEGER NOT NULL DEFAULT 0,
  messages INTEGER NOT NULL DEFAULT 0,
  octets INTEGER NOT NULL DEFAULT 0,
  held INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Who took over from an account that went to another organisation: what is on its way to its mailbox goes where its address leads by now.
ALTER TABLE account ADD COLUMN moved_to INTEGER REFERENCES account (id);
