//! One transaction's decision: the rows as values of `domain`, its decision, and the writes that say so.

use std::collections::HashMap;

use domain::{
    balance::Account,
    id::{EntryId, PaymentId, ReservationId, ScheduleId, SeatId, TokenId, UserId},
    money::Money,
    payment::{PayRequest, Till, settle_all},
    queue::{Pass, QueueToken, Ticket, TokenState},
    reservations::{
        self, Cancelled, Claim, Hall, HoldRequest, HoldRules, OnSale, RefundRules, Reservation,
        ReservationStatus, ReservedSeat, allocate,
    },
    seats::{Seat, SeatNumber, SeatNumbers, SeatStatus},
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::database::{self, Database, Id, PRICE, Status, Write};

/// How long a hold lasts, in units of the model's time.
pub const TTL: u8 = 1;

/// What somebody, or the sweeper, asks of a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// A user wants seats; the reservation would get this number.
    Hold(usize, Vec<usize>, Id),
    /// A user pays a reservation.
    Pay(usize, Id),
    /// A user gives a reservation up.
    Cancel(usize, Id),
    /// Holds that are over are to be tidied up.
    Sweep,
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Held, under this number.
    Held(Id),
    /// This reservation is paid.
    Paid(Id),
    /// This reservation is cancelled.
    Cancelled(Id),
    /// Nothing that the client could build on.
    Refused,
}

/// Decides `request` on what is stored, at `now`.
pub fn decide(rows: &Database, now: u8, request: &Request) -> (Answer, Vec<Write>) {
    match request {
        Request::Hold(user, seats, id) => hold(rows, now, *user, seats, *id),
        Request::Pay(user, id) => pay(rows, now, *user, *id),
        Request::Cancel(user, id) => cancel(rows, now, *user, *id),
        Request::Sweep => {
            let over = rows.reservations.keys();
            let over = over.filter(|id| find(rows, **id).is_some_and(|r| r.is_over(at(now))));
            let writes = over.map(|id| Write::Release(*id, Status::Expired));
            (Answer::Refused, writes.collect())
        }
    }
}

fn hold(rows: &Database, now: u8, user: usize, seats: &[usize], id: Id) -> (Answer, Vec<Write>) {
    let rules = HoldRules {
        ttl: Duration::seconds(TTL.into()),
        seats_per_user: 4,
    };
    let numbers: Vec<_> = seats.iter().map(|seat| number_of(*seat)).collect();
    let Ok(numbers) = SeatNumbers::new(&numbers) else {
        return (Answer::Refused, Vec::new());
    };
    let request = HoldRequest {
        reservation_id: ReservationId::new(uuid(id.into())),
        pass: pass(user),
        schedule_id: SCHEDULE,
        wish: numbers.into(),
        key: None,
    };
    let mut hall = hall(rows, user);
    let over = hall.vacate_over(at(now)).into_iter();
    let mut writes: Vec<_> = over
        .map(|id| Write::Release(number(id.get()), Status::Expired))
        .collect();
    let held = allocate(at(now), &rules, &mut hall, &[request]).pop();
    let Some(Ok(_)) = held else {
        return (Answer::Refused, writes);
    };
    let reservation = database::Reservation {
        user,
        seats: seats.to_vec(),
        until: now + TTL,
        status: Status::Pending,
    };
    writes.push(Write::Hold(id, reservation));
    (Answer::Held(id), writes)
}

fn pay(rows: &Database, now: u8, user: usize, id: Id) -> (Answer, Vec<Write>) {
    let mut till = Till::default();
    let mut writes = Vec::new();
    if let Some(reservation) = find(rows, id) {
        if reservation.is_over(at(now)) {
            writes.push(Write::Release(id, Status::Expired));
        }
        let reservation = reservation.at(at(now));
        till.reservations.insert(reservation.id, reservation);
    }
    till.accounts = accounts(rows, user);
    till.tokens = tokens(user);
    let request = PayRequest {
        payment_id: PaymentId::new(uuid(id.into())),
        entry_id: EntryId::new(uuid(id.into())),
        pass: pass(user),
        reservation_id: ReservationId::new(uuid(id.into())),
        seats: None,
        key: None,
    };
    let (_, settled) = settle_all(at(now), &mut till, &[request]);
    let Some(settlement) = settled.first() else {
        return (Answer::Refused, writes);
    };
    let left = settlement.receipt.balance_after.get();
    writes.push(Write::Sell(id, left));
    (Answer::Paid(id), writes)
}

fn cancel(rows: &Database, now: u8, user: usize, id: Id) -> (Answer, Vec<Write>) {
    let Some(reservation) = find(rows, id).filter(|r| r.user_id == user_id(user)) else {
        return (Answer::Refused, Vec::new());
    };
    if reservation.is_over(at(now)) {
        return (Answer::Refused, vec![Write::Release(id, Status::Expired)]);
    }
    let (mut accounts, entry) = (accounts(rows, user), EntryId::new(uuid(id.into())));
    let rules = RefundRules {
        until: Some(Duration::ZERO),
    };
    let show = on_sale(rows);
    let decided = reservations::cancel(at(now), &rules, &show, reservation, &mut accounts, entry);
    let writes = match decided {
        Ok(Cancelled::Before(_)) => Vec::new(),
        Ok(Cancelled::Released(_)) => vec![Write::Release(id, Status::Cancelled)],
        Ok(Cancelled::Refunded(refund)) => {
            vec![Write::Refund(id, refund.entry.balance_after.get())]
        }
        Err(_) => return (Answer::Refused, Vec::new()),
    };
    (Answer::Cancelled(id), writes)
}

fn accounts(rows: &Database, user: usize) -> HashMap<UserId, Account> {
    let account = Account {
        user_id: user_id(user),
        balance: Money::won(rows.balances[user]),
        entries: 0,
    };
    [(account.user_id, account)].into()
}

fn on_sale(rows: &Database) -> OnSale {
    OnSale {
        starts_at: at(Id::MAX),
        sales_open_at: None,
        sales_closed: false,
        total_seats: u32::try_from(rows.seats.len()).unwrap_or(u32::MAX),
        called_off: None,
    }
}

const SCHEDULE: ScheduleId = ScheduleId::new(Uuid::from_u128(1));

fn at(now: u8) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::seconds(now.into())
}

fn uuid(number: usize) -> Uuid {
    Uuid::from_u64_pair(0, number as u64)
}

fn number(id: Uuid) -> Id {
    Id::try_from(id.as_u64_pair().1).unwrap_or(Id::MAX)
}

fn user_id(user: usize) -> UserId {
    UserId::new(uuid(user))
}

/// The number of the seat in the row `seat`.
fn number_of(seat: usize) -> i64 {
    i64::try_from(seat).unwrap_or(i64::MAX - 1) + 1
}

/// Everybody is admitted, for as long as the model lasts.
fn pass(user: usize) -> Pass {
    Pass {
        token_id: TokenId::new(uuid(user)),
        user_id: user_id(user),
        ticket: Ticket::new(user as u64 + 1),
        entered_at: at(0),
        waiting_until: at(Id::MAX),
    }
}

fn tokens(user: usize) -> HashMap<TokenId, QueueToken> {
    let state = TokenState::Active {
        since: at(0),
        until: at(Id::MAX),
    };
    let pass = pass(user);
    [(pass.token_id, QueueToken { pass, state })].into()
}

fn hall(rows: &Database, user: usize) -> Hall {
    let seats = (0..rows.seats.len()).filter_map(|place| seat(rows, place));
    let own = rows.reservations.keys().filter_map(|id| find(rows, *id));
    let own = own.filter(|reservation| reservation.user_id == user_id(user));
    let claims = own.map(|reservation| Claim::of(&reservation)).collect();
    Hall {
        schedules: [(SCHEDULE, on_sale(rows))].into(),
        seats: seats.map(|seat| ((SCHEDULE, seat.number), seat)).collect(),
        claims: [((user_id(user), SCHEDULE), claims)].into(),
        tokens: tokens(user),
        ..Hall::default()
    }
}

fn seat(rows: &Database, place: usize) -> Option<Seat> {
    let by = |id: Id| ReservationId::new(uuid(id.into()));
    Some(Seat {
        id: SeatId::new(uuid(place)),
        number: SeatNumber::new(number_of(place))?,
        grade: "R".to_owned(),
        price: Money::won(PRICE),
        status: match rows.seats[place] {
            database::Seat::Available => SeatStatus::Available,
            database::Seat::Held(id, until) => SeatStatus::Held {
                by: by(id),
                until: at(until),
            },
            database::Seat::Sold(id) => SeatStatus::Sold { by: by(id) },
        },
    })
}

fn find(rows: &Database, id: Id) -> Option<Reservation> {
    let row = rows.reservations.get(&id)?;
    let seats = row.seats.iter().filter_map(|place| seat(rows, *place));
    Some(Reservation {
        id: ReservationId::new(uuid(id.into())),
        user_id: user_id(row.user),
        schedule_id: SCHEDULE,
        starts_at: at(Id::MAX),
        seats: seats.map(|seat| ReservedSeat::of(&seat)).collect(),
        amount: Money::won(row.amount()),
        created_at: at(0),
        held_until: at(row.until),
        status: match row.status {
            Status::Pending => ReservationStatus::PendingPayment,
            Status::Paid => ReservationStatus::Paid {
                payment_id: PaymentId::new(uuid(id.into())),
            },
            Status::Cancelled => ReservationStatus::Cancelled,
            Status::Refunded => ReservationStatus::Refunded {
                payment_id: PaymentId::new(uuid(id.into())),
                at: at(0),
            },
            Status::Expired => ReservationStatus::Expired,
        },
    })
}
