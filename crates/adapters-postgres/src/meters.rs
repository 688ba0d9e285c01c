//! What this adapter measures (docs/metrics.md). Handles are asked for once, when a part starts: to
//! count is then one addition, and a lane counts once a batch. Nothing is counted before its
//! transaction is committed.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use domain::money::Money;
use metrics::{
    Counter, Histogram, counter, describe_counter, describe_gauge, describe_histogram, histogram,
};

/// Says of each metric of this adapter what it means.
pub fn describe_metrics() {
    describe_lanes();
    describe_queue();
    describe_sale();
    describe_database();
}

fn describe_lanes() {
    describe_gauge!(
        "boxoffice_lane_depth",
        "Requests that wait in a lane for its next transaction"
    );
    describe_gauge!(
        "boxoffice_lane_limit",
        "Requests that may wait in a lane; one more is refused"
    );
    describe_histogram!(
        "boxoffice_lane_batch_requests",
        "Requests that shared a transaction of a lane"
    );
    describe_histogram!(
        "boxoffice_lane_wait_seconds",
        "Time that the first request of a batch had waited in its lane"
    );
    describe_histogram!(
        "boxoffice_lane_transaction_seconds",
        "Time of a lane's transaction, with the wait for a connection and for locks"
    );
    describe_counter!(
        "boxoffice_lane_refused_total",
        "Requests refused because their lane was full"
    );
    describe_counter!(
        "boxoffice_lane_failures_total",
        "Transactions of a lane that failed"
    );
}

fn describe_queue() {
    describe_gauge!(
        "boxoffice_queue_waiting",
        "People who wait, as this process has followed the queue"
    );
    describe_gauge!(
        "boxoffice_queue_active",
        "People who shop, as this process has followed the queue"
    );
    describe_gauge!(
        "boxoffice_queue_wait_seconds",
        "Time that one who joined now would wait, by the measured rate of admission; NaN when none is known"
    );
    describe_gauge!(
        "boxoffice_queue_version",
        "Version of the queue up to which this process has followed it"
    );
    describe_gauge!(
        "boxoffice_queue_age_seconds",
        "Time since this process has followed the queue"
    );
    describe_counter!(
        "boxoffice_queue_joins_total",
        "Places in the queue that were given"
    );
    describe_counter!(
        "boxoffice_queue_admissions_total",
        "People who were let in, at once or from the line"
    );
    describe_counter!(
        "boxoffice_queue_ended_total",
        "Places in the queue that ended: by time, by silence once let in (no_show), left, or paid"
    );
}

fn describe_sale() {
    describe_counter!("boxoffice_sign_ups_total", "Users who signed up");
    describe_counter!("boxoffice_charges_total", "Charges of balances");
    describe_counter!("boxoffice_charged_won_total", "Won that were charged");
    describe_counter!("boxoffice_holds_total", "Holds that were granted");
    describe_counter!(
        "boxoffice_held_seats_total",
        "Seats in the holds that were granted"
    );
    describe_counter!(
        "boxoffice_holds_ended_total",
        "Holds that ended: paid, cancelled or expired"
    );
    describe_counter!("boxoffice_payments_total", "Payments that were made");
    describe_counter!("boxoffice_paid_won_total", "Won that were paid");
    describe_counter!(
        "boxoffice_refunds_total",
        "Paid reservations whose money went back"
    );
    describe_counter!("boxoffice_refunded_won_total", "Won that went back");
    describe_histogram!(
        "boxoffice_seat_map_read_seconds",
        "Time of reading what has changed in a seat map; the count is that of the reads"
    );
}

fn describe_database() {
    describe_gauge!(
        "boxoffice_pool_limit",
        "Connections to the database that there may be"
    );
    describe_gauge!(
        "boxoffice_pool_connections",
        "Connections to the database that there are"
    );
    describe_gauge!(
        "boxoffice_pool_in_use",
        "Connections to the database that somebody has"
    );
    describe_gauge!(
        "boxoffice_pool_waiting",
        "Who waits for a connection to the database"
    );
    describe_histogram!(
        "boxoffice_pool_wait_seconds",
        "Time of waiting for a connection to the database"
    );
    describe_counter!(
        "boxoffice_database_cuts_total",
        "Connections that were cut because the database did not answer in time"
    );
    describe_gauge!(
        "boxoffice_database_clock_offset_seconds",
        "The database's time less that of this machine; only the former counts"
    );
}

/// What a lane measures.
pub(crate) struct LaneMeter {
    pub(crate) batch: Histogram,
    pub(crate) wait: Histogram,
    pub(crate) transaction: Histogram,
    pub(crate) refused: Counter,
    pub(crate) failures: Counter,
}

impl LaneMeter {
    pub(crate) fn of(lane: &'static str) -> Self {
        Self {
            batch: histogram!("boxoffice_lane_batch_requests", "lane" => lane),
            wait: histogram!("boxoffice_lane_wait_seconds", "lane" => lane),
            transaction: histogram!("boxoffice_lane_transaction_seconds", "lane" => lane),
            refused: counter!("boxoffice_lane_refused_total", "lane" => lane),
            failures: counter!("boxoffice_lane_failures_total", "lane" => lane),
        }
    }
}

/// What is counted of the queue.
pub(crate) struct QueueMeter {
    pub(crate) joins: Counter,
    pub(crate) admissions: Counter,
    pub(crate) by_time: Counter,
    pub(crate) no_shows: Counter,
    pub(crate) left: Counter,
    pub(crate) paid: Counter,
}

impl Default for QueueMeter {
    fn default() -> Self {
        let ended = |reason| counter!("boxoffice_queue_ended_total", "reason" => reason);
        Self {
            joins: counter!("boxoffice_queue_joins_total"),
            admissions: counter!("boxoffice_queue_admissions_total"),
            by_time: ended("time"),
            no_shows: ended("no_show"),
            left: ended("left"),
            paid: ended("paid"),
        }
    }
}

/// What is counted of holds, and of the paid ones that are given back.
pub(crate) struct HoldMeter {
    pub(crate) holds: Counter,
    pub(crate) seats: Counter,
    pub(crate) paid: Counter,
    pub(crate) cancelled: Counter,
    pub(crate) expired: Counter,
    pub(crate) refunded: MoneyMeter,
}

impl Default for HoldMeter {
    fn default() -> Self {
        let ended = |outcome| counter!("boxoffice_holds_ended_total", "outcome" => outcome);
        Self {
            holds: counter!("boxoffice_holds_total"),
            seats: counter!("boxoffice_held_seats_total"),
            paid: ended("paid"),
            cancelled: ended("cancelled"),
            expired: ended("expired"),
            refunded: MoneyMeter::refunds(),
        }
    }
}

/// How often and how much.
pub(crate) struct MoneyMeter {
    pub(crate) times: Counter,
    pub(crate) won: Counter,
}

impl MoneyMeter {
    pub(crate) fn charges() -> Self {
        Self {
            times: counter!("boxoffice_charges_total"),
            won: counter!("boxoffice_charged_won_total"),
        }
    }

    pub(crate) fn payments() -> Self {
        Self {
            times: counter!("boxoffice_payments_total"),
            won: counter!("boxoffice_paid_won_total"),
        }
    }

    pub(crate) fn refunds() -> Self {
        Self {
            times: counter!("boxoffice_refunds_total"),
            won: counter!("boxoffice_refunded_won_total"),
        }
    }

    /// One of each of `amounts`.
    pub(crate) fn tally(
        &self,
        amounts: impl ExactSizeIterator<Item = Money>,
    ) -> [(Counter, u64); 2] {
        let times = amounts.len() as u64;
        let won = amounts.map(|amount| amount.get().unsigned_abs()).sum();
        [(self.times.clone(), times), (self.won.clone(), won)]
    }
}

/// What is to be counted once a transaction is committed.
pub(crate) type Tally = Vec<(Counter, u64)>;

/// Counts what has been done.
pub(crate) fn count(tally: Tally) {
    for (counter, number) in tally {
        counter.increment(number);
    }
}

/// What is of the moment: how to look at each, without asking the database.
#[derive(Clone, Default)]
pub struct Gauges(Arc<Mutex<Vec<Look>>>);

type Look = Box<dyn Fn() + Send>;

impl Gauges {
    /// Adds a look at something, which sets its gauges.
    pub(crate) fn add(&self, look: impl Fn() + Send + 'static) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.push(Box::new(look));
    }

    /// Sets every gauge to what is so now.
    pub fn set(&self) {
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.iter().for_each(|look| look());
    }
}

impl fmt::Debug for Gauges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauges").finish_non_exhaustive()
    }
}

/// A whole number as a gauge shows it; exact up to 2⁵³.
#[allow(
    clippy::cast_precision_loss,
    reason = "nothing that is shown is so large"
)]
pub(crate) fn gauge_value(number: u64) -> f64 {
    number as f64
}
