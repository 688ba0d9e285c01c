//! Connections that are kept for whoever needs one next.

use std::{
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::http::Connection;

/// A proxy or a server may close a connection after 5 s without a request.
const IDLE: Duration = Duration::from_secs(3);

/// Connections to a server, as many as are needed at a time.
pub struct Pool {
    server: SocketAddr,
    /// Those that are free, and since when; the last used is on top.
    idle: Mutex<Vec<(Connection, Instant)>>,
    opened: AtomicUsize,
}

impl Pool {
    /// No connections yet.
    pub fn new(server: SocketAddr) -> Self {
        Self {
            server,
            idle: Mutex::default(),
            opened: AtomicUsize::new(0),
        }
    }

    /// How many connections were opened so far.
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }

    /// Opens a connection, whether or not one is free.
    pub async fn connect(&self) -> Result<Connection> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        Connection::open(self.server).await
    }

    /// The free connection that was used last, or a new one.
    pub async fn take(&self) -> Result<Connection> {
        match self.idle() {
            Some(connection) => Ok(connection),
            None => self.connect().await,
        }
    }

    /// The one that was used last, unless the server may have closed it: then it may have closed
    /// all others as well.
    pub fn idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let (connection, used) = idle.pop()?;
        if used.elapsed() < IDLE {
            return Some(connection);
        }
        idle.clear();
        None
    }

    /// Keeps a connection, whose last answer was read, for the next one.
    pub fn give_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push((connection, Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_connection_that_was_given_back_is_used_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let pool = Pool::new(listener.local_addr().unwrap());
        let [one, other] = [pool.take().await.unwrap(), pool.take().await.unwrap()];
        assert_eq!(pool.opened(), 2);
        pool.give_back(one);
        pool.give_back(other);
        let _held = [pool.take().await.unwrap(), pool.take().await.unwrap()];
        assert_eq!(pool.opened(), 2);
        let _third = pool.take().await.unwrap();
        assert_eq!(pool.opened(), 3);
    }
}
