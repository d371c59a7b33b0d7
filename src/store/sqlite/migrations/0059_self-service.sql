-- One-time codes by mail, with which accounts get into their own pages. Each stands for a log-in whose password was right. `browser`: SHA-256 of what that browser has.
-- `code`: HMAC of the code, with a key of the master key. `password`, `password_at`: which password was shown.
CREATE TABLE self_service_code (
  browser BLOB PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES account (id),
  password TEXT NOT NULL,
  password_at INTEGER NOT NULL,
  code BLOB NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  made_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX self_service_code_account ON self_service_code (account, made_at);
CREATE INDEX self_service_code_made ON self_service_code (made_at);

-- Browsers in which accounts are logged in to their own pages. `hash`: SHA-256 of the cookie. `certificate`: fingerprint, where it was the second factor.
-- `network`: the range that it holds for.
CREATE TABLE self_service_session (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  account INTEGER NOT NULL REFERENCES account (id),
  password TEXT NOT NULL,
  password_at INTEGER NOT NULL,
  certificate TEXT,
  network TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX self_service_session_account ON self_service_session (account, made_at);
CREATE INDEX self_service_session_seen ON self_service_session (seen_at);
