-- Octets of deleted entries that can still be handed out again: they count up to the quota once more (mailbox-counters.ts).
ALTER TABLE mailbox ADD COLUMN hidden_octets INTEGER NOT NULL DEFAULT 0;
UPDATE mailbox SET hidden_octets = (SELECT sum(h.octets) FROM hidden_entry h WHERE h.account = mailbox.account)
  WHERE account IN (SELECT account FROM hidden_entry);
