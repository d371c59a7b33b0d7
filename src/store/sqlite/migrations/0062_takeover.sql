-- The move of a region from another server, in waves. `day`: of the wave, in Amsterdam. `announced_at` and the others: when the letter of that step was made.
-- `going_back_at`: mail of the practice may be given back to the other server, as long as that is not done.
CREATE TABLE takeover (
  organisation INTEGER PRIMARY KEY REFERENCES organisation (id),
  wave TEXT NOT NULL,
  day INTEGER NOT NULL,
  rehearsed_at INTEGER NOT NULL,
  announced_at INTEGER,
  moved_told_at INTEGER,
  reminded_at INTEGER,
  back_told_at INTEGER,
  going_back_at INTEGER
) STRICT;
CREATE INDEX takeover_wave ON takeover (wave);

-- Where each mailbox stands. `there`: its log-in name at the other server. `messages` and `octets`: as that server listed them last.
CREATE TABLE takeover_mailbox (
  account INTEGER PRIMARY KEY REFERENCES account (id),
  there TEXT NOT NULL,
  state TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  octets INTEGER NOT NULL,
  problem TEXT
) STRICT;

-- Entries that left their mailbox to go back to the other server, until they are written there. Each needs its content, as the entry did.
CREATE TABLE takeover_return (
  account INTEGER NOT NULL REFERENCES account (id),
  uid INTEGER NOT NULL,
  message INTEGER NOT NULL,
  octets INTEGER NOT NULL,
  retrieved INTEGER NOT NULL,
  receipt INTEGER NOT NULL,
  PRIMARY KEY (account, uid)
) STRICT, WITHOUT ROWID;
