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
mod stored;
mod tally;
mod venue;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::{StreamExt, stream};

pub use self::{tally::Tally, venue::Blow};

use self::{
    crowd::{Crowd, SEATS},
    entry::{Doubt, Entry, Outcome},
    journal::Journal,
    judge::{Trace, judge, reconcile, trace},
    stored::Stored,
    venue::{SHUTDOWN_TIMEOUT, Struck, Venue},
};
use crate::operator::Operator;

/// How many requests are repeated at a time.
const AT_A_TIME: usize = 32;
/// How often a request that is busy or has no answer is repeated until the harness gives up.
const PATIENCE: usize = 200;

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
        if plan.forgetful {
            run.venue.hold_up_log().await;
        }
        let line = run.blow(blow).await;
        say(&format!("{:>4}/{}  {line}", number + 1, plan.blows.len()));
        if plan.forgetful && !run.tally.lost.is_empty() {
            break;
        }
    }
    if !plan.forgetful {
        run.judge_all().await;
    }
    let Run {
        tally,
        crowd,
        venue,
        ..
    } = run;
    drop(crowd);
    tokio::task::spawn_blocking(move || drop(venue))
        .await
        .unwrap();
    if tally.is_clean() || plan.forgetful {
        fs::remove_dir_all(&plan.directory).unwrap();
    }
    tally
}

/// The database may run as another user, who has to get through.
fn make(directory: &Path) {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o711).create(directory).unwrap();
}

struct Run {
    venue: Venue,
    crowd: Crowd,
    journal: Journal,
    /// How far the journal was judged.
    judged: u64,
    tally: Tally,
}

impl Run {
    async fn start(plan: &Plan) -> Self {
        let venue = Venue::start(&plan.directory, plan.forgetful).await;
        let journal = Journal::create(&plan.directory.join("journal"));
        let crowd = Crowd::gather(plan.users, &venue, &journal).await;
        Self {
            venue,
            crowd,
            journal,
            judged: 0,
            tally: Tally::default(),
        }
    }

    /// One blow at a random moment, and all that has to hold after it.
    async fn blow(&mut self, blow: Blow) -> String {
        let [door, _] = self.venue.urls();
        let http = &self.venue.http;
        let desk = Operator {
            http,
            server: &door,
        };
        self.crowd.sell(desk.schedule(SEATS).await);
        tokio::time::sleep(Duration::from_millis(fastrand::u64(200..1_200))).await;
        let server = fastrand::usize(..venue::SERVERS);
        let struck = self.venue.strike(blow, server).await;
        let recoveries = self.tally.recoveries.entry(blow).or_default();
        recoveries.push(struck.recovery);
        if let Some((status, after)) = struck.stop {
            self.note_stop(status.success(), after);
        }
        let entries = self.check(blow).await;
        describe(blow, struck, &entries, &self.tally)
    }

    fn note_stop(&mut self, success: bool, after: Duration) {
        self.tally.stops.push(after);
        if !success || after > SHUTDOWN_TIMEOUT {
            let how = if success { "late" } else { "with a failure" };
            let ended = format!("a process told to stop ended {how}, after {after:?}");
            self.tally.violations.push(ended);
        }
    }

    /// Judges what was told since the last time, and clears all doubts.
    async fn check(&mut self, blow: Blow) -> Vec<Entry> {
        let paused = self.crowd.pause().await;
        let (entries, judged) = self.journal.read_from(self.judged);
        self.judged = judged;
        self.tally.count(&entries);
        let database = self.venue.database().await;
        let stored = Stored::of(&entries, &database).await;
        self.note_unknown(&entries, &stored, blow);
        let verdict = judge(&entries, &stored);
        let is_lost = !verdict.lost.is_empty();
        self.tally.lost.extend(verdict.lost);
        self.tally.violations.extend(verdict.wrong);
        // There is no use in going on with what was lost.
        if !is_lost {
            let cleared = self.clear(&entries, &stored).await;
            let stored = Stored::of(&cleared, &database).await;
            let verdict = judge(&cleared, &stored);
            self.tally.lost.extend(verdict.lost);
            self.tally.violations.extend(verdict.wrong);
        }
        self.tally.violations.extend(self.venue.audit().await);
        if !self.crowd.is_complete() {
            let gone = "a user has given up, see above";
            self.tally.violations.push(gone.to_owned());
        }
        drop(paused);
        entries
    }

    /// Counts what had been done although nobody knew, and finds what no blow excuses.
    fn note_unknown(&mut self, entries: &[Entry], stored: &Stored, blow: Blow) {
        for entry in entries {
            let Outcome::Unknown(doubt) = entry.outcome else {
                continue;
            };
            let is_done = matches!(trace(entry, stored), Trace::Done(_));
            self.tally.done += usize::from(is_done);
            let is_defect = match doubt {
                Doubt::InternalError => true,
                // Whoever is told to stop finishes every answer to what it has taken on.
                Doubt::Truncated => blow == Blow::ServerStop,
                Doubt::Unanswered => blow == Blow::ServerStop && is_done,
                Doubt::Unreached => is_done,
                Doubt::Unavailable => false,
            };
            if is_defect {
                let defect = format!("after {blow:?}, done: {is_done}, {entry:?}");
                self.tally.violations.push(defect);
            }
        }
    }

    /// Asks twice again for all that is unknown, and notes what came of it.
    async fn clear(&mut self, entries: &[Entry], stored: &Stored) -> Vec<Entry> {
        let unknown = |entry: &&Entry| matches!(entry.outcome, Outcome::Unknown(_));
        let unknown: Vec<_> = entries.iter().filter(unknown).collect();
        let again = unknown
            .into_iter()
            .map(|entry| self.ask_twice(entry, stored));
        let cleared: Vec<_> = stream::iter(again)
            .buffer_unordered(AT_A_TIME)
            .collect()
            .await;
        let mut known = Vec::new();
        for outcome in cleared {
            match outcome {
                Ok(entry) => known.push(entry),
                Err(why) => self.tally.violations.push(why),
            }
        }
        known
    }

    /// The same request twice more, at both servers; an error if they contradict each other.
    async fn ask_twice(&self, entry: &Entry, stored: &Stored) -> Result<Entry, String> {
        let before = trace(entry, stored);
        let [one, other] = self.venue.urls();
        let first = self.ask_until_known(entry, &one).await;
        let second = self.ask_until_known(entry, &other).await;
        let outcome = reconcile(&before, &first, &second);
        let outcome = outcome.map_err(|why| format!("{why}, of {entry:?}"))?;
        let entry = Entry {
            outcome,
            ..entry.clone()
        };
        self.journal.record(&entry).await;
        Ok(entry)
    }

    async fn ask_until_known(&self, entry: &Entry, server: &str) -> Outcome {
        let mut outcome = entry.ask(&self.venue.http, server).await;
        for _ in 0..PATIENCE {
            match &outcome {
                Outcome::Failed(code) if code == "server_busy" => {}
                Outcome::Unknown(doubt) if *doubt != Doubt::InternalError => {}
                _ => break,
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            outcome = entry.ask(&self.venue.http, server).await;
        }
        outcome
    }

    /// Judges the whole journal once more: later blows must not have taken what earlier ones left.
    async fn judge_all(&mut self) {
        let paused = self.crowd.pause().await;
        let (entries, _) = self.journal.read_from(0);
        let stored = Stored::of(&entries, &self.venue.database().await).await;
        let verdict = judge(&entries, &stored);
        drop(paused);
        self.tally.lost.extend(verdict.lost);
        self.tally.violations.extend(verdict.wrong);
    }
}

fn describe(blow: Blow, struck: Struck, entries: &[Entry], tally: &Tally) -> String {
    let mut since = Tally::default();
    since.count(entries);
    let name = match blow {
        Blow::ServerKill => "a server killed",
        Blow::PostgresKill => "PostgreSQL killed",
        Blow::ServerStop => "a server stopped",
    };
    let stop = struck.stop.map(|(_, after)| after.as_secs_f64());
    let stop = stop.map_or(String::new(), |after| format!(", ended after {after:.2} s"));
    format!(
        "{name:<17}  ready after {:.2} s{stop}; {} ok, {} failed, {} unknown; lost {}, violations {}",
        struck.recovery.as_secs_f64(),
        since.ok,
        since.failed,
        since.unknowns(),
        tally.lost.len(),
        tally.violations.len()
    )
}
