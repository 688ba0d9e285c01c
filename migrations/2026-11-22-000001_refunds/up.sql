-- Paid reservations can be given back, and dates called off. A server process that does not know of either
-- goes on working beside this: it shows a refunded reservation as cancelled, and the money that came
-- back as money that was paid in. The new checks allow more than the ones they replace, so what is there
-- already need not be looked at.

-- A refunded reservation is a cancelled one that still knows its payment.
ALTER TABLE reservations
    ADD COLUMN refunded_at timestamptz,
    DROP CONSTRAINT reservations_check,
    ADD CONSTRAINT reservations_check CHECK (CASE status
        WHEN 'paid' THEN payment_id IS NOT NULL AND refunded_at IS NULL
        WHEN 'cancelled' THEN (payment_id IS NULL) = (refunded_at IS NULL)
        ELSE payment_id IS NULL AND refunded_at IS NULL END) NOT VALID;

-- Never updated: the money of one payment went back, all of it, once. The holder gave the reservation up,
-- or the schedule was called off.
CREATE TABLE refunds (
    payment_id uuid PRIMARY KEY,
    reservation_id uuid NOT NULL UNIQUE,
    user_id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    amount bigint NOT NULL CHECK (amount >= 0),
    cause text NOT NULL CHECK (cause IN ('holder', 'schedule')),
    refunded_at timestamptz NOT NULL
);
CREATE INDEX refunds_of_cancelled_schedules ON refunds (schedule_id) WHERE cause = 'schedule';

-- The credit of a refund names the payment in a column of its own: `payment_id` is that of a debit.
ALTER TABLE ledger_entries
    ADD COLUMN refund_of uuid,
    DROP CONSTRAINT ledger_entries_kind_check,
    DROP CONSTRAINT ledger_entries_check1,
    ADD CONSTRAINT ledger_entries_kind_check
        CHECK (kind IN ('charge', 'payment', 'refund')) NOT VALID,
    ADD CONSTRAINT ledger_entries_check1 CHECK (CASE kind
        WHEN 'charge' THEN amount > 0 WHEN 'refund' THEN amount >= 0 ELSE amount <= 0 END) NOT VALID,
    ADD CONSTRAINT ledger_entries_check2
        CHECK ((kind = 'refund') = (refund_of IS NOT NULL)) NOT VALID;
CREATE UNIQUE INDEX ledger_entries_refund_of ON ledger_entries (refund_of)
    WHERE refund_of IS NOT NULL;

-- A date that is called off. From then on nothing is sold there; it is done with when everyone has
-- their money.
ALTER TABLE schedules
    ADD COLUMN cancelled_at timestamptz,
    ADD COLUMN cancel_reason text,
    ADD COLUMN cancel_finished_at timestamptz,
    ADD CONSTRAINT schedules_cancelled CHECK (cancelled_at IS NOT NULL
        OR (cancel_reason IS NULL AND cancel_finished_at IS NULL)) NOT VALID;
CREATE INDEX schedules_being_cancelled ON schedules (cancelled_at)
    WHERE cancelled_at IS NOT NULL AND cancel_finished_at IS NULL;

-- The last guard, also against processes that do not know of it. The condition is looked at once a
-- batch of holds or payments; the function only ever runs to refuse.
CREATE FUNCTION refuse_cancelled_schedule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'schedule % is cancelled', OLD.id USING ERRCODE = 'exclusion_violation';
END $$;
CREATE TRIGGER schedules_cancelled_for_good BEFORE UPDATE ON schedules FOR EACH ROW
    WHEN (OLD.cancelled_at IS NOT NULL AND (NEW.cancelled_at IS NULL
        OR NEW.remaining_seats < OLD.remaining_seats OR NEW.sold_seats > OLD.sold_seats))
    EXECUTE FUNCTION refuse_cancelled_schedule();
