-- What protection made of a message for some of its recipients: a message row of its own, with its own content. The row that it names keeps
-- what was submitted, and has content only while somebody gets it as it was submitted.
ALTER TABLE message ADD COLUMN copy_of INTEGER;
CREATE INDEX message_copy ON message (copy_of, id) WHERE copy_of IS NOT NULL;
