-- What the message was made of when it was submitted: `MessageParts` of domain/message-part.ts as JSON.
ALTER TABLE message ADD COLUMN parts TEXT;
