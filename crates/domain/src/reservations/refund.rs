//! Money that goes back for a paid reservation, once.

use std::collections::HashMap;

use time::{Duration, OffsetDateTime};

use super::reservation::{Reservation, ReservationStatus};
use crate::{
    balance::{Account, LedgerEntry},
    id::{EntryId, PaymentId, UserId},
};

/// Until when a paid reservation can be given back, from the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundRules {
    /// So long before the show starts (`refund_until`), zero being until it starts; `None`: never.
    pub until: Option<Duration>,
}

impl RefundRules {
    /// Until when what was paid for a show that starts at `starts_at` can be given back; at that
    /// instant it cannot any more. `None`: never.
    pub fn deadline(&self, starts_at: OffsetDateTime) -> Option<OffsetDateTime> {
        starts_at.checked_sub(self.until?)
    }

    /// Until when `reservation` can be given back, if it can at `now`.
    pub fn refundable_until(
        &self,
        now: OffsetDateTime,
        reservation: &Reservation,
    ) -> Option<OffsetDateTime> {
        let paid = matches!(reservation.status, ReservationStatus::Paid { .. });
        let deadline = self.deadline(reservation.starts_at);
        deadline.filter(|until| paid && now < *until)
    }
}

/// Why money goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundCause {
    /// The holder gave the reservation up.
    Holder,
    /// The date was called off.
    Schedule,
}

/// What one refund changes, all in one transaction: the reservation is refunded, its seats are
/// available, and the money is back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The reservation, refunded.
    pub reservation: Reservation,
    /// The payment that is undone.
    pub payment_id: PaymentId,
    /// Why.
    pub cause: RefundCause,
    /// The credit, of the amount that was paid.
    pub entry: LedgerEntry,
}

impl Refund {
    /// Gives back what was paid for `reservation`. `None` for one that is not paid, so that nothing
    /// is given back twice; and for one whose owner has no account here, or one that cannot count so
    /// much, which are defects.
    pub fn of(
        now: OffsetDateTime,
        cause: RefundCause,
        mut reservation: Reservation,
        accounts: &mut HashMap<UserId, Account>,
        entry_id: EntryId,
    ) -> Option<Self> {
        let ReservationStatus::Paid { payment_id } = reservation.status else {
            return None;
        };
        let account = accounts.get_mut(&reservation.user_id)?;
        let entry = account.refund(now, entry_id, payment_id, reservation.amount)?;
        reservation.status = ReservationStatus::Refunded {
            payment_id,
            at: now,
        };
        Some(Self {
            reservation,
            payment_id,
            cause,
            entry,
        })
    }
}

#[cfg(test)]
mod tests;
