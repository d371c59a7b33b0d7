-- Operators are people with a role. Their keys, by which they sign, are kept apart: rows of keys stay, and one that was removed is never taken again.
CREATE TABLE operator_key (
  fingerprint TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  public_key BLOB NOT NULL,
  added_at INTEGER NOT NULL,
  removed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX operator_key_name ON operator_key (name) WHERE removed_at IS NULL;
INSERT INTO operator_key (fingerprint, name, public_key, added_at, removed_at)
  SELECT fingerprint, name, public_key, added_at, removed_at FROM operator;

-- Written anew, since it refers to the keys.
CREATE TEMP TABLE signed AS SELECT approval, fingerprint, at, signature FROM approval_signature;
DROP TABLE approval_signature;
CREATE TABLE approval_signature (
  approval TEXT NOT NULL REFERENCES approval (id),
  fingerprint TEXT NOT NULL REFERENCES operator_key (fingerprint),
  at INTEGER NOT NULL,
  signature BLOB NOT NULL,
  PRIMARY KEY (approval, fingerprint)
) STRICT, WITHOUT ROWID;
INSERT INTO approval_signature (approval, fingerprint, at, signature) SELECT approval, fingerprint, at, signature FROM signed;
DROP TABLE signed;
DROP TABLE operator;

-- `organisation`: the only one that the operator may do anything for. `certificate`: SHA-256 of a client certificate, 64 hexadecimal digits.
CREATE TABLE operator (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  organisation INTEGER REFERENCES organisation (id),
  certificate TEXT,
  added_at INTEGER NOT NULL,
  ends_at INTEGER,
  ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX operator_name ON operator (name) WHERE ended_at IS NULL;
CREATE INDEX operator_organisation ON operator (organisation);
CREATE UNIQUE INDEX operator_certificate ON operator (certificate) WHERE ended_at IS NULL AND certificate IS NOT NULL;

-- Who could sign so far was trusted with the erasing of patients' data, and could do nothing alone: none of them has a token or a certificate yet.
INSERT INTO operator (name, role, added_at) SELECT name, 'owner', added_at FROM operator_key WHERE removed_at IS NULL;

-- Tokens for programs. `hash`: SHA-256 of the whole token, which is kept nowhere. `networks`: separated by blanks; empty: from anywhere.
CREATE TABLE operator_token (
  id TEXT PRIMARY KEY,
  operator INTEGER NOT NULL REFERENCES operator (id),
  hash BLOB NOT NULL,
  role TEXT NOT NULL,
  networks TEXT NOT NULL,
  added_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  ended_at INTEGER,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX operator_token_operator ON operator_token (operator, id);
