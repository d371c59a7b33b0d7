-- Where a search seeks (SQLite fills tables for it, behind its commits): here indexes of the rows themselves, under the names that reads know. Both marks
-- say that everything is there.
DROP TABLE audit_of_account, audit_of_message, message_of_field;
CREATE INDEX audit_account ON audit (account, seq) WHERE account IS NOT NULL;
CREATE INDEX audit_message ON audit (message, seq) WHERE message IS NOT NULL;
CREATE INDEX message_field ON message ((id >> 48), (substr(message_id_field, 1, 32)), id) WHERE copy_of IS NULL;

CREATE VIEW audit_of_account AS SELECT account, seq FROM audit WHERE account IS NOT NULL;
CREATE VIEW audit_of_message AS SELECT message, seq FROM audit WHERE message IS NOT NULL;
CREATE VIEW message_of_field AS SELECT id >> 48 AS span, substr(message_id_field, 1, 32) AS start, id FROM message WHERE copy_of IS NULL;
-- A sweep takes a message out of the table before the message itself: here it goes with its row.
CREATE RULE message_of_field_goes AS ON DELETE TO message_of_field DO INSTEAD NOTHING;

INSERT INTO fact (name, value) VALUES ('searched_seq', '9007199254740990'), ('searched_id', '9223372036854775807')
    ON CONFLICT (name) DO UPDATE SET value = excluded.value;
