-- "We sent it, it never arrived": what was refused is found by time over all accounts, newest first. Whoever refused and whom is in the rows;
-- only what was refused pays for the index.
CREATE INDEX audit_refused ON audit (seq) WHERE event = 'message.refused';
