-- 1: the reference was used for other messages before, and the copies wait for the operator. A repetition of it is held as well.
ALTER TABLE interchange ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
