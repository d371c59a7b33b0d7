-- What the directory shows of an address, as it was when anything of it last changed; `version` is the number of that change. An entry that left the
-- directory keeps its address and when it left (`removed_at`) for whoever holds a copy, and nothing else. `certificate`: fingerprint. `due_at`: when
-- something of it changes by the clock.
CREATE TABLE directory_entry (
  key TEXT PRIMARY KEY,
  address TEXT NOT NULL,
  account INTEGER NOT NULL REFERENCES account (id),
  organisation INTEGER NOT NULL REFERENCES organisation (id),
  name TEXT NOT NULL,
  title TEXT NOT NULL,
  kind TEXT NOT NULL,
  role TEXT,
  agb TEXT,
  edi TEXT NOT NULL,
  certificate TEXT,
  ends_at INTEGER,
  due_at INTEGER,
  search TEXT NOT NULL,
  version INTEGER NOT NULL UNIQUE,
  modified_at INTEGER NOT NULL,
  removed_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX directory_entry_account ON directory_entry (account);
CREATE INDEX directory_entry_due ON directory_entry (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX directory_entry_removed ON directory_entry (removed_at) WHERE removed_at IS NOT NULL;

-- One row, or none before the first change. `version`: of the last change. `floor`: changes up to there may be forgotten. `stale_at`: something of many was changed then, and accounts
-- behind `walked` were not yet looked at.
CREATE TABLE directory (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL,
  floor INTEGER NOT NULL,
  stale_at INTEGER,
  walked INTEGER NOT NULL
) STRICT;
