-- Nothing read it, and it could not say what it was meant to: which rows of the trail may still be joined by some with lower numbers.
ALTER TABLE audit DROP COLUMN xid;
