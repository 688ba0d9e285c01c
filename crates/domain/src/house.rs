//! What the house does with its concerts while they are sold: it edits them, moves and closes dates,
//! keeps seats for itself and gives some away.

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::{
    catalogue::{Concert, Schedule, ShortText},
    id::{BlockId, ConcertId, EntryId, PaymentId, ReservationId, ScheduleId, UserId},
    money::Money,
    operators::Operator,
    reservations::{CalledOff, OnSale, Reservation},
    seats::{HouseSeats, SeatNumber, SeatNumbers},
    storage::StorageError,
};

mod edits;
mod seating;
mod service;

pub use edits::{ConcertEdit, DateEdit, InvalidEdit, Opening};
pub use seating::{Gift, Seating};
pub use service::HouseService;

/// A date as the house knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseDate {
    /// As everyone knows it. Seats that the house keeps count as sold.
    pub schedule: Schedule,
    /// Nobody can hold seats; what is held can be paid.
    pub sales_closed: bool,
}

/// How a date sells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateReport {
    /// The date.
    pub date: HouseDate,
    /// How many seats are held.
    pub held: u32,
    /// How many are sold, for money or for nothing.
    pub sold: u32,
    /// How many of those were given away.
    pub complimentary: u32,
    /// How many the house keeps.
    pub blocked: u32,
    /// What was paid for those that are sold.
    pub revenue: Money,
}

/// Seats that the house keeps, all blocked at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Which.
    pub id: BlockId,
    /// Of which schedule.
    pub schedule_id: ScheduleId,
    /// Those that are still kept, ascending.
    pub seats: Vec<SeatNumber>,
    /// What for.
    pub note: Option<ShortText>,
    /// Since when.
    pub blocked_at: OffsetDateTime,
}

/// The house wants to keep seats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockRequest {
    /// The id the block gets.
    pub id: BlockId,
    /// Of which schedule.
    pub schedule_id: ScheduleId,
    /// Which seats.
    pub seats: HouseSeats,
    /// What for.
    pub note: Option<ShortText>,
}

/// The house wants to give seats away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GiftRequest {
    /// The id the reservation gets.
    pub reservation_id: ReservationId,
    /// The id its payment of nothing gets.
    pub payment_id: PaymentId,
    /// The id the ledger entry of nothing gets.
    pub entry_id: EntryId,
    /// To whom.
    pub user_id: UserId,
    /// Of which schedule.
    pub schedule_id: ScheduleId,
    /// Which seats.
    pub seats: SeatNumbers,
}

/// Why the house could not do something.
#[derive(Clone, Debug, thiserror::Error)]
pub enum HouseError {
    /// No such concert.
    #[error("no such concert")]
    ConcertNotFound,
    /// No such schedule.
    #[error("no such schedule")]
    ScheduleNotFound,
    /// The date was called off.
    #[error("the schedule is cancelled")]
    ScheduleCancelled {
        /// Why, if an operator said so.
        reason: Option<ShortText>,
    },
    /// No such user.
    #[error("no such user")]
    UserNotFound,
    /// No such block, or none of its seats is kept any more.
    #[error("no such block")]
    BlockNotFound,
    /// The show has begun: it cannot be moved.
    #[error("the show has begun")]
    Begun,
    /// A change that cannot be.
    #[error(transparent)]
    Invalid(#[from] InvalidEdit),
    /// The schedule has no such seats.
    #[error("no such seats")]
    SeatNotFound {
        /// Those that do not exist.
        numbers: Vec<SeatNumber>,
    },
    /// Somebody has the seats.
    #[error("seats are held or sold")]
    SeatUnavailable {
        /// Those that are taken.
        numbers: Vec<SeatNumber>,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The date, if it can be changed: it exists and was not called off.
pub fn takes_place(show: Option<&OnSale>) -> Result<&OnSale, HouseError> {
    let show = show.ok_or(HouseError::ScheduleNotFound)?;
    match show.called_off.clone() {
        Some(CalledOff { reason }) => Err(HouseError::ScheduleCancelled { reason }),
        None => Ok(show),
    }
}

/// Keeps what the house does. Each change is stored with its entry in the log.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait HouseStore: Send + Sync {
    /// Changes the texts of a concert.
    async fn edit_concert(
        &self,
        operator: Operator,
        id: ConcertId,
        edit: ConcertEdit,
    ) -> Result<Concert, HouseError>;
    /// Moves a date, or closes or opens its sales. Holds keep their time and buyers their seats.
    async fn edit_date(
        &self,
        operator: Operator,
        id: ScheduleId,
        edit: DateEdit,
    ) -> Result<HouseDate, HouseError>;
    /// A concert with all its dates, past ones too, by start.
    async fn concert(
        &self,
        id: ConcertId,
    ) -> Result<Option<(Concert, Vec<HouseDate>)>, StorageError>;
    /// How a date sells.
    async fn report(&self, id: ScheduleId) -> Result<Option<DateReport>, StorageError>;
    /// Keeps free seats for the house, all or none.
    async fn block(&self, operator: Operator, request: BlockRequest) -> Result<Block, HouseError>;
    /// Lets everyone have the seats of a block that are still kept.
    async fn unblock(&self, operator: Operator, id: BlockId) -> Result<(), HouseError>;
    /// The blocks of a schedule, oldest first; `None` when there is no such schedule.
    async fn blocks(&self, schedule: ScheduleId) -> Result<Option<Vec<Block>>, StorageError>;
    /// Gives seats that are free or kept by the house to a user, all or none, for nothing: a paid
    /// reservation with a payment and a ledger entry of ₩0. It does not count against the user's limit of
    /// seats.
    async fn give(
        &self,
        operator: Operator,
        request: GiftRequest,
    ) -> Result<Reservation, HouseError>;
}

/// What handlers can ask of the house.
#[cfg_attr(any(test, feature = "mock"), mockall::automock)]
#[async_trait]
pub trait House: Send + Sync {
    /// Changes the texts of a concert.
    async fn edit_concert(
        &self,
        operator: Operator,
        id: ConcertId,
        edit: ConcertEdit,
    ) -> Result<Concert, HouseError>;
    /// Moves a date, or closes or opens its sales.
    async fn edit_date(
        &self,
        operator: Operator,
        id: ScheduleId,
        edit: DateEdit,
    ) -> Result<HouseDate, HouseError>;
    /// A concert with all its dates by start.
    async fn concert(&self, id: ConcertId) -> Result<(Concert, Vec<HouseDate>), HouseError>;
    /// How a date sells.
    async fn report(&self, id: ScheduleId) -> Result<DateReport, HouseError>;
    /// Keeps free seats for the house, all or none.
    async fn block(
        &self,
        operator: Operator,
        schedule: ScheduleId,
        seats: HouseSeats,
        note: Option<ShortText>,
    ) -> Result<Block, HouseError>;
    /// Lets everyone have the seats of a block.
    async fn unblock(&self, operator: Operator, id: BlockId) -> Result<(), HouseError>;
    /// The blocks of a schedule, oldest first.
    async fn blocks(&self, schedule: ScheduleId) -> Result<Vec<Block>, HouseError>;
    /// Gives free or kept seats to a user for nothing.
    async fn give(
        &self,
        operator: Operator,
        schedule: ScheduleId,
        user: UserId,
        seats: SeatNumbers,
    ) -> Result<Reservation, HouseError>;
}

#[cfg(test)]
mod tests;
