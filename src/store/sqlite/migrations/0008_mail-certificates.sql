-- Certificates for mail by the addresses that they stand for, folded as `address.key` is. Alternative names of this kind are ASCII.
CREATE TABLE certificate_address (
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL REFERENCES certificate (fingerprint),
  PRIMARY KEY (key, fingerprint)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO certificate_address (key, fingerprint)
  SELECT lower(e.value), c.fingerprint FROM certificate c, json_each(c.emails) e WHERE c.use = 'mail';

-- Private keys of mail certificates that the gateway holds, sealed for the fingerprint: it signs with them, and opens what was encrypted to them.
-- They outlive their certificate: old mail stays readable.
CREATE TABLE certificate_key (
  fingerprint TEXT PRIMARY KEY REFERENCES certificate (fingerprint),
  sealed BLOB NOT NULL,
  added_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the mail program behind an address can read. `source`: operator, or seen in a signed message. `capabilities`: names, JSON.
CREATE TABLE mail_capability (
  key TEXT NOT NULL,
  source TEXT NOT NULL,
  capabilities TEXT NOT NULL,
  noted_at INTEGER NOT NULL,
  PRIMARY KEY (key, source)
) STRICT, WITHOUT ROWID;
