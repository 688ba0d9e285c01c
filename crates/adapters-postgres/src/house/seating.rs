//! Seats that the house keeps, and seats that it gives away. All under the lock of their schedule.

use std::{collections::BTreeMap, iter::once};

use diesel::{
    QueryResult,
    sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    catalogue::ShortText,
    clock::Clock,
    events::Happening,
    house::{Block, BlockRequest, Gift, GiftRequest, HouseError, Seating, takes_place},
    id::{BlockId, ReservationId, ScheduleId, SeatId},
    operators::{Action, Change, Fact, Operator},
    reservations::Reservation,
    seats::SeatNumber,
};
use futures_util::try_join;
use time::OffsetDateTime;

use crate::{
    accounts, admin_log, cashier, outbox,
    reservations::{self, Released},
    schedules::{self, Counts, Locked},
    seat_rows::{SeatColumns, SeatRow, seat},
    sql::{self, Sql, sql},
};

pub(super) async fn block(
    conn: &mut AsyncPgConnection,
    clock: &dyn Clock,
    operator: &Operator,
    request: BlockRequest,
) -> QueryResult<Result<Block, HouseError>> {
    let (schedule, numbers) = (request.schedule_id, request.seats.as_slice());
    let (locked, seating) = try_join!(
        schedules::lock(conn, [schedule].into()),
        load(conn, schedule, plain(numbers)),
    )?;
    if let Err(refused) = takes_place(locked.on_sale.get(&schedule)) {
        return Ok(Err(refused));
    }
    let now = clock.now();
    let seats = match seating.to_block(now, numbers) {
        Ok(seats) => seats.into_iter().map(|seat| seat.id).collect(),
        Err(refused) => return Ok(Err(refused)),
    };
    let block = Block {
        id: request.id,
        schedule_id: schedule,
        seats: numbers.to_vec(),
        note: request.note,
        blocked_at: now,
    };
    let taken = i32::try_from(block.seats.len()).unwrap_or(i32::MAX);
    let mut writes = expire(&seating, now);
    writes.extend([
        insert(&block),
        take_seats(&locked, schedule, block.id.get(), seats),
        count(&locked, schedule, -taken),
        admin_log::entry(operator, now, &blocked(&block)),
    ]);
    sql::run(conn, writes).await?;
    Ok(Ok(block))
}

fn blocked(block: &Block) -> Change {
    let note = block.note.as_ref().map(ShortText::as_str);
    Change::new(Action::SeatsBlocked)
        .of("schedule_id", block.schedule_id.get())
        .of("block_id", block.id.get())
        .set("seat_numbers", numbers(&block.seats))
        .set("note", note)
}

/// The schedule of the block; `None` when none of its seats is kept any more.
pub(super) async fn unblock(
    conn: &mut AsyncPgConnection,
    clock: &dyn Clock,
    operator: &Operator,
    id: BlockId,
) -> QueryResult<Option<ScheduleId>> {
    // The schedule of a block never changes, so it can be asked for before the lock is held.
    let found: Vec<(uuid::Uuid,)> =
        sql::<(Uuid,)>("SELECT schedule_id FROM blocked_seats WHERE block_id = $1 LIMIT 1")
            .bind::<Uuid, _>(id.get())
            .load(conn)
            .await?;
    let [(schedule,)] = found[..] else {
        return Ok(None);
    };
    let schedule = ScheduleId::new(schedule);
    let locked = schedules::lock(conn, [schedule].into()).await?;
    let kept: Vec<(i32,)> =
        sql::<(Integer,)>("SELECT number FROM blocked_seats WHERE block_id = $1 ORDER BY number")
            .bind::<Uuid, _>(id.get())
            .load(conn)
            .await?;
    if kept.is_empty() {
        return Ok(None);
    }
    let kept: Vec<_> = kept.into_iter().map(|(number,)| number).collect();
    let change = Change::new(Action::SeatsUnblocked)
        .of("schedule_id", schedule.get())
        .of("block_id", id.get());
    let told: Vec<_> = kept.iter().map(|number| number.unsigned_abs()).collect();
    let change = change.set("seat_numbers", told);
    let freed = i32::try_from(kept.len()).unwrap_or(i32::MAX);
    let mut writes = free(&locked, schedule, kept);
    writes.push(count(&locked, schedule, freed));
    writes.push(admin_log::entry(operator, clock.now(), &change));
    sql::run(conn, writes).await?;
    Ok(Some(schedule))
}

pub(super) async fn blocks(
    mut conn: &AsyncPgConnection,
    schedule: ScheduleId,
) -> QueryResult<Option<Vec<Block>>> {
    type Row = (
        Option<uuid::Uuid>,
        Option<String>,
        Option<OffsetDateTime>,
        Option<Vec<i32>>,
    );
    let rows: Vec<Row> = sql::<(
        Nullable<Uuid>,
        Nullable<Text>,
        Nullable<Timestamptz>,
        Nullable<Array<Integer>>,
    )>(
        "SELECT b.block_id, b.note, b.blocked_at, array_agg(b.number ORDER BY b.number) \
           FILTER (WHERE b.number IS NOT NULL) \
         FROM schedules s LEFT JOIN blocked_seats b ON b.schedule_id = s.id WHERE s.id = $1 \
         GROUP BY b.block_id, b.note, b.blocked_at ORDER BY b.block_id",
    )
    .bind::<Uuid, _>(schedule.get())
    .load(&mut conn)
    .await?;
    let block = |(id, note, blocked_at, numbers): Row| {
        let seats = numbers?.into_iter();
        Some(Block {
            id: BlockId::new(id?),
            schedule_id: schedule,
            seats: seats.filter_map(|n| SeatNumber::new(n.into())).collect(),
            note: note.and_then(|note| ShortText::new(&note).ok()),
            blocked_at: blocked_at?,
        })
    };
    // A schedule without blocks has one row, with nothing in it.
    Ok((!rows.is_empty()).then(|| rows.into_iter().filter_map(block).collect()))
}

pub(super) async fn give(
    conn: &mut AsyncPgConnection,
    clock: &dyn Clock,
    operator: &Operator,
    request: GiftRequest,
) -> QueryResult<Result<Reservation, HouseError>> {
    let schedule = request.schedule_id;
    let (locked, seating, mut accounts) = try_join!(
        schedules::lock(conn, [schedule].into()),
        load(conn, schedule, plain(request.seats.as_slice())),
        accounts::lock(conn, [request.user_id].into()),
    )?;
    let show = match takes_place(locked.on_sale.get(&schedule)) {
        Ok(show) => show,
        Err(refused) => return Ok(Err(refused)),
    };
    let now = clock.now();
    let gift = match seating.give(now, show, &mut accounts, &request) {
        Ok(gift) => gift,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut writes = expire(&seating, now);
    writes.extend(store(&locked, &gift));
    writes.extend(accounts::store(&accounts, &once(&gift.entry)));
    writes.extend(outbox::insert(now, Happening::of_payment(&gift.receipt)));
    let reservation = gift.receipt.reservation;
    let log = admin_log::entry(operator, now, &given(&reservation));
    writes.push(log);
    sql::run(conn, writes).await?;
    Ok(Ok(reservation))
}

fn given(reservation: &Reservation) -> Change {
    let seats: Vec<_> = reservation.seat_numbers().collect();
    Change::new(Action::SeatsGiven)
        .of("schedule_id", reservation.schedule_id.get())
        .of("user_id", reservation.user_id.get())
        .of("reservation_id", reservation.id.get())
        .set("seat_numbers", numbers(&seats))
}

/// The writes of a gift, but for the ledger. Seats that the house kept are free in between: a seat is
/// given back before it becomes someone else's.
fn store(locked: &Locked, gift: &Gift) -> Vec<Sql> {
    let Reservation {
        id,
        schedule_id,
        ref seats,
        ..
    } = gift.receipt.reservation;
    let kept = plain(&gift.unblocked);
    let newly = seats.len().saturating_sub(kept.len());
    let newly = i32::try_from(newly).unwrap_or(i32::MAX);
    let mut writes = free(locked, schedule_id, kept);
    let seats = seats.iter().map(|seat| seat.id).collect();
    writes.extend([
        insert_given(&gift.receipt.reservation),
        cashier::insert(&[&gift.receipt]),
        take_seats(locked, schedule_id, id.get(), seats),
        count(locked, schedule_id, -newly),
    ]);
    writes
}

fn insert_given(reservation: &Reservation) -> Sql {
    let payment = match reservation.status {
        domain::reservations::ReservationStatus::Paid { payment_id } => Some(payment_id.get()),
        _ => None,
    };
    let seats: Vec<_> = reservation.seat_numbers().collect();
    sql(
        "INSERT INTO reservations (id, user_id, schedule_id, status, seat_numbers, amount, \
         created_at, held_until, payment_id, complimentary) \
         VALUES ($1, $2, $3, 'paid', $4, $5, $6, $7, $8, true)",
    )
    .bind::<Uuid, _>(reservation.id.get())
    .bind::<Uuid, _>(reservation.user_id.get())
    .bind::<Uuid, _>(reservation.schedule_id.get())
    .bind::<Array<Integer>, _>(plain(&seats))
    .bind::<BigInt, _>(reservation.amount.get())
    .bind::<Timestamptz, _>(reservation.created_at)
    .bind::<Timestamptz, _>(reservation.held_until)
    .bind::<Nullable<Uuid>, _>(payment)
}

fn plain(seats: &[SeatNumber]) -> Vec<i32> {
    seats.iter().map(|n| n.get().cast_signed()).collect()
}

fn numbers(seats: &[SeatNumber]) -> Fact {
    Fact::Numbers(seats.iter().map(|n| n.get()).collect())
}

/// The seats with these numbers. To be polled after the lock of their schedule.
async fn load(
    mut conn: &AsyncPgConnection,
    schedule: ScheduleId,
    numbers: Vec<i32>,
) -> QueryResult<Seating> {
    let rows: Vec<(SeatRow, bool)> = sql::<(SeatColumns, diesel::sql_types::Bool)>(
        "SELECT s.schedule_id, s.id, s.number, s.grade, s.price, s.status, s.reservation_id, \
         s.held_until, EXISTS (SELECT FROM blocked_seats b \
           WHERE b.schedule_id = s.schedule_id AND b.number = s.number) \
         FROM seats s WHERE s.schedule_id = $1 AND s.number = ANY($2)",
    )
    .bind::<Uuid, _>(schedule.get())
    .bind::<Array<Integer>, _>(numbers)
    .load(&mut conn)
    .await?;
    let mut seating = Seating::default();
    for (row, blocked) in rows {
        let Some((_, seat)) = seat(row) else { continue };
        if blocked {
            seating.blocked.insert(seat.number);
        }
        seating.seats.insert(seat.number, seat);
    }
    Ok(seating)
}

/// Expires the holds of these seats that are over.
fn expire(seating: &Seating, now: OffsetDateTime) -> Vec<Sql> {
    let over = seating.over(now).into_iter().map(ReservationId::get);
    reservations::release(now, over.collect(), Released::Expired)
}

fn insert(block: &Block) -> Sql {
    sql(
        "INSERT INTO blocked_seats (schedule_id, number, block_id, note, blocked_at) \
         SELECT $1, unnest($2), $3, $4, $5",
    )
    .bind::<Uuid, _>(block.schedule_id.get())
    .bind::<Array<Integer>, _>(plain(&block.seats))
    .bind::<Uuid, _>(block.id.get())
    .bind::<Nullable<Text>, _>(block.note.as_ref().map(|note| note.as_str().to_owned()))
    .bind::<Timestamptz, _>(block.blocked_at)
}

/// Makes free seats those of a block or of a reservation.
fn take_seats(locked: &Locked, schedule: ScheduleId, by: uuid::Uuid, seats: Vec<SeatId>) -> Sql {
    sql(
        "UPDATE seats SET status = 'sold', reservation_id = $1, held_until = NULL, version = $2 \
         WHERE id = ANY($3)",
    )
    .bind::<Uuid, _>(by)
    .bind::<BigInt, _>(locked.version(schedule))
    .bind::<Array<Uuid>, _>(seats.into_iter().map(SeatId::get).collect::<Vec<_>>())
}

/// Frees seats that the house keeps.
fn free(locked: &Locked, schedule: ScheduleId, numbers: Vec<i32>) -> Vec<Sql> {
    if numbers.is_empty() {
        return Vec::new();
    }
    let forget = sql("DELETE FROM blocked_seats WHERE schedule_id = $1 AND number = ANY($2)")
        .bind::<Uuid, _>(schedule.get())
        .bind::<Array<Integer>, _>(numbers.clone());
    let free = sql(
        "UPDATE seats SET status = 'available', reservation_id = NULL, version = $1 \
         WHERE schedule_id = $2 AND number = ANY($3)",
    )
    .bind::<BigInt, _>(locked.version(schedule))
    .bind::<Uuid, _>(schedule.get())
    .bind::<Array<Integer>, _>(numbers);
    vec![forget, free]
}

/// Counts so many more seats as remaining, and so many fewer as sold.
fn count(locked: &Locked, schedule: ScheduleId, freed: i32) -> Sql {
    let change = Counts {
        remaining: freed,
        sold: -freed,
    };
    schedules::count(locked, &BTreeMap::from([(schedule, change)]))
}
