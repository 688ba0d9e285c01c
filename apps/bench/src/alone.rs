//! What a server does that takes one transaction a request, as scripts for pgbench on the same
//! tables, in a database of their own.
//!
//! pgbench gets its best chance: it checks no token, no idempotency key, no limit and no time, is
//! refused nothing, knows every id without looking it up, and its tables have neither foreign keys nor
//! triggers.

use anyhow::Result;
use tokio_postgres::Client;

/// How many seats the hot schedule has, the first one.
const HOT_SEATS: usize = 50_000;
/// How many each of the others has.
const SEATS: usize = 500;
const SCHEDULES: usize = 100;
/// How many users there are, each with a reservation on the hot schedule.
const FANS: usize = 10_000;

/// The scripts for pgbench.
pub struct Alone;

/// The id of the row with this number, a number or a variable of pgbench.
fn id(number: &str) -> String {
    format!("lpad({number}::text, 32, '0')::uuid")
}

/// In favour of one transaction a request: it pays for no checks, and may hold the same seat again
/// and again.
const DROP_GUARDS: &str = "DROP TRIGGER seats_one_live_claim ON seats; \
    DO $$ DECLARE found record; BEGIN \
    FOR found IN SELECT conrelid::regclass AS name, conname FROM pg_constraint WHERE contype = 'f' \
    LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.name, found.conname); \
    END LOOP; END $$";

impl Alone {
    /// Fills the migrated database of `client`: 100 schedules that never run out, one with 50,000
    /// seats and 99 with 500, and 10,000 users with money and a held reservation each.
    pub async fn set(client: &Client) -> Result<Self> {
        let (number, hot) = (id("n"), id("1"));
        client.batch_execute(DROP_GUARDS).await?;
        let fill = format!(
            "INSERT INTO concerts VALUES ({hot}, 'Alone', 'Arena'); \
             INSERT INTO schedules (id, concert_id, starts_at, total_seats, remaining_seats) \
               SELECT {number}, {hot}, '2999-01-01', 2000000000, 1000000000 \
               FROM generate_series(1, {SCHEDULES}) AS n; \
             INSERT INTO seats (id, schedule_id, number, grade, price) \
               SELECT gen_random_uuid(), {number}, number, 'R', 10000 \
               FROM generate_series(1, {SCHEDULES}) AS n, \
                 generate_series(1, CASE n WHEN 1 THEN {HOT_SEATS} ELSE {SEATS} END) AS number; \
             INSERT INTO users SELECT {number}, 'Fan', now() FROM generate_series(1, {FANS}) AS n; \
             INSERT INTO balances SELECT {number}, 1000000000000, 0 \
               FROM generate_series(1, {FANS}) AS n; \
             INSERT INTO reservations (id, user_id, schedule_id, status, seat_numbers, amount, \
               created_at, held_until) SELECT {number}, {number}, {hot}, 'pending_payment', \
               '{{1}}', 10000, now(), now() + interval '1 hour' FROM generate_series(1, {FANS}) AS n"
        );
        client.batch_execute(&fill).await?;
        Ok(Self)
    }

    /// Lock the seat, update it, lower the schedule's count, insert the reservation, commit; on so
    /// many schedules, either one or 100.
    #[allow(clippy::unused_self, reason = "the script needs the tables to be set")]
    pub fn hold(&self, schedules: usize) -> String {
        let seats = if schedules == 1 { HOT_SEATS } else { SEATS };
        let (date, fan) = (id(":date"), id(":fan"));
        format!(
            "\\set date random(1, {schedules})\n\
             \\set number random(1, {seats})\n\
             \\set fan random(1, {FANS})\n\
             BEGIN;\n\
             SELECT id, price FROM seats WHERE schedule_id = {date} AND number = :number FOR UPDATE;\n\
             UPDATE seats SET status = 'held', reservation_id = gen_random_uuid(), \
               held_until = now() + interval '5 minutes' \
               WHERE schedule_id = {date} AND number = :number;\n\
             UPDATE schedules SET remaining_seats = remaining_seats - 1 WHERE id = {date};\n\
             INSERT INTO reservations (id, user_id, schedule_id, status, seat_numbers, amount, \
               created_at, \
               held_until) VALUES (gen_random_uuid(), {fan}, {date}, 'pending_payment', '{{1}}', \
               10000, now(), now() + interval '5 minutes');\n\
             END;\n"
        )
    }

    /// Lock the reservation, lower the balance, write the ledger, insert the payment, mark the
    /// reservation and its seat, raise the schedule's sold count, commit.
    #[allow(clippy::unused_self, reason = "the script needs the tables to be set")]
    pub fn pay(&self) -> String {
        let (fan, payment, hot) = (id(":fan"), id(":payment"), id("1"));
        // The reservations are paid over and over, while payments are of one each.
        format!(
            "\\set fan random(1, {FANS})\n\
             \\set payment random(1, 9000000000000000000)\n\
             BEGIN;\n\
             SELECT status, amount FROM reservations WHERE id = {fan} FOR UPDATE;\n\
             UPDATE balances SET balance = balance - 10000, entries = entries + 1 \
               WHERE user_id = {fan} RETURNING balance, entries \\gset\n\
             INSERT INTO ledger_entries (id, user_id, number, kind, payment_id, amount, \
               balance_after, created_at) VALUES (gen_random_uuid(), {fan}, :entries, 'payment', \
               {payment}, -10000, :balance, now());\n\
             INSERT INTO payments (id, reservation_id, user_id, amount, balance_after, paid_at) \
               VALUES ({payment}, gen_random_uuid(), {fan}, 10000, :balance, now());\n\
             UPDATE reservations SET status = 'paid', payment_id = {payment} WHERE id = {fan};\n\
             UPDATE seats SET status = 'sold', held_until = NULL, reservation_id = {fan} \
               WHERE schedule_id = {hot} AND number = :fan;\n\
             UPDATE schedules SET sold_seats = sold_seats + 1 WHERE id = {hot};\n\
             END;\n"
        )
    }

    /// Raise the balance, write the ledger, commit.
    #[allow(clippy::unused_self, reason = "the script needs the tables to be set")]
    pub fn charge(&self) -> String {
        let fan = id(":fan");
        format!(
            "\\set fan random(1, {FANS})\n\
             BEGIN;\n\
             UPDATE balances SET balance = balance + 100, entries = entries + 1 \
               WHERE user_id = {fan} RETURNING balance, entries \\gset\n\
             INSERT INTO ledger_entries (id, user_id, number, kind, amount, balance_after, \
               created_at) VALUES (gen_random_uuid(), {fan}, :entries, 'charge', 100, :balance, now());\n\
             END;\n"
        )
    }
}
