-- One-time codes by mail, with which accounts get into their own pages. Each stands for a log-in whose password was right. `browser`: SHA-256 of what that browser has.
-- `code`: HMAC of the code, with a key of the master key. `password`, `password_at`: which password was shown.
CREATE TABLE self_service_code (
  browser bytea PRIMARY KEY,
  account bigint NOT NULL REFERENCES account (id),
  password text COLLATE "C" NOT NULL,
  password_at bigint NOT NULL,
  code bytea NOT NULL,
  tries bigint NOT NULL DEFAULT 0,
  made_at bigint NOT NULL,
  used_at bigint
);
CREATE INDEX self_service_code_account ON self_service_code (account, made_at);
CREATE INDEX self_service_code_made ON self_service_code (made_at);

-- Browsers in which accounts are logged in to their own pages. `hash`: SHA-256 of the cookie. `certificate`: fingerprint, where it was the second factor.
-- `network`: the range that it holds for.
CREATE TABLE self_service_session (
  id text COLLATE "C" PRIMARY KEY,
  hash bytea NOT NULL UNIQUE,
  account bigint NOT NULL REFERENCES account (id),
  password text COLLATE "C" NOT NULL,
  password_at bigint NOT NULL,
  certificate text COLLATE "C",
  network text COLLATE "C" NOT NULL,
  made_at bigint NOT NULL,
  seen_at bigint NOT NULL,
  ended_at bigint
);
CREATE INDEX self_service_session_account ON self_service_session (account, made_at);
CREATE INDEX self_service_session_seen ON self_service_session (seen_at);
