//! Seats as rows.

use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz, Uuid};
use domain::{
    id::{ReservationId, ScheduleId, SeatId},
    money::Money,
    seats::{Seat, SeatNumber, SeatStatus},
};
use time::OffsetDateTime;

/// `schedule_id, id, number, grade, price, status, reservation_id, held_until`
pub(crate) type SeatColumns = (
    Uuid,
    Uuid,
    Integer,
    Text,
    BigInt,
    Text,
    Nullable<Uuid>,
    Nullable<Timestamptz>,
);
pub(crate) type SeatRow = (
    uuid::Uuid,
    uuid::Uuid,
    i32,
    String,
    i64,
    String,
    Option<uuid::Uuid>,
    Option<OffsetDateTime>,
);

/// A seat and its schedule; `None` for a number that no seat can have.
pub(crate) fn seat(
    (schedule, id, number, grade, price, status, by, until): SeatRow,
) -> Option<(ScheduleId, Seat)> {
    let status = match (status.as_str(), by.map(ReservationId::new), until) {
        ("held", Some(by), Some(until)) => SeatStatus::Held { by, until },
        ("sold", Some(by), _) => SeatStatus::Sold { by },
        _ => SeatStatus::Available,
    };
    let number = SeatNumber::new(number.into())?;
    let seat = Seat {
        id: SeatId::new(id),
        number,
        grade,
        price: Money::won(price),
        status,
    };
    Some((ScheduleId::new(schedule), seat))
}
