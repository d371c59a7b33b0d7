-- The one account of the web console with a password, for the day on which nothing else lets anybody in. `sealed`: hash of the password and key of the codes, under the
-- master key. `step`: of the last code that was taken; none before it, nor it again. `tried_at`: when somebody last got in.
CREATE TABLE break_glass (
  name TEXT PRIMARY KEY,
  operator INTEGER NOT NULL REFERENCES operator (id),
  sealed BLOB NOT NULL,
  step INTEGER NOT NULL DEFAULT 0,
  made_at INTEGER NOT NULL,
  tried_at INTEGER
) STRICT, WITHOUT ROWID;
