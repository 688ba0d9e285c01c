//! Those who read as fast as they are answered.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use tokio::task::JoinSet;

use crate::{
    durations::count,
    http::{Connection, Request},
};

use super::conditional;

/// What a reader asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// The whole map.
    Whole,
    /// What has changed since the last answer.
    Since,
    /// The map, unless it is the one of the last answer.
    IfNoneMatch,
    /// Whether the server lives.
    Health,
}

impl Ask {
    /// The request, by one who has seen the version or `ETag` in `seen`.
    pub fn request(self, path: &str, token: &str, seen: Option<&str>) -> Request {
        match (self, seen) {
            (Self::Health, _) => Request::new("GET", "/health/live", "", ""),
            (Self::Since, Some(version)) => {
                Request::new("GET", &conditional::since(path, version), token, "")
            }
            (Self::IfNoneMatch, Some(tag)) => {
                let header = format!("if-none-match: {tag}\r\n");
                Request::with("GET", path, token, "", &header)
            }
            (Self::Whole | Self::Since | Self::IfNoneMatch, _) => {
                Request::new("GET", path, token, "")
            }
        }
    }

    /// What the last answer lets the next request name.
    fn seen(self, connection: &Connection) -> Option<String> {
        match self {
            Self::Since => conditional::version(connection.body()).map(str::to_owned),
            Self::IfNoneMatch => connection.header("etag").map(str::to_owned),
            Self::Whole | Self::Health => None,
        }
    }

    fn is_conditional(self) -> bool {
        matches!(self, Self::Since | Self::IfNoneMatch)
    }
}

/// What all readers together read.
#[derive(Default)]
pub struct Reading {
    /// How many answers there were.
    pub answers: usize,
    /// How many of them were 304.
    pub unchanged: usize,
    bytes: usize,
    took: Duration,
}

impl Reading {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        count(self.answers) / self.took.as_secs_f64()
    }

    /// Bytes of a body on average.
    pub fn bytes_each(&self) -> f64 {
        count(self.bytes) / count(self.answers.max(1))
    }

    fn add(&mut self, other: &Self) {
        self.answers += other.answers;
        self.unchanged += other.unchanged;
        self.bytes += other.bytes;
    }
}

/// Reads for so long, each owner of a token on a connection of their own.
pub async fn read(
    server: SocketAddr,
    path: &str,
    tokens: &[String],
    ask: Ask,
    limit: Duration,
) -> Result<Reading> {
    let mut readers = Vec::with_capacity(tokens.len());
    for token in tokens {
        readers.push(Reader::open(server, path, token, ask).await?);
    }
    let started = Instant::now();
    let mut running = JoinSet::new();
    for reader in readers {
        running.spawn(reader.read_until(started + limit));
    }
    let mut all = Reading::default();
    while let Some(reading) = running.join_next().await {
        all.add(&reading??);
    }
    all.took = started.elapsed();
    Ok(all)
}

struct Reader {
    connection: Connection,
    path: String,
    token: String,
    ask: Ask,
    request: Request,
    read: Reading,
}

impl Reader {
    /// One who has read the whole map before, if they are to ask what is new.
    async fn open(server: SocketAddr, path: &str, token: &str, ask: Ask) -> Result<Self> {
        let mut reader = Self {
            connection: Connection::open(server).await?,
            path: path.to_owned(),
            token: token.to_owned(),
            ask,
            request: ask.request(path, token, None),
            read: Reading::default(),
        };
        if ask.is_conditional() {
            reader.once().await?;
            reader.read = Reading::default();
        }
        Ok(reader)
    }

    async fn read_until(mut self, end: Instant) -> Result<Reading> {
        while Instant::now() < end {
            self.once().await?;
        }
        Ok(self.read)
    }

    async fn once(&mut self) -> Result<()> {
        let status = self.connection.send(&self.request).await?;
        let body = self.connection.body();
        let unchanged = status == 304 && self.ask.is_conditional();
        ensure!(
            status == 200 || unchanged,
            "answered {status}: {}",
            String::from_utf8_lossy(body)
        );
        self.read.answers += 1;
        self.read.unchanged += usize::from(unchanged);
        self.read.bytes += body.len();
        if status == 200
            && let Some(seen) = self.ask.seen(&self.connection)
        {
            self.request = self.ask.request(&self.path, &self.token, Some(&seen));
        }
        Ok(())
    }
}
