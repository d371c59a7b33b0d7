-- The one account of the web console with a password, for the day on which nothing else lets anybody in. `sealed`: hash of the password and key of the codes, under the
-- master key. `step`: of the last code that was taken; none before it, nor it again. `tried_at`: when somebody last got in.
CREATE TABLE break_glass (
  name text COLLATE "C" PRIMARY KEY,
  operator bigint NOT NULL REFERENCES operator (id),
  sealed bytea NOT NULL,
  step bigint NOT NULL DEFAULT 0,
  made_at bigint NOT NULL,
  tried_at bigint
);
