CREATE TABLE absence (
  key TEXT NOT NULL REFERENCES address (key),
  from_at INTEGER NOT NULL,
  until_at INTEGER NOT NULL,
  mode TEXT NOT NULL,
  substitute TEXT REFERENCES address (key),
  PRIMARY KEY (key, from_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  login TEXT NOT NULL UNIQUE,
  organisation INTEGER NOT NULL REFERENCES organisation (id),
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  settings TEXT NOT NULL DEFAULT '{}',
  version INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL
, ends_at INTEGER, moved_to INTEGER REFERENCES account (id), last_login INTEGER, last_used INTEGER, successor TEXT) STRICT;

CREATE TABLE account_import (
  batch TEXT NOT NULL,
  first INTEGER NOT NULL,
  kept_at INTEGER NOT NULL,
  accounts TEXT NOT NULL,
  PRIMARY KEY (batch, first)
) STRICT;

CREATE TABLE account_move (
  source INTEGER PRIMARY KEY REFERENCES account (id),
  target INTEGER NOT NULL UNIQUE REFERENCES account (id),
  since INTEGER NOT NULL,
  below INTEGER NOT NULL,
  next_uid INTEGER NOT NULL DEFAULT 0,
  next_held INTEGER NOT NULL DEFAULT 0,
  messages INTEGER NOT NULL DEFAULT 0,
  octets INTEGER NOT NULL DEFAULT 0,
  held INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE address (
  key TEXT PRIMARY KEY,
  address TEXT NOT NULL,
  account INTEGER NOT NULL REFERENCES account (id),
  state TEXT NOT NULL,
  settings TEXT NOT NULL DEFAULT '{}',
  created_at INTEGER NOT NULL
, ends_at INTEGER, successor TEXT, final_at INTEGER) STRICT, WITHOUT ROWID;

CREATE TABLE app_password (
  id TEXT PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES account (id),
  name TEXT NOT NULL,
  hash BLOB NOT NULL,
  scope TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ends_at INTEGER,
  last_used_at INTEGER,
  UNIQUE (account, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE approval (
  id TEXT PRIMARY KEY,
  operation TEXT NOT NULL,
  verb TEXT NOT NULL,
  input TEXT NOT NULL,
  asked_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  used_at INTEGER
, asked_with TEXT REFERENCES operator_passkey (id), rejected_at INTEGER) STRICT, WITHOUT ROWID;

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

CREATE TABLE approval_signature (
  approval TEXT NOT NULL REFERENCES approval (id),
  fingerprint TEXT NOT NULL REFERENCES operator_key (fingerprint),
  at INTEGER NOT NULL,
  signature BLOB NOT NULL,
  PRIMARY KEY (approval, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  event TEXT NOT NULL,
  outcome TEXT NOT NULL,
  message INTEGER,
  account INTEGER,
  facts TEXT NOT NULL,
  commitment BLOB,
  hash BLOB NOT NULL,
  salt BLOB,
  personal TEXT
) STRICT;

CREATE TABLE audit_of_account (
  account INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (account, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_of_message (
  message INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (message, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE authority (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  role TEXT NOT NULL,
  fingerprint TEXT NOT NULL UNIQUE,
  not_after INTEGER NOT NULL,
  current INTEGER NOT NULL,
  crl_number INTEGER NOT NULL DEFAULT 0,
  der BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE availability (
  site TEXT NOT NULL,
  since_at INTEGER NOT NULL,
  until_at INTEGER NOT NULL,
  cause TEXT,
  detail TEXT,
  PRIMARY KEY (site, since_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE break_glass (
  name TEXT PRIMARY KEY,
  operator INTEGER NOT NULL REFERENCES operator (id),
  sealed BLOB NOT NULL,
  step INTEGER NOT NULL DEFAULT 0,
  made_at INTEGER NOT NULL,
  tried_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE certificate (
  fingerprint TEXT PRIMARY KEY,
  issuer TEXT NOT NULL,
  serial TEXT NOT NULL,
  authority INTEGER REFERENCES authority (id),
  account INTEGER NOT NULL REFERENCES account (id),
  use TEXT NOT NULL,
  subject TEXT NOT NULL,
  emails TEXT NOT NULL,
  replaces TEXT,
  not_before INTEGER NOT NULL,
  not_after INTEGER NOT NULL,
  der BLOB NOT NULL,
  revoked_at INTEGER,
  reason TEXT,
  warned INTEGER,
  created_at INTEGER NOT NULL,
  UNIQUE (issuer, serial)
) STRICT, WITHOUT ROWID;

CREATE TABLE certificate_address (
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL REFERENCES certificate (fingerprint),
  PRIMARY KEY (key, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE certificate_key (
  fingerprint TEXT PRIMARY KEY REFERENCES certificate (fingerprint),
  sealed BLOB NOT NULL,
  added_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE chunk (
  message INTEGER NOT NULL,
  n INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  tag BLOB NOT NULL,
  UNIQUE (message, n)
) STRICT;

CREATE TABLE client_certificate (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account INTEGER NOT NULL REFERENCES account (id),
  name TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  about TEXT NOT NULL,
  not_before INTEGER NOT NULL,
  not_after INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER,
  last_used_at INTEGER
, warned INTEGER) STRICT;

CREATE TABLE console_proof (
  hash BLOB PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "console_session" (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  operator INTEGER NOT NULL REFERENCES operator (id),
  means TEXT NOT NULL,
  passkey TEXT REFERENCES operator_passkey (id),
  network TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  proven_at INTEGER NOT NULL,
  ends_at INTEGER,
  ended_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE consumer (
  account INTEGER NOT NULL REFERENCES account (id),
  network TEXT NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  sessions INTEGER NOT NULL,
  retrieved INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  PRIMARY KEY (account, network)
) STRICT, WITHOUT ROWID;

CREATE TABLE content (
  message INTEGER PRIMARY KEY,
  data_key BLOB NOT NULL,
  chunks INTEGER NOT NULL,
  refs INTEGER NOT NULL,
  body BLOB
, submitted_header BLOB) STRICT;

CREATE TABLE day_key (
  day TEXT PRIMARY KEY,
  erased_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE delegation (
  key TEXT NOT NULL REFERENCES address (key),
  account INTEGER NOT NULL REFERENCES account (id),
  PRIMARY KEY (key, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE delivery (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  message INTEGER NOT NULL,
  partner INTEGER NOT NULL,
  recipient TEXT NOT NULL,
  dsn TEXT,
  state TEXT NOT NULL DEFAULT 'waiting',
  attempts INTEGER NOT NULL DEFAULT 0,
  fence INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  lease_until INTEGER,
  delayed_at INTEGER,
  last_reply TEXT,
  settled_at INTEGER
, mailbox INTEGER) STRICT;

CREATE TABLE directory (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  version INTEGER NOT NULL,
  floor INTEGER NOT NULL,
  stale_at INTEGER,
  walked INTEGER NOT NULL
) STRICT;

CREATE TABLE directory_entry (
  key TEXT PRIMARY KEY,
  address TEXT NOT NULL,
  account INTEGER NOT NULL REFERENCES account (id),
  organisation INTEGER NOT NULL REFERENCES organisation (id),
  name TEXT NOT NULL,
  title TEXT NOT NULL,
  kind TEXT NOT NULL,
  role TEXT,
  agb TEXT,
  edi TEXT NOT NULL,
  certificate TEXT,
  ends_at INTEGER,
  due_at INTEGER,
  search TEXT NOT NULL,
  version INTEGER NOT NULL UNIQUE,
  modified_at INTEGER NOT NULL,
  removed_at INTEGER
, telephone TEXT) STRICT, WITHOUT ROWID;

CREATE TABLE edi_identity (
  id TEXT NOT NULL,
  qualifier TEXT NOT NULL,
  organisation INTEGER NOT NULL REFERENCES organisation (id),
  account INTEGER REFERENCES account (id),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id, qualifier)
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolment (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL,
  account INTEGER NOT NULL REFERENCES account (id),
  use TEXT NOT NULL,
  not_after INTEGER,
  replaces TEXT,
  password TEXT,
  others INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER NOT NULL,
  tries_left INTEGER NOT NULL,
  collected TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (
  account INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  message INTEGER NOT NULL,
  octets INTEGER NOT NULL,
  uidl BLOB NOT NULL,
  retrieved INTEGER NOT NULL DEFAULT 0, receipt INTEGER NOT NULL DEFAULT 0, restored_at INTEGER,
  PRIMARY KEY (account, uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE fact (
  name TEXT PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE former_organisation (
  organisation INTEGER NOT NULL REFERENCES organisation (id),
  account INTEGER NOT NULL REFERENCES account (id),
  until_seq INTEGER NOT NULL,
  until_at INTEGER NOT NULL,
  PRIMARY KEY (organisation, account, until_seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE hidden_entry (
  account INTEGER NOT NULL,
  hidden_at INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  message INTEGER NOT NULL,
  octets INTEGER NOT NULL,
  retrieved INTEGER NOT NULL, receipt INTEGER NOT NULL DEFAULT 0, why TEXT NOT NULL DEFAULT 'deleted',
  PRIMARY KEY (account, hidden_at, uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
  caller TEXT NOT NULL,
  key BLOB NOT NULL,
  request BLOB NOT NULL,
  run TEXT NOT NULL,
  begun_at INTEGER NOT NULL,
  state TEXT NOT NULL,
  answer TEXT,
  PRIMARY KEY (caller, key)
) STRICT;

CREATE TABLE idempotency_use (
  caller TEXT PRIMARY KEY,
  keys INTEGER NOT NULL,
  octets INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE imported (
  account INTEGER NOT NULL REFERENCES account (id),
  uidl TEXT NOT NULL,
  message INTEGER NOT NULL,
  PRIMARY KEY (account, uidl)
) STRICT, WITHOUT ROWID;

CREATE TABLE interchange (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  reference BLOB NOT NULL,
  messages BLOB NOT NULL
, held INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE TABLE known_network (
  account INTEGER NOT NULL REFERENCES account (id),
  network TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (account, network)
) STRICT, WITHOUT ROWID;

CREATE TABLE mail_capability (
  key TEXT NOT NULL,
  source TEXT NOT NULL,
  capabilities TEXT NOT NULL,
  noted_at INTEGER NOT NULL,
  PRIMARY KEY (key, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE mailbox (
  account INTEGER PRIMARY KEY REFERENCES account (id),
  next_uid INTEGER NOT NULL DEFAULT 1,
  messages INTEGER NOT NULL DEFAULT 0,
  octets INTEGER NOT NULL DEFAULT 0,
  changes INTEGER NOT NULL DEFAULT 0
, hidden_octets INTEGER NOT NULL DEFAULT 0, sweep_at INTEGER) STRICT;

CREATE TABLE "message" (
  id INTEGER PRIMARY KEY,
  received_at INTEGER NOT NULL,
  submitter INTEGER NOT NULL,
  sender TEXT NOT NULL,
  message_id_field TEXT NOT NULL,
  envelope TEXT NOT NULL,
  octets INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  resubmission BLOB,
  gone_at INTEGER
, parts TEXT, copy_of INTEGER) STRICT;

CREATE TABLE message_of_field (
  span INTEGER NOT NULL,
  start TEXT NOT NULL,
  id INTEGER NOT NULL,
  PRIMARY KEY (span, start, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE migration (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  applied_at INTEGER NOT NULL
) STRICT;

CREATE TABLE notice (
  key TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE operator (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  organisation INTEGER REFERENCES organisation (id),
  certificate TEXT,
  added_at INTEGER NOT NULL,
  ends_at INTEGER,
  ended_at INTEGER
) STRICT;

CREATE TABLE operator_code (
  id TEXT PRIMARY KEY,
  operator INTEGER NOT NULL UNIQUE REFERENCES operator (id),
  hash BLOB NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  made_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE operator_identity (
  id TEXT PRIMARY KEY,
  operator INTEGER NOT NULL REFERENCES operator (id),
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  added_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  released_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE operator_key (
  fingerprint TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  public_key BLOB NOT NULL,
  added_at INTEGER NOT NULL,
  removed_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE operator_passkey (
  id TEXT PRIMARY KEY,
  operator INTEGER NOT NULL REFERENCES operator (id),
  credential BLOB NOT NULL UNIQUE,
  public_key BLOB NOT NULL,
  counter INTEGER NOT NULL,
  transports TEXT NOT NULL,
  model TEXT NOT NULL,
  synced INTEGER NOT NULL,
  added_at INTEGER NOT NULL,
  last_used_at INTEGER,
  ended_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE operator_token (
  id TEXT PRIMARY KEY,
  operator INTEGER NOT NULL REFERENCES operator (id),
  hash BLOB NOT NULL,
  role TEXT NOT NULL,
  networks TEXT NOT NULL,
  added_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  ended_at INTEGER,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE organisation (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  contact TEXT,
  telephone TEXT,
  language TEXT NOT NULL,
  agb TEXT,
  ura TEXT,
  settings TEXT NOT NULL DEFAULT '{}',
  created_at INTEGER NOT NULL
, state TEXT NOT NULL DEFAULT 'active', merged_into INTEGER REFERENCES organisation (id), merged_at INTEGER, post TEXT, ends_at INTEGER, successor TEXT) STRICT;

CREATE TABLE partner (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  account INTEGER NOT NULL UNIQUE REFERENCES account (id),
  state TEXT NOT NULL,
  server TEXT NOT NULL,
  sealed BLOB,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE partner_domain (
  domain TEXT PRIMARY KEY,
  partner INTEGER NOT NULL REFERENCES partner (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE password (
  account INTEGER NOT NULL REFERENCES account (id),
  name TEXT NOT NULL,
  hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ends_at INTEGER,
  last_used_at INTEGER, scram TEXT,
  PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE pgp_key_address (
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL REFERENCES pgp_key (fingerprint),
  PRIMARY KEY (key, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE pgp_secret (
  fingerprint TEXT PRIMARY KEY REFERENCES pgp_key (fingerprint),
  sealed BLOB NOT NULL,
  added_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE quirk_day (
  account INTEGER NOT NULL REFERENCES account (id),
  quirk TEXT NOT NULL,
  day INTEGER NOT NULL,
  tolerated INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  client TEXT,
  PRIMARY KEY (account, quirk, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE self_service_code (
  browser BLOB PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES account (id),
  password TEXT NOT NULL,
  password_at INTEGER NOT NULL,
  code BLOB NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  made_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE self_service_session (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,
  account INTEGER NOT NULL REFERENCES account (id),
  password TEXT NOT NULL,
  password_at INTEGER NOT NULL,
  certificate TEXT,
  network TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE sent_request (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL,
  digest BLOB NOT NULL,
  message INTEGER NOT NULL,
  answer TEXT NOT NULL
) STRICT;

CREATE TABLE substitute_consent (
  substitute TEXT NOT NULL REFERENCES address (key),
  key TEXT NOT NULL REFERENCES address (key),
  given_at INTEGER NOT NULL,
  PRIMARY KEY (substitute, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE takeover (
  organisation INTEGER PRIMARY KEY REFERENCES organisation (id),
  wave TEXT NOT NULL,
  day INTEGER NOT NULL,
  rehearsed_at INTEGER NOT NULL,
  announced_at INTEGER,
  moved_told_at INTEGER,
  reminded_at INTEGER,
  back_told_at INTEGER,
  going_back_at INTEGER
) STRICT;

CREATE TABLE takeover_mailbox (
  account INTEGER PRIMARY KEY REFERENCES account (id),
  there TEXT NOT NULL,
  state TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  messages INTEGER NOT NULL,
  octets INTEGER NOT NULL,
  problem TEXT
) STRICT;

CREATE TABLE takeover_return (
  account INTEGER NOT NULL REFERENCES account (id),
  uid INTEGER NOT NULL,
  message INTEGER NOT NULL,
  octets INTEGER NOT NULL,
  retrieved INTEGER NOT NULL,
  receipt INTEGER NOT NULL,
  PRIMARY KEY (account, uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE upload (
  message INTEGER PRIMARY KEY,
  started_at INTEGER NOT NULL
) STRICT;

CREATE TABLE usage_month (
  month INTEGER NOT NULL,
  organisation INTEGER NOT NULL REFERENCES organisation (id),
  account INTEGER NOT NULL,
  sent INTEGER NOT NULL,
  sent_recipients INTEGER NOT NULL,
  sent_octets INTEGER NOT NULL,
  received INTEGER NOT NULL,
  received_octets INTEGER NOT NULL,
  notices INTEGER NOT NULL,
  collected INTEGER NOT NULL,
  pushed INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  logins_refused INTEGER NOT NULL,
  login_days INTEGER NOT NULL,
  days INTEGER NOT NULL,
  PRIMARY KEY (month, organisation, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook (
  id TEXT PRIMARY KEY,
  account INTEGER REFERENCES account (id),
  organisation INTEGER REFERENCES organisation (id),
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  events TEXT NOT NULL,
  sealed BLOB NOT NULL,
  old_until INTEGER,
  state TEXT NOT NULL DEFAULT 'active',
  why TEXT,
  position INTEGER NOT NULL,
  failures INTEGER NOT NULL DEFAULT 0,
  failing_at INTEGER,
  due_at INTEGER,
  last_success_at INTEGER,
  missed_until INTEGER,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX absence_substitute ON absence (substitute, until_at) WHERE substitute IS NOT NULL;

CREATE INDEX account_end ON account (ends_at) WHERE ends_at IS NOT NULL AND state <> 'ended';

CREATE INDEX account_organisation ON account (organisation, login);

CREATE INDEX address_account ON address (account, key);

CREATE INDEX address_end ON address (ends_at) WHERE ends_at IS NOT NULL AND state <> 'ended';

CREATE INDEX address_final ON address (final_at) WHERE final_at IS NOT NULL AND state <> 'ended';

CREATE INDEX approval_end ON approval (ends_at);

CREATE INDEX audit_latest ON audit (account, event, seq) WHERE event IN ('login.granted', 'login.refused', 'login.busy', 'message.refused', 'maildrop.committed', 'registry.account-state', 'registry.account-contained', 'registry.account-ending', 'registry.organisation-state');

CREATE INDEX audit_refused ON audit (seq) WHERE event = 'message.refused';

CREATE INDEX availability_until ON availability (until_at);

CREATE INDEX certificate_account ON certificate (account, use, not_after);

CREATE INDEX certificate_end ON certificate (not_after, fingerprint);

CREATE INDEX certificate_replaces ON certificate (replaces) WHERE replaces IS NOT NULL;

CREATE INDEX certificate_revoked ON certificate (authority, fingerprint) WHERE revoked_at IS NOT NULL;

CREATE INDEX certificate_serial ON certificate (serial);

CREATE INDEX client_certificate_account ON client_certificate (account, id);

CREATE INDEX client_certificate_end ON client_certificate (not_after, fingerprint);

CREATE INDEX client_certificate_fingerprint ON client_certificate (fingerprint);

CREATE INDEX client_certificate_key ON client_certificate (key);

CREATE UNIQUE INDEX client_certificate_valid_key ON client_certificate (key) WHERE revoked_at IS NULL;

CREATE UNIQUE INDEX client_certificate_valid_name ON client_certificate (account, name) WHERE revoked_at IS NULL;

CREATE INDEX console_proof_at ON console_proof (at);

CREATE INDEX console_session_operator ON console_session (operator, made_at);

CREATE INDEX console_session_seen ON console_session (seen_at);

CREATE INDEX consumer_network ON consumer (network, account);

CREATE INDEX content_unreferenced ON content (message) WHERE refs = 0;

CREATE INDEX delegation_account ON delegation (account, key);

CREATE INDEX delivery_due ON delivery (partner, due_at, id) WHERE state = 'waiting';

CREATE INDEX delivery_held ON delivery (partner, id) WHERE state = 'held';

CREATE INDEX delivery_leased ON delivery (id) WHERE lease_until IS NOT NULL;

CREATE INDEX delivery_message ON delivery (message, id);

CREATE INDEX delivery_open ON delivery (partner, id) WHERE settled_at IS NULL;

CREATE INDEX directory_entry_account ON directory_entry (account);

CREATE INDEX directory_entry_due ON directory_entry (due_at) WHERE due_at IS NOT NULL;

CREATE INDEX directory_entry_removed ON directory_entry (removed_at) WHERE removed_at IS NOT NULL;

CREATE INDEX edi_identity_organisation ON edi_identity (organisation, id, qualifier);

CREATE INDEX enrolment_account ON enrolment (account);

CREATE INDEX enrolment_end ON enrolment (expires_at);

CREATE INDEX enrolment_open ON enrolment (account) WHERE collected IS NULL AND tries_left > 0;

CREATE INDEX enrolment_replaces ON enrolment (replaces) WHERE replaces IS NOT NULL;

CREATE INDEX former_organisation_account ON former_organisation (account, until_seq);

CREATE INDEX idempotency_begun ON idempotency (begun_at);

CREATE INDEX known_network_at ON known_network (at);

CREATE INDEX mailbox_sweep ON mailbox (sweep_at) WHERE sweep_at IS NOT NULL;

CREATE INDEX message_copy ON message (copy_of, id) WHERE copy_of IS NOT NULL;

CREATE INDEX message_gone ON message (gone_at, id) WHERE gone_at IS NOT NULL;

CREATE INDEX notice_at ON notice (at);

CREATE UNIQUE INDEX operator_certificate ON operator (certificate) WHERE ended_at IS NULL AND certificate IS NOT NULL;

CREATE INDEX operator_identity_operator ON operator_identity (operator);

CREATE UNIQUE INDEX operator_identity_subject ON operator_identity (issuer, subject) WHERE released_at IS NULL;

CREATE UNIQUE INDEX operator_key_name ON operator_key (name) WHERE removed_at IS NULL;

CREATE UNIQUE INDEX operator_name ON operator (name) WHERE ended_at IS NULL;

CREATE INDEX operator_organisation ON operator (organisation);

CREATE INDEX operator_passkey_operator ON operator_passkey (operator, id);

CREATE INDEX operator_token_operator ON operator_token (operator, id);

CREATE INDEX organisation_merged ON organisation (merged_into) WHERE merged_into IS NOT NULL;

CREATE INDEX partner_domain_partner ON partner_domain (partner, domain);

CREATE INDEX pgp_key_account ON pgp_key (account, fingerprint);

CREATE INDEX pgp_key_address_fingerprint ON pgp_key_address (fingerprint);

CREATE INDEX pgp_key_id ON pgp_key (substr(fingerprint, -16));

CREATE INDEX self_service_code_account ON self_service_code (account, made_at);

CREATE INDEX self_service_code_made ON self_service_code (made_at);

CREATE INDEX self_service_session_account ON self_service_session (account, made_at);

CREATE INDEX self_service_session_seen ON self_service_session (seen_at);

CREATE INDEX substitute_consent_key ON substitute_consent (key, substitute);

CREATE INDEX takeover_wave ON takeover (wave);

CREATE INDEX webhook_account ON webhook (account) WHERE account IS NOT NULL;

CREATE INDEX webhook_organisation ON webhook (organisation) WHERE organisation IS NOT NULL;

CREATE UNIQUE INDEX webhook_owner ON webhook (owner, name);

CREATE TRIGGER account_keeps AFTER UPDATE OF settings, organisation ON account BEGIN
  UPDATE mailbox SET sweep_at = 0 WHERE account = new.id AND sweep_at IS NOT NULL;
END;

CREATE TRIGGER organisation_keeps AFTER UPDATE OF settings ON organisation
  WHEN old.settings ->> 'keep-deleted' IS NOT new.settings ->> 'keep-deleted' OR old.settings ->> 'quota' IS NOT new.settings ->> 'quota' BEGIN
  INSERT INTO fact (name, value) VALUES ('kept_rules', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
END;
