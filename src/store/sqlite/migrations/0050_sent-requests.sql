-- Requests over the API that sent a message, by the key that their sender gave them: kept in the transaction that accepts it, for 24 hours. The same request
-- sent again finds its answer here. `key`, `digest`: 16 octets of a hash, of the key and of what was asked for. `answer`: what was said of its recipients.
CREATE TABLE sent_request (
  account INTEGER NOT NULL,
  key BLOB NOT NULL,
  digest BLOB NOT NULL,
  message INTEGER NOT NULL,
  answer TEXT NOT NULL,
  PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
-- Ids of messages rise with time, so that what is over lies in front.
CREATE INDEX sent_request_message ON sent_request (message);
