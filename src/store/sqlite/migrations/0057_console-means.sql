-- How a session was begun: `passkey`, `oidc`. `passkey`: null where none was used. `ends_at`: the latest end of this one, where it has one of its own.
CREATE TABLE console_session_by_means (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  operator INTEGER NOT NULL REFERENCES operator (id),
  means TEXT NOT NULL,
  passkey TEXT REFERENCES operator_passkey (id),
  network TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  proven_at INTEGER NOT NULL,
  ends_at INTEGER,
  ended_at INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO console_session_by_means (id, hash, operator, means, passkey, network, made_at, seen_at, proven_at, ended_at)
  SELECT id, hash, operator, 'passkey', passkey, network, made_at, seen_at, proven_at, ended_at FROM console_session;
DROP TABLE console_session;
ALTER TABLE console_session_by_means RENAME TO console_session;
CREATE INDEX console_session_operator ON console_session (operator, made_at);
CREATE INDEX console_session_seen ON console_session (seen_at);

-- Whom an OpenID provider means by whom. It outlives the operator, so that whoever was ended is not made anew by the next log-in; until it is released.
CREATE TABLE operator_identity (
  id TEXT PRIMARY KEY,
  operator INTEGER NOT NULL REFERENCES operator (id),
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  added_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  released_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX operator_identity_subject ON operator_identity (issuer, subject) WHERE released_at IS NULL;
CREATE INDEX operator_identity_operator ON operator_identity (operator);
