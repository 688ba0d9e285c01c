//! Charges and payments at the same time, on the same accounts, at several server processes; and
//! whether every won is where it was said to be.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::{join, join_all};
use reqwest::Client;

use crate::{fan::Fan, operator::Operator};

/// How many charges there are to a payment.
const CHARGES_A_PAYMENT: usize = 3;
/// How many tasks charge the same account, beside the one that pays from it.
const CHARGERS: usize = 2;
/// The most seats of a schedule.
const MOST_SEATS: usize = 50_000;

/// Users who charge and pay.
#[derive(Debug)]
pub struct Bank {
    accounts: Vec<Arc<Account>>,
    takings: Arc<Takings>,
}

/// A user's money as the user was told.
#[derive(Debug)]
struct Account {
    fan: Fan,
    servers: Vec<String>,
    charged: AtomicI64,
    paid: AtomicI64,
    entries: AtomicI64,
}

/// What all share: how much is left to do, and what was done.
#[derive(Debug)]
struct Takings {
    schedule: String,
    charges_left: AtomicUsize,
    payments_left: AtomicUsize,
    next_seat: AtomicU32,
    done: AtomicUsize,
    refused: AtomicUsize,
}

/// What was done.
#[derive(Clone, Copy, Debug)]
pub struct Turnover {
    /// Charges and payments that were acknowledged.
    pub done: usize,
    /// Payments that were refused because the balance was too low.
    pub refused: usize,
    /// How long it took.
    pub took: Duration,
}

impl Bank {
    /// So many users, who are to make this many charges and payments in all at these servers, whose
    /// `SEATS_PER_USER` has to be high enough.
    pub async fn open(http: &Client, servers: &[String], users: usize, operations: usize) -> Self {
        let payments = operations / (CHARGES_A_PAYMENT + 1);
        assert!(payments <= MOST_SEATS, "there are not as many seats");
        let server = servers[0].as_str();
        let seats = u32::try_from(payments.max(1)).unwrap();
        let schedule = Operator { http, server }.schedule(seats).await;
        let fans = join_all((0..users).map(|_| Fan::sign_up(http, server))).await;
        let account = |fan| Account {
            fan,
            servers: servers.to_vec(),
            charged: AtomicI64::new(0),
            paid: AtomicI64::new(0),
            entries: AtomicI64::new(0),
        };
        Self {
            accounts: fans.into_iter().map(account).map(Arc::new).collect(),
            takings: Arc::new(Takings {
                schedule,
                charges_left: AtomicUsize::new(operations - payments),
                payments_left: AtomicUsize::new(payments),
                next_seat: AtomicU32::new(1),
                done: AtomicUsize::new(0),
                refused: AtomicUsize::new(0),
            }),
        }
    }

    /// Makes them all.
    pub async fn trade(&self) -> Turnover {
        let began = Instant::now();
        let mut tasks = Vec::new();
        for account in &self.accounts {
            for paying in std::iter::once(true).chain([false; CHARGERS]) {
                let (account, takings) = (Arc::clone(account), Arc::clone(&self.takings));
                let work = async move { account.work(paying, &takings).await };
                tasks.push(tokio::spawn(work));
            }
        }
        for task in tasks {
            task.await.unwrap();
        }
        Turnover {
            done: self.takings.done.load(Ordering::Relaxed),
            refused: self.takings.refused.load(Ordering::Relaxed),
            took: began.elapsed(),
        }
    }

    /// Every account of which the user was told something else than the server says, than is stored,
    /// or than its ledger adds up to.
    pub async fn drifts(&self, database: &tokio_postgres::Client) -> Vec<String> {
        const STORED: &str = "\
            SELECT b.balance, coalesce(sum(l.amount), 0)::bigint, count(l.id) \
            FROM balances b LEFT JOIN ledger_entries l USING (user_id) \
            WHERE b.user_id::text = $1 GROUP BY b.user_id";
        let mut drifts = Vec::new();
        for account in &self.accounts {
            let row = database
                .query_one(STORED, &[&account.fan.id])
                .await
                .unwrap();
            let (balance, ledger, entries): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
            let shown = account.at_any_server().balance().await;
            let told =
                account.charged.load(Ordering::Relaxed) - account.paid.load(Ordering::Relaxed);
            let told_entries = account.entries.load(Ordering::Relaxed);
            if [balance, ledger, shown] != [told; 3] || entries != told_entries {
                drifts.push(format!(
                    "user {}: told {told} won in {told_entries} entries, shown {shown}, stored \
                     {balance}, {ledger} in {entries} entries of the ledger",
                    account.fan.id
                ));
            }
        }
        drifts
    }
}

impl Account {
    async fn work(&self, paying: bool, takings: &Takings) {
        if paying {
            self.keep_paying(takings).await;
            return;
        }
        while take_one(&takings.charges_left) {
            self.charge(takings).await;
        }
    }

    async fn keep_paying(&self, takings: &Takings) {
        while take_one(&takings.payments_left) {
            let seat = takings.next_seat.fetch_add(1, Ordering::Relaxed);
            let mut fan = self.at_any_server();
            let joined = fan.join().await;
            assert_eq!(joined.body["status"], "active", "{joined:?}");
            let held = fan.hold(&takings.schedule, &[seat], None).await;
            assert_eq!(held.status, 201, "{held:?}");
            self.pay(&fan, held.text("id"), takings).await;
        }
    }

    /// Charges until the money is enough.
    async fn pay(&self, fan: &Fan, reservation: &str, takings: &Takings) {
        loop {
            let paid = fan.pay(reservation, None).await;
            if paid.status == 201 {
                return self.note(&self.paid, paid.number("amount"), takings);
            }
            assert_eq!(paid.code(), "insufficient_balance", "{paid:?}");
            takings.refused.fetch_add(1, Ordering::Relaxed);
            self.charge(takings).await;
        }
    }

    /// Every tenth charge is sent twice at the same time with the same key, and counts once.
    async fn charge(&self, takings: &Takings) {
        let won = fastrand::i64(1..6_000);
        let (one, other) = (self.at_any_server(), self.at_any_server());
        let charged = if fastrand::u8(..10) == 0 {
            let key = format!("{:032x}", fastrand::u128(..));
            let sent = join(one.charge(won, Some(&key)), other.charge(won, Some(&key)));
            let (charged, again) = sent.await;
            assert_eq!(
                charged.text("id"),
                again.text("id"),
                "one charge, asked for twice"
            );
            charged
        } else {
            one.charge(won, None).await
        };
        assert_eq!(charged.number("amount"), won, "{charged:?}");
        self.note(&self.charged, won, takings);
    }

    fn note(&self, sum: &AtomicI64, won: i64, takings: &Takings) {
        sum.fetch_add(won, Ordering::Relaxed);
        self.entries.fetch_add(1, Ordering::Relaxed);
        takings.done.fetch_add(1, Ordering::Relaxed);
    }

    fn at_any_server(&self) -> Fan {
        self.fan
            .at(&self.servers[fastrand::usize(..self.servers.len())])
    }
}

fn take_one(left: &AtomicUsize) -> bool {
    let less = |left: usize| left.checked_sub(1);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        .is_ok()
}
