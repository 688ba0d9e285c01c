//! What the adapters answer, in the model's terms, and the model's steps in theirs.

use adapters_postgres::Adapters;
use domain::{
    id::PaymentId,
    idempotency::IdempotencyKey,
    queue::{QueueToken, Standing, TokenState},
    reservations::{Reservation, ReservationStatus},
};

use super::Owned;
use crate::{
    fixture::key,
    model::step::{Place, Stage, Step},
};

pub(super) fn is_active(token: &QueueToken) -> bool {
    matches!(token.state, TokenState::Active { .. })
}

pub(super) fn paid_by(reservation: &Reservation) -> Option<PaymentId> {
    match reservation.status {
        ReservationStatus::Paid { payment_id } => Some(payment_id),
        _ => None,
    }
}

pub(super) fn stage(reservation: &Reservation) -> Stage {
    match reservation.status {
        ReservationStatus::PendingPayment => Stage::Pending,
        ReservationStatus::Paid { .. } => Stage::Paid,
        ReservationStatus::Cancelled => Stage::Cancelled,
        ReservationStatus::Refunded { .. } => Stage::Refunded,
        ReservationStatus::Expired => Stage::Expired,
    }
}

/// Where the last token of a user stands, by a line that was just refreshed.
pub(super) fn place(process: &Adapters, own: &Owned) -> Option<Place> {
    let pass = own.passes.last()?;
    Some(match process.line.standing(pass, process.clock.now()) {
        Standing::Waiting { ahead, total, .. } => Place::Waiting { ahead, total },
        Standing::Active { .. } => Place::Active,
        Standing::Ended => Place::Ended,
        Standing::Unseen => panic!("refreshed, and yet unseen: {pass:?}"),
    })
}

/// The idempotency key of a step, with a digest of its body.
pub(super) fn key_of(step: &Step) -> Option<IdempotencyKey> {
    let (Step::Charge { key: named, .. }
    | Step::Hold { key: named, .. }
    | Step::Pay { key: named, .. }) = step
    else {
        return None;
    };
    let body = step.body();
    let sum = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(7_u64, |h, b| h.wrapping_mul(31) ^ u64::from(*b))
    };
    let mut fingerprint = [0; 32];
    fingerprint[..8].copy_from_slice(&sum(body.as_bytes()).to_be_bytes());
    named.map(|name| IdempotencyKey {
        fingerprint,
        ..key(&format!("key-{name}"), 0)
    })
}
