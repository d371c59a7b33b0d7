-- What the probe of each site saw (SQLite's 0055).
CREATE TABLE availability (
  site text COLLATE "C" NOT NULL,
  since_at bigint NOT NULL,
  until_at bigint NOT NULL,
  cause text COLLATE "C",
  detail text COLLATE "C",
  PRIMARY KEY (site, since_at)
);
CREATE INDEX availability_until ON availability (until_at);
