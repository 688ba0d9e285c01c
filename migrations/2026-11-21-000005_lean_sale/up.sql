-- What a hold, a charge and a payment write was measured (docs/performance.md): half of PostgreSQL's
-- time went into checking references, one lookup and one row lock each, and a fifth into writing the
-- seats of a reservation a second time.

-- A seat's row already says whose it is, and nothing but its status ever changes: a reservation
-- only needs the numbers of its seats.
ALTER TABLE reservations ADD COLUMN seat_numbers integer[];
UPDATE reservations r SET seat_numbers =
    (SELECT array_agg(number ORDER BY number) FROM reservation_seats WHERE reservation_id = r.id);
ALTER TABLE reservations
    ALTER COLUMN seat_numbers SET NOT NULL,
    ADD CHECK (cardinality(seat_numbers) BETWEEN 1 AND 4),
    DROP COLUMN seat_count;
DROP TABLE reservation_seats;

-- The last guard against selling a seat twice: a seat that is someone's must be given back before it
-- becomes someone else's. The condition costs nothing; the function only ever runs to refuse.
CREATE FUNCTION refuse_taken_seat() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'seat % is taken by reservation %', OLD.id, OLD.reservation_id
        USING ERRCODE = 'exclusion_violation';
END $$;
CREATE TRIGGER seats_one_live_claim BEFORE UPDATE ON seats FOR EACH ROW
    WHEN (OLD.reservation_id IS NOT NULL AND NEW.reservation_id <> OLD.reservation_id)
    EXECUTE FUNCTION refuse_taken_seat();

-- Rows of these tables are written by transactions that have just read, and mostly locked, what they
-- refer to; nothing referred to is ever deleted; and the audit checks every reference.
ALTER TABLE queue_tokens DROP CONSTRAINT queue_tokens_user_id_fkey;
ALTER TABLE reservations
    DROP CONSTRAINT reservations_user_id_fkey,
    DROP CONSTRAINT reservations_schedule_id_fkey;
ALTER TABLE payments
    DROP CONSTRAINT payments_reservation_id_fkey,
    DROP CONSTRAINT payments_user_id_fkey;
ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_user_id_fkey;
ALTER TABLE idempotency_keys DROP CONSTRAINT idempotency_keys_user_id_fkey;

-- An entry is known by its number in its user's ledger; nobody looks for one by its id alone.
ALTER TABLE ledger_entries
    DROP CONSTRAINT ledger_entries_pkey,
    DROP CONSTRAINT ledger_entries_user_id_number_key,
    ADD PRIMARY KEY (user_id, number);

-- Every transaction that changes seats of a schedule raises the schedule's version and marks those
-- seats with it, so that seat maps can be kept in memory and told apart.
ALTER TABLE schedules ADD COLUMN version bigint NOT NULL DEFAULT 0;
ALTER TABLE seats ADD COLUMN version bigint NOT NULL DEFAULT 0;
