-- How operators get into the web console. `credential`: the id that the authenticator made. `transports`: separated by blanks.
CREATE TABLE operator_passkey (
  id text COLLATE "C" PRIMARY KEY,
  operator bigint NOT NULL REFERENCES operator (id),
  credential bytea NOT NULL UNIQUE,
  public_key bytea NOT NULL,
  counter bigint NOT NULL,
  transports text COLLATE "C" NOT NULL,
  model text COLLATE "C" NOT NULL,
  synced boolean NOT NULL,
  added_at bigint NOT NULL,
  last_used_at bigint,
  ended_at bigint
);
CREATE INDEX operator_passkey_operator ON operator_passkey (operator, id);

-- One-time codes with which a passkey is registered; an operator has one at a time. `hash`: SHA-256 of the whole code.
CREATE TABLE operator_code (
  id text COLLATE "C" PRIMARY KEY,
  operator bigint NOT NULL UNIQUE REFERENCES operator (id),
  hash bytea NOT NULL,
  tries bigint NOT NULL DEFAULT 0,
  made_at bigint NOT NULL,
  ends_at bigint NOT NULL
);

-- Browsers that are logged in. `hash`: SHA-256 of the cookie. `network`: the range that it holds for.
CREATE TABLE console_session (
  id text COLLATE "C" PRIMARY KEY,
  hash bytea NOT NULL UNIQUE,
  operator bigint NOT NULL REFERENCES operator (id),
  passkey text COLLATE "C" NOT NULL REFERENCES operator_passkey (id),
  network text COLLATE "C" NOT NULL,
  made_at bigint NOT NULL,
  seen_at bigint NOT NULL,
  proven_at bigint NOT NULL,
  ended_at bigint
);
CREATE INDEX console_session_operator ON console_session (operator, made_at);
CREATE INDEX console_session_seen ON console_session (seen_at);

-- Challenges that were answered rightly: none serves twice. `hash`: SHA-256 of the challenge.
CREATE TABLE console_proof (
  hash bytea PRIMARY KEY,
  at bigint NOT NULL
);
CREATE INDEX console_proof_at ON console_proof (at);
