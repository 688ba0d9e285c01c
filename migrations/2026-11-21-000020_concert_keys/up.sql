-- The name by which the operator's own lists know a concert, so that a list can be imported twice and
-- a concert is not. Programs that do not know this column go on without it.
ALTER TABLE concerts ADD COLUMN key text;
CREATE UNIQUE INDEX concerts_key ON concerts (key);
