-- What the probe of each site saw, as spans of whole minutes in which it was the same; `until_at` is the first minute behind. `cause` NULL: all was well.
-- No two of one site overlap.
CREATE TABLE availability (
  site TEXT NOT NULL,
  since_at INTEGER NOT NULL,
  until_at INTEGER NOT NULL,
  cause TEXT,
  detail TEXT,
  PRIMARY KEY (site, since_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX availability_until ON availability (until_at);
