//! A new date, as the operator describes it.

use domain::{
    catalogue::{SeatBlock, SeatPlan},
    money::Money,
    seats::{InvalidSeatNumbers, SeatNumber},
};
use serde::Deserialize;
use time::{OffsetDateTime, UtcOffset};
use utoipa::ToSchema;

use super::text;
use crate::{
    body::{Whole, text_schema},
    problem::{Fault, Problem, child},
};

/// The body of `POST /v1/admin/concerts/{id}/schedules`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSchedule {
    #[serde(with = "time::serde::rfc3339")]
    starts_at: OffsetDateTime,
    /// Not after it starts; without it, sales are open at once.
    #[serde(default, with = "time::serde::rfc3339::option")]
    sales_open_at: Option<OffsetDateTime>,
    /// Without them, seats 1 to 50 of grade `R` at 110,000 won.
    #[schema(min_items = 1)]
    seats: Option<Vec<NewBlock>>,
}

/// A run of seats alike; no number is in two of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewBlock {
    #[schema(schema_with = text_schema)]
    grade: String,
    /// Of each, in won.
    #[schema(value_type = i64, minimum = 0, maximum = 100_000_000)]
    price: Whole<i64>,
    /// The first number.
    #[schema(value_type = i64, minimum = 1, maximum = 50_000)]
    from: Whole<i64>,
    /// The last number, not less than the first.
    #[schema(value_type = i64, minimum = 1, maximum = 50_000)]
    to: Whole<i64>,
}

/// What is left of a [`NewSchedule`] when nothing is wrong with it.
pub(crate) struct Checked {
    /// When it starts, in UTC.
    pub starts_at: OffsetDateTime,
    /// When its sales open, in UTC.
    pub sales_open_at: Option<OffsetDateTime>,
    /// Its seats.
    pub plan: SeatPlan,
}

impl NewSchedule {
    /// Checks each field, and the fields against each other.
    pub(crate) fn check(self) -> Result<Checked, Problem> {
        let wrong = |fault| Problem::invalid([fault]);
        let starts_at = moment("/starts_at", self.starts_at).map_err(wrong)?;
        let opens = self.sales_open_at.map(|at| moment("/sales_open_at", at));
        let sales_open_at = opens.transpose().map_err(wrong)?;
        if sales_open_at.is_some_and(|opens| opens > starts_at) {
            let detail = "sales open before the concert starts";
            return Err(wrong(Fault::at("/sales_open_at", detail)));
        }
        let plan = match self.seats {
            None => SeatPlan::standard(),
            Some(blocks) => plan(&blocks).map_err(wrong)?,
        };
        Ok(Checked {
            starts_at,
            sales_open_at,
            plan,
        })
    }
}

/// In UTC and whole microseconds, which is all that the ports know.
pub(super) fn moment(pointer: &str, time: OffsetDateTime) -> Result<OffsetDateTime, Fault> {
    let utc = time.checked_to_offset(UtcOffset::UTC);
    let utc = utc.and_then(|utc| utc.replace_microsecond(utc.microsecond()).ok());
    utc.ok_or_else(|| Fault::at(pointer, "the time has no UTC"))
}

fn plan(blocks: &[NewBlock]) -> Result<SeatPlan, Fault> {
    let blocks: Result<_, _> = blocks.iter().enumerate().map(block).collect();
    SeatPlan::new(blocks?).map_err(|invalid| Fault::at("/seats", &invalid))
}

fn block((at, block): (usize, &NewBlock)) -> Result<SeatBlock, Fault> {
    let here = child("/seats", &at);
    let number = |field, number| {
        let wrong = || Fault::at(child(&here, field), &InvalidSeatNumbers::Range);
        SeatNumber::new(number).ok_or_else(wrong)
    };
    Ok(SeatBlock {
        grade: text(&child(&here, "grade"), &block.grade)?,
        price: Money::won(block.price.0),
        from: number("from", block.from.0)?,
        to: number("to", block.to.0)?,
    })
}
