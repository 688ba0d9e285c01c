//! Users: [`UserStore`] on PostgreSQL.

use async_trait::async_trait;
use diesel::{
    QueryResult,
    sql_types::{Array, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    id::UserId,
    storage::StorageError,
    users::{User, UserName, UserStore},
};
use metrics::{Counter, counter};
use time::OffsetDateTime;

use crate::{
    error::storage,
    lane::{Batch, Decided, Lane, LaneSettings, Tasks},
    pool::Database,
    sql::sql,
};

/// [`UserStore`] on PostgreSQL.
pub struct PgUsers {
    database: Database,
    sign_ups: Lane<SigningUp>,
}

impl PgUsers {
    /// Starts the lane for signing up: before a sale everyone does it at once.
    pub(crate) fn start(database: Database, lane: LaneSettings, tasks: &Tasks) -> Self {
        let sign_ups = Lane::start(SigningUp::default(), database.clone(), lane, tasks);
        Self { database, sign_ups }
    }
}

#[async_trait]
impl UserStore for PgUsers {
    async fn add(&self, user: User) -> Result<(), StorageError> {
        self.sign_ups.submit(user).await
    }

    async fn find(&self, id: UserId) -> Result<Option<User>, StorageError> {
        let mut conn = self.database.connection().await?;
        let rows: QueryResult<Vec<(String, OffsetDateTime)>> =
            sql::<(Text, Timestamptz)>("SELECT name, created_at FROM users WHERE id = $1")
                .bind::<Uuid, _>(id.get())
                .load(&mut conn)
                .await;
        let user = |(name, created_at): (String, _)| {
            let name = UserName::new(&name).map_err(StorageError::failed)?;
            Ok(User {
                id,
                name,
                created_at,
            })
        };
        rows.map_err(storage)?.pop().map(user).transpose()
    }
}

struct SigningUp {
    sign_ups: Counter,
}

impl Default for SigningUp {
    fn default() -> Self {
        let sign_ups = counter!("boxoffice_sign_ups_total");
        Self { sign_ups }
    }
}

impl Batch for SigningUp {
    type Request = User;
    type Answer = ();
    type Found = ();
    const NAME: &'static str = "people signing up";
    const LANE: &'static str = "sign_up";

    async fn find(&self, _: &AsyncPgConnection, _: &[User]) -> QueryResult<()> {
        Ok(())
    }

    fn decide(&self, (): (), new: &[User]) -> Decided<()> {
        let ids: Vec<_> = new.iter().map(|user| user.id.get()).collect();
        let users =
            sql("INSERT INTO users (id, name, created_at) SELECT * FROM unnest($1, $2, $3)")
                .bind::<Array<Uuid>, _>(ids.clone())
                .bind::<Array<Text>, _>(
                    new.iter()
                        .map(|user| user.name.as_str().to_owned())
                        .collect::<Vec<_>>(),
                )
                .bind::<Array<Timestamptz>, _>(
                    new.iter().map(|user| user.created_at).collect::<Vec<_>>(),
                );
        let balances =
            sql("INSERT INTO balances (user_id, balance, entries) SELECT unnest($1), 0, 0")
                .bind::<Array<Uuid>, _>(ids);
        Decided {
            answers: vec![(); new.len()],
            writes: vec![users, balances],
            tally: vec![(self.sign_ups.clone(), new.len() as u64)],
        }
    }
}
