-- What a person must know before a standby is promoted, when the primary and perhaps every gateway has gone. It stands in the log of the database in front of
-- what is acknowledged after it: whichever server holds that holds this too.

-- Whether the gateway would acknowledge, when it did last, and until when one place alone may do for it (0: not): by its own clock, said with each beat.
ALTER TABLE node ADD COLUMN acknowledges boolean NOT NULL DEFAULT true;
ALTER TABLE node ADD COLUMN acknowledged_at bigint NOT NULL DEFAULT 0;
ALTER TABLE node ADD COLUMN alone_until bigint NOT NULL DEFAULT 0;

-- The list of standbys that the last primary had (synchronous_standby_names).
CREATE TABLE standby_list (
  id bigint PRIMARY KEY CHECK (id = 1),
  -- As the server has it; empty: it acknowledged alone.
  names text COLLATE "C" NOT NULL,
  -- The name of that primary.
  server text COLLATE "C" NOT NULL,
  timeline bigint NOT NULL,
  -- Where its log ended when it was written down, in octets.
  position bigint NOT NULL,
  -- By the clock of the database.
  at bigint NOT NULL
);
