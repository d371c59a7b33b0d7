-- The gateway's own certificate authorities. Their private keys lie sealed in the key folder. `role`: root, issuing, or cross (the key of a root
-- certified by another root, for roll-over). One root and one issuing authority are current.
CREATE TABLE authority (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  role TEXT NOT NULL,
  fingerprint TEXT NOT NULL UNIQUE,
  not_after INTEGER NOT NULL,
  current INTEGER NOT NULL,
  crl_number INTEGER NOT NULL DEFAULT 0,
  der BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- Certificates of accounts: our own (`authority` issued them), and registered ones of others. Rows are never deleted: a serial number stays taken.
-- `replaces`: fingerprint of the one that this takes the place of; an account may well have several side by side, one a workplace.
-- `warned`: days before the end of the last warning that was sent.
CREATE TABLE certificate (
  fingerprint TEXT PRIMARY KEY,
  issuer TEXT NOT NULL,
  serial TEXT NOT NULL,
  authority INTEGER REFERENCES authority (id),
  account INTEGER NOT NULL REFERENCES account (id),
  use TEXT NOT NULL,
  subject TEXT NOT NULL,
  emails TEXT NOT NULL,
  replaces TEXT,
  not_before INTEGER NOT NULL,
  not_after INTEGER NOT NULL,
  der BLOB NOT NULL,
  revoked_at INTEGER,
  reason TEXT,
  warned INTEGER,
  created_at INTEGER NOT NULL,
  UNIQUE (issuer, serial)
) STRICT, WITHOUT ROWID;
CREATE INDEX certificate_serial ON certificate (serial);
CREATE INDEX certificate_end ON certificate (not_after, fingerprint);
CREATE INDEX certificate_account ON certificate (account, use, not_after);
CREATE INDEX certificate_replaces ON certificate (replaces) WHERE replaces IS NOT NULL;
CREATE INDEX certificate_revoked ON certificate (authority, fingerprint) WHERE revoked_at IS NOT NULL;

-- One-time codes that fetch one certificate. `hash` covers the secret part; `replaces` is the certificate that the new one takes the place of.
CREATE TABLE enrolment (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL,
  account INTEGER NOT NULL REFERENCES account (id),
  use TEXT NOT NULL,
  not_after INTEGER NOT NULL,
  replaces TEXT,
  expires_at INTEGER NOT NULL,
  tries_left INTEGER NOT NULL,
  collected TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolment_replaces ON enrolment (replaces) WHERE replaces IS NOT NULL;
