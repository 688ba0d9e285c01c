//! What is told of, written in the transaction of what happens: one row for all events of a batch.
//!
//! An event is a JSON object `{id, type, subject, occurred_at, data}`. Events that a decision lists are
//! put together here; that holds end unpaid is told by the statement that ends them, which alone knows
//! what it has found.

use diesel::sql_types::{Array, Integer, Text, Timestamptz, Uuid};
use domain::{
    events::{EventKind, Happening},
    queue::{QueueToken, TokenState},
    reservations::Reservation,
    seats::SeatNumber,
};
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Timestamp;

use crate::sql::{Sql, sql};

#[derive(Serialize)]
struct Event {
    id: uuid::Uuid,
    #[serde(rename = "type")]
    kind: &'static str,
    subject: uuid::Uuid,
    #[serde(with = "time::serde::rfc3339")]
    occurred_at: OffsetDateTime,
    data: Data,
}

/// What there is to know of an event, enough to act on without asking. [`released`] writes the same.
#[derive(Default, Serialize)]
struct Data {
    #[serde(skip_serializing_if = "Option::is_none")]
    reservation_id: Option<uuid::Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<uuid::Uuid>,
    user_id: uuid::Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule_id: Option<uuid::Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seat_numbers: Option<Vec<u32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    balance_after: Option<i64>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    held_until: Option<OffsetDateTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<u64>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    active_until: Option<OffsetDateTime>,
}

fn of_reservation(reservation: &Reservation) -> Data {
    let seats = reservation.seat_numbers().map(SeatNumber::get);
    Data {
        reservation_id: Some(reservation.id.get()),
        user_id: reservation.user_id.get(),
        schedule_id: Some(reservation.schedule_id.get()),
        seat_numbers: Some(seats.collect()),
        amount: Some(reservation.amount.get()),
        ..Data::default()
    }
}

fn data(happening: &Happening<'_>) -> Data {
    match *happening {
        Happening::Held(reservation) => Data {
            held_until: Some(reservation.held_until),
            ..of_reservation(reservation)
        },
        Happening::Refunded(reservation) => of_reservation(reservation),
        Happening::Paid(receipt) => Data {
            payment_id: Some(receipt.id.get()),
            ..of_reservation(&receipt.reservation)
        },
        Happening::Completed(receipt) => Data {
            payment_id: Some(receipt.id.get()),
            amount: Some(receipt.amount.get()),
            balance_after: Some(receipt.balance_after.get()),
            ..of_reservation(&receipt.reservation)
        },
        Happening::Admitted {
            user,
            ticket,
            until,
        } => Data {
            user_id: user.get(),
            ticket: Some(ticket.get()),
            active_until: Some(until),
            ..Data::default()
        },
    }
}

/// An id with the time of the port `Clock` in it. It need not be in order: positions are.
fn new_id(now: OffsetDateTime) -> uuid::Uuid {
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
    uuid::Uuid::new_v7(Timestamp::from_unix(
        uuid::NoContext,
        seconds,
        now.nanosecond(),
    ))
}

/// Tells of `happenings`, in this order; `None` when there are none.
pub(crate) fn insert<'a>(
    now: OffsetDateTime,
    happenings: impl IntoIterator<Item = Happening<'a>>,
) -> Option<Sql> {
    let events = happenings.into_iter().map(|happening| Event {
        id: new_id(now),
        kind: happening.kind().name(),
        subject: happening.subject(),
        occurred_at: now,
        data: data(&happening),
    });
    let events: Vec<_> = events.collect();
    if events.is_empty() {
        return None;
    }
    let count = i32::try_from(events.len()).unwrap_or(i32::MAX);
    // Text, numbers, times of this age: nothing that JSON cannot hold.
    let events = serde_json::to_string(&events).unwrap_or_default();
    let insert =
        sql("INSERT INTO event_batches (occurred_at, count, events) VALUES ($1, $2, $3::json)")
            .bind::<Timestamptz, _>(now)
            .bind::<Integer, _>(count)
            .bind::<Text, _>(events);
    Some(insert)
}

/// Tells that the owners of those of `tokens` that are active may shop.
pub(crate) fn admitted<'a>(
    now: OffsetDateTime,
    tokens: impl IntoIterator<Item = &'a QueueToken>,
) -> Option<Sql> {
    let admitted = tokens.into_iter().filter_map(|token| match token.state {
        TokenState::Active { until, .. } => Some(Happening::Admitted {
            user: token.pass.user_id,
            ticket: token.pass.ticket,
            until,
        }),
        TokenState::Waiting | TokenState::Ended(_) => None,
    });
    insert(now, admitted)
}

/// Ends pending reservations, so that they have the status `kind` says, and tells of those that were
/// pending.
pub(crate) fn released(
    now: OffsetDateTime,
    reservations: Vec<uuid::Uuid>,
    status: &'static str,
    kind: EventKind,
) -> Sql {
    let events: Vec<_> = reservations.iter().map(|_| new_id(now)).collect();
    sql("WITH released AS (\
           UPDATE reservations SET status = $1 FROM unnest($2, $3) AS ended (id, event_id) \
           WHERE reservations.id = ended.id AND status = 'pending_payment' \
           RETURNING ended.event_id, reservations.*) \
         INSERT INTO event_batches (occurred_at, count, events) \
         SELECT $4, count(*), json_agg(json_build_object('id', event_id, 'type', $5, \
           'subject', id, 'occurred_at', $6, 'data', json_build_object('reservation_id', id, \
             'user_id', user_id, 'schedule_id', schedule_id, 'seat_numbers', seat_numbers, \
             'amount', amount))) \
         FROM released HAVING count(*) > 0")
    .bind::<Text, _>(status)
    .bind::<Array<Uuid>, _>(reservations)
    .bind::<Array<Uuid>, _>(events)
    .bind::<Timestamptz, _>(now)
    .bind::<Text, _>(kind.name())
    .bind::<Text, _>(moment(now))
}

fn moment(at: OffsetDateTime) -> String {
    at.format(&time::format_description::well_known::Rfc3339)
        .unwrap_or_default()
}
