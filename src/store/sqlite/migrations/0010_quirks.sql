-- How often each account deviated from the standards, by day (days since 1970, UTC). The last hundred days of each quirk are kept.
CREATE TABLE quirk_day (
  account INTEGER NOT NULL REFERENCES account (id),
  quirk TEXT NOT NULL,
  day INTEGER NOT NULL,
  tolerated INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  client TEXT,
  PRIMARY KEY (account, quirk, day)
) STRICT, WITHOUT ROWID;
