DROP TABLE idempotency_keys;
DROP TABLE ledger_entries;
DROP TABLE balances;
DROP TABLE users;
