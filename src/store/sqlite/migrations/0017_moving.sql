-- UIDLs that another server had given to messages which were taken over. A row outlives its message: an import that is repeated after the
-- owner has deleted something must not bring it back.
CREATE TABLE imported (
  account INTEGER NOT NULL REFERENCES account (id),
  uidl TEXT NOT NULL,
  message INTEGER NOT NULL,
  PRIMARY KEY (account, uidl)
) STRICT, WITHOUT ROWID;
