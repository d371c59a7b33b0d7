-- Accounts of an import that are still to be added, all at once: parts of it as JSON. Empty but while one is under way.
CREATE TABLE account_import (
  batch TEXT NOT NULL,
  first INTEGER NOT NULL,
  kept_at INTEGER NOT NULL,
  accounts TEXT NOT NULL,
  PRIMARY KEY (batch, first)
) STRICT;
