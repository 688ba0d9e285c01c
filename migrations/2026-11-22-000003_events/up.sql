-- What happened, for those who are told: one row a transaction with all its events, written in that
-- transaction, without keys and references. `events` is a list of {id, type, subject, occurred_at, data}.
--
-- `number` is drawn when the row is written, so it is not the order of commits: a transaction that drew
-- an earlier number may commit later. What is committed is therefore given a position afterwards, by one
-- process at a time under the lock of `event_state`; `last_position` is that of the last event in the row.
CREATE TABLE event_batches (
    number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    occurred_at timestamptz NOT NULL,
    count integer NOT NULL CHECK (count > 0),
    events json NOT NULL,
    last_position bigint
);

CREATE INDEX event_batches_new ON event_batches (number) WHERE last_position IS NULL;
CREATE UNIQUE INDEX event_batches_position ON event_batches (last_position)
    WHERE last_position IS NOT NULL;

-- The position of the last event that has one.
CREATE TABLE event_state (
    id boolean PRIMARY KEY DEFAULT true CHECK (id),
    position bigint NOT NULL DEFAULT 0
);
INSERT INTO event_state DEFAULT VALUES;

-- Where events are sent to. Whatever is at or below `position` was accepted, is not wanted, or is a
-- letter. Who delivers has the row for itself until `leased_until`.
CREATE TABLE webhook_endpoints (
    id uuid PRIMARY KEY,
    url text NOT NULL,
    kinds text[],
    secret bytea NOT NULL CHECK (length(secret) = 32),
    created_at timestamptz NOT NULL,
    position bigint NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    last_error text,
    next_try_at timestamptz NOT NULL,
    lease uuid,
    leased_until timestamptz,
    disabled_at timestamptz
);

-- Events that were refused, and those of the same subject that wait behind them. They outlive the
-- batches they come from.
CREATE TABLE webhook_letters (
    endpoint_id uuid NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
    position bigint NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    subject uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    data text NOT NULL,
    tries integer NOT NULL,
    next_try_at timestamptz NOT NULL,
    died_at timestamptz,
    error text,
    PRIMARY KEY (endpoint_id, position)
);

CREATE INDEX webhook_letters_waiting ON webhook_letters (endpoint_id, subject, position)
    WHERE died_at IS NULL;
