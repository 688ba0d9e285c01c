//! Which seats the house may keep or give away.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use time::OffsetDateTime;

use super::{GiftRequest, HouseError};
use crate::{
    balance::{Account, LedgerEntry},
    id::{ReservationId, UserId},
    money::Money,
    payment::Receipt,
    reservations::{OnSale, Reservation, ReservationStatus, ReservedSeat},
    seats::{Seat, SeatNumber, SeatStatus},
};

/// The seats that are asked for, loaded under the lock of their schedule.
#[derive(Clone, Debug, Default)]
pub struct Seating {
    /// Those that exist. One that the house keeps is sold, as its row says.
    pub seats: BTreeMap<SeatNumber, Seat>,
    /// Which of them the house keeps.
    pub blocked: BTreeSet<SeatNumber>,
}

/// What giving seats away changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gift {
    /// The payment of nothing, with the reservation, which is paid by it.
    pub receipt: Receipt,
    /// The debit of nothing.
    pub entry: LedgerEntry,
    /// Those of its seats that the house has kept until now.
    pub unblocked: Vec<SeatNumber>,
}

impl Seating {
    /// The reservations whose holds of these seats are over by `now`: they have expired, with all their
    /// seats.
    pub fn over(&self, now: OffsetDateTime) -> BTreeSet<ReservationId> {
        let over = |seat: &Seat| match seat.status {
            SeatStatus::Held { by, until } if until <= now => Some(by),
            _ => None,
        };
        self.seats.values().filter_map(over).collect()
    }

    /// The seats with these numbers, if the house may keep them: they exist, and nobody has them.
    pub fn to_block(
        &self,
        now: OffsetDateTime,
        numbers: &[SeatNumber],
    ) -> Result<Vec<&Seat>, HouseError> {
        self.choose(numbers, |seat| seat.is_free(now))
    }

    /// Gives seats of `show` away, if they exist and are free or kept by the house.
    pub fn give(
        &self,
        now: OffsetDateTime,
        show: &OnSale,
        accounts: &mut HashMap<UserId, Account>,
        request: &GiftRequest,
    ) -> Result<Gift, HouseError> {
        let kept = |number| self.blocked.contains(&number);
        let account = accounts.get_mut(&request.user_id);
        let account = account.ok_or(HouseError::UserNotFound)?;
        let seats = self.choose(request.seats.as_slice(), |seat| {
            kept(seat.number) || seat.is_free(now)
        })?;
        let reservation = reservation(now, show, request, seats);
        let payment = request.payment_id;
        let entry = account.debit(now, request.entry_id, payment, Money::ZERO);
        // Nothing is always covered.
        let entry = entry.map_err(crate::storage::StorageError::failed)?;
        let unblocked = reservation.seat_numbers().filter(|n| kept(*n)).collect();
        let receipt = Receipt {
            id: payment,
            amount: Money::ZERO,
            balance_after: entry.balance_after,
            paid_at: now,
            reservation,
        };
        Ok(Gift {
            receipt,
            entry,
            unblocked,
        })
    }

    fn choose(
        &self,
        numbers: &[SeatNumber],
        may_be: impl Fn(&Seat) -> bool,
    ) -> Result<Vec<&Seat>, HouseError> {
        let (mut chosen, mut missing, mut taken) = (Vec::new(), Vec::new(), Vec::new());
        for number in numbers {
            match self.seats.get(number) {
                None => missing.push(*number),
                Some(seat) if may_be(seat) => chosen.push(seat),
                Some(_) => taken.push(*number),
            }
        }
        if !missing.is_empty() {
            return Err(HouseError::SeatNotFound { numbers: missing });
        }
        if !taken.is_empty() {
            return Err(HouseError::SeatUnavailable { numbers: taken });
        }
        Ok(chosen)
    }
}

/// Nothing is held: it is paid in the moment in which it is made.
fn reservation(
    now: OffsetDateTime,
    show: &OnSale,
    request: &GiftRequest,
    seats: Vec<&Seat>,
) -> Reservation {
    Reservation {
        id: request.reservation_id,
        user_id: request.user_id,
        schedule_id: request.schedule_id,
        starts_at: show.starts_at,
        seats: seats.into_iter().map(ReservedSeat::of).collect(),
        amount: Money::ZERO,
        created_at: now,
        held_until: now,
        status: ReservationStatus::Paid {
            payment_id: request.payment_id,
        },
    }
}
