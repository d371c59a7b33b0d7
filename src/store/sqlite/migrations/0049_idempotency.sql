-- What was asked for over the API under a key of the caller's own, so that the same thing asked again is done once. `key`: SHA-256 of what the caller sent as the
-- key, `request` of method, path and body. `run`: the process that began it. `state`: running, kept (with its answer), done (the answer is not kept) or unknown.
CREATE TABLE idempotency (
  caller TEXT NOT NULL,
  key BLOB NOT NULL,
  request BLOB NOT NULL,
  run TEXT NOT NULL,
  begun_at INTEGER NOT NULL,
  state TEXT NOT NULL,
  answer TEXT,
  PRIMARY KEY (caller, key)
) STRICT;
CREATE INDEX idempotency_begun ON idempotency (begun_at);

-- How much of it each caller has, so that no call has to count.
CREATE TABLE idempotency_use (
  caller TEXT PRIMARY KEY,
  keys INTEGER NOT NULL,
  octets INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
