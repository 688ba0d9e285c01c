//! The connections that all fans share.

use std::{
    net::SocketAddr,
    ops::{Deref, DerefMut},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Result;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::patient::Patient;

/// So many connections, each with one fan at a time.
pub struct Lines {
    free: Mutex<Vec<Patient>>,
    permits: Arc<Semaphore>,
    server: SocketAddr,
    waited_out: AtomicU64,
}

impl Lines {
    /// Opens so many connections.
    pub async fn open(server: SocketAddr, number: usize) -> Result<Self> {
        let mut free = Vec::with_capacity(number);
        for _ in 0..number {
            free.push(Patient::new(server).connected().await?);
        }
        Ok(Self {
            free: Mutex::new(free),
            permits: Arc::new(Semaphore::new(number)),
            server,
            waited_out: AtomicU64::new(0),
        })
    }

    /// A connection for oneself, as soon as one is free; first come, first served.
    pub async fn take(self: &Arc<Self>) -> Result<Line> {
        let permit = self.permits.clone().acquire_owned().await?;
        let free = self
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        Ok(Line {
            patient: free.unwrap_or_else(|| Patient::new(self.server)),
            lines: self.clone(),
            _permit: permit,
        })
    }

    /// How many refusals were waited out on all of them so far.
    pub fn waited_out(&self) -> u64 {
        self.waited_out.load(Ordering::Relaxed)
    }
}

/// A connection that is given back when dropped.
pub struct Line {
    patient: Patient,
    lines: Arc<Lines>,
    _permit: OwnedSemaphorePermit,
}

impl Deref for Line {
    type Target = Patient;

    fn deref(&self) -> &Patient {
        &self.patient
    }
}

impl DerefMut for Line {
    fn deref_mut(&mut self) -> &mut Patient {
        &mut self.patient
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let fresh = Patient::new(self.lines.server);
        let mut patient = std::mem::replace(&mut self.patient, fresh);
        let waited_out = std::mem::take(&mut patient.waited_out);
        self.lines
            .waited_out
            .fetch_add(waited_out, Ordering::Relaxed);
        self.lines
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(patient);
    }
}
