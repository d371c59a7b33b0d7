-- App passwords of accounts: for programs, each with its own name. `id`: 40 bits of the hash, which name it in lists. `hash`: SHA-256 of the whole
-- text, which is kept nowhere. `scope`: `send`, `fetch` or `both`.
CREATE TABLE app_password (
  id TEXT PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES account (id),
  name TEXT NOT NULL,
  hash BLOB NOT NULL,
  scope TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ends_at INTEGER,
  last_used_at INTEGER,
  UNIQUE (account, name)
) STRICT, WITHOUT ROWID;
