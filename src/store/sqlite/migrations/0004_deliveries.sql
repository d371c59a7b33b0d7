-- A message is two rows from now on: `message` keeps small immutable facts for the trace, `content` what the sweeper drops when nobody needs it.
CREATE TABLE content (
  message INTEGER PRIMARY KEY,
  data_key BLOB NOT NULL,
  chunks INTEGER NOT NULL,
  refs INTEGER NOT NULL,
  body BLOB
) STRICT;
INSERT INTO content (message, data_key, chunks, refs, body) SELECT id, data_key, chunks, refs, body FROM message ORDER BY id;

CREATE TABLE fact_of_message (
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
) STRICT;
INSERT INTO fact_of_message (id, received_at, submitter, sender, message_id_field, envelope, octets, sha256)
  SELECT id, received_at, submitter, sender, message_id_field, envelope, octets, sha256 FROM message ORDER BY id;
DROP TABLE message;
-- The day of the id is the day whose key wraps `data_key`. `body`: the only chunk of a body of at most 64 KiB; longer ones are rows of `chunk`.
-- `refs` counts entries, hidden entries and unsettled deliveries.
CREATE INDEX content_unreferenced ON content (message) WHERE refs = 0;

-- Immutable but for `gone_at`, when its content was dropped. `envelope` holds the recipients too. `resubmission`: what a repeated submission is known by.
ALTER TABLE fact_of_message RENAME TO message;
CREATE INDEX message_gone ON message (gone_at, id) WHERE gone_at IS NOT NULL;

-- `retrieved`: 0 never sent to its end, 1 sent once without a QUIT that confirmed it, 2 collected. `receipt`: the sender wants to hear of that.
UPDATE entry SET retrieved = 2 WHERE retrieved = 1;
UPDATE hidden_entry SET retrieved = 2 WHERE retrieved = 1;
ALTER TABLE entry ADD COLUMN receipt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE hidden_entry ADD COLUMN receipt INTEGER NOT NULL DEFAULT 0;
-- deleted (by its owner), withdrawn (by the operator), expired (its retention was over).
ALTER TABLE hidden_entry ADD COLUMN why TEXT NOT NULL DEFAULT 'deleted';

-- One message for one recipient of a partner. `state`: waiting, held, relayed, failed, withdrawn. `due_at` is the end of the lease while one runs.
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
) STRICT;
-- What a claim reads: the partner's next ones, in order, and no others.
CREATE INDEX delivery_due ON delivery (partner, due_at, id) WHERE state = 'waiting';
CREATE INDEX delivery_held ON delivery (partner, id) WHERE state = 'held';
CREATE INDEX delivery_open ON delivery (partner, id) WHERE settled_at IS NULL;
CREATE INDEX delivery_leased ON delivery (id) WHERE lease_until IS NOT NULL;
CREATE INDEX delivery_message ON delivery (message, id);

-- Keys of notices that were filed: none is filed twice.
CREATE TABLE notice (
  key TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_at ON notice (at);

-- From where maildrops are opened. The latest few of each account.
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
CREATE INDEX consumer_network ON consumer (network, account);
