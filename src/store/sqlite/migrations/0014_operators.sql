-- People who stand behind calls, each by a public key (SubjectPublicKeyInfo). Rows stay: a key that was removed is never taken again.
CREATE TABLE operator (
  fingerprint TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  public_key BLOB NOT NULL,
  added_at INTEGER NOT NULL,
  removed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX operator_name ON operator (name) WHERE removed_at IS NULL;

-- Requests for a second person. `input`: canonical JSON of exactly what is asked. Swept 30 days after their end; the audit trail keeps them.
CREATE TABLE approval (
  id TEXT PRIMARY KEY,
  operation TEXT NOT NULL,
  verb TEXT NOT NULL,
  input TEXT NOT NULL,
  asked_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX approval_end ON approval (ends_at);

CREATE TABLE approval_signature (
  approval TEXT NOT NULL REFERENCES approval (id),
  fingerprint TEXT NOT NULL REFERENCES operator (fingerprint),
  at INTEGER NOT NULL,
  signature BLOB NOT NULL,
  PRIMARY KEY (approval, fingerprint)
) STRICT, WITHOUT ROWID;
