-- What a support call asks for, newest first, however many rows an account has. The list is that of LATEST_EVENTS in store/audit.ts.
CREATE INDEX audit_latest ON audit (account, event, seq) WHERE event IN ('login.granted', 'login.refused', 'login.busy', 'message.refused', 'maildrop.committed', 'registry.account-state', 'registry.account-contained', 'registry.account-ending', 'registry.organisation-state');

-- Codes that still open something, by account: containing 20,000 accounts must not read all codes 20,000 times.
CREATE INDEX enrolment_open ON enrolment (account) WHERE collected IS NULL AND tries_left > 0;
