-- What an organisation gives to all members of the group; null: nothing. Entries get it with the next change of their account or organisation.
ALTER TABLE directory_entry ADD COLUMN telephone text;
