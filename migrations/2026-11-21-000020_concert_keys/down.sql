DROP INDEX concerts_key;
ALTER TABLE concerts DROP COLUMN key;
