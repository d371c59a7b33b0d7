-- A trace begins with a Message-ID. The first term is some 37 hours of ids: new entries stay together, and a search of 90 days is some 60 seeks.
-- The second is a beginning, not all of up to 998 octets; the row itself tells whether it is the one.
CREATE INDEX message_field ON message ((id >> 48), substr(message_id_field, 1, 32)) WHERE copy_of IS NULL;
