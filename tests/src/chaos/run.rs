//! A run under way: blows, and what has to hold after each of them.

use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::{
    Plan,
    crowd::{Crowd, SEATS},
    entry::{Doubt, Entry, Outcome},
    journal::Journal,
    judge::{Trace, judge, reconcile, trace},
    stored::Stored,
    tally::Tally,
    venue::{Blow, SERVERS, SHUTDOWN_TIMEOUT, Struck, Venue},
};
use crate::operator::Operator;

/// How many requests are repeated at a time.
const AT_A_TIME: usize = 32;
/// How often a request that is busy or has no answer is repeated until the harness gives up.
const PATIENCE: usize = 200;

/// A run under way.
pub struct Run {
    venue: Venue,
    crowd: Crowd,
    journal: Journal,
    /// How far the journal was judged.
    judged: u64,
    tally: Tally,
}

impl Run {
    /// Starts what `plan` needs, in its directory.
    pub async fn start(plan: &Plan) -> Self {
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
    pub async fn blow(&mut self, blow: Blow, plan: &Plan) -> String {
        if plan.forgetful {
            self.venue.postgres.hold_up_log().await;
        }
        let [door, _] = self.venue.urls();
        let http = &self.venue.http;
        let desk = Operator {
            http,
            server: &door,
        };
        self.crowd.sell(desk.schedule(SEATS).await);
        tokio::time::sleep(Duration::from_millis(fastrand::u64(200..1_200))).await;
        let server = fastrand::usize(..SERVERS);
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
        let database = self.venue.postgres.connect().await;
        let stored = Stored::of(&entries, &database).await;
        self.note_unknown(&entries, &stored, blow);
        let verdict = judge(&entries, &stored);
        let is_lost = !verdict.lost.is_empty();
        self.tally.add(verdict);
        // There is no use in going on with what was lost.
        if !is_lost {
            let cleared = self.clear(&entries, &stored).await;
            let stored = Stored::of(&cleared, &database).await;
            self.tally.add(judge(&cleared, &stored));
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

    /// Whether anything that was acknowledged is not there.
    pub fn has_lost(&self) -> bool {
        !self.tally.lost.is_empty()
    }

    /// Sends the users home, and judges the whole journal once more: later blows must not have taken
    /// what earlier ones left.
    pub async fn end(mut self, plan: &Plan) -> (Tally, Venue) {
        let paused = self.crowd.pause().await;
        drop(self.crowd);
        drop(paused);
        // What is lost was told already.
        if !plan.forgetful {
            let (entries, _) = self.journal.read_from(0);
            let stored = Stored::of(&entries, &self.venue.postgres.connect().await).await;
            self.tally.add(judge(&entries, &stored));
        }
        (self.tally, self.venue)
    }
}

fn describe(blow: Blow, struck: Struck, entries: &[Entry], tally: &Tally) -> String {
    let mut since = Tally::default();
    since.count(entries);
    let name = match blow {
        Blow::ServerKill => "a server killed",
        Blow::PostgresKill => "PostgreSQL killed",
        Blow::BackendKill => "a backend killed",
        Blow::ServerStop => "a server stopped",
    };
    let stop = struck.stop.map(|(_, after)| after.as_secs_f64());
    let stop = stop.map_or(String::new(), |after| format!(", ended after {after:.2} s"));
    format!(
        "{name:<17}  serves after {:.2} s{stop}; {} ok, {} failed, {} unknown; lost {}, violations {}",
        struck.recovery.as_secs_f64(),
        since.ok,
        since.failed,
        since.unknowns(),
        tally.lost.len(),
        tally.violations.len()
    )
}
