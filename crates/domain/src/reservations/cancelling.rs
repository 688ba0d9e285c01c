//! Giving a reservation up: the decision behind every cancellation (SPEC rule 16).

use std::collections::HashMap;

use time::OffsetDateTime;

use super::{
    CancelError,
    allocation::OnSale,
    refund::{Refund, RefundCause, RefundRules},
    reservation::{Reservation, ReservationStatus},
};
use crate::{
    balance::Account,
    id::{EntryId, ReservationId, UserId},
    storage::StorageError,
};

/// Somebody gives a reservation up.
#[derive(Clone, Copy, Debug)]
pub struct CancelRequest {
    /// Which.
    pub reservation_id: ReservationId,
    /// Who; it must be theirs.
    pub user_id: UserId,
    /// The id the ledger entry gets, if there is money to give back.
    pub entry_id: EntryId,
}

/// What becomes of a reservation that is given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// It was cancelled or refunded before: nothing changes.
    Before(Reservation),
    /// It was pending: its seats are free.
    Released(Reservation),
    /// It was paid: its seats are free, and the money is back.
    Refunded(Refund),
}

impl Cancelled {
    /// The reservation, as it is then.
    pub fn into_reservation(self) -> Reservation {
        match self {
            Self::Before(reservation) | Self::Released(reservation) => reservation,
            Self::Refunded(refund) => refund.reservation,
        }
    }
}

/// Decides whether `reservation`, for `show`, can be given up by its holder. Doing it twice is doing it
/// once. What was paid for a date that was called off goes back at any time.
pub fn cancel(
    now: OffsetDateTime,
    rules: &RefundRules,
    show: &OnSale,
    reservation: Reservation,
    accounts: &mut HashMap<UserId, Account>,
    entry_id: EntryId,
) -> Result<Cancelled, CancelError> {
    match reservation.status {
        ReservationStatus::Cancelled | ReservationStatus::Refunded { .. } => {
            Ok(Cancelled::Before(reservation))
        }
        ReservationStatus::PendingPayment if !reservation.is_over(now) => {
            let status = ReservationStatus::Cancelled;
            Ok(Cancelled::Released(Reservation {
                status,
                ..reservation
            }))
        }
        ReservationStatus::PendingPayment | ReservationStatus::Expired => Err(CancelError::Expired),
        ReservationStatus::Paid { .. } => {
            let cause = may_be_refunded(now, rules, show)?;
            let refund = Refund::of(now, cause, reservation, accounts, entry_id);
            let refund = refund.ok_or_else(|| {
                StorageError::failed("a balance is missing, or cannot count its refund")
            })?;
            Ok(Cancelled::Refunded(refund))
        }
    }
}

fn may_be_refunded(
    now: OffsetDateTime,
    rules: &RefundRules,
    show: &OnSale,
) -> Result<RefundCause, CancelError> {
    if show.called_off.is_some() {
        return Ok(RefundCause::Schedule);
    }
    let until = rules.deadline(show.starts_at);
    if until.is_some_and(|until| now < until) {
        return Ok(RefundCause::Holder);
    }
    Err(CancelError::RefundNotAllowed { until })
}

#[cfg(test)]
mod tests;
