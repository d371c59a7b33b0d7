-- How accounts' client certificates are registered. `key`: what a shown certificate must meet (`fp:`, `subject:` or `san:` and hexadecimal);
-- `fingerprint`: the certificate it was registered with. Revoked rows stay, so that what was revoked is told apart from what was never known.
CREATE TABLE client_certificate (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account INTEGER NOT NULL REFERENCES account (id),
  name TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  about TEXT NOT NULL,
  not_before INTEGER NOT NULL,
  not_after INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER,
  last_used_at INTEGER
) STRICT;
CREATE INDEX client_certificate_key ON client_certificate (key);
CREATE INDEX client_certificate_fingerprint ON client_certificate (fingerprint);
CREATE INDEX client_certificate_account ON client_certificate (account, id);
-- One certificate leads to one account.
CREATE UNIQUE INDEX client_certificate_valid_key ON client_certificate (key) WHERE revoked_at IS NULL;
CREATE UNIQUE INDEX client_certificate_valid_name ON client_certificate (account, name) WHERE revoked_at IS NULL;
