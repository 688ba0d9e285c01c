-- Keys of operators besides the one that the server is started with. A key is 256 random bits, so
-- its SHA-256 digest tells nothing of it. Rows stay for good: the log refers to them.
CREATE TABLE operator_keys (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

CREATE UNIQUE INDEX operator_keys_one_live_a_name ON operator_keys (name)
    WHERE revoked_at IS NULL;

-- What operators changed, each entry written in the transaction of its change.
CREATE TABLE admin_log (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    operator text NOT NULL,
    key_id uuid REFERENCES operator_keys,
    request_id text,
    action text NOT NULL,
    subject jsonb NOT NULL,
    details jsonb NOT NULL
);

CREATE FUNCTION refuse_change_of_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log of operators'' changes is never changed itself';
END $$;
CREATE TRIGGER admin_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON admin_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_log();

-- Holds are refused while it is true; what is held can be paid.
ALTER TABLE schedules ADD COLUMN sales_closed boolean NOT NULL DEFAULT false;

-- Seats that the house keeps for itself. To all others such a seat is sold: its row says so, with the
-- block in place of a reservation, and it counts as sold. So a server process that knows nothing of
-- blocks gives none of them away.
CREATE TABLE blocked_seats (
    schedule_id uuid NOT NULL,
    number integer NOT NULL,
    block_id uuid NOT NULL,
    note text,
    blocked_at timestamptz NOT NULL,
    PRIMARY KEY (schedule_id, number),
    FOREIGN KEY (schedule_id, number) REFERENCES seats (schedule_id, number)
);

CREATE INDEX blocked_seats_block ON blocked_seats (block_id);

-- Given for nothing: the seats have their prices, the reservation and its payment an amount of 0.
ALTER TABLE reservations
    ADD COLUMN complimentary boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT reservations_complimentary_is_free CHECK (NOT complimentary OR amount = 0);
