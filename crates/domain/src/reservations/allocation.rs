//! Who gets which seats: the decision behind every hold (SPEC rules 12 to 16).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use time::{Duration, OffsetDateTime};

use super::{
    HoldError,
    reservation::{Claim, Reservation, ReservationStatus, ReservedSeat},
};
use crate::{
    catalogue::ShortText,
    id::{ReservationId, ScheduleId, TokenId, UserId},
    idempotency::{Earlier, IdempotencyKey, Outcome},
    money::Money,
    queue::{Pass, QueueToken, TokenRefusal, admits},
    seats::{
        Choices, Seat, SeatCount, SeatNumber, SeatNumbers, SeatStatus, Wish, best, row_length,
    },
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
    pub wish: Wish,
    /// Makes a retry safe.
    pub key: Option<IdempotencyKey>,
}

/// When a schedule can be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnSale {
    /// When the show starts; there is nothing to book after that.
    pub starts_at: OffsetDateTime,
    /// When sales open; `None`: at once.
    pub sales_open_at: Option<OffsetDateTime>,
    /// Whether the operator has closed its sales.
    pub sales_closed: bool,
    /// How many seats it has, taken or not: the width of its rows.
    pub total_seats: u32,
    /// That it was called off, if it was: nothing is held or paid there any more.
    pub called_off: Option<CalledOff>,
}

/// That a date was called off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalledOff {
    /// Why, if the operator said so.
    pub reason: Option<ShortText>,
}

/// All that a batch of holds is decided on, loaded under the locks.
#[derive(Debug, Default)]
pub struct Hall {
    /// The schedules asked for that exist.
    pub schedules: HashMap<ScheduleId, OnSale>,
    /// The seats asked for that exist, and those that may be the best.
    pub seats: BTreeMap<(ScheduleId, SeatNumber), Seat>,
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

    fn seat(&self, schedule: ScheduleId, number: SeatNumber) -> Option<&Seat> {
        self.seats.get(&(schedule, number))
    }

    /// The best free seats of `schedule` and `grade`, if there are so many next to each other.
    fn best(
        &self,
        now: OffsetDateTime,
        schedule: ScheduleId,
        count: SeatCount,
        grade: Option<&str>,
    ) -> Option<SeatNumbers> {
        let row = row_length(self.schedules.get(&schedule)?.total_seats);
        let all = (schedule, SeatNumber::FIRST)..=(schedule, SeatNumber::MAX);
        let seats = self.seats.range(all).map(|(_, seat)| seat);
        let fitting =
            seats.filter(|seat| seat.is_free(now) && grade.is_none_or(|grade| seat.grade == grade));
        best(fitting.map(|seat| seat.number), count, row)
    }

    /// Whether there are as many best seats here as `requests` ask for. If not, those that were not
    /// loaded may have them.
    pub fn suffices(&self, now: OffsetDateTime, requests: &[HoldRequest]) -> bool {
        let mut left = Self {
            schedules: self.schedules.clone(),
            seats: self.seats.clone(),
            ..Self::default()
        };
        requests.iter().all(|request| match &request.wish {
            Wish::Choices(_) => true,
            Wish::Best { count, grade } => {
                let schedule = request.schedule_id;
                let found = left.best(now, schedule, *count, grade.as_deref());
                for number in found.iter().flat_map(SeatNumbers::as_slice) {
                    left.seats.remove(&(schedule, *number));
                }
                found.is_some()
            }
        })
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
    let starts_at = check_on_sale(now, hall.schedules.get(&request.schedule_id))?;
    let seats = choose(now, rules, hall, request)?;

    let reservation = take(now, starts_at, rules, hall, request, &seats)?;
    Ok(hall.earlier.fresh(user, request.key.as_ref(), reservation))
}

/// Tells when the show starts, if seats can be held.
fn check_on_sale(
    now: OffsetDateTime,
    schedule: Option<&OnSale>,
) -> Result<OffsetDateTime, HoldError> {
    let schedule = schedule.ok_or(HoldError::ScheduleNotFound)?;
    if let Some(CalledOff { reason }) = schedule.called_off.clone() {
        return Err(HoldError::ScheduleCancelled { reason });
    }
    if schedule.starts_at <= now {
        return Err(HoldError::ScheduleNotFound);
    }
    if schedule.sales_closed {
        return Err(HoldError::SalesClosed);
    }
    match schedule.sales_open_at {
        Some(opens_at) if now < opens_at => Err(HoldError::SalesNotOpen { opens_at }),
        _ => Ok(schedule.starts_at),
    }
}

/// The seats that `request` gets.
fn choose(
    now: OffsetDateTime,
    rules: &HoldRules,
    hall: &Hall,
    request: &HoldRequest,
) -> Result<SeatNumbers, HoldError> {
    match &request.wish {
        Wish::Choices(choices) => first_of(now, rules, hall, request, choices),
        Wish::Best { count, grade } => {
            check_limit(now, rules, hall, request, count.get())?;
            hall.best(now, request.schedule_id, *count, grade.as_deref())
                .ok_or_else(|| HoldError::SeatUnavailable {
                    numbers: Vec::new(),
                })
        }
    }
}

/// The first choice that can be granted. When none can, the refusal that leaves most to hope for: seats
/// may come back, and one may give up seats, but seats that do not exist never will.
fn first_of(
    now: OffsetDateTime,
    rules: &HoldRules,
    hall: &Hall,
    request: &HoldRequest,
    choices: &Choices,
) -> Result<SeatNumbers, HoldError> {
    let (mut taken, mut missing, mut limit) = (Vec::new(), Vec::new(), None);
    for seats in choices.as_slice() {
        let count = seats.as_slice().len();
        match check_seats(now, hall, request.schedule_id, seats)
            .and_then(|()| check_limit(now, rules, hall, request, count))
        {
            Ok(()) => return Ok(seats.clone()),
            Err(HoldError::SeatUnavailable { numbers }) => taken.extend(numbers),
            Err(HoldError::SeatNotFound { numbers }) => missing.extend(numbers),
            Err(refusal) => limit = Some(refusal),
        }
    }
    let distinct = |mut numbers: Vec<SeatNumber>| {
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    };
    if !taken.is_empty() {
        let numbers = distinct(taken);
        return Err(HoldError::SeatUnavailable { numbers });
    }
    Err(limit.unwrap_or_else(|| HoldError::SeatNotFound {
        numbers: distinct(missing),
    }))
}

fn check_seats(
    now: OffsetDateTime,
    hall: &Hall,
    schedule: ScheduleId,
    seats: &SeatNumbers,
) -> Result<(), HoldError> {
    let numbers = || seats.as_slice().iter().copied();
    let seat = |n| hall.seat(schedule, n);
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
    count: usize,
) -> Result<(), HoldError> {
    let claims = hall
        .claims
        .get(&(request.pass.user_id, request.schedule_id));
    let live = claims
        .into_iter()
        .flatten()
        .filter(|claim| claim.is_live(now));
    let has: u32 = live.map(|claim| claim.seats).sum();
    if has as usize + count > rules.seats_per_user as usize {
        return Err(HoldError::SeatLimitReached {
            limit: rules.seats_per_user,
        });
    }
    Ok(())
}

fn take(
    now: OffsetDateTime,
    starts_at: OffsetDateTime,
    rules: &HoldRules,
    hall: &mut Hall,
    request: &HoldRequest,
    numbers: &SeatNumbers,
) -> Result<Reservation, HoldError> {
    let until = now + rules.ttl;
    let mut seats = Vec::with_capacity(numbers.as_slice().len());
    for number in numbers.as_slice() {
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
        starts_at,
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
#[cfg(test)]
mod wish_tests;
