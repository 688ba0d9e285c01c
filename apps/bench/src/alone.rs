//! What a server does that takes one transaction a request, as scripts for pgbench on the same
//! tables, in a database of their own.

use anyhow::Result;
use tokio_postgres::Client;

/// The schedules, reservations and users that the scripts work on.
pub struct Alone {
    schedules: usize,
}

const SEATS: usize = 50_000;

impl Alone {
    /// Fills the migrated database of `client`: 100 schedules that never run out, one with 50,000
    /// seats and 99 with 500, and 10,000 users with money and a held reservation each.
    pub async fn set(client: &Client) -> Result<Self> {
        let schedules = 100;
        let fill = format!(
            "CREATE TABLE dates (n integer PRIMARY KEY, id uuid NOT NULL DEFAULT gen_random_uuid(), \
               seats integer NOT NULL); \
             INSERT INTO dates (n, seats) SELECT n, CASE n WHEN 1 THEN {SEATS} ELSE 500 END \
               FROM generate_series(1, {schedules}) AS n; \
             INSERT INTO concerts SELECT gen_random_uuid(), 'Alone', 'Arena'; \
             INSERT INTO schedules (id, concert_id, starts_at, total_seats, remaining_seats) \
               SELECT dates.id, concerts.id, '2999-01-01', 2000000000, 2000000000 \
               FROM dates, concerts; \
             INSERT INTO seats (id, schedule_id, number, grade, price) \
               SELECT gen_random_uuid(), id, number, 'R', 10000 \
               FROM dates, generate_series(1, seats) AS number; \
             CREATE TABLE people (n integer PRIMARY KEY, id uuid NOT NULL DEFAULT gen_random_uuid(), \
               reservation uuid NOT NULL DEFAULT gen_random_uuid()); \
             INSERT INTO people SELECT n FROM generate_series(1, 10000) AS n; \
             INSERT INTO users SELECT id, 'Fan', now() FROM people; \
             INSERT INTO balances SELECT id, 1000000000000, 0 FROM people; \
             INSERT INTO reservations (id, user_id, schedule_id, status, seat_count, amount, \
               created_at, held_until) SELECT people.reservation, people.id, dates.id, \
               'pending_payment', 1, 10000, now(), now() + interval '1 hour' \
               FROM people, dates WHERE dates.n = 1"
        );
        client.batch_execute(&fill).await?;
        for table in [
            "seats",
            "schedules",
            "balances",
            "reservations",
            "people",
            "dates",
        ] {
            client
                .batch_execute(&format!("VACUUM ANALYZE {table}"))
                .await?;
        }
        Ok(Self { schedules })
    }

    /// Lock the seat, update it, lower the schedule's count, insert the reservation, commit.
    pub fn hold(&self, spread: usize) -> String {
        let schedules = spread.min(self.schedules);
        let seats = if schedules == 1 { SEATS } else { 500 };
        format!(
            "\\set date random(1, {schedules})\n\\set number random(1, {seats})\n\\set fan random(1, 10000)\n\
             BEGIN;\n\
             SELECT s.id AS seat, s.schedule_id AS schedule FROM seats s JOIN dates d \
               ON d.id = s.schedule_id WHERE d.n = :date AND s.number = :number FOR UPDATE OF s \\gset\n\
             UPDATE seats SET status = 'held', reservation_id = gen_random_uuid(), \
               held_until = now() + interval '5 minutes' WHERE id = :seat;\n\
             UPDATE schedules SET remaining_seats = remaining_seats - 1 WHERE id = :schedule;\n\
             INSERT INTO reservations (id, user_id, schedule_id, status, seat_count, amount, created_at, \
               held_until) SELECT gen_random_uuid(), id, :schedule, 'pending_payment', 1, 10000, now(), \
               now() + interval '5 minutes' FROM people WHERE n = :fan;\n\
             END;\n"
        )
    }

    /// Lower the balance, write the ledger, record the payment, update reservation and count, commit.
    #[allow(clippy::unused_self, reason = "the script needs the tables to be set")]
    pub fn pay(&self) -> String {
        "\\set fan random(1, 10000)\n\
         BEGIN;\n\
         SELECT p.id AS who, p.reservation AS what, r.schedule_id AS schedule FROM people p \
           JOIN reservations r ON r.id = p.reservation WHERE p.n = :fan FOR UPDATE OF r \\gset\n\
         UPDATE balances SET balance = balance - 10000, entries = entries + 1 WHERE user_id = :who \
           RETURNING balance, entries \\gset\n\
         INSERT INTO ledger_entries (id, user_id, number, kind, payment_id, amount, balance_after, \
           created_at) VALUES (gen_random_uuid(), :who, :entries, 'payment', gen_random_uuid(), -10000, \
           :balance, now());\n\
         UPDATE reservations SET amount = amount WHERE id = :what;\n\
         UPDATE schedules SET sold_seats = sold_seats WHERE id = :schedule;\n\
         END;\n"
            .to_owned()
    }

    /// Raise the balance, write the ledger, commit.
    #[allow(clippy::unused_self, reason = "the script needs the tables to be set")]
    pub fn charge(&self) -> String {
        "\\set fan random(1, 10000)\n\
         BEGIN;\n\
         SELECT id AS who FROM people WHERE n = :fan \\gset\n\
         UPDATE balances SET balance = balance + 100, entries = entries + 1 WHERE user_id = :who \
           RETURNING balance, entries \\gset\n\
         INSERT INTO ledger_entries (id, user_id, number, kind, amount, balance_after, created_at) \
           VALUES (gen_random_uuid(), :who, :entries, 'charge', 100, :balance, now());\n\
         END;\n"
            .to_owned()
    }
}
