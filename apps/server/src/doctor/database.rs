//! The database: whether it can be reached, and whether it keeps what it acknowledges.

use std::path::Path;

use adapters_postgres::{Inspection, PgClock, SchemaState, inspect, schema_state, unsafe_settings};
use anyhow::Result;
use domain::{clock::Clock, storage::StorageError};
use time::{Duration, OffsetDateTime};

use super::{
    finding::{Finding, Mark},
    machine::room,
};
use crate::{
    cli::Serve,
    commands::sentence,
    data_dir,
    database::{self, Opened, unreachable},
    private,
};

/// The oldest version that the tests are run on.
const OLDEST: i32 = 15;
/// Connections that a server needs besides its pool, for a moment at its start.
const AT_THE_START: i64 = 2;
/// Clocks that are this close are as good as the same.
const CLOSE: Duration = Duration::seconds(2);

/// What there is to say of the database.
pub async fn look(options: &Serve) -> Vec<Finding> {
    let opened = match Opened::running(&options.location).await {
        Ok(Some(opened)) => opened,
        Ok(None) => return vec![asleep(options).await],
        Err(error) => {
            let advice = "name a database that this user may use";
            return vec![Finding::bad("PostgreSQL", sentence(&error), advice)];
        }
    };
    match database::with(opened, async |database| Facts::gather(&database).await).await {
        Ok(facts) => judge(&facts, options),
        Err(error) => {
            let advice =
                "see that it runs, that the URL is right, and that the network lets it through";
            let told = format!("cannot be reached: {}", error.root_cause());
            vec![Finding::bad("PostgreSQL", told, advice)]
        }
    }
}

/// A private one that nobody runs now.
async fn asleep(options: &Serve) -> Finding {
    let subject = "private PostgreSQL";
    let found = async {
        let data_dir = data_dir::choose(options.location.data_dir())?;
        private::programs(private::settings(&data_dir)).await
    };
    match found.await {
        Ok(programs) => Finding::good(
            subject,
            format!(
                "of {}; it starts with the server, look again then",
                programs.display()
            ),
        ),
        Err(error) => Finding::bad(
            subject,
            sentence(&error),
            "install PostgreSQL, or name a database with --database-url",
        ),
    }
}

/// All that is judged.
struct Facts {
    inspection: Inspection,
    schema: SchemaState,
    unsafe_settings: Vec<String>,
    /// How far the database's clock is ahead of this machine's.
    ahead: Duration,
}

impl Facts {
    async fn gather(database: &adapters_postgres::Database) -> Result<Self> {
        let gathered: Result<_, StorageError> = async {
            let clock = PgClock::ask(database).await?;
            Ok(Self {
                ahead: clock.now() - here(),
                inspection: inspect(database).await?,
                schema: schema_state(database).await?,
                unsafe_settings: unsafe_settings(database).await?,
            })
        }
        .await;
        gathered.map_err(unreachable)
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "this machine's clock is what is looked at"
)]
fn here() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn judge(facts: &Facts, options: &Serve) -> Vec<Finding> {
    let inspection = &facts.inspection;
    let mut found = vec![
        version(inspection),
        durability(
            &facts.unsafe_settings,
            options.connections.allow_unsafe_durability,
        ),
        connections(inspection, options.connections.pool_size),
        text(inspection),
        clock(facts.ahead),
        schema(&facts.schema),
    ];
    if inspection.is_standby {
        let advice = "name the primary in the URL, or promote this one";
        found.push(Finding::bad(
            "role",
            "a standby, which takes no writes",
            advice,
        ));
    }
    if !inspection.has_autovacuum {
        let advice = "turn it on: a sale leaves old rows behind, and all of it gets slower";
        found.push(Finding::doubtful("autovacuum", "is off", advice));
    }
    let directory = inspection.data_directory.as_deref().map(Path::new);
    let here = directory.filter(|_| inspection.is_local);
    found.extend(here.and_then(|path| room("room on its disk", path)));
    found
}

fn version(inspection: &Inspection) -> Finding {
    let (subject, told) = ("PostgreSQL", &inspection.version);
    if inspection.major >= OLDEST {
        return Finding::good(subject, told);
    }
    Finding::bad(subject, told, format!("upgrade to {OLDEST} or newer"))
}

fn durability(off: &[String], accepted: bool) -> Finding {
    let subject = "durability";
    if off.is_empty() {
        let told = "fsync, full_page_writes and synchronous_commit are on";
        return Finding::good(subject, told);
    }
    let told = format!(
        "{} off: a crash can lose what was confirmed",
        off.join(" and ")
    );
    if accepted {
        return Finding::doubtful(subject, told, "turn it on before selling in earnest");
    }
    let advice = "turn it on, or accept that with --allow-unsafe-durability";
    Finding::bad(subject, told, advice)
}

fn connections(inspection: &Inspection, pool_size: usize) -> Finding {
    let (most, now) = (inspection.connections, inspection.connected);
    let needed = i64::try_from(pool_size).unwrap_or(i64::MAX) + AT_THE_START;
    let told = format!("{now} of {most} in use, and a server opens up to {pool_size}");
    let mark = match most {
        most if needed > most => Mark::Bad,
        most if needed + now > most => Mark::Doubtful,
        _ => Mark::Good,
    };
    let advice = match mark {
        Mark::Good => "",
        _ => "raise max_connections, or lower --pool-size",
    };
    Finding {
        mark,
        subject: "connections".to_owned(),
        told,
        advice: advice.to_owned(),
    }
}

fn text(inspection: &Inspection) -> Finding {
    let Inspection {
        encoding,
        collation,
        timezone,
        ..
    } = inspection;
    let (subject, told) = ("locale", format!("{encoding}, {collation}, {timezone}"));
    if encoding == "UTF8" {
        return Finding::good(subject, told);
    }
    let advice = "make the database with ENCODING 'UTF8' TEMPLATE template0: names are Korean";
    Finding::bad(subject, told, advice)
}

fn clock(ahead: Duration) -> Finding {
    let subject = "clock";
    if ahead.abs() <= CLOSE {
        return Finding::good(subject, "the same as on this machine");
    }
    let seconds = ahead.abs().as_seconds_f64();
    let side = if ahead.is_positive() {
        "ahead of"
    } else {
        "behind"
    };
    Finding::doubtful(
        subject,
        format!("{seconds:.0} s {side} this machine's; the database's counts"),
        "let both follow NTP",
    )
}

fn schema(state: &SchemaState) -> Finding {
    let subject = "tables";
    match (state.pending.len(), state.newer.len()) {
        (0, 0) => Finding::good(subject, "up to date"),
        (0, newer) => Finding::doubtful(
            subject,
            format!("{newer} migrations newer than this program; it works with them"),
            "finish the upgrade: replace this program",
        ),
        (pending, 0) => Finding::doubtful(
            subject,
            format!("{pending} migrations to be made"),
            "start a server, which makes them, or run `boxoffice migrate`",
        ),
        (pending, newer) => Finding::bad(
            subject,
            format!("{pending} migrations to be made, and {newer} that this program does not know"),
            "this is another program's database, or of a branch: use the program that made it",
        ),
    }
}

#[cfg(test)]
mod tests;
