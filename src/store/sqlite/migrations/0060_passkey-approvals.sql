-- `asked_with`: the passkey of the session in the console that it was asked in; null: the caller said who he is. `rejected_at`: a second person has refused it.
ALTER TABLE approval ADD COLUMN asked_with TEXT REFERENCES operator_passkey (id);
ALTER TABLE approval ADD COLUMN rejected_at INTEGER;

-- What operators signed with passkeys: the statement (canonical JSON), and all that checks the signature over it (WebAuthn), the public key (COSE) as it was then.
CREATE TABLE approval_passkey (
  approval TEXT NOT NULL REFERENCES approval (id),
  passkey TEXT NOT NULL REFERENCES operator_passkey (id),
  verdict TEXT NOT NULL,
  statement TEXT NOT NULL,
  credential BLOB NOT NULL,
  public_key BLOB NOT NULL,
  authenticator_data BLOB NOT NULL,
  client_data BLOB NOT NULL,
  signature BLOB NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (approval, passkey)
) STRICT, WITHOUT ROWID;
