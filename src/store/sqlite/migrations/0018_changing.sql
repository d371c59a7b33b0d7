-- When an account that takes no mail any more closes for its owner, too.
ALTER TABLE account ADD COLUMN ends_at INTEGER;
CREATE INDEX account_end ON account (ends_at) WHERE ends_at IS NOT NULL AND state <> 'ended';

-- From when on an address has ended, whatever its state says, and who takes its mail instead: senders are told.
ALTER TABLE address ADD COLUMN ends_at INTEGER;
ALTER TABLE address ADD COLUMN successor TEXT;
CREATE INDEX address_end ON address (ends_at) WHERE ends_at IS NOT NULL AND state <> 'ended';

-- What holds for all its accounts.
ALTER TABLE organisation ADD COLUMN state TEXT NOT NULL DEFAULT 'active';
