-- Several gateways may write into one store, each with a key folder of its own. Before the first message of a day each writes down which key it seals with, so that
-- one whose key another lacks is refused before it takes mail that the other cannot open. A day of before this has no rows: nobody knows.
CREATE TABLE sealing_key (
  day text COLLATE "C" NOT NULL,
  -- 16 hexadecimal digits that follow from the key and tell nothing of it.
  mark text COLLATE "C" NOT NULL,
  -- The gateway that was the first to seal with it.
  node text COLLATE "C" NOT NULL,
  PRIMARY KEY (day, mark)
);
