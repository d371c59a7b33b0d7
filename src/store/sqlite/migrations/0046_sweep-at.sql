-- From when on a sweep looks into the mailbox: nothing that it deleted is past its time before. NULL: it has nothing deleted. A sweep asked every mailbox with deleted
-- mail each hour, whatever was due there. It may be too early, which costs a look, and never too late.
ALTER TABLE mailbox ADD COLUMN sweep_at INTEGER;
CREATE INDEX mailbox_sweep ON mailbox (sweep_at) WHERE sweep_at IS NOT NULL;

-- How long deleted mail is kept, and how much of it, follows from settings and from the organisation. However these are changed, a sweep looks again: into one
-- mailbox, or once into all of them (deleted-mail.ts).
CREATE TRIGGER account_keeps AFTER UPDATE OF settings, organisation ON account BEGIN
  UPDATE mailbox SET sweep_at = 0 WHERE account = new.id AND sweep_at IS NOT NULL;
END;
CREATE TRIGGER organisation_keeps AFTER UPDATE OF settings ON organisation
  WHEN old.settings ->> 'keep-deleted' IS NOT new.settings ->> 'keep-deleted' OR old.settings ->> 'quota' IS NOT new.settings ->> 'quota' BEGIN
  INSERT INTO fact (name, value) VALUES ('kept_rules', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
END;
