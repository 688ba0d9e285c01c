//! The database's time, carried forward by the monotonic clock.

use std::{
    sync::{
        RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use diesel::sql_types::Timestamptz;
use diesel_async::RunQueryDsl;
use domain::{clock::Clock, storage::StorageError};
use metrics::Gauge;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use crate::{error::storage, pool::Database, sql::sql};

const EVERY: Duration = Duration::from_secs(1);
/// An answer that took longer than this says too little about when it was given.
const SLOW: Duration = Duration::from_millis(250);

/// [`Clock`] by the database: all processes agree, and stepping a host's wall clock changes
/// nothing. Never runs backwards within a process.
pub struct PgClock {
    anchor: RwLock<Anchor>,
    /// The latest time told, in microseconds since 1970.
    told: AtomicI64,
    offset: Gauge,
}

/// What the database's time was at a moment of the monotonic clock.
#[derive(Clone, Copy)]
struct Anchor {
    at: Instant,
    time: OffsetDateTime,
}

impl PgClock {
    /// Asks the database for the time.
    pub async fn ask(database: &Database) -> Result<Self, StorageError> {
        let (anchor, _) = measure(database).await?;
        Ok(Self {
            anchor: RwLock::new(anchor),
            told: AtomicI64::new(i64::MIN),
            offset: metrics::gauge!("boxoffice_database_clock_offset_seconds"),
        })
    }

    /// Asks again every second, until told to stop.
    pub(crate) async fn follow(&self, database: &Database, stop: &CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
            if let Ok((anchor, took)) = measure(database).await
                && took <= SLOW
                && let Ok(mut current) = self.anchor.write()
            {
                *current = anchor;
                self.offset.set(ahead_of_host(anchor));
            }
        }
    }
}

/// By how many seconds the database's clock is ahead of this machine's, which nothing goes by.
#[allow(
    clippy::disallowed_methods,
    reason = "it is compared with the one that counts"
)]
fn ahead_of_host(anchor: Anchor) -> f64 {
    let now = anchor.time + anchor.at.elapsed();
    (now - OffsetDateTime::now_utc()).as_seconds_f64()
}

/// The database's time half-way between question and answer, and how long the answer took.
async fn measure(database: &Database) -> Result<(Anchor, Duration), StorageError> {
    let mut conn = database.connection().await?;
    let asked = Instant::now();
    let time: OffsetDateTime = sql::<(Timestamptz,)>("SELECT clock_timestamp()")
        .get_result::<(OffsetDateTime,)>(&mut conn)
        .await
        .map_err(storage)?
        .0;
    let took = asked.elapsed();
    Ok((
        Anchor {
            at: asked + took / 2,
            time,
        },
        took,
    ))
}

impl Clock for PgClock {
    fn now(&self) -> OffsetDateTime {
        let anchor = *self
            .anchor
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let now = anchor.time + anchor.at.elapsed();
        let micros = i64::try_from(now.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX);
        let latest = self.told.fetch_max(micros, Ordering::Relaxed).max(micros);
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(latest) * 1_000).unwrap_or(now)
    }
}
