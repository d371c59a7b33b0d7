-- One-time codes set passwords too. `not_after`: the end of what the code fetches; null for a password without one. `password`: the name of
-- the password that it sets; `others`: all other passwords of the account go with that. `collected`: what came of it.
ALTER TABLE enrolment RENAME TO enrolment_before;
CREATE TABLE enrolment (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL,
  account INTEGER NOT NULL REFERENCES account (id),
  use TEXT NOT NULL,
  not_after INTEGER,
  replaces TEXT,
  password TEXT,
  others INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER NOT NULL,
  tries_left INTEGER NOT NULL,
  collected TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO enrolment (id, hash, account, use, not_after, replaces, expires_at, tries_left, collected, created_at)
  SELECT id, hash, account, use, not_after, replaces, expires_at, tries_left, collected, created_at FROM enrolment_before;
DROP TABLE enrolment_before;
CREATE INDEX enrolment_replaces ON enrolment (replaces) WHERE replaces IS NOT NULL;
CREATE INDEX enrolment_account ON enrolment (account);
CREATE INDEX enrolment_end ON enrolment (expires_at);

-- Where its letters go: lines of a postal address.
ALTER TABLE organisation ADD COLUMN post TEXT;
