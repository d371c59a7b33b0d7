-- `asked_with`: the passkey of the session in the console that it was asked in; null: the caller said who he is. `rejected_at`: a second person has refused it.
ALTER TABLE approval ADD COLUMN asked_with text COLLATE "C" REFERENCES operator_passkey (id);
ALTER TABLE approval ADD COLUMN rejected_at bigint;

-- What operators signed with passkeys: the statement (canonical JSON), and all that checks the signature over it (WebAuthn), the public key (COSE) as it was then.
CREATE TABLE approval_passkey (
  approval text COLLATE "C" NOT NULL REFERENCES approval (id),
  passkey text COLLATE "C" NOT NULL REFERENCES operator_passkey (id),
  verdict text COLLATE "C" NOT NULL,
  statement text COLLATE "C" NOT NULL,
  credential bytea NOT NULL,
  public_key bytea NOT NULL,
  authenticator_data bytea NOT NULL,
  client_data bytea NOT NULL,
  signature bytea NOT NULL,
  at bigint NOT NULL,
  PRIMARY KEY (approval, passkey)
);
