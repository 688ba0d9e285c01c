//! Sends wishes: on so many connections as fast as they are answered, or when they are due,
//! however slow the answers are.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tokio::{
    task::JoinSet,
    time::{sleep_until, timeout},
};

use load_client::pool::Pool;

use crate::{durations::count, http::Connection};

use super::{
    tally::{Answer, Record, Tally},
    wishes::{Fate, Wishes},
};

/// No answer takes longer, or the server hangs.
const ANSWER: Duration = Duration::from_secs(30);

/// So many connections are open at most: one for each hold that waits in the lane (4,096) or is
/// being made, those being refused, and as many again. An arrival that would need one more is not
/// sent.
pub const MOST: usize = 9_000;

/// What is offered for a while.
pub struct Phase {
    wishes: Arc<Wishes>,
    rate: f64,
    span: Duration,
}

impl Phase {
    /// So many of these wishes a second, for so many seconds.
    pub fn new(wishes: &Arc<Wishes>, rate: f64, seconds: u32) -> Self {
        Self {
            wishes: wishes.clone(),
            rate,
            span: Duration::from_secs(seconds.into()),
        }
    }

    /// When the arrival with this number is due, from the start of the phase; `None` when it is
    /// over.
    fn due(&self, number: usize) -> Option<Duration> {
        let due = Duration::from_secs_f64(count(number) / self.rate.max(1.0));
        (due < self.span).then_some(due)
    }
}

/// Connections to the server, as many as are needed at a time.
pub struct Generator {
    pool: Pool,
}

impl Generator {
    /// No connections yet.
    pub fn new(server: SocketAddr) -> Arc<Self> {
        let pool = Pool::new(server);
        Arc::new(Self { pool })
    }

    /// How many connections were opened so far.
    pub fn opened(&self) -> usize {
        self.pool.opened()
    }

    /// Opens so many connections one after the other, to be used soon.
    pub async fn reserve(&self, connections: usize) -> Result<()> {
        let mut opened = Vec::with_capacity(connections);
        for _ in 0..connections {
            opened.push(self.pool.connect().await?);
        }
        for connection in opened {
            self.pool.give_back(connection);
        }
        Ok(())
    }

    /// As fast as the answers come, on so many connections, until the wishes or the time run out.
    pub async fn closed(
        self: &Arc<Self>,
        wishes: &Arc<Wishes>,
        connections: usize,
        limit: Duration,
    ) -> Result<Tally> {
        self.reserve(connections).await?;
        let started = Instant::now();
        let mut running = JoinSet::new();
        for _ in 0..connections {
            let (generator, wishes) = (self.clone(), wishes.clone());
            running.spawn(async move {
                let mut records = Vec::new();
                while started.elapsed() < limit
                    && let Some(number) = wishes.next()
                {
                    let due = Instant::now();
                    records.push(generator.ask(&wishes, number, started, due).await);
                }
                records
            });
        }
        let records: Vec<_> = running.join_all().await.into_iter().flatten().collect();
        // The wishes may run out first.
        let last = records.iter().map(|record: &Record| record.answered).max();
        let span = limit.min(last.unwrap_or_default());
        Ok(Tally::new(span, records))
    }

    /// Each request when it is due, on a connection of its own for that time; phase after phase
    /// without a pause. What was sent in a phase is answered in a later one maybe.
    pub async fn open(self: &Arc<Self>, phases: &[Phase]) -> Result<Vec<Tally>> {
        let mut start = Instant::now();
        let mut running = JoinSet::<(usize, Record)>::new();
        let mut tallies: Vec<_> = phases
            .iter()
            .map(|phase| Tally::new(phase.span, Vec::new()))
            .collect();
        for (place, phase) in phases.iter().enumerate() {
            for number in 0.. {
                let Some(due) = phase.due(number) else { break };
                if start.elapsed() < due {
                    sleep_until((start + due).into()).await;
                }
                while let Some(ended) = running.try_join_next() {
                    let (place, record) = ended?;
                    tallies[place].add(record);
                }
                if running.len() >= MOST {
                    tallies[place].miss();
                    continue;
                }
                let wish = phase.wishes.next().context("there are too few wishes")?;
                let (generator, wishes) = (self.clone(), phase.wishes.clone());
                running.spawn(async move {
                    let due = start + due;
                    (place, generator.ask(&wishes, wish, start, due).await)
                });
            }
            start += phase.span;
        }
        for (place, record) in running.join_all().await {
            tallies[place].add(record);
        }
        Ok(tallies)
    }

    /// Sends a wish and notes what became of it. Times are counted from `started`.
    async fn ask(&self, wishes: &Wishes, wish: usize, started: Instant, due: Instant) -> Record {
        let begun = started.elapsed();
        let connection = self.pool.take().await;
        let sent = started.elapsed();
        let answer = match connection {
            Ok(connection) => self.send(connection, wishes, wish).await,
            Err(error) => Err(error),
        };
        let answered = started.elapsed();
        let answer = answer.unwrap_or_else(|error| Answer::Wrong(format!("{error:#}")));
        wishes.note(wish, fate(&answer));
        Record {
            due: due.saturating_duration_since(started),
            begun,
            sent,
            answered,
            answer,
        }
    }

    async fn send(
        &self,
        mut connection: Connection,
        wishes: &Wishes,
        wish: usize,
    ) -> Result<Answer> {
        let sending = connection.send(&wishes.wish(wish).request);
        let status = timeout(ANSWER, sending).await.context("no answer")??;
        let answer = Answer::of(status, &connection);
        self.pool.give_back(connection);
        Ok(answer)
    }
}

fn fate(answer: &Answer) -> Fate {
    match answer {
        Answer::Granted => Fate::Granted,
        Answer::Busy => Fate::Refused,
        Answer::Unavailable | Answer::Wrong(_) => Fate::Unclear,
    }
}
