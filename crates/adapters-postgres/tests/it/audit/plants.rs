//! Violations to plant in a database that keeps all promises: the guards of the schema that would
//! forbid them are dropped first.

/// One violation.
pub struct Plant {
    /// The claim that it contradicts.
    pub claim: &'static str,
    /// How it gets there.
    pub sql: &'static str,
    /// The other claims that cannot hold then either.
    pub also: &'static [&'static str],
}

const fn plant(claim: &'static str, sql: &'static str) -> Plant {
    let also = &[];
    Plant { claim, sql, also }
}

const TWICE: &str = "no seat is in two live reservations";
const SEAT_STATUS: &str = "the status of each seat agrees with its reservation";
const KEPT: &str = "each seat that the house keeps is nobody else's";
const RESERVATION: &str = "each reservation has the seats and the amount it was made with";
const COUNTS: &str = "each schedule counts its available and its sold seats right";
const BALANCE: &str = "each balance is the sum of its ledger entries and not negative";
const CHAIN: &str = "each balance_after follows from the one before";
const PAID: &str = "each paid reservation has one payment and one debit of the same amount";
const PAYMENT: &str =
    "each payment is of a paid or refunded reservation, and each debit of a payment";
const REFUNDED: &str = "each refunded reservation has one payment, one debit, one refund and one \
    credit of the same amount";
const REFUND: &str =
    "each refund is of a refunded reservation, and each credit of a charge or a refund";
const CALLED_OFF: &str = "of a cancelled date that is done with, nobody is left to be refunded";
const ONE_TOKEN: &str = "each user has at most one live queue token";
const TICKETS: &str = "ticket numbers are gapless, in the order of joining";
const FAIRNESS: &str = "nobody was admitted before someone who had waited longer and still waited";
const CAPACITY: &str = "the active never exceeded the capacity in force at admission";
const QUEUE_COUNTS: &str = "the queue counts its waiting and its active tokens right";
const REFERENCES: &str = "whatever a row refers to is there";
const TOLD: &str = "whatever was told of a reservation is so";
const KEYS: &str = "what every idempotency key stands for is there";

pub const PLANTS: &[Plant] = &[
    Plant {
        claim: TWICE,
        sql: "UPDATE reservations SET seat_numbers = '{1, 4}' WHERE status = 'pending_payment'",
        also: &[SEAT_STATUS],
    },
    plant(
        SEAT_STATUS,
        "UPDATE seats SET held_until = held_until + interval '1 minute' WHERE number = 3",
    ),
    plant(
        SEAT_STATUS,
        "UPDATE schedules s SET remaining_seats = remaining_seats + 1 FROM seats \
         WHERE seats.schedule_id = s.id AND seats.number = 3 AND seats.status = 'held'; \
         UPDATE seats SET status = 'available', reservation_id = NULL, held_until = NULL \
         WHERE number = 3 AND status = 'held'",
    ),
    plant(
        SEAT_STATUS,
        "UPDATE schedules SET remaining_seats = remaining_seats - 1, sold_seats = sold_seats + 1 \
         WHERE total_seats = 10; \
         UPDATE seats SET status = 'sold', reservation_id = gen_random_uuid() WHERE number = 8",
    ),
    plant(
        SEAT_STATUS,
        "UPDATE schedules SET sold_seats = sold_seats + 1 WHERE total_seats = 10; \
         UPDATE seats SET status = 'sold', held_until = NULL \
         WHERE number = 3 AND status = 'held'",
    ),
    plant(
        KEPT,
        "INSERT INTO blocked_seats (schedule_id, number, block_id, blocked_at) \
         SELECT schedule_id, number, gen_random_uuid(), now() FROM seats WHERE number = 8",
    ),
    plant(
        RESERVATION,
        "ALTER TABLE reservations DROP CONSTRAINT reservations_complimentary_is_free; \
         UPDATE reservations SET complimentary = true WHERE status = 'paid'",
    ),
    plant(
        RESERVATION,
        "UPDATE reservations SET amount = amount + 1 WHERE status = 'pending_payment'",
    ),
    plant(
        RESERVATION,
        "UPDATE reservations SET seat_numbers = seat_numbers || 99 WHERE status = 'pending_payment'",
    ),
    plant(
        RESERVATION,
        "UPDATE reservations SET seat_numbers = '{7}' WHERE status = 'cancelled'",
    ),
    plant(
        COUNTS,
        "UPDATE schedules SET remaining_seats = remaining_seats - 1 WHERE total_seats = 10",
    ),
    plant(
        COUNTS,
        "UPDATE schedules SET sold_seats = sold_seats - 1 WHERE total_seats = 10",
    ),
    plant(
        COUNTS,
        "UPDATE schedules SET total_seats = total_seats + 1 WHERE total_seats = 10",
    ),
    plant(
        BALANCE,
        "UPDATE balances SET balance = balance + 1 WHERE balance > 0",
    ),
    plant(
        BALANCE,
        "UPDATE balances SET entries = entries + 1 WHERE balance > 0",
    ),
    plant(
        BALANCE,
        "ALTER TABLE balances DROP CONSTRAINT balances_balance_check; \
         UPDATE balances SET balance = -1 WHERE user_id = \
         (SELECT user_id FROM balances WHERE balance = 0 LIMIT 1)",
    ),
    plant(
        CHAIN,
        "UPDATE ledger_entries SET balance_after = balance_after + 1 WHERE number = 1",
    ),
    plant(
        CHAIN,
        "UPDATE ledger_entries SET number = number + 1 WHERE number = 3",
    ),
    plant(
        PAID,
        "UPDATE payments SET amount = amount + 1 \
         WHERE id IN (SELECT payment_id FROM reservations WHERE status = 'paid')",
    ),
    plant(
        PAID,
        "UPDATE payments SET balance_after = balance_after + 1 \
         WHERE id IN (SELECT payment_id FROM reservations WHERE status = 'paid')",
    ),
    plant(
        PAID,
        "UPDATE balances b SET balance = balance + 20000, entries = entries - 1 \
         FROM reservations r WHERE r.user_id = b.user_id AND r.status = 'paid'; \
         DELETE FROM ledger_entries \
         WHERE payment_id IN (SELECT payment_id FROM reservations WHERE status = 'paid'); \
         UPDATE ledger_entries SET number = 2, balance_after = balance_after + 20000 \
         WHERE number = 3 AND kind = 'charge'",
    ),
    plant(
        PAYMENT,
        "INSERT INTO payments SELECT gen_random_uuid(), id, user_id, amount, 0, created_at \
         FROM reservations WHERE status = 'cancelled' AND payment_id IS NULL",
    ),
    plant(
        PAYMENT,
        "INSERT INTO ledger_entries SELECT gen_random_uuid(), user_id, entries + 1, 'payment', \
         gen_random_uuid(), 0, balance, '2026-01-01 12:00+00' FROM balances WHERE balance > 0; \
         UPDATE balances SET entries = entries + 1 WHERE balance > 0",
    ),
    plant(REFUNDED, "UPDATE refunds SET amount = amount + 1"),
    plant(
        REFUNDED,
        "UPDATE refunds SET refunded_at = refunded_at + interval '1 second'",
    ),
    plant(
        REFUNDED,
        "UPDATE balances b SET balance = balance - e.amount, entries = entries - 1 \
         FROM ledger_entries e WHERE e.user_id = b.user_id AND e.kind = 'refund'; \
         DELETE FROM ledger_entries WHERE kind = 'refund'",
    ),
    plant(
        REFUNDED,
        "DROP INDEX ledger_entries_refund_of; \
         INSERT INTO ledger_entries SELECT gen_random_uuid(), user_id, number + 1, kind, NULL, \
           amount, balance_after + amount, created_at, refund_of \
           FROM ledger_entries WHERE kind = 'refund'; \
         UPDATE balances b SET balance = balance + e.amount, entries = entries + 1 \
         FROM ledger_entries e WHERE e.user_id = b.user_id AND e.kind = 'refund'",
    ),
    Plant {
        claim: REFUNDED,
        sql: "DELETE FROM refunds",
        also: &[REFUND],
    },
    Plant {
        claim: REFUNDED,
        sql: "DELETE FROM payments \
            WHERE id IN (SELECT payment_id FROM reservations WHERE refunded_at IS NOT NULL)",
        also: &[PAYMENT],
    },
    Plant {
        claim: REFUND,
        sql: "UPDATE reservations SET refunded_at = NULL, payment_id = NULL \
            WHERE refunded_at IS NOT NULL",
        also: &[PAYMENT],
    },
    plant(
        REFUND,
        "INSERT INTO refunds SELECT p.id, r.id, p.user_id, r.schedule_id, p.amount, 'holder', \
         p.paid_at FROM payments p JOIN reservations r ON r.id = p.reservation_id \
         WHERE r.status = 'paid'",
    ),
    plant(
        REFUND,
        "INSERT INTO ledger_entries SELECT gen_random_uuid(), user_id, entries + 1, 'refund', NULL, \
         0, balance, '2026-01-01 12:00+00', gen_random_uuid() FROM balances WHERE balance > 0; \
         UPDATE balances SET entries = entries + 1 WHERE balance > 0",
    ),
    plant(
        CALLED_OFF,
        "UPDATE schedules SET cancelled_at = starts_at, cancel_finished_at = starts_at \
         WHERE total_seats = 10",
    ),
    plant(
        ONE_TOKEN,
        "DROP INDEX queue_tokens_one_live_a_user; \
         UPDATE queue_tokens SET user_id = (SELECT user_id FROM queue_tokens \
         WHERE status = 'active' LIMIT 1) WHERE ticket = (SELECT max(ticket) FROM queue_tokens \
         WHERE status = 'waiting')",
    ),
    plant(
        TICKETS,
        "UPDATE queue_state SET next_ticket = next_ticket + 1",
    ),
    plant(
        TICKETS,
        "UPDATE queue_tokens SET ticket = ticket + 1 WHERE ticket = (SELECT max(ticket) \
         FROM queue_tokens); UPDATE queue_state SET next_ticket = next_ticket + 1",
    ),
    plant(
        TICKETS,
        "UPDATE queue_tokens SET joined_version = 0 WHERE ticket = (SELECT max(ticket) \
         FROM queue_tokens)",
    ),
    plant(
        FAIRNESS,
        "UPDATE queue_state SET version = version + 1, waiting = waiting - 1, \
           active = active + 1; \
         INSERT INTO queue_admissions SELECT version, next_tick_at, 1, true, active, 100 \
           FROM queue_state; \
         UPDATE queue_tokens t SET status = 'active', admitted_at = t.entered_at, \
           active_until = t.entered_at + interval '5 minutes', admitted_version = q.version, \
           version = q.version \
           FROM queue_state q WHERE t.ticket = (SELECT max(ticket) FROM queue_tokens \
           WHERE status = 'waiting')",
    ),
    plant(
        CAPACITY,
        "UPDATE queue_admissions SET capacity = 2 \
         WHERE version = (SELECT max(version) FROM queue_admissions)",
    ),
    plant(
        CAPACITY,
        "DELETE FROM queue_admissions \
         WHERE version = (SELECT max(version) FROM queue_admissions)",
    ),
    plant(QUEUE_COUNTS, "UPDATE queue_state SET waiting = waiting + 1"),
    plant(QUEUE_COUNTS, "UPDATE queue_state SET active = active - 1"),
    plant(
        TOLD,
        "UPDATE event_batches SET events = \
         replace(events::text, 'reservation.held', 'reservation.paid')::json",
    ),
    plant(
        TOLD,
        "UPDATE event_batches SET events = \
         replace(events::text, 'reservation.expired', 'reservation.cancelled')::json",
    ),
    plant(
        KEYS,
        "UPDATE idempotency_keys SET resource_id = gen_random_uuid() WHERE operation = 'hold'",
    ),
    plant(
        KEYS,
        "UPDATE idempotency_keys SET resource_id = gen_random_uuid() WHERE operation = 'charge'",
    ),
    plant(
        KEYS,
        "UPDATE idempotency_keys SET resource_id = gen_random_uuid() WHERE operation = 'payment'",
    ),
    plant(
        REFERENCES,
        "UPDATE queue_tokens SET user_id = gen_random_uuid() WHERE end_reason = 'left'",
    ),
    plant(
        REFERENCES,
        "UPDATE reservations SET user_id = gen_random_uuid() \
         WHERE status = 'cancelled' AND payment_id IS NULL",
    ),
    Plant {
        claim: REFERENCES,
        sql: "UPDATE reservations SET schedule_id = gen_random_uuid() \
            WHERE status = 'cancelled' AND payment_id IS NULL",
        also: &[RESERVATION],
    },
    Plant {
        claim: REFERENCES,
        sql: "UPDATE payments SET user_id = gen_random_uuid() \
            WHERE id IN (SELECT payment_id FROM reservations WHERE status = 'paid')",
        also: &[PAID],
    },
    Plant {
        claim: REFERENCES,
        sql: "WITH nobody AS MATERIALIZED (SELECT gen_random_uuid() AS id) \
            UPDATE ledger_entries SET user_id = nobody.id FROM nobody \
            WHERE user_id IN (SELECT user_id FROM reservations WHERE status = 'paid')",
        also: &[BALANCE, PAID],
    },
    Plant {
        claim: REFERENCES,
        sql: "UPDATE refunds SET user_id = gen_random_uuid()",
        also: &[REFUNDED],
    },
    Plant {
        claim: REFERENCES,
        sql: "UPDATE refunds SET schedule_id = gen_random_uuid()",
        also: &[REFUNDED],
    },
    plant(
        REFERENCES,
        "UPDATE idempotency_keys SET user_id = gen_random_uuid() WHERE operation = 'charge'",
    ),
];
