-- Several gateways write into one store. Times are those of the database.

-- One row for each number that a gateway has had. It stands in the ids of messages; who has it says so every two seconds.
CREATE TABLE node (
  id bigint PRIMARY KEY CHECK (id BETWEEN 0 AND 255),
  name text COLLATE "C" NOT NULL UNIQUE,
  site text COLLATE "C" NOT NULL,
  -- Of its start.
  epoch bigint NOT NULL,
  -- Drawn at its start: tells it from another one that has the same name.
  instance text COLLATE "C" NOT NULL,
  started_at bigint NOT NULL,
  -- 0: it has stopped in an orderly way.
  heard_at bigint NOT NULL,
  -- The latest time that it has put into an id, by its own clock.
  latest bigint NOT NULL,
  -- Milliseconds that its clock is ahead of the database's.
  ahead bigint NOT NULL DEFAULT 0,
  version text COLLATE "C" NOT NULL,
  schema_version bigint NOT NULL,
  address text COLLATE "C" NOT NULL DEFAULT ''
) WITH (fillfactor = 50);

-- Who has a maildrop, and until when. A row stays when its lease is over, so that the fence goes on.
CREATE TABLE maildrop_lease (
  account bigint PRIMARY KEY,
  fence bigint NOT NULL,
  node bigint NOT NULL,
  epoch bigint NOT NULL,
  session text COLLATE "C" NOT NULL,
  network text COLLATE "C" NOT NULL,
  progressed_at bigint NOT NULL,
  -- 0: free.
  until bigint NOT NULL,
  -- Its end is being written: nobody takes it over.
  held boolean NOT NULL
) WITH (fillfactor = 50);

-- Which node does what must be done once.
CREATE TABLE job_lease (
  name text COLLATE "C" PRIMARY KEY,
  node bigint NOT NULL,
  epoch bigint NOT NULL,
  fence bigint NOT NULL,
  until bigint NOT NULL
) WITH (fillfactor = 50);

-- The name of the connection that has claimed it: a node's start makes void what it had claimed itself.
ALTER TABLE delivery ADD COLUMN claimed_by text COLLATE "C";
