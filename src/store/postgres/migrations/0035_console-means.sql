-- How a session was begun: `passkey`, `oidc`. `passkey`: null where none was used. `ends_at`: the latest end of this one, where it has one of its own.
ALTER TABLE console_session ALTER COLUMN passkey DROP NOT NULL;
ALTER TABLE console_session ADD COLUMN means text COLLATE "C" NOT NULL DEFAULT 'passkey';
ALTER TABLE console_session ALTER COLUMN means DROP DEFAULT;
ALTER TABLE console_session ADD COLUMN ends_at bigint;

-- Whom an OpenID provider means by whom. It outlives the operator, so that whoever was ended is not made anew by the next log-in; until it is released.
CREATE TABLE operator_identity (
  id text COLLATE "C" PRIMARY KEY,
  operator bigint NOT NULL REFERENCES operator (id),
  issuer text COLLATE "C" NOT NULL,
  subject text COLLATE "C" NOT NULL,
  added_at bigint NOT NULL,
  last_used_at bigint NOT NULL,
  released_at bigint
);
CREATE UNIQUE INDEX operator_identity_subject ON operator_identity (issuer, subject) WHERE released_at IS NULL;
CREATE INDEX operator_identity_operator ON operator_identity (operator);
