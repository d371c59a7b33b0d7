-- Organisations with a mail server of their own. `server`: how it is reached, JSON. `sealed`: password and key, sealed for the name. Rows are
-- never deleted, so no secret ever opens for another partner of the same name.
CREATE TABLE partner (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  account INTEGER NOT NULL UNIQUE REFERENCES account (id),
  state TEXT NOT NULL,
  server TEXT NOT NULL,
  sealed BLOB,
  created_at INTEGER NOT NULL
) STRICT;

-- Whole domains that lead to a partner. A row of `address` in one of them wins, in whatever state it is.
CREATE TABLE partner_domain (
  domain TEXT PRIMARY KEY,
  partner INTEGER NOT NULL REFERENCES partner (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX partner_domain_partner ON partner_domain (partner, domain);

-- Times in which an address takes no mail for its owner; they do not overlap. `until_at` is the first moment after it.
CREATE TABLE absence (
  key TEXT NOT NULL REFERENCES address (key),
  from_at INTEGER NOT NULL,
  until_at INTEGER NOT NULL,
  mode TEXT NOT NULL,
  substitute TEXT REFERENCES address (key),
  PRIMARY KEY (key, from_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX absence_substitute ON absence (substitute, until_at) WHERE substitute IS NOT NULL;

-- The owner of `substitute` agreed to stand in for `key`.
CREATE TABLE substitute_consent (
  substitute TEXT NOT NULL REFERENCES address (key),
  key TEXT NOT NULL REFERENCES address (key),
  given_at INTEGER NOT NULL,
  PRIMARY KEY (substitute, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX substitute_consent_key ON substitute_consent (key, substitute);
