-- What the message was made of when it was submitted: `MessageParts` of domain/message-part.ts as JSON. Behind `body`, since only a trace asks.
ALTER TABLE message ADD COLUMN parts TEXT;
