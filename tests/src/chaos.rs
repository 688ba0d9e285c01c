//! Real kills under load, and what they must not do: lose what was acknowledged, keep what was
//! refused, or do anything twice (SPEC §6, promise 6, and rule 25).
//!
//! Two server processes run over a PostgreSQL of their own with full durability. Many users charge,
//! hold, pay and cancel, and note on disk what they were told. At random moments a process is killed
//! and started again; then what is stored is compared with what was told, what is unknown is asked
//! for again with the same key, and the audit has its say.

mod crowd;
mod entry;
mod journal;
mod judge;
mod postgres;
mod run;
mod stored;
mod tally;
mod venue;

use std::{
    fs,
    path::{Path, PathBuf},
};

use tokio::task::spawn_blocking;

pub use self::{tally::Tally, venue::Blow};

use self::{run::Run, venue::Venue};
use crate::bank::{Bank, Turnover};

/// What to do in a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The blows, in order.
    pub blows: Vec<Blow>,
    /// How many users.
    pub users: usize,
    /// Whether PostgreSQL runs with settings under which it loses what it acknowledged: the control,
    /// which ends with the first loss.
    pub forgetful: bool,
    /// For the journal and PostgreSQL's data; made here, and removed in the end if all was well.
    pub directory: PathBuf,
}

impl Plan {
    /// So many blows of each kind, in any order, in a directory of its own.
    pub fn of(counts: &[(Blow, usize)], users: usize) -> Self {
        let mut blows: Vec<_> = counts
            .iter()
            .flat_map(|&(blow, count)| std::iter::repeat_n(blow, count))
            .collect();
        fastrand::shuffle(&mut blows);
        let name = format!("chaos-{}-{:08x}", std::process::id(), fastrand::u32(..));
        Self {
            blows,
            users,
            forgetful: false,
            directory: std::env::temp_dir().join(name),
        }
    }

    /// So many kills of a PostgreSQL that loses what it acknowledged.
    pub fn control(kills: usize, users: usize) -> Self {
        Self {
            forgetful: true,
            ..Self::of(&[(Blow::PostgresKill, kills)], users)
        }
    }
}

/// Does what `plan` says, and tells about it line by line.
pub async fn run(plan: &Plan, say: impl Fn(&str)) -> Tally {
    make(&plan.directory);
    let mut run = Run::start(plan).await;
    for (number, &blow) in plan.blows.iter().enumerate() {
        let line = run.blow(blow, plan).await;
        say(&format!("{:>4}/{}  {line}", number + 1, plan.blows.len()));
        if plan.forgetful && run.has_lost() {
            break;
        }
    }
    let (tally, venue) = run.end(plan).await;
    if tally.is_clean() || plan.forgetful {
        close(venue, &plan.directory).await;
    }
    tally
}

/// Has this many charges and payments made by `users` at both servers, and tells what was done and
/// every account that is not what its user was told. Leaves nothing behind.
pub async fn bank(operations: usize, users: usize) -> (Turnover, Vec<String>) {
    let plan = Plan::of(&[], users);
    make(&plan.directory);
    let venue = Venue::start(&plan.directory, false).await;
    let bank = Bank::open(&venue.http, &venue.urls(), users, operations).await;
    let turnover = bank.trade().await;
    let mut drifts = bank.drifts(&venue.postgres.connect().await).await;
    drifts.extend(venue.audit().await);
    close(venue, &plan.directory).await;
    (turnover, drifts)
}

/// Stops everything and removes its files.
async fn close(venue: Venue, directory: &Path) {
    spawn_blocking(move || drop(venue)).await.unwrap();
    fs::remove_dir_all(directory).unwrap();
}

/// The database may run as another user, who has to get through.
fn make(directory: &Path) {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o711).create(directory).unwrap();
}
