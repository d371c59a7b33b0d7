-- SCRAM verifiers beside the hashes, as secret as they are: RFC 5803 form, NULL where the account's setting wants none.
ALTER TABLE password ADD COLUMN scram TEXT;

-- The salts of SCRAM are made from it and the log-in name. It opens nothing.
INSERT INTO fact (name, value) VALUES ('scram-salt-key', randomblob(32));
