CREATE TABLE reservations (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    schedule_id uuid NOT NULL REFERENCES schedules,
    status text NOT NULL
        CHECK (status IN ('pending_payment', 'paid', 'cancelled', 'expired')),
    seat_count integer NOT NULL CHECK (seat_count BETWEEN 1 AND 4),
    amount bigint NOT NULL CHECK (amount >= 0),
    created_at timestamptz NOT NULL,
    held_until timestamptz NOT NULL,
    payment_id uuid,
    CHECK ((status = 'paid') = (payment_id IS NOT NULL))
) WITH (fillfactor = 70);

CREATE INDEX reservations_user ON reservations (user_id, id);
CREATE INDEX reservations_pending ON reservations (held_until) WHERE status = 'pending_payment';

-- A seat as it was when it was reserved. Live while the reservation is pending or paid; the unique
-- index is the last guard against selling a seat twice.
CREATE TABLE reservation_seats (
    reservation_id uuid NOT NULL REFERENCES reservations,
    seat_id uuid NOT NULL REFERENCES seats,
    number integer NOT NULL,
    grade text NOT NULL,
    price bigint NOT NULL,
    live boolean NOT NULL DEFAULT true,
    PRIMARY KEY (reservation_id, number)
) WITH (fillfactor = 80);

CREATE UNIQUE INDEX reservation_seats_one_live_claim ON reservation_seats (seat_id) WHERE live;

CREATE TABLE payments (
    id uuid PRIMARY KEY,
    reservation_id uuid NOT NULL UNIQUE REFERENCES reservations,
    user_id uuid NOT NULL REFERENCES users,
    amount bigint NOT NULL CHECK (amount >= 0),
    balance_after bigint NOT NULL CHECK (balance_after >= 0),
    paid_at timestamptz NOT NULL
);

CREATE INDEX payments_user ON payments (user_id, id);
