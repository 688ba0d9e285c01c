//! The house's use cases.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Block, BlockRequest, ConcertEdit, DateEdit, DateReport, GiftRequest, House, HouseDate,
    HouseError, HouseStore,
};
use crate::{
    catalogue::{Concert, ShortText},
    id::{BlockId, ConcertId, EntryId, IdGenerator, PaymentId, ReservationId, ScheduleId, UserId},
    operators::Operator,
    reservations::Reservation,
    seats::{HouseSeats, SeatNumbers},
};

/// [`House`] over a [`HouseStore`].
pub struct HouseService {
    store: Arc<dyn HouseStore>,
    ids: Arc<dyn IdGenerator>,
}

impl HouseService {
    /// A service over these ports.
    pub fn new(store: Arc<dyn HouseStore>, ids: Arc<dyn IdGenerator>) -> Self {
        Self { store, ids }
    }
}

#[async_trait]
impl House for HouseService {
    async fn edit_concert(
        &self,
        operator: Operator,
        id: ConcertId,
        edit: ConcertEdit,
    ) -> Result<Concert, HouseError> {
        self.store.edit_concert(operator, id, edit).await
    }

    async fn edit_date(
        &self,
        operator: Operator,
        id: ScheduleId,
        edit: DateEdit,
    ) -> Result<HouseDate, HouseError> {
        self.store.edit_date(operator, id, edit).await
    }

    async fn concert(&self, id: ConcertId) -> Result<(Concert, Vec<HouseDate>), HouseError> {
        let found = self.store.concert(id).await?;
        found.ok_or(HouseError::ConcertNotFound)
    }

    async fn report(&self, id: ScheduleId) -> Result<DateReport, HouseError> {
        let found = self.store.report(id).await?;
        found.ok_or(HouseError::ScheduleNotFound)
    }

    async fn block(
        &self,
        operator: Operator,
        schedule_id: ScheduleId,
        seats: HouseSeats,
        note: Option<ShortText>,
    ) -> Result<Block, HouseError> {
        let request = BlockRequest {
            id: BlockId::new(self.ids.next()),
            schedule_id,
            seats,
            note,
        };
        self.store.block(operator, request).await
    }

    async fn unblock(&self, operator: Operator, id: BlockId) -> Result<(), HouseError> {
        self.store.unblock(operator, id).await
    }

    async fn blocks(&self, schedule: ScheduleId) -> Result<Vec<Block>, HouseError> {
        let found = self.store.blocks(schedule).await?;
        found.ok_or(HouseError::ScheduleNotFound)
    }

    async fn give(
        &self,
        operator: Operator,
        schedule_id: ScheduleId,
        user_id: UserId,
        seats: SeatNumbers,
    ) -> Result<Reservation, HouseError> {
        let request = GiftRequest {
            reservation_id: ReservationId::new(self.ids.next()),
            payment_id: PaymentId::new(self.ids.next()),
            entry_id: EntryId::new(self.ids.next()),
            user_id,
            schedule_id,
            seats,
        };
        self.store.give(operator, request).await
    }
}
