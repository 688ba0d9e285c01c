//! Seats, and who gets which: the decision behind every hold (SPEC rules 12 to 16).

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use time::{Duration, OffsetDateTime};

use crate::{
    id::{ReservationId, ScheduleId, SeatId, TokenId, UserId},
    idempotency::{Earlier, IdempotencyKey, Outcome},
    money::Money,
    queue::{Pass, QueueToken, TokenRefusal, admits},
    reservations::{Claim, HoldError, Reservation, ReservationStatus, ReservedSeat},
};

/// A seat's number within its schedule, 1 and up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeatNumber(u32);

impl SeatNumber {
    /// The highest number, and so the largest hall (rule 11).
    pub const MAX: Self = Self(50_000);
    /// The lowest number.
    pub const FIRST: Self = Self(1);

    /// The seat with this number, if there can be one.
    pub fn new(number: i64) -> Option<Self> {
        let number = u32::try_from(number).ok()?;
        (1..=Self::MAX.0).contains(&number).then_some(Self(number))
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for SeatNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One to four different seats, in ascending order: what one hold may ask for (rule 12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatNumbers(Vec<SeatNumber>);

/// A wish that no hold can fulfil.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSeatNumbers {
    /// None, or more than four.
    #[error("1 to {} seat numbers are asked for", SeatNumbers::MOST)]
    Count,
    /// Zero, negative, or beyond the largest hall.
    #[error("a seat number is 1 to {}", SeatNumber::MAX)]
    Range,
    /// The same seat twice.
    #[error("each seat number is named once")]
    Doubled,
}

impl SeatNumbers {
    /// The most seats of one hold.
    pub const MOST: usize = 4;

    /// Accepts the numbers as a client sent them.
    pub fn new(numbers: &[i64]) -> Result<Self, InvalidSeatNumbers> {
        if !(1..=Self::MOST).contains(&numbers.len()) {
            return Err(InvalidSeatNumbers::Count);
        }
        let seats: Option<Vec<_>> = numbers.iter().map(|n| SeatNumber::new(*n)).collect();
        let mut seats = seats.ok_or(InvalidSeatNumbers::Range)?;
        seats.sort_unstable();
        if seats.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(InvalidSeatNumbers::Doubled);
        }
        Ok(Self(seats))
    }

    /// The numbers, ascending.
    pub fn as_slice(&self) -> &[SeatNumber] {
        &self.0
    }
}

/// Who has a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatStatus {
    /// Nobody.
    Available,
    /// A pending reservation, until the hold ends.
    Held {
        /// Which.
        by: ReservationId,
        /// Until when; at that instant the seat is free (rule 16).
        until: OffsetDateTime,
    },
    /// A paid reservation.
    Sold {
        /// Which.
        by: ReservationId,
    },
}

/// One seat of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Which.
    pub id: SeatId,
    /// Its number.
    pub number: SeatNumber,
    /// Its grade, for example `VIP` or `R`.
    pub grade: String,
    /// Its price.
    pub price: Money,
    /// Who has it, as stored.
    pub status: SeatStatus,
}

impl Seat {
    /// Who has it at `now`: a hold that is over is over at that instant (rule 16), whether or not
    /// the sweeper has been there.
    pub fn status_at(&self, now: OffsetDateTime) -> SeatStatus {
        match self.status {
            SeatStatus::Held { until, .. } if until <= now => SeatStatus::Available,
            status => status,
        }
    }

    /// Whether anyone may hold it at `now`.
    pub fn is_free(&self, now: OffsetDateTime) -> bool {
        self.status_at(now) == SeatStatus::Available
    }
}

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
    admits(hall.tokens.get(&request.pass.token_id), now)?;
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
