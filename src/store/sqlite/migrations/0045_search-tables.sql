-- What a search of the trail by account or message, or of messages by Message-ID, seeks in. Each was an index, and cost every message a page of its own in the
-- log. These tables are filled in steps (search-tables.ts); what is above the marks `searched_seq` and `searched_id` is read from the rows themselves.
CREATE TABLE audit_of_account (
  account INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (account, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO audit_of_account SELECT account, seq FROM audit WHERE account IS NOT NULL ORDER BY account, seq;
DROP INDEX audit_account;

CREATE TABLE audit_of_message (
  message INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (message, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO audit_of_message SELECT message, seq FROM audit WHERE message IS NOT NULL ORDER BY message, seq;
DROP INDEX audit_message;

-- `span` is some 37 hours of ids: new entries stay together, and a search of 90 days is some 60 seeks. `start` is a beginning of the Message-ID.
CREATE TABLE message_of_field (
  span INTEGER NOT NULL,
  start TEXT NOT NULL,
  id INTEGER NOT NULL,
  PRIMARY KEY (span, start, id)
) STRICT, WITHOUT ROWID;
INSERT INTO message_of_field SELECT id >> 48, substr(message_id_field, 1, 32), id FROM message
  WHERE copy_of IS NULL ORDER BY 1, 2, 3;
DROP INDEX message_field;

INSERT INTO fact (name, value) SELECT 'searched_seq', coalesce(max(seq), 0) FROM audit;
INSERT INTO fact (name, value) SELECT 'searched_id', coalesce(max(id), 0) FROM message;
