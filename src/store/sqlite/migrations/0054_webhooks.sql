-- Who is told of events over HTTPS. Of an account, of an organisation, or of the whole service (both NULL); `owner` says it in
-- one word. `events`: separated by blanks. `sealed`: the secrets that
-- sign, under the master key, bound to the id. `position`: the last row of the audit trail that was told; the events themselves stand there and nowhere else.
-- `failures`: in a row, since `failing_at`; nothing is sent before `due_at`. `why`: of the last failure, or of the pause. `missed_until`: what happened
-- before was too old when its turn came.
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
CREATE UNIQUE INDEX webhook_owner ON webhook (owner, name);
CREATE INDEX webhook_account ON webhook (account) WHERE account IS NOT NULL;
CREATE INDEX webhook_organisation ON webhook (organisation) WHERE organisation IS NOT NULL;
