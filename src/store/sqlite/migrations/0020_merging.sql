-- Whose an organisation's accounts become, from the first step of a merge on; its state says when all of them are.
ALTER TABLE organisation ADD COLUMN merged_into INTEGER REFERENCES organisation (id);
ALTER TABLE organisation ADD COLUMN merged_at INTEGER;
CREATE INDEX organisation_merged ON organisation (merged_into) WHERE merged_into IS NOT NULL;

-- Whose an account was before: what its trail tells up to and with until_seq is that organisation's.
CREATE TABLE former_organisation (
  organisation INTEGER NOT NULL REFERENCES organisation (id),
  account INTEGER NOT NULL REFERENCES account (id),
  until_seq INTEGER NOT NULL,
  until_at INTEGER NOT NULL,
  PRIMARY KEY (organisation, account, until_seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX former_organisation_account ON former_organisation (account, until_seq);
