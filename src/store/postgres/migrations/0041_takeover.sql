-- The move of a region from another server, in waves. `day`: of the wave, in Amsterdam. `announced_at` and the others: when the letter of that step was made.
-- `going_back_at`: mail of the practice may be given back to the other server, as long as that is not done.
CREATE TABLE takeover (
  organisation bigint PRIMARY KEY REFERENCES organisation (id),
  wave text COLLATE "C" NOT NULL,
  day bigint NOT NULL,
  rehearsed_at bigint NOT NULL,
  announced_at bigint,
  moved_told_at bigint,
  reminded_at bigint,
  back_told_at bigint,
  going_back_at bigint
);
CREATE INDEX takeover_wave ON takeover (wave);

-- Where each mailbox stands. `there`: its log-in name at the other server. `messages` and `octets`: as that server listed them last.
CREATE TABLE takeover_mailbox (
  account bigint PRIMARY KEY REFERENCES account (id),
  there text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  changed_at bigint NOT NULL,
  messages bigint NOT NULL,
  octets bigint NOT NULL,
  problem text COLLATE "C"
);

-- Entries that left their mailbox to go back to the other server, until they are written there. Each needs its content, as the entry did.
CREATE TABLE takeover_return (
  account bigint NOT NULL REFERENCES account (id),
  uid bigint NOT NULL,
  message bigint NOT NULL,
  octets bigint NOT NULL,
  retrieved bigint NOT NULL,
  receipt bigint NOT NULL,
  PRIMARY KEY (account, uid)
);
