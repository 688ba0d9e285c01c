//! A load at a fixed rate.
//!
//! A runtime's timers tick in milliseconds, which would send what is due within one all at once and
//! up to one late. So a thread that sleeps by the system's finer clock lets the requests go.

use std::{
    cmp::max,
    net::TcpStream,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;
use hdrhistogram::Histogram;
use tokio::{
    sync::Semaphore,
    task::{JoinSet, spawn_blocking},
};

use super::{Crowd, Outcome, Requests, Shared, finish, microseconds, open, record, runtime};
use crate::http::Connection;

/// How a load at a fixed rate went.
pub struct Paced {
    /// As with any load.
    pub outcome: Outcome,
    /// How late requests were sent for which a connection was free in time, in microseconds: what
    /// the generator itself adds to their latency.
    pub lateness: Histogram<u64>,
}

impl Crowd {
    /// At `rate` requests a second over all connections, however slow the answers are, on one
    /// thread. A latency is counted from when its request was due, so a stall counts against every
    /// request that it delays (no coordinated omission).
    pub async fn fixed(
        self,
        requests: Arc<impl Requests>,
        success: u16,
        rate: f64,
        limit: Duration,
    ) -> Result<Paced> {
        let pace = Arc::new(Pace {
            // So that the threads are there when the first is due.
            started: Instant::now() + Duration::from_millis(20),
            rate,
            limit,
            let_go: Semaphore::new(0),
            over: AtomicBool::new(false),
        });
        let pacer = thread::spawn({
            let pace = pace.clone();
            move || pace.keep()
        });
        let load = Fixed {
            requests,
            next: Arc::default(),
            success,
            pace: pace.clone(),
        };
        let ended = spawn_blocking(move || on_this_thread(self.connections, &load)).await;
        pace.over.store(true, Ordering::Relaxed);
        // It has nothing to tell and cannot fail.
        let _ = pacer.join();
        let mut paced = ended??;
        paced.outcome.took = pace.started.elapsed();
        Ok(paced)
    }
}

/// When which request is due.
struct Pace {
    started: Instant,
    /// A second.
    rate: f64,
    limit: Duration,
    /// One permit for each request that is due, handed out in order.
    let_go: Semaphore,
    over: AtomicBool,
}

impl Pace {
    /// When a request is due; `None` when that is past the limit.
    fn due(&self, number: usize) -> Option<Instant> {
        #[allow(clippy::cast_precision_loss, reason = "numbers are far below 2^52")]
        let due = Duration::from_secs_f64(number as f64 / self.rate);
        (due < self.limit).then(|| self.started + due)
    }

    /// Lets each request go when it is due.
    fn keep(&self) {
        /// Shorter sleeps cost more of the shared CPU than they are worth.
        const NAP: Duration = Duration::from_micros(100);
        let mut number = 0;
        while let Some(due) = self.due(number)
            && !self.over.load(Ordering::Relaxed)
        {
            let early = due.saturating_duration_since(Instant::now());
            if early.is_zero() {
                self.let_go.add_permits(1);
                number += 1;
            } else {
                thread::sleep(max(early, NAP).min(Duration::from_millis(100)));
            }
        }
    }
}

struct Fixed<R> {
    requests: Arc<R>,
    next: Arc<AtomicUsize>,
    success: u16,
    pace: Arc<Pace>,
}

fn on_this_thread(connections: Vec<TcpStream>, load: &Fixed<impl Requests>) -> Result<Paced> {
    let paced = Arc::new(Mutex::new(Paced {
        outcome: Outcome::empty(),
        lateness: microseconds(),
    }));
    runtime()?.block_on(async {
        let mut running = JoinSet::new();
        for connection in connections {
            let connection = Connection::adopt(connection)?;
            running.spawn(load.run(connection, paced.clone()));
        }
        finish(running).await
    })?;
    let paced = open(&paced);
    Ok(Paced {
        outcome: paced.outcome.clone(),
        lateness: paced.lateness.clone(),
    })
}

impl<R: Requests> Fixed<R> {
    /// Takes the next request, waits until it is let go, sends it, and so on. Permits are handed out
    /// in the order in which they are asked for, so that each request gets its own.
    fn run(
        &self,
        mut connection: Connection,
        paced: Shared<Paced>,
    ) -> impl Future<Output = Result<()>> + use<R> {
        let (requests, next) = (self.requests.clone(), self.next.clone());
        let (success, pace) = (self.success, self.pace.clone());
        async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let (Some(request), Some(due)) = (requests.get(number), pace.due(number)) else {
                    return Ok(());
                };
                let free = Instant::now();
                pace.let_go.acquire().await?.forget();
                let sent = Instant::now();
                let status = connection.send(request).await?;
                let mut paced = open(&paced);
                paced.outcome.note(status, success, due.elapsed());
                if free <= due {
                    record(&mut paced.lateness, sent - due);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{SocketAddr, TcpListener},
    };

    use super::*;
    use crate::{http::Request, load::Once};

    const STALL: Duration = Duration::from_millis(200);

    /// Answers one connection, and stalls once, before its answer to the request with this number.
    fn stalling(at: usize) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut number = 0;
            // A request of this test arrives in one piece.
            while stream.read(&mut [0; 1024]).unwrap() > 0 {
                if number == at {
                    thread::sleep(STALL);
                }
                number += 1;
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                    .unwrap();
            }
        });
        address
    }

    #[tokio::test]
    async fn a_stall_counts_against_every_request_that_it_delays() {
        // The first request warms the connection. One is due every 10 ms, so 10 are due in the first
        // half of the stall, and each of these waits for the second half at least.
        let crowd = Crowd::open(stalling(11), 1).await.unwrap();
        let requests = Once(vec![Request::new("GET", "/", "", ""); 60]);
        let limit = Duration::from_secs(10);
        let paced = crowd.fixed(Arc::new(requests), 200, 100.0, limit).await;
        let latency = paced.unwrap().outcome.latency;
        assert_eq!(latency.len(), 60);
        let half = u64::try_from(STALL.as_micros() / 2).unwrap();
        assert!(latency.count_between(half, u64::MAX) >= 10);
        assert!(u128::from(latency.max()) >= STALL.as_micros());
    }

    #[tokio::test]
    async fn nothing_is_sent_before_it_is_due_or_after_the_limit() {
        let crowd = Crowd::open(stalling(usize::MAX), 1).await.unwrap();
        let requests = Once(vec![Request::new("GET", "/", "", ""); 60]);
        let limit = Duration::from_millis(100);
        let paced = crowd.fixed(Arc::new(requests), 200, 200.0, limit).await;
        let outcome = paced.unwrap().outcome;
        assert_eq!(outcome.successes, 20);
        assert!(outcome.took >= Duration::from_millis(95));
    }
}
