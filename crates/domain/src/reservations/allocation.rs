//! Who gets which seats: the decision behind every hold (SPEC rules 12 to 16).

use std::collections::{BTreeSet, HashMap};

use time::{Duration, OffsetDateTime};

use super::{
    HoldError,
    reservation::{Claim, Reservation, ReservationStatus, ReservedSeat},
};
use crate::{
    id::{ReservationId, ScheduleId, TokenId, UserId},
    idempotency::{Earlier, IdempotencyKey, Outcome},
    money::Money,
    queue::{Pass, QueueToken, TokenRefusal, admits},
    seats::{Seat, SeatNumber, SeatNumbers, SeatStatus},
};

/// The limits of holds, from the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldRules {
    /// How long a hold lasts (`hold_ttl`).
    pub ttl: Duration,
    /// The most live or paid seats of one user in one schedule (rule 14).
    pub seats_per_user: u32,
}

/// Somebody wants seats.
#[derive(Clone, Debug)]
pub struct HoldRequest {
    /// The id the reservation gets.
    pub reservation_id: ReservationId,
    /// Who asks, and by which queue token.
    pub pass: Pass,
    /// Of which schedule.
    pub schedule_id: ScheduleId,
    /// Which seats.
    pub seats: SeatNumbers,
    /// Makes a retry safe.
    pub key: Option<IdempotencyKey>,
}

/// When a schedule can be booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnSale {
    /// When the show starts; there is nothing to book after that.
    pub starts_at: OffsetDateTime,
    /// When sales open; `None`: at once.
    pub sales_open_at: Option<OffsetDateTime>,
}

/// All that a batch of holds is decided on, loaded under the locks.
#[derive(Debug, Default)]
pub struct Hall {
    /// The schedules asked for that exist.
    pub schedules: HashMap<ScheduleId, OnSale>,
    /// The seats asked for that exist.
    pub seats: HashMap<(ScheduleId, SeatNumber), Seat>,
    /// The pending and paid reservations that those who ask have already.
    pub claims: HashMap<(UserId, ScheduleId), Vec<Claim>>,
    /// The queue tokens of those who ask.
    pub tokens: HashMap<TokenId, QueueToken>,
    /// What earlier requests with the same idempotency keys made.
    pub earlier: Earlier<Reservation>,
}

impl Hall {
    /// Frees the seats whose holds are over by `now`, and names the reservations that held them:
    /// these have expired, with all their seats (rule 16).
    pub fn vacate_over(&mut self, now: OffsetDateTime) -> BTreeSet<ReservationId> {
        let mut over = BTreeSet::new();
        for seat in self.seats.values_mut() {
            if let SeatStatus::Held { by, .. } = seat.status
                && seat.is_free(now)
            {
                over.insert(by);
                seat.status = SeatStatus::Available;
            }
        }
        over
    }
}

/// Decides a batch of holds in the order of the requests; each sees what those before it took.
pub fn allocate(
    now: OffsetDateTime,
    rules: &HoldRules,
    hall: &mut Hall,
    requests: &[HoldRequest],
) -> Vec<Result<Outcome<Reservation>, HoldError>> {
    requests
        .iter()
        .map(|request| hold(now, rules, hall, request))
        .collect()
}

fn hold(
    now: OffsetDateTime,
    rules: &HoldRules,
    hall: &mut Hall,
    request: &HoldRequest,
) -> Result<Outcome<Reservation>, HoldError> {
    let user = request.pass.user_id;
    if let Some(earlier) = hall.earlier.find(user, request.key.as_ref())? {
        return Ok(earlier);
    }
    admits(&request.pass, hall.tokens.get(&request.pass.token_id), now)?;
    check_on_sale(now, hall.schedules.get(&request.schedule_id))?;
    check_seats(now, hall, request)?;
    check_limit(now, rules, hall, request)?;

    let reservation = take(now, rules, hall, request)?;
    Ok(hall.earlier.fresh(user, request.key.as_ref(), reservation))
}

fn check_on_sale(now: OffsetDateTime, schedule: Option<&OnSale>) -> Result<(), HoldError> {
    let schedule = schedule
        .filter(|s| now < s.starts_at)
        .ok_or(HoldError::ScheduleNotFound)?;
    match schedule.sales_open_at {
        Some(opens_at) if now < opens_at => Err(HoldError::SalesNotOpen { opens_at }),
        _ => Ok(()),
    }
}

fn check_seats(now: OffsetDateTime, hall: &Hall, request: &HoldRequest) -> Result<(), HoldError> {
    let numbers = || request.seats.as_slice().iter().copied();
    let seat = |n| hall.seats.get(&(request.schedule_id, n));
    let missing: Vec<_> = numbers().filter(|n| seat(*n).is_none()).collect();
    if !missing.is_empty() {
        return Err(HoldError::SeatNotFound { numbers: missing });
    }
    let taken: Vec<_> = numbers()
        .filter(|n| seat(*n).is_some_and(|s| !s.is_free(now)))
        .collect();
    if !taken.is_empty() {
        return Err(HoldError::SeatUnavailable { numbers: taken });
    }
    Ok(())
}

fn check_limit(
    now: OffsetDateTime,
    rules: &HoldRules,
    hall: &Hall,
    request: &HoldRequest,
) -> Result<(), HoldError> {
    let claims = hall
        .claims
        .get(&(request.pass.user_id, request.schedule_id));
    let live = claims
        .into_iter()
        .flatten()
        .filter(|claim| claim.is_live(now));
    let has: u32 = live.map(|claim| claim.seats).sum();
    if has as usize + request.seats.as_slice().len() > rules.seats_per_user as usize {
        return Err(HoldError::SeatLimitReached {
            limit: rules.seats_per_user,
        });
    }
    Ok(())
}

fn take(
    now: OffsetDateTime,
    rules: &HoldRules,
    hall: &mut Hall,
    request: &HoldRequest,
) -> Result<Reservation, HoldError> {
    let until = now + rules.ttl;
    let mut seats = Vec::with_capacity(request.seats.as_slice().len());
    for number in request.seats.as_slice() {
        if let Some(seat) = hall.seats.get_mut(&(request.schedule_id, *number)) {
            seat.status = SeatStatus::Held {
                by: request.reservation_id,
                until,
            };
            seats.push(ReservedSeat::of(seat));
        }
    }
    let amount = Money::total(seats.iter().map(|s| s.price)).ok_or(HoldError::AmountOverflow)?;
    let reservation = Reservation {
        id: request.reservation_id,
        user_id: request.pass.user_id,
        schedule_id: request.schedule_id,
        seats,
        amount,
        created_at: now,
        held_until: until,
        status: ReservationStatus::PendingPayment,
    };
    let key = (request.pass.user_id, request.schedule_id);
    hall.claims
        .entry(key)
        .or_default()
        .push(Claim::of(&reservation));
    Ok(reservation)
}

impl From<TokenRefusal> for HoldError {
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            TokenRefusal::Waiting => Self::TokenNotActive,
            TokenRefusal::Ended => Self::TokenEnded,
        }
    }
}

#[cfg(test)]
mod tests;
