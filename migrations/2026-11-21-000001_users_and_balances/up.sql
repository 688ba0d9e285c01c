CREATE TABLE users (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL
);

-- A balance is updated by every charge and payment and has no index besides its key: with room on
-- each page these updates touch no index (heap-only tuples).
CREATE TABLE balances (
    user_id uuid PRIMARY KEY REFERENCES users,
    balance bigint NOT NULL CHECK (balance >= 0),
    entries bigint NOT NULL CHECK (entries >= 0)
) WITH (fillfactor = 70);

-- Never updated: each change of a balance is one row, numbered within its user's ledger.
CREATE TABLE ledger_entries (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES balances,
    number bigint NOT NULL CHECK (number > 0),
    kind text NOT NULL CHECK (kind IN ('charge', 'payment')),
    payment_id uuid,
    amount bigint NOT NULL,
    balance_after bigint NOT NULL CHECK (balance_after >= 0),
    created_at timestamptz NOT NULL,
    UNIQUE (user_id, number),
    CHECK ((kind = 'payment') = (payment_id IS NOT NULL)),
    CHECK (CASE kind WHEN 'charge' THEN amount > 0 ELSE amount <= 0 END)
);

CREATE UNIQUE INDEX ledger_entries_payment ON ledger_entries (payment_id)
    WHERE payment_id IS NOT NULL;

-- What a request with an Idempotency-Key made. Kept for good: a key never means two things.
CREATE TABLE idempotency_keys (
    user_id uuid NOT NULL REFERENCES users,
    key text NOT NULL,
    operation text NOT NULL CHECK (operation IN ('hold', 'charge', 'payment')),
    fingerprint bytea NOT NULL,
    resource_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, key)
);
