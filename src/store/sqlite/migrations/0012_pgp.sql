-- OpenPGP keys of accounts. `encrypts_until`, `signs_until`: 0: it cannot; 9007199254740991: without end. `reason`: why it was revoked.
CREATE TABLE pgp_key (
  fingerprint TEXT PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES account (id),
  algorithm TEXT NOT NULL,
  user_ids TEXT NOT NULL,
  emails TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  encrypts_until INTEGER NOT NULL,
  signs_until INTEGER NOT NULL,
  packets BLOB NOT NULL,
  added_at INTEGER NOT NULL,
  revoked_at INTEGER,
  reason TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX pgp_key_account ON pgp_key (account, fingerprint);
CREATE INDEX pgp_key_id ON pgp_key (substr(fingerprint, -16));

-- By the addresses that they stand for, folded as `address.key` is.
CREATE TABLE pgp_key_address (
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL REFERENCES pgp_key (fingerprint),
  PRIMARY KEY (key, fingerprint)
) STRICT, WITHOUT ROWID;
CREATE INDEX pgp_key_address_fingerprint ON pgp_key_address (fingerprint);

-- Secret halves that the gateway holds, sealed for the fingerprint: it signs with them, and opens what was encrypted to them. They outlive the
-- time of their key: old mail stays readable.
CREATE TABLE pgp_secret (
  fingerprint TEXT PRIMARY KEY REFERENCES pgp_key (fingerprint),
  sealed BLOB NOT NULL,
  added_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
