CREATE TABLE concerts (
    id uuid PRIMARY KEY,
    title text NOT NULL,
    venue text NOT NULL
);

-- The row lock of a schedule is the lock of its seats and reservations: every transaction that
-- changes any of them takes it first, and each of them changes these counts anyway.
CREATE TABLE schedules (
    id uuid PRIMARY KEY,
    concert_id uuid NOT NULL REFERENCES concerts,
    starts_at timestamptz NOT NULL,
    sales_open_at timestamptz,
    total_seats integer NOT NULL CHECK (total_seats > 0),
    remaining_seats integer NOT NULL CHECK (remaining_seats >= 0),
    sold_seats integer NOT NULL DEFAULT 0 CHECK (sold_seats >= 0),
    CHECK (remaining_seats + sold_seats <= total_seats)
) WITH (fillfactor = 50);

CREATE INDEX schedules_concert ON schedules (concert_id, starts_at);

CREATE TABLE seats (
    id uuid PRIMARY KEY,
    schedule_id uuid NOT NULL REFERENCES schedules,
    number integer NOT NULL CHECK (number > 0),
    grade text NOT NULL,
    price bigint NOT NULL CHECK (price >= 0),
    status text NOT NULL DEFAULT 'available' CHECK (status IN ('available', 'held', 'sold')),
    reservation_id uuid,
    held_until timestamptz,
    UNIQUE (schedule_id, number),
    CHECK ((status = 'available') = (reservation_id IS NULL)),
    CHECK ((status = 'held') = (held_until IS NOT NULL))
) WITH (fillfactor = 50);
