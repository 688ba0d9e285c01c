//! What the house does with its concerts: [`HouseStore`] on PostgreSQL. Whatever is refused has written
//! nothing.

use std::sync::Arc;

use async_trait::async_trait;
use diesel_async::AsyncConnection;
use domain::{
    catalogue::Concert,
    clock::Clock,
    house::{
        Block, BlockRequest, ConcertEdit, DateEdit, DateReport, GiftRequest, HouseDate, HouseError,
        HouseStore,
    },
    id::{BlockId, ConcertId, ScheduleId},
    operators::Operator,
    reservations::Reservation,
    storage::StorageError,
};
use futures_util::try_join;

use crate::{error::storage, pool::Database, seat_maps::PgSeatMaps};

mod dates;
mod seating;

/// [`HouseStore`] on PostgreSQL.
pub struct PgHouse {
    database: Database,
    clock: Arc<dyn Clock>,
    maps: Arc<PgSeatMaps>,
}

impl PgHouse {
    /// The house of `database`, whose seats are shown by `maps`.
    pub(crate) fn new(database: Database, clock: Arc<dyn Clock>, maps: Arc<PgSeatMaps>) -> Self {
        Self {
            database,
            clock,
            maps,
        }
    }

    /// What a change that goes on without its caller needs.
    fn parts(&self) -> (Database, Arc<dyn Clock>) {
        (self.database.clone(), self.clock.clone())
    }
}

#[async_trait]
impl HouseStore for PgHouse {
    async fn edit_concert(
        &self,
        operator: Operator,
        id: ConcertId,
        edit: ConcertEdit,
    ) -> Result<Concert, HouseError> {
        let (database, clock) = self.parts();
        let edited = self.database.detached(async move {
            let mut conn = database.connection().await?;
            conn.transaction(async |conn| {
                dates::edit_concert(conn, &*clock, &operator, id, edit).await
            })
            .await
            .map_err(storage)
        });
        edited.await?.ok_or(HouseError::ConcertNotFound)
    }

    async fn edit_date(
        &self,
        operator: Operator,
        id: ScheduleId,
        edit: DateEdit,
    ) -> Result<HouseDate, HouseError> {
        let (database, clock) = self.parts();
        let edited = self.database.detached(async move {
            let mut conn = database.connection().await?;
            conn.transaction(async |conn| {
                dates::edit_date(conn, &*clock, &operator, id, edit).await
            })
            .await
            .map_err(storage)
        });
        let edited = edited.await??;
        self.maps.seats_changed(id);
        self.maps.dates_changed(edited.schedule.concert_id);
        Ok(edited)
    }

    async fn concert(
        &self,
        id: ConcertId,
    ) -> Result<Option<(Concert, Vec<HouseDate>)>, StorageError> {
        let conn = self.database.connection().await?;
        let now = self.clock.now();
        let found = try_join!(dates::concert(&conn, id), dates::of_concert(&conn, id, now));
        let (concert, dates) = found.map_err(storage)?;
        Ok(concert.map(|concert| (concert, dates)))
    }

    async fn report(&self, id: ScheduleId) -> Result<Option<DateReport>, StorageError> {
        let conn = self.database.connection().await?;
        let now = self.clock.now();
        dates::report(&conn, id, now).await.map_err(storage)
    }

    async fn block(&self, operator: Operator, request: BlockRequest) -> Result<Block, HouseError> {
        let (database, clock) = self.parts();
        let blocked = self.database.detached(async move {
            let mut conn = database.connection().await?;
            conn.transaction(async |conn| seating::block(conn, &*clock, &operator, request).await)
                .await
                .map_err(storage)
        });
        let blocked = blocked.await??;
        self.maps.seats_changed(blocked.schedule_id);
        Ok(blocked)
    }

    async fn unblock(&self, operator: Operator, id: BlockId) -> Result<(), HouseError> {
        let (database, clock) = self.parts();
        let freed = self.database.detached(async move {
            let mut conn = database.connection().await?;
            conn.transaction(async |conn| seating::unblock(conn, &*clock, &operator, id).await)
                .await
                .map_err(storage)
        });
        let schedule = freed.await?.ok_or(HouseError::BlockNotFound)?;
        self.maps.seats_changed(schedule);
        Ok(())
    }

    async fn blocks(&self, schedule: ScheduleId) -> Result<Option<Vec<Block>>, StorageError> {
        let conn = self.database.connection().await?;
        seating::blocks(&conn, schedule).await.map_err(storage)
    }

    async fn give(
        &self,
        operator: Operator,
        request: GiftRequest,
    ) -> Result<Reservation, HouseError> {
        let (database, clock) = self.parts();
        let given = self.database.detached(async move {
            let mut conn = database.connection().await?;
            conn.transaction(async |conn| seating::give(conn, &*clock, &operator, request).await)
                .await
                .map_err(storage)
        });
        let given = given.await??;
        self.maps.seats_changed(given.schedule_id);
        Ok(given)
    }
}
