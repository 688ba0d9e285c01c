//! The checks, in the order of the promises. Each names at most ten violations.

use super::Check;

pub(super) const CHECKS: &[Check] = &[
    Check {
        promise: 1,
        claim: "no seat is in two live reservations",
        violations: "SELECT format('seat %s of schedule %s is in %s live reservations', \
              number, schedule_id, count(*)) \
            FROM (SELECT schedule_id, unnest(seat_numbers) AS number FROM reservations \
              WHERE status IN ('pending_payment', 'paid')) AS claims \
            GROUP BY schedule_id, number HAVING count(*) > 1 LIMIT 10",
    },
    Check {
        promise: 1,
        claim: "the status of each seat agrees with its reservation",
        violations: "SELECT format('seat %s of schedule %s is %s, its live reservation %s', \
              s.number, s.schedule_id, s.status, coalesce(r.id::text, 'does not exist')) \
            FROM seats s LEFT JOIN (SELECT *, unnest(seat_numbers) AS number FROM reservations \
              WHERE status IN ('pending_payment', 'paid')) AS r \
              ON r.schedule_id = s.schedule_id AND r.number = s.number \
            WHERE NOT CASE s.status \
              WHEN 'available' THEN r.id IS NULL \
              WHEN 'held' THEN coalesce(r.id = s.reservation_id AND r.status = 'pending_payment' \
                AND r.held_until = s.held_until, false) \
              ELSE coalesce(r.id = s.reservation_id AND r.status = 'paid', \
                EXISTS (SELECT FROM blocked_seats b WHERE b.schedule_id = s.schedule_id \
                  AND b.number = s.number AND b.block_id = s.reservation_id)) END LIMIT 10",
    },
    Check {
        promise: 1,
        claim: "each seat that the house keeps is nobody else's",
        violations: "SELECT format('seat %s of schedule %s is kept by block %s, but is %s by %s', \
              b.number, b.schedule_id, b.block_id, s.status, s.reservation_id) \
            FROM blocked_seats b JOIN seats s USING (schedule_id, number) \
            WHERE s.status <> 'sold' OR s.reservation_id IS DISTINCT FROM b.block_id LIMIT 10",
    },
    Check {
        promise: 1,
        claim: "each reservation has the seats and the amount it was made with",
        violations: "SELECT format('reservation %s: %s seats for %s', r.id, count(s.id), r.amount) \
            FROM reservations r CROSS JOIN unnest(r.seat_numbers) AS taken (number) \
            LEFT JOIN seats s ON s.schedule_id = r.schedule_id AND s.number = taken.number \
            GROUP BY r.id HAVING count(s.id) <> count(*) \
              OR CASE WHEN r.complimentary THEN 0 ELSE sum(s.price) END <> r.amount LIMIT 10",
    },
    Check {
        promise: 2,
        claim: "each schedule counts its available and its sold seats right",
        violations: "SELECT format('schedule %s counts %s total, %s remaining, %s sold; it has %s, \
              %s, %s', s.id, s.total_seats, s.remaining_seats, s.sold_seats, n.total, \
              n.available, n.sold) \
            FROM schedules s LEFT JOIN (SELECT schedule_id, count(*) AS total, \
              count(*) FILTER (WHERE status = 'available') AS available, \
              count(*) FILTER (WHERE status = 'sold') AS sold \
              FROM seats GROUP BY schedule_id) AS n ON n.schedule_id = s.id \
            WHERE (s.total_seats, s.remaining_seats, s.sold_seats) \
              IS DISTINCT FROM (n.total, n.available, n.sold) LIMIT 10",
    },
    Check {
        promise: 3,
        claim: "each balance is the sum of its ledger entries and not negative",
        violations: "SELECT format('user %s has %s after %s entries; the ledger says %s after %s', \
              b.user_id, b.balance, b.entries, coalesce(n.total, 0), coalesce(n.entries, 0)) \
            FROM balances b LEFT JOIN (SELECT user_id, sum(amount) AS total, count(*) AS entries \
              FROM ledger_entries GROUP BY user_id) AS n USING (user_id) \
            WHERE b.balance <> coalesce(n.total, 0) OR b.entries <> coalesce(n.entries, 0) \
              OR b.balance < 0 LIMIT 10",
    },
    Check {
        promise: 3,
        claim: "each balance_after follows from the one before",
        violations: "SELECT format('entry %s of user %s: %s, then %s', number, user_id, amount, \
              balance_after) \
            FROM (SELECT *, \
              lag(balance_after, 1, 0::bigint) OVER ledger AS before, \
              row_number() OVER ledger AS position \
              FROM ledger_entries WINDOW ledger AS (PARTITION BY user_id ORDER BY number)) AS e \
            WHERE balance_after <> before + amount OR balance_after < 0 OR number <> position \
            LIMIT 10",
    },
    Check {
        promise: 4,
        claim: "each paid reservation has one payment and one debit of the same amount",
        violations: "SELECT format('reservation %s for %s: %s payments, %s debits', r.id, r.amount, \
              count(DISTINCT p.id), count(DISTINCT e.id)) \
            FROM reservations r \
            LEFT JOIN payments p ON p.reservation_id = r.id AND p.id = r.payment_id \
              AND p.amount = r.amount AND p.user_id = r.user_id \
            LEFT JOIN ledger_entries e ON e.payment_id = p.id AND e.amount = -r.amount \
              AND e.user_id = r.user_id AND e.balance_after = p.balance_after \
            WHERE r.status = 'paid' GROUP BY r.id \
            HAVING count(DISTINCT p.id) <> 1 OR count(DISTINCT e.id) <> 1 LIMIT 10",
    },
    Check {
        promise: 4,
        claim: "each payment is of a paid or refunded reservation, and each debit of a payment",
        violations: "(SELECT format('payment %s, but reservation %s is %s', p.id, r.id, r.status) \
              FROM payments p LEFT JOIN reservations r ON r.id = p.reservation_id \
              WHERE (r.status = 'paid' OR r.refunded_at IS NOT NULL) IS NOT TRUE \
                OR r.payment_id IS DISTINCT FROM p.id LIMIT 5) \
            UNION ALL (SELECT format('ledger entry %s debits no payment', e.id) \
              FROM ledger_entries e LEFT JOIN payments p ON p.id = e.payment_id \
              WHERE (e.amount < 0 OR e.kind = 'payment') AND p.id IS NULL LIMIT 5)",
    },
    Check {
        promise: 4,
        claim: "each refunded reservation has one payment, one debit, one refund and one credit of \
            the same amount",
        violations: "SELECT format('reservation %s for %s: %s payments, %s debits, %s refunds, %s \
              credits', r.id, r.amount, count(DISTINCT p.id), count(DISTINCT d.id), \
              count(DISTINCT f.payment_id), count(DISTINCT c.id)) \
            FROM reservations r \
            LEFT JOIN payments p ON p.reservation_id = r.id AND p.id = r.payment_id \
              AND p.amount = r.amount AND p.user_id = r.user_id \
            LEFT JOIN ledger_entries d ON d.payment_id = p.id AND d.amount = -r.amount \
              AND d.user_id = r.user_id \
            LEFT JOIN refunds f ON f.payment_id = p.id AND f.reservation_id = r.id \
              AND f.amount = r.amount AND f.user_id = r.user_id AND f.schedule_id = r.schedule_id \
              AND f.refunded_at = r.refunded_at \
            LEFT JOIN ledger_entries c ON c.refund_of = f.payment_id AND c.kind = 'refund' \
              AND c.amount = r.amount AND c.user_id = r.user_id AND c.number > d.number \
            WHERE r.refunded_at IS NOT NULL GROUP BY r.id \
            HAVING count(DISTINCT p.id) <> 1 OR count(DISTINCT d.id) <> 1 \
              OR count(DISTINCT f.payment_id) <> 1 OR count(DISTINCT c.id) <> 1 LIMIT 10",
    },
    Check {
        promise: 4,
        claim: "each refund is of a refunded reservation, and each credit of a charge or a refund",
        violations: "(SELECT format('refund of payment %s, but reservation %s is %s', f.payment_id, \
                f.reservation_id, r.status) \
              FROM refunds f LEFT JOIN reservations r ON r.id = f.reservation_id \
              WHERE r.status IS DISTINCT FROM 'cancelled' OR r.refunded_at IS NULL \
                OR r.payment_id IS DISTINCT FROM f.payment_id LIMIT 5) \
            UNION ALL (SELECT format('ledger entry %s gives back what was no refund', e.id) \
              FROM ledger_entries e LEFT JOIN refunds f ON f.payment_id = e.refund_of \
              WHERE (e.kind = 'refund' OR e.kind <> 'charge' AND e.amount > 0) \
                AND f.payment_id IS NULL LIMIT 5)",
    },
    Check {
        promise: 4,
        claim: "of a cancelled date that is done with, nobody is left to be refunded",
        violations: "SELECT format('reservation %s of schedule %s is paid', r.id, s.id) \
            FROM schedules s JOIN reservations r ON r.schedule_id = s.id \
            WHERE s.cancel_finished_at IS NOT NULL AND r.status = 'paid' LIMIT 10",
    },
    Check {
        promise: 5,
        claim: "each user has at most one live queue token",
        violations: "SELECT format('user %s has %s', user_id, count(*)) FROM queue_tokens \
            WHERE status <> 'expired' GROUP BY user_id HAVING count(*) > 1 LIMIT 10",
    },
    Check {
        promise: 5,
        claim: "ticket numbers are gapless, in the order of joining",
        violations: "(SELECT format('ticket %s comes after ticket %s', ticket, before) \
              FROM (SELECT ticket, lag(ticket, 1, 0::bigint) OVER (ORDER BY ticket) AS before, \
                joined_version, lag(joined_version) OVER (ORDER BY ticket) AS joined_before \
                FROM queue_tokens) AS t \
              WHERE ticket <> before + 1 OR joined_version < joined_before LIMIT 9) \
            UNION ALL SELECT format('the next ticket is %s after %s', next_ticket, newest) \
              FROM queue_state, (SELECT coalesce(max(ticket), 0) AS newest FROM queue_tokens) AS t \
              WHERE next_ticket <> newest + 1",
    },
    Check {
        promise: 5,
        claim: "nobody was admitted before someone who had waited longer and still waited",
        violations: "SELECT format('ticket %s was admitted by version %s, a lower one waited until %s', \
              ticket, admitted_version, others) \
            FROM (SELECT ticket, admitted_version, \
              max(least(coalesce(admitted_version, 9223372036854775807), \
                coalesce(ended_version, 9223372036854775807))) \
                OVER (ORDER BY ticket ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS others \
              FROM queue_tokens) AS t \
            WHERE admitted_version < others LIMIT 10",
    },
    Check {
        promise: 5,
        claim: "the active never exceeded the capacity in force at admission",
        violations: "SELECT format('version %s left %s active under a capacity of %s', v.version, \
              v.active, coalesce(a.capacity::text, 'nobody knows')) \
            FROM (SELECT version, sum(sum(change)) OVER (ORDER BY version) AS active, \
                bool_or(change > 0) AS admits \
              FROM (SELECT admitted_version AS version, 1 AS change FROM queue_tokens \
                  WHERE admitted_version IS NOT NULL \
                UNION ALL SELECT ended_version, -1 FROM queue_tokens \
                  WHERE admitted_version IS NOT NULL AND ended_version IS NOT NULL) AS changes \
              GROUP BY version) AS v \
            LEFT JOIN queue_admissions a ON a.version = v.version \
            WHERE v.admits AND coalesce(v.active > a.capacity, true) LIMIT 10",
    },
    Check {
        promise: 5,
        claim: "the queue counts its waiting and its active tokens right",
        violations: "SELECT format('the queue counts %s waiting and %s active; there are %s and %s', \
              q.waiting, q.active, n.waiting, n.active) \
            FROM queue_state q, (SELECT count(*) FILTER (WHERE status = 'waiting') AS waiting, \
              count(*) FILTER (WHERE status = 'active') AS active FROM queue_tokens) AS n \
            WHERE (q.waiting, q.active) <> (n.waiting, n.active)",
    },
    Check {
        promise: 6,
        claim: "what every idempotency key stands for is there",
        violations: "SELECT format('key of user %s: %s %s is missing', k.user_id, k.operation, \
              k.resource_id) \
            FROM idempotency_keys k WHERE NOT CASE k.operation \
              WHEN 'hold' THEN EXISTS (SELECT FROM reservations WHERE id = k.resource_id) \
              WHEN 'payment' THEN EXISTS (SELECT FROM payments WHERE id = k.resource_id) \
              ELSE EXISTS (SELECT FROM ledger_entries WHERE id = k.resource_id) END LIMIT 10",
    },
    // Not the other way round: while a server is brought up to date, older processes tell of nothing.
    Check {
        promise: 6,
        claim: "whatever was told of a reservation is so",
        violations: "SELECT format('reservation %s is %s, told: %s', e.subject, \
              coalesce(r.status, 'missing'), e.kind) \
            FROM (SELECT (event ->> 'subject')::uuid AS subject, event ->> 'type' AS kind \
              FROM event_batches CROSS JOIN LATERAL json_array_elements(events) AS event) AS e \
            LEFT JOIN reservations r ON r.id = e.subject \
            WHERE NOT CASE e.kind \
              WHEN 'reservation.held' THEN r.id IS NOT NULL \
              WHEN 'reservation.paid' THEN \
                coalesce(r.status NOT IN ('pending_payment', 'expired'), false) \
              WHEN 'payment.completed' THEN \
                coalesce(r.status NOT IN ('pending_payment', 'expired'), false) \
              WHEN 'reservation.expired' THEN coalesce(r.status = 'expired', false) \
              WHEN 'reservation.cancelled' THEN coalesce(r.status = 'cancelled', false) \
              WHEN 'reservation.refunded' THEN \
                coalesce(r.status NOT IN ('pending_payment', 'expired', 'paid'), false) \
              ELSE true END LIMIT 10",
    },
    // In place of foreign keys, whose checks took half of the time of a hold.
    Check {
        promise: 6,
        claim: "whatever a row refers to is there",
        violations: "(SELECT format('queue token %s: user %s is missing', t.id, t.user_id) \
              FROM queue_tokens t LEFT JOIN users u ON u.id = t.user_id WHERE u.id IS NULL LIMIT 2) \
            UNION ALL (SELECT format('reservation %s: user %s or schedule %s is missing', r.id, \
                r.user_id, r.schedule_id) \
              FROM reservations r LEFT JOIN users u ON u.id = r.user_id \
              LEFT JOIN schedules s ON s.id = r.schedule_id \
              WHERE u.id IS NULL OR s.id IS NULL LIMIT 2) \
            UNION ALL (SELECT format('refund of payment %s: user %s or schedule %s is missing', \
                f.payment_id, f.user_id, f.schedule_id) \
              FROM refunds f LEFT JOIN users u ON u.id = f.user_id \
              LEFT JOIN schedules s ON s.id = f.schedule_id \
              WHERE u.id IS NULL OR s.id IS NULL LIMIT 2) \
            UNION ALL (SELECT format('payment %s: user %s is missing', p.id, p.user_id) \
              FROM payments p LEFT JOIN users u ON u.id = p.user_id WHERE u.id IS NULL LIMIT 2) \
            UNION ALL (SELECT format('ledger entry %s: balance of user %s is missing', e.id, e.user_id) \
              FROM ledger_entries e LEFT JOIN balances b USING (user_id) \
              WHERE b.user_id IS NULL LIMIT 2) \
            UNION ALL (SELECT format('key %s: user %s is missing', k.key, k.user_id) \
              FROM idempotency_keys k LEFT JOIN users u ON u.id = k.user_id \
              WHERE u.id IS NULL LIMIT 2)",
    },
];
