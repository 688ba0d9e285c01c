//! What a refund writes: the one place for all of it.

use std::collections::{BTreeMap, HashMap};

use diesel::sql_types::{Array, BigInt, Text, Timestamptz, Uuid};
use domain::{
    balance::Account,
    events::Happening,
    id::{ScheduleId, UserId},
    reservations::{Refund, RefundCause},
};
use time::OffsetDateTime;

use crate::{
    accounts, outbox,
    schedules::{self, Counts, Locked},
    sql::{Sql, sql},
};

/// Stores `refunds`, whose schedules and accounts are locked: the record of each, the credit and the
/// balance, the reservation, its seats, and the counts of the schedule; and tells of them.
pub(crate) fn store(
    locked: &Locked,
    now: OffsetDateTime,
    accounts: &HashMap<UserId, Account>,
    refunds: &[Refund],
) -> Vec<Sql> {
    if refunds.is_empty() {
        return Vec::new();
    }
    let mut counts: BTreeMap<ScheduleId, Counts> = BTreeMap::new();
    for Refund { reservation, .. } in refunds {
        let seats = i32::try_from(reservation.seats.len()).unwrap_or(i32::MAX);
        let counts = counts.entry(reservation.schedule_id).or_default();
        counts.remaining += seats;
        counts.sold -= seats;
    }
    let mut writes = vec![
        insert(refunds),
        mark_refunded(refunds),
        free_seats(locked, refunds),
        schedules::count(locked, &counts),
    ];
    let entries = refunds.iter().map(|refund| &refund.entry);
    writes.extend(accounts::store(accounts, &entries));
    let refunded = refunds.iter().map(|refund| &refund.reservation);
    writes.extend(outbox::insert(now, refunded.map(Happening::Refunded)));
    writes
}

/// Why the money went back, as it is stored.
const fn cause(refund: &Refund) -> &'static str {
    match refund.cause {
        RefundCause::Holder => "holder",
        RefundCause::Schedule => "schedule",
    }
}

fn each<T>(refunds: &[Refund], of: impl Fn(&Refund) -> T) -> Vec<T> {
    refunds.iter().map(of).collect()
}

fn insert(refunds: &[Refund]) -> Sql {
    sql("INSERT INTO refunds \
         (payment_id, reservation_id, user_id, schedule_id, amount, cause, refunded_at) \
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)")
    .bind::<Array<Uuid>, _>(each(refunds, |r| r.payment_id.get()))
    .bind::<Array<Uuid>, _>(each(refunds, |r| r.reservation.id.get()))
    .bind::<Array<Uuid>, _>(each(refunds, |r| r.reservation.user_id.get()))
    .bind::<Array<Uuid>, _>(each(refunds, |r| r.reservation.schedule_id.get()))
    .bind::<Array<BigInt>, _>(each(refunds, |r| r.entry.amount.get()))
    .bind::<Array<Text>, _>(each(refunds, cause))
    .bind::<Array<Timestamptz>, _>(each(refunds, |r| r.entry.created_at))
}

fn mark_refunded(refunds: &[Refund]) -> Sql {
    sql(
        "UPDATE reservations SET status = 'cancelled', refunded_at = refunded.at \
         FROM unnest($1, $2) AS refunded (id, at) WHERE reservations.id = refunded.id",
    )
    .bind::<Array<Uuid>, _>(each(refunds, |r| r.reservation.id.get()))
    .bind::<Array<Timestamptz>, _>(each(refunds, |r| r.entry.created_at))
}

fn free_seats(locked: &Locked, refunds: &[Refund]) -> Sql {
    let freed = refunds.iter().flat_map(|Refund { reservation, .. }| {
        let version = locked.version(reservation.schedule_id);
        let seats = reservation.seats.iter();
        seats.map(move |seat| (seat.id.get(), version))
    });
    let (seats, versions): (Vec<_>, Vec<_>) = freed.unzip();
    sql(
        "UPDATE seats SET status = 'available', reservation_id = NULL, held_until = NULL, \
         version = freed.version \
         FROM unnest($1, $2) AS freed (id, version) WHERE seats.id = freed.id",
    )
    .bind::<Array<Uuid>, _>(seats)
    .bind::<Array<BigInt>, _>(versions)
}
