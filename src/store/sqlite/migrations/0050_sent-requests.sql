-- Requests over the API that sent a message, by the key that their sender gave them: kept in the transaction that accepts it, for 24 hours. The same request
-- sent again finds its answer here. `id`: the one that was made for its message, so that rows are added at the end; `message`: the one that stands, which
-- is another where an equal one waited. `key`, `digest`: 16 octets of a hash, of sender and key and of what was asked for. `answer`: what was said of its recipients.
CREATE TABLE sent_request (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL,
  digest BLOB NOT NULL,
  message INTEGER NOT NULL,
  answer TEXT NOT NULL
) STRICT;
