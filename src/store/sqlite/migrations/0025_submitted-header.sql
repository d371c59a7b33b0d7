-- Beside the content of a copy: the header of the message as it was submitted, sealed with the same key. Notices are made of it, never of the copy.
ALTER TABLE content ADD COLUMN submitted_header BLOB;
