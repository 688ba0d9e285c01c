//! Holds, many in a transaction.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use diesel::{
    QueryResult,
    sql_types::{Array, Integer, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    clock::Clock,
    id::{ReservationId, ScheduleId, UserId},
    idempotency::Outcome,
    reservations::{Claim, Hall, HoldError, HoldRequest, HoldRules, Reservation, allocate},
    seats::{Seat, SeatNumber, SeatNumbers, Wish},
};
use futures_util::try_join;
use time::OffsetDateTime;

use crate::{
    idempotency::{self, Operation},
    lane::{Batch, Decided},
    meters::HoldMeter,
    reservations::{self, Released, status},
    schedules::{self, Locked},
    seat_rows::{SeatColumns, SeatRow, seat},
    sql::{Sql, sql},
    tokens,
};

/// For each of the best seats that are asked for, so many free ones are looked at first. In a hall full
/// of gaps these may not be enough; then all are.
const LIKELY: usize = 50;

/// Holds, many in a transaction.
pub(super) struct Holding {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) rules: HoldRules,
    pub(super) meter: Arc<HoldMeter>,
}

impl Batch for Holding {
    type Request = HoldRequest;
    type Answer = Result<Outcome<Reservation>, HoldError>;
    type Found = (Locked, Hall);
    const NAME: &'static str = "holds";
    const LANE: &'static str = "hold";

    async fn find(
        &self,
        conn: &AsyncPgConnection,
        requests: &[HoldRequest],
    ) -> QueryResult<Self::Found> {
        let wanted = requests.iter().map(|request| request.schedule_id).collect();
        let keys = requests
            .iter()
            .filter_map(|r| Some((r.pass.user_id, r.key.as_ref()?)));
        let before = self.clock.now();
        let (mut locked, seats, free, claims, tokens, used) = try_join!(
            schedules::lock(conn, wanted),
            named_seats(conn, requests),
            free_seats(conn, before, requests, LIKELY),
            load_claims(conn, requests),
            tokens::find(
                conn,
                requests.iter().map(|r| r.pass.token_id.get()).collect()
            ),
            idempotency::find(conn, Operation::Hold, keys),
        )?;
        let made = reservations::find(conn, idempotency::resources(&used)).await?;
        let now = self.clock.now();
        let as_it_is = |id| Some(made.get(&ReservationId::new(id))?.clone().at(now));
        let mut hall = Hall {
            schedules: std::mem::take(&mut locked.on_sale),
            seats,
            claims,
            tokens,
            earlier: idempotency::earlier(used, as_it_is),
        };
        let may_be_more = free.len() >= LIKELY;
        hall.seats.extend(free);
        if may_be_more && !hall.suffices(now, requests) {
            let all = free_seats(conn, now, requests, usize::MAX).await?;
            hall.seats.extend(all);
        }
        Ok((locked, hall))
    }

    fn decide(
        &self,
        (locked, mut hall): Self::Found,
        requests: &[HoldRequest],
    ) -> Decided<Self::Answer> {
        let now = self.clock.now();
        let over = hall.vacate_over(now);
        let over: Vec<_> = over.into_iter().map(ReservationId::get).collect();
        let expired = over.len() as u64;
        let answers = allocate(now, &self.rules, &mut hall, requests);
        let mut writes = reservations::release(now, over, Released::Expired);
        writes.extend(store(&locked, now, requests, &answers));
        let granted = || answers.iter().flatten().filter(|granted| !granted.replayed);
        let seats = granted().map(|granted| granted.value.seats.len() as u64);
        let tally = vec![
            (self.meter.expired.clone(), expired),
            (self.meter.holds.clone(), granted().count() as u64),
            (self.meter.seats.clone(), seats.sum()),
        ];
        Decided {
            answers,
            writes,
            tally,
        }
    }
}

type Seats = BTreeMap<(ScheduleId, SeatNumber), Seat>;

/// The seats that are asked for by number.
async fn named_seats(conn: &AsyncPgConnection, requests: &[HoldRequest]) -> QueryResult<Seats> {
    let mut wanted = BTreeSet::new();
    for request in requests {
        if let Wish::Choices(choices) = &request.wish {
            let numbers = choices.as_slice().iter().flat_map(SeatNumbers::as_slice);
            wanted.extend(numbers.map(|n| (request.schedule_id.get(), n.get().cast_signed())));
        }
    }
    if wanted.is_empty() {
        return Ok(Seats::new());
    }
    let (schedules, numbers): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
    let query = sql(
        "SELECT s.schedule_id, s.id, s.number, s.grade, s.price, s.status, s.reservation_id, \
         s.held_until FROM unnest($1, $2) AS wanted (schedule_id, number) \
         JOIN seats s USING (schedule_id, number)",
    )
    .bind::<Array<Uuid>, _>(schedules)
    .bind::<Array<Integer>, _>(numbers);
    load_seats(conn, query).await
}

/// The first free seats of the schedules and grades in which the best are asked for, and of each so
/// many and `more` for each seat that is wanted.
async fn free_seats(
    conn: &AsyncPgConnection,
    now: OffsetDateTime,
    requests: &[HoldRequest],
    more: usize,
) -> QueryResult<Seats> {
    let mut wanted: BTreeMap<_, usize> = BTreeMap::new();
    for request in requests {
        if let Wish::Best { count, grade } = &request.wish {
            let group = (request.schedule_id.get(), grade.clone());
            *wanted.entry(group).or_default() += count.get();
        }
    }
    if wanted.is_empty() {
        return Ok(Seats::new());
    }
    let (groups, counts): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
    let (schedules, grades): (Vec<_>, Vec<_>) = groups.into_iter().unzip();
    let most = |count: usize| i32::try_from(count.saturating_mul(more)).unwrap_or(i32::MAX);
    let query = sql(
        "SELECT s.schedule_id, s.id, s.number, s.grade, s.price, s.status, s.reservation_id, \
         s.held_until \
         FROM unnest($1, $2, $3) AS wanted (schedule_id, grade, most) CROSS JOIN LATERAL (\
           SELECT * FROM seats WHERE seats.schedule_id = wanted.schedule_id \
             AND (wanted.grade IS NULL OR seats.grade = wanted.grade) \
             AND (status = 'available' OR held_until <= $4) \
           ORDER BY number LIMIT wanted.most) AS s",
    )
    .bind::<Array<Uuid>, _>(schedules)
    .bind::<Array<Nullable<Text>>, _>(grades)
    .bind::<Array<Integer>, _>(counts.into_iter().map(most).collect::<Vec<_>>())
    .bind::<Timestamptz, _>(now);
    load_seats(conn, query).await
}

async fn load_seats(mut conn: &AsyncPgConnection, query: Sql<SeatColumns>) -> QueryResult<Seats> {
    let rows: Vec<SeatRow> = query.load(&mut conn).await?;
    let seats = rows.into_iter().filter_map(seat);
    Ok(seats
        .map(|(schedule, seat)| ((schedule, seat.number), seat))
        .collect())
}

/// The pending and paid reservations of those who ask, in the schedules they ask for, but for what
/// they were given.
async fn load_claims(
    mut conn: &AsyncPgConnection,
    requests: &[HoldRequest],
) -> QueryResult<HashMap<(UserId, ScheduleId), Vec<Claim>>> {
    type Row = (
        uuid::Uuid,
        uuid::Uuid,
        i32,
        OffsetDateTime,
        Option<uuid::Uuid>,
        String,
    );
    let wanted: BTreeSet<_> = requests
        .iter()
        .map(|r| (r.pass.user_id.get(), r.schedule_id.get()))
        .collect();
    let (users, schedules): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
    let rows: Vec<Row> = sql::<(Uuid, Uuid, Integer, Timestamptz, Nullable<Uuid>, Text)>(
        "SELECT r.user_id, r.schedule_id, cardinality(r.seat_numbers), r.held_until, r.payment_id, r.status \
         FROM unnest($1, $2) AS wanted (user_id, schedule_id) \
         JOIN reservations r USING (user_id, schedule_id) \
         WHERE r.status IN ('pending_payment', 'paid') AND NOT r.complimentary",
    )
    .bind::<Array<Uuid>, _>(users)
    .bind::<Array<Uuid>, _>(schedules)
    .load(&mut conn)
    .await?;
    let mut claims: HashMap<_, Vec<_>> = HashMap::new();
    for (user, schedule, seats, held_until, payment, name) in rows {
        let claim = Claim {
            seats: seats.unsigned_abs(),
            held_until,
            status: status(&name, payment, None),
        };
        claims
            .entry((UserId::new(user), ScheduleId::new(schedule)))
            .or_default()
            .push(claim);
    }
    Ok(claims)
}

fn store(
    locked: &Locked,
    now: OffsetDateTime,
    requests: &[HoldRequest],
    answers: &[Result<Outcome<Reservation>, HoldError>],
) -> Vec<Sql> {
    let granted = || {
        let pairs = requests.iter().zip(answers);
        pairs.filter_map(|(request, answer)| match answer {
            Ok(Outcome {
                value,
                replayed: false,
            }) => Some((request, value)),
            Ok(_) | Err(_) => None,
        })
    };
    let new: Vec<_> = granted().map(|(_, reservation)| reservation).collect();
    let keys = granted().filter_map(|(request, reservation)| {
        Some((
            reservation.user_id,
            request.key.as_ref()?,
            reservation.id.get(),
        ))
    });
    let mut writes = reservations::insert(locked, now, &new);
    writes.extend(idempotency::store(Operation::Hold, now, keys));
    writes
}
