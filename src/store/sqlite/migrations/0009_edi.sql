-- What organisations, and single accounts of theirs, are called in envelopes of EDI. Folded; `qualifier` '': any. One holder each.
CREATE TABLE edi_identity (
  id TEXT NOT NULL,
  qualifier TEXT NOT NULL,
  organisation INTEGER NOT NULL REFERENCES organisation (id),
  account INTEGER REFERENCES account (id),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id, qualifier)
) STRICT, WITHOUT ROWID;
CREATE INDEX edi_identity_organisation ON edi_identity (organisation, id, qualifier);

-- Interchanges of the last weeks, in the order of time: by what a reference and what messages are known again. 16 octets each.
CREATE TABLE interchange (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  reference BLOB NOT NULL,
  messages BLOB NOT NULL
) STRICT;

-- A copy that is held from a mailbox is a delivery with `mailbox`, and `partner` 0. Its release files it: state filed.
ALTER TABLE delivery ADD COLUMN mailbox INTEGER;
