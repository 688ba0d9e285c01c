ALTER TABLE seats DROP COLUMN version;
ALTER TABLE schedules DROP COLUMN version;

ALTER TABLE ledger_entries
    DROP CONSTRAINT ledger_entries_pkey,
    ADD PRIMARY KEY (id),
    ADD UNIQUE (user_id, number);

ALTER TABLE idempotency_keys ADD FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE ledger_entries ADD FOREIGN KEY (user_id) REFERENCES balances;
ALTER TABLE payments
    ADD FOREIGN KEY (reservation_id) REFERENCES reservations,
    ADD FOREIGN KEY (user_id) REFERENCES users;
ALTER TABLE reservations
    ADD FOREIGN KEY (user_id) REFERENCES users,
    ADD FOREIGN KEY (schedule_id) REFERENCES schedules;
ALTER TABLE queue_tokens ADD FOREIGN KEY (user_id) REFERENCES users;

DROP TRIGGER seats_one_live_claim ON seats;
DROP FUNCTION refuse_taken_seat;

CREATE TABLE reservation_seats (
    reservation_id uuid NOT NULL REFERENCES reservations,
    seat_id uuid NOT NULL REFERENCES seats,
    number integer NOT NULL,
    grade text NOT NULL,
    price bigint NOT NULL,
    live boolean NOT NULL DEFAULT true,
    PRIMARY KEY (reservation_id, number)
) WITH (fillfactor = 80);
INSERT INTO reservation_seats
    SELECT r.id, s.id, s.number, s.grade, s.price, r.status IN ('pending_payment', 'paid')
    FROM reservations r JOIN seats s
        ON s.schedule_id = r.schedule_id AND s.number = ANY (r.seat_numbers);
CREATE UNIQUE INDEX reservation_seats_one_live_claim ON reservation_seats (seat_id) WHERE live;

ALTER TABLE reservations ADD COLUMN seat_count integer CHECK (seat_count BETWEEN 1 AND 4);
UPDATE reservations SET seat_count = cardinality(seat_numbers);
ALTER TABLE reservations ALTER COLUMN seat_count SET NOT NULL, DROP COLUMN seat_numbers;
