-- From which networks each account has logged in of late: there its owner is not kept waiting by what others guess. The latest 16 of an
-- account are kept, each until auth.trust-for after its last log-in. `at` is about a day behind. It begins with those that fetched mail.
CREATE TABLE known_network (
  account INTEGER NOT NULL REFERENCES account (id),
  network TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (account, network)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_network_at ON known_network (at);
INSERT INTO known_network (account, network, at) SELECT account, network, last_at FROM consumer;
