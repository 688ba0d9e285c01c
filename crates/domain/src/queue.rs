//! The waiting queue: who may shop now, and who is next (SPEC rules 1 to 8).

mod admission;
mod line;
mod ports;
mod service;
mod token;

pub use admission::{
    AdmissionRate, InvalidPolicy, Issued, JoinRefusal, JoinRequest, Joins, PolicyChange,
    QueuePolicy, QueueState, QueueTimes, join,
};
pub use line::{Change, Line, Standing};
pub use ports::{Board, LineView, Presence, Tick, TokenQueue};
pub use service::{
    Checked, JoinError, LeaveError, NotAdmitted, Queue, QueueControl, QueueService, QueueStatus,
    QueueView, WaitingView,
};
pub use token::{EndReason, Pass, QueueToken, Ticket, TokenRefusal, TokenState, admits};

#[cfg(any(test, feature = "mock"))]
pub use {
    ports::{MockLineView, MockPresence, MockTokenQueue},
    service::{MockQueue, MockQueueControl},
};
