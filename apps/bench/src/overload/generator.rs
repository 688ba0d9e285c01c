//! Sends wishes: on so many connections as fast as they are answered, or when they are due,
//! however slow the answers are.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tokio::{
    task::JoinSet,
    time::{sleep_until, timeout},
};

use crate::{durations::count, http::Connection};

use super::{
    tally::{Answer, Record, Tally},
    wishes::{Fate, Wishes},
};

/// The server closes a connection after 5 s without a request.
const IDLE: Duration = Duration::from_secs(3);
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
    server: SocketAddr,
    /// Those that are free, and since when; the last used is on top.
    idle: Mutex<Vec<(Connection, Instant)>>,
    opened: AtomicUsize,
}

impl Generator {
    /// No connections yet.
    pub fn new(server: SocketAddr) -> Arc<Self> {
        Arc::new(Self {
            server,
            idle: Mutex::default(),
            opened: AtomicUsize::new(0),
        })
    }

    /// How many connections were opened so far.
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }

    /// Opens so many connections one after the other, to be used soon.
    pub async fn reserve(&self, connections: usize) -> Result<()> {
        let now = Instant::now();
        let mut opened = Vec::with_capacity(connections);
        for _ in 0..connections {
            opened.push((self.connect().await?, now));
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        *idle = opened;
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
        let idle = self.idle();
        let connection = match idle {
            Some(connection) => Ok(connection),
            None => self.connect().await,
        };
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
        self.give_back(connection);
        Ok(answer)
    }

    async fn connect(&self) -> Result<Connection> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        Connection::open(self.server).await
    }

    /// The free connection that was used last, unless the server may have closed it: then it may
    /// have closed all others as well.
    fn idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let (connection, used) = idle.pop()?;
        if used.elapsed() < IDLE {
            return Some(connection);
        }
        idle.clear();
        None
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push((connection, Instant::now()));
    }
}

fn fate(answer: &Answer) -> Fate {
    match answer {
        Answer::Granted => Fate::Granted,
        Answer::Busy => Fate::Refused,
        Answer::Unavailable | Answer::Wrong(_) => Fate::Unclear,
    }
}
