-- What each account did in each month (months since January 1970, in Amsterdam): figures that outlive mail and trail, for bookkeeping. The
-- organisation is the one that the account belonged to when it happened. Account 0 stands for those that left an organisation which was
-- erased since: the figures stay, and nobody is named. `login_days` and `days` have a bit for each day of the month.
CREATE TABLE usage_month (
  month INTEGER NOT NULL,
  organisation INTEGER NOT NULL REFERENCES organisation (id),
  account INTEGER NOT NULL,
  sent INTEGER NOT NULL,
  sent_recipients INTEGER NOT NULL,
  sent_octets INTEGER NOT NULL,
  received INTEGER NOT NULL,
  received_octets INTEGER NOT NULL,
  notices INTEGER NOT NULL,
  collected INTEGER NOT NULL,
  pushed INTEGER NOT NULL,
  refused INTEGER NOT NULL,
  logins_refused INTEGER NOT NULL,
  login_days INTEGER NOT NULL,
  days INTEGER NOT NULL,
  PRIMARY KEY (month, organisation, account)
) STRICT, WITHOUT ROWID;

-- The last days (since 1970, in Amsterdam) on which it logged in, and on which it did anything: also after its months have gone.
ALTER TABLE account ADD COLUMN last_login INTEGER;
ALTER TABLE account ADD COLUMN last_used INTEGER;
-- What was known of log-ins so far.
UPDATE account SET last_login = (
  SELECT max(at) / 86400000 FROM (
    SELECT last_used_at AS at FROM password WHERE password.account = account.id
    UNION ALL SELECT last_used_at FROM client_certificate WHERE client_certificate.account = account.id
  )
);
UPDATE account SET last_used = last_login;
