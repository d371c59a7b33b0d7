-- How operators get into the web console. `credential`: the id that the authenticator made. `transports`: separated by blanks.
CREATE TABLE operator_passkey (
  id TEXT PRIMARY KEY,
  operator INTEGER NOT NULL REFERENCES operator (id),
  credential BLOB NOT NULL UNIQUE,
  public_key BLOB NOT NULL,
  counter INTEGER NOT NULL,
  transports TEXT NOT NULL,
  model TEXT NOT NULL,
  synced INTEGER NOT NULL,
  added_at INTEGER NOT NULL,
  last_used_at INTEGER,
  ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX operator_passkey_operator ON operator_passkey (operator, id);

-- One-time codes with which a passkey is registered; an operator has one at a time. `hash`: SHA-256 of the whole code.
CREATE TABLE operator_code (
  id TEXT PRIMARY KEY,
  operator INTEGER NOT NULL UNIQUE REFERENCES operator (id),
  hash BLOB NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  made_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Browsers that are logged in. `hash`: SHA-256 of the cookie. `network`: the range that it holds for.
CREATE TABLE console_session (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  operator INTEGER NOT NULL REFERENCES operator (id),
  passkey TEXT NOT NULL REFERENCES operator_passkey (id),
  network TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  proven_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX console_session_operator ON console_session (operator, made_at);
CREATE INDEX console_session_seen ON console_session (seen_at);

-- Challenges that were answered rightly: none serves twice. `hash`: SHA-256 of the challenge.
CREATE TABLE console_proof (
  hash BLOB PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX console_proof_at ON console_proof (at);
