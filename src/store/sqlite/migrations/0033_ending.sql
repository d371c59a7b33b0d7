-- An end that can still be taken back. Nothing below it is written until it is final: whoever reads an address or an account looks up here.
-- `ends_at`: until when `organisation resume` brings all of it back. `successor`: who takes the mail of its addresses meanwhile and after.
ALTER TABLE organisation ADD COLUMN ends_at INTEGER;
ALTER TABLE organisation ADD COLUMN successor TEXT;

-- The same of one account, beside `account.ends_at`.
ALTER TABLE account ADD COLUMN successor TEXT;

-- It takes no mail any more; until then `address resume` brings it back. (`address.ends_at` is another end: it takes mail until then.)
ALTER TABLE address ADD COLUMN final_at INTEGER;
CREATE INDEX address_final ON address (final_at) WHERE final_at IS NOT NULL AND state <> 'ended';
