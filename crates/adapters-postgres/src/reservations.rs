//! Reservations as rows, and what their end does to their seats.

use std::collections::{BTreeMap, HashMap};

use diesel::{
    QueryResult,
    sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    events::{EventKind, Happening},
    id::{PaymentId, ReservationId, ScheduleId, SeatId, UserId},
    money::Money,
    reservations::{Reservation, ReservationStatus, ReservedSeat},
    seats::SeatNumber,
};
use time::OffsetDateTime;

use crate::{
    outbox,
    schedules::{self, Counts, Locked},
    sql::{Sql, sql},
};

type ReservationColumns = (
    Uuid,
    Uuid,
    Uuid,
    Text,
    BigInt,
    Timestamptz,
    Timestamptz,
    Nullable<Uuid>,
    Nullable<Timestamptz>,
    Timestamptz,
);
type ReservationRow = (
    uuid::Uuid,
    uuid::Uuid,
    uuid::Uuid,
    String,
    i64,
    OffsetDateTime,
    OffsetDateTime,
    Option<uuid::Uuid>,
    Option<OffsetDateTime>,
    OffsetDateTime,
);

type SeatColumns = (Uuid, Integer, Text, BigInt);
type SeatRow = (uuid::Uuid, i32, String, i64);

pub(crate) fn status(
    name: &str,
    payment: Option<uuid::Uuid>,
    refunded_at: Option<OffsetDateTime>,
) -> ReservationStatus {
    match (name, payment.map(PaymentId::new), refunded_at) {
        ("pending_payment", ..) => ReservationStatus::PendingPayment,
        ("paid", Some(payment_id), _) => ReservationStatus::Paid { payment_id },
        ("cancelled", Some(payment_id), Some(at)) => ReservationStatus::Refunded { payment_id, at },
        ("cancelled", ..) => ReservationStatus::Cancelled,
        _ => ReservationStatus::Expired,
    }
}

/// The reservations with these ids, as stored.
pub(crate) async fn find(
    mut conn: &AsyncPgConnection,
    ids: Vec<uuid::Uuid>,
) -> QueryResult<HashMap<ReservationId, Reservation>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    // `OFFSET 0` keeps a planner without statistics from joining each reservation with its whole hall.
    let rows: Vec<(ReservationRow, SeatRow)> = sql::<(ReservationColumns, SeatColumns)>(
        "SELECT r.id, r.user_id, r.schedule_id, r.status, r.amount, r.created_at, r.held_until, \
         r.payment_id, r.refunded_at, show.starts_at, s.id, s.number, s.grade, s.price \
         FROM reservations r JOIN schedules show ON show.id = r.schedule_id CROSS JOIN LATERAL (\
           SELECT * FROM seats WHERE seats.schedule_id = r.schedule_id \
             AND seats.number = ANY(r.seat_numbers) OFFSET 0) AS s \
         WHERE r.id = ANY($1) ORDER BY s.number",
    )
    .bind::<Array<Uuid>, _>(ids)
    .load(&mut conn)
    .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for (row, seat) in rows {
        let reservation: &mut Reservation = found
            .entry(ReservationId::new(row.0))
            .or_insert_with(|| without_seats(row));
        reservation.seats.extend(reserved(seat));
    }
    Ok(found)
}

fn without_seats(
    (id, user, schedule, name, amount, created_at, held_until, payment, refunded_at, starts_at): ReservationRow,
) -> Reservation {
    Reservation {
        id: ReservationId::new(id),
        user_id: UserId::new(user),
        schedule_id: ScheduleId::new(schedule),
        starts_at,
        seats: Vec::new(),
        amount: Money::won(amount),
        created_at,
        held_until,
        status: status(&name, payment, refunded_at),
    }
}

/// `None` for a number that no seat can have.
fn reserved((id, number, grade, price): SeatRow) -> Option<ReservedSeat> {
    Some(ReservedSeat {
        id: SeatId::new(id),
        number: SeatNumber::new(number.into())?,
        grade,
        price: Money::won(price),
    })
}

/// Stores new holds: the reservations, their seats, and the counts of their schedules; and tells of
/// them.
pub(crate) fn insert(locked: &Locked, now: OffsetDateTime, new: &[&Reservation]) -> Vec<Sql> {
    if new.is_empty() {
        return Vec::new();
    }
    let mut counts: BTreeMap<ScheduleId, Counts> = BTreeMap::new();
    for reservation in new {
        let taken = i32::try_from(reservation.seats.len()).unwrap_or(i32::MAX);
        counts.entry(reservation.schedule_id).or_default().remaining -= taken;
    }
    let mut writes = vec![
        insert_rows(new),
        hold_seats(locked, new),
        schedules::count(locked, &counts),
    ];
    writes.extend(outbox::insert(
        now,
        new.iter().copied().map(Happening::Held),
    ));
    writes
}

fn insert_rows(new: &[&Reservation]) -> Sql {
    fn each<T>(new: &[&Reservation], of: impl Fn(&Reservation) -> T) -> Vec<T> {
        new.iter().map(|reservation| of(reservation)).collect()
    }
    // Arrays of arrays must be rectangular, so the seats of all go as one array with places in it.
    let (mut numbers, mut from, mut to) = (Vec::new(), Vec::new(), Vec::new());
    let place = |numbers: &Vec<i32>| i32::try_from(numbers.len()).unwrap_or(i32::MAX);
    for reservation in new {
        from.push(place(&numbers) + 1);
        let seats = reservation.seats.iter();
        numbers.extend(seats.map(|seat| seat.number.get().cast_signed()));
        to.push(place(&numbers));
    }
    sql("INSERT INTO reservations \
         (id, user_id, schedule_id, status, seat_numbers, amount, created_at, held_until) \
         SELECT id, user_id, schedule_id, 'pending_payment', $4[seats_from:seats_to], amount, \
         created_at, held_until FROM unnest($1, $2, $3, $5, $6, $7, $8, $9) AS new \
         (id, user_id, schedule_id, seats_from, seats_to, amount, created_at, held_until)")
    .bind::<Array<Uuid>, _>(each(new, |r| r.id.get()))
    .bind::<Array<Uuid>, _>(each(new, |r| r.user_id.get()))
    .bind::<Array<Uuid>, _>(each(new, |r| r.schedule_id.get()))
    .bind::<Array<Integer>, _>(numbers)
    .bind::<Array<Integer>, _>(from)
    .bind::<Array<Integer>, _>(to)
    .bind::<Array<BigInt>, _>(each(new, |r| r.amount.get()))
    .bind::<Array<Timestamptz>, _>(each(new, |r| r.created_at))
    .bind::<Array<Timestamptz>, _>(each(new, |r| r.held_until))
}

fn hold_seats(locked: &Locked, new: &[&Reservation]) -> Sql {
    let taken: Vec<_> = new
        .iter()
        .flat_map(|r| r.seats.iter().map(move |seat| (*r, seat)))
        .collect();
    sql(
        "UPDATE seats SET status = 'held', reservation_id = new.reservation_id, \
         held_until = new.held_until, version = new.version \
         FROM unnest($1, $2, $3, $4) AS new (id, reservation_id, held_until, version) \
         WHERE seats.id = new.id",
    )
    .bind::<Array<Uuid>, _>(taken.iter().map(|(_, s)| s.id.get()).collect::<Vec<_>>())
    .bind::<Array<Uuid>, _>(taken.iter().map(|(r, _)| r.id.get()).collect::<Vec<_>>())
    .bind::<Array<Timestamptz>, _>(taken.iter().map(|(r, _)| r.held_until).collect::<Vec<_>>())
    .bind::<Array<BigInt>, _>(
        taken
            .iter()
            .map(|(r, _)| locked.version(r.schedule_id))
            .collect::<Vec<_>>(),
    )
}

/// Ends pending reservations without a payment, as `status` tells, and gives their seats back.
/// Their schedules are locked.
pub(crate) fn release(now: OffsetDateTime, ids: Vec<uuid::Uuid>, status: Released) -> Vec<Sql> {
    if ids.is_empty() {
        return Vec::new();
    }
    let end = outbox::released(now, ids.clone(), status.name(), status.event());
    // As in `find`: seat by seat, whatever the planner knows.
    let free = sql("WITH given_back AS (\
           UPDATE seats SET status = 'available', reservation_id = NULL, held_until = NULL, \
             version = s.version + 1 \
           FROM reservations r JOIN schedules s ON s.id = r.schedule_id CROSS JOIN LATERAL (\
             SELECT id FROM seats WHERE seats.schedule_id = r.schedule_id \
               AND seats.number = ANY(r.seat_numbers) AND seats.reservation_id = r.id OFFSET 0) AS own \
           WHERE r.id = ANY($1) AND seats.id = own.id RETURNING seats.schedule_id), \
         counts AS (\
           SELECT schedule_id, count(*)::integer AS seats FROM given_back GROUP BY schedule_id) \
         UPDATE schedules SET remaining_seats = remaining_seats + counts.seats, \
           version = version + 1 \
         FROM counts WHERE schedules.id = counts.schedule_id")
    .bind::<Array<Uuid>, _>(ids);
    vec![end, free]
}

/// How a pending reservation ends without a payment.
#[derive(Clone, Copy)]
pub(crate) enum Released {
    Cancelled,
    Expired,
}

impl Released {
    const fn name(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    const fn event(self) -> EventKind {
        match self {
            Self::Cancelled => EventKind::ReservationCancelled,
            Self::Expired => EventKind::ReservationExpired,
        }
    }
}

/// Expires those of `reservations` whose holds are over by `now`, shows them so, and tells how many
/// they were.
pub(crate) fn expire_over(
    now: OffsetDateTime,
    reservations: &mut HashMap<ReservationId, Reservation>,
) -> (u64, Vec<Sql>) {
    let mut over = Vec::new();
    for reservation in reservations.values_mut().filter(|r| r.is_over(now)) {
        reservation.status = ReservationStatus::Expired;
        over.push(reservation.id.get());
    }
    (over.len() as u64, release(now, over, Released::Expired))
}
