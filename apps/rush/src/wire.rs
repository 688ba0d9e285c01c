//! Requests, as fans send them: patiently, over few connections.

use std::{
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use load_client::{
    http::{Connection, Request},
    pool::Pool,
};
use serde_json::Value;
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};

use crate::tally::{Step, Tally};

/// No answer takes longer, or the server hangs.
const ANSWER: Duration = Duration::from_secs(30);
/// How often a fan is sent away for want of room before that is a defect.
const TRIES: u32 = 60;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body; null when there is none or it was not to be read.
    pub body: Value,
}

impl Answer {
    /// Whether it is the problem with this code.
    pub fn is(&self, code: &str) -> bool {
        self.status >= 400 && self.body["code"] == code
    }

    /// Whether it is a success.
    pub fn is_good(&self) -> bool {
        self.status < 400
    }

    /// A member that is a string.
    pub fn text(&self, member: &str) -> Result<&str> {
        let text = self.body[member].as_str();
        text.with_context(|| format!("an answer without {member}: {self:?}"))
    }

    /// Its body, if it is a success.
    pub fn good(self) -> Result<Value> {
        let Self { status, body } = self;
        anyhow::ensure!(status < 400, "answered {status}: {body}");
        Ok(body)
    }
}

/// The connections that all fans share, and what is counted on them.
pub struct Wire {
    pool: Pool,
    permits: Semaphore,
    tally: Mutex<Tally>,
}

impl Wire {
    /// To this server, with so many connections at most.
    pub fn new(server: SocketAddr, connections: usize) -> Self {
        Self {
            pool: Pool::new(server),
            permits: Semaphore::new(connections),
            tally: Mutex::new(Tally::new()),
        }
    }

    /// What was counted so far.
    pub fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does a step that was wanted at `due`: asked again after `Retry-After` when there was no room. The
    /// time that counts is from then to the answer, however late this program came to it and however
    /// often it was sent away.
    pub async fn act(&self, step: Step, request: &Request, due: Instant) -> Result<Answer> {
        for _ in 0..TRIES {
            let (answer, again) = match self.send(request).await {
                Ok(answered) => answered,
                Err(error) => {
                    self.tally().met(step, "no answer", 0);
                    return Err(error.context(step.name()));
                }
            };
            self.tally().answered(step, &answer);
            let Some(again) = again else {
                self.tally().served(step, due.elapsed());
                return Ok(answer);
            };
            sleep(again).await;
        }
        bail!("{}: sent away {TRIES} times", step.name())
    }

    /// The answer, and when to come again if there was no room.
    async fn send(&self, request: &Request) -> Result<(Answer, Option<Duration>)> {
        let _permit = self.permits.acquire().await?;
        let answered = timeout(ANSWER, self.on_some_connection(request)).await;
        answered.context("no answer in 30 s")?
    }

    /// Sends what was not read once more, as browsers do: when a connection that had rested turns out to
    /// be closed, or when the server gave a connection up before it had the request (408). That is no harm:
    /// whatever must not be done twice has an `Idempotency-Key`.
    async fn on_some_connection(&self, request: &Request) -> Result<(Answer, Option<Duration>)> {
        if let Some(rested) = self.pool.idle() {
            match self.ask(rested, request).await {
                Ok(answered) if answered.0.status != 408 => return Ok(answered),
                Ok(_) | Err(_) => self.tally().counts.resent += 1,
            }
        }
        let answered = self.ask(self.pool.connect().await?, request).await?;
        if answered.0.status != 408 {
            return Ok(answered);
        }
        self.tally().counts.resent += 1;
        self.ask(self.pool.connect().await?, request).await
    }

    async fn ask(
        &self,
        mut connection: Connection,
        request: &Request,
    ) -> Result<(Answer, Option<Duration>)> {
        let status = connection.send(request).await?;
        let body = read(&connection)?;
        let again = match (status, connection.header("retry-after")) {
            (429 | 503, Some(seconds)) => Some(Duration::from_secs(seconds.parse()?)),
            (429 | 503, None) => bail!("answered {status} without Retry-After"),
            _ => None,
        };
        let closes = connection.header("connection");
        if !closes.is_some_and(|closes| closes.eq_ignore_ascii_case("close")) {
            self.pool.give_back(connection);
        }
        Ok((Answer { status, body }, again))
    }
}

/// The body, unless it was compressed: then nobody asked for it but to have it.
fn read(connection: &Connection) -> Result<Value> {
    let is_compressed = connection.header("content-encoding").is_some();
    if is_compressed || connection.body().is_empty() {
        return Ok(Value::Null);
    }
    connection.json()
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 23\r\n\r\n\
                        {\"code\":\"server_busy\"}\n";
    const LATE: &str =
        "HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    const MADE: &str = "HTTP/1.1 201 Created\r\ncontent-length: 10\r\n\r\n{\"id\":\"a\"}";

    /// A server that gives these answers, one a request; after one that says so it hangs up.
    async fn wire(answers: &'static [&'static str]) -> Wire {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let mut answers = answers.iter();
            let mut next = answers.next();
            while next.is_some() {
                let (mut stream, _) = listener.accept().await.unwrap();
                while let Some(answer) = next {
                    if stream.read(&mut [0; 4096]).await.unwrap() == 0 {
                        break;
                    }
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    next = answers.next();
                    if answer.contains("close") {
                        break;
                    }
                }
            }
        });
        Wire::new(address, 1)
    }

    async fn act(wire: &Wire) -> Result<Answer> {
        let request = Request::new("POST", "/v1/users", "", "{}");
        wire.act(Step::SignUp, &request, Instant::now()).await
    }

    #[tokio::test]
    async fn who_is_sent_away_comes_again_and_is_counted_once_as_served() {
        let wire = wire(&[BUSY, BUSY, MADE]).await;
        assert_eq!(act(&wire).await.unwrap().text("id").unwrap(), "a");
        let tally = wire.tally();
        assert_eq!(tally.latency(Step::SignUp).len(), 1);
        let (problem, number) = tally.problems.first_key_value().unwrap();
        assert!(problem.is_known() && problem.code == "server_busy");
        assert_eq!((*number, tally.counts.answers), (2, 3));
    }

    #[tokio::test]
    async fn what_the_server_did_not_read_is_sent_again() {
        let wire = wire(&[LATE, MADE]).await;
        assert_eq!(act(&wire).await.unwrap().status, 201);
        assert_eq!(wire.tally().counts.resent, 1);
        assert!(wire.tally().problems.is_empty());
    }

    #[tokio::test]
    async fn what_is_no_problem_document_is_told() {
        let wire = wire(&["HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\n{}"]).await;
        assert_eq!(act(&wire).await.unwrap().status, 500);
        let tally = wire.tally();
        let problem = tally.problems.keys().next().unwrap();
        assert!(!problem.is_known() && problem.code == "no problem document");
    }

    #[tokio::test]
    async fn a_server_that_is_gone_is_no_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wire = Wire::new(listener.local_addr().unwrap(), 1);
        drop(listener);
        assert!(act(&wire).await.is_err());
        assert_eq!(
            wire.tally().problems.keys().next().unwrap().code,
            "no answer"
        );
    }
}
