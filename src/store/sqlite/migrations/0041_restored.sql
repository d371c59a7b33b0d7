-- When an entry was handed out again: its time counts from then. It stood in `notice`, which forgets after 400 days; a mailbox may keep for ten
-- years. NULL: it was never handed out again.
ALTER TABLE entry ADD COLUMN restored_at INTEGER;
UPDATE entry SET restored_at = noted.at
  FROM (SELECT at, CAST(substr(key, 10, instr(substr(key, 10), ':') - 1) AS INTEGER) AS account,
               CAST(substr(key, 10 + instr(substr(key, 10), ':')) AS INTEGER) AS uid
          FROM notice WHERE key >= 'restored:' AND key < 'restored;') AS noted
  WHERE entry.account = noted.account AND entry.uid = noted.uid;
DELETE FROM notice WHERE key >= 'restored:' AND key < 'restored;';
