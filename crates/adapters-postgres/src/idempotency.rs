//! Idempotency keys as rows.

use diesel::{
    QueryResult,
    sql_types::{Array, Binary, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    id::UserId,
    idempotency::{Earlier, IdempotencyKey},
};
use time::OffsetDateTime;

use crate::sql::{Sql, sql};

/// What a key was used for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Hold,
    Charge,
    Payment,
}

impl Operation {
    const fn name(self) -> &'static str {
        match self {
            Self::Hold => "hold",
            Self::Charge => "charge",
            Self::Payment => "payment",
        }
    }
}

/// A key that was used before.
pub(crate) struct Used {
    user: UserId,
    key: IdempotencyKey,
    /// What it made, if it was the operation asked about.
    resource: Option<uuid::Uuid>,
}

/// Which of `keys` were used before. To be asked after the locks are held: whoever held them before
/// has committed its keys by then.
pub(crate) async fn find(
    mut conn: &AsyncPgConnection,
    operation: Operation,
    keys: impl Iterator<Item = (UserId, &IdempotencyKey)>,
) -> QueryResult<Vec<Used>> {
    let (users, keys): (Vec<_>, Vec<_>) = keys
        .map(|(user, key)| (user.get(), key.key.clone()))
        .unzip();
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(uuid::Uuid, String, String, Vec<u8>, uuid::Uuid)> =
        sql::<(Uuid, Text, Text, Binary, Uuid)>(
            "SELECT k.user_id, k.key, k.operation, k.fingerprint, k.resource_id \
             FROM unnest($1, $2) AS asked (user_id, key) JOIN idempotency_keys k USING (user_id, key)",
        )
        .bind::<Array<Uuid>, _>(users)
        .bind::<Array<Text>, _>(keys)
        .load(&mut conn)
        .await?;
    let used = rows
        .into_iter()
        .map(|(user, key, name, fingerprint, resource)| Used {
            user: UserId::new(user),
            key: IdempotencyKey {
                key,
                fingerprint: fingerprint.try_into().unwrap_or_default(),
            },
            resource: (name == operation.name()).then_some(resource),
        });
    Ok(used.collect())
}

/// Whose keys they are.
pub(crate) fn users(used: &[Used]) -> Vec<uuid::Uuid> {
    used.iter().map(|used| used.user.get()).collect()
}

/// The resources that the keys made.
pub(crate) fn resources(used: &[Used]) -> Vec<uuid::Uuid> {
    used.iter().filter_map(|used| used.resource).collect()
}

/// What the keys made, for the decision.
pub(crate) fn earlier<T: Clone>(
    used: Vec<Used>,
    find: impl Fn(uuid::Uuid) -> Option<T>,
) -> Earlier<T> {
    let mut earlier = Earlier::default();
    for Used {
        user,
        key,
        resource,
    } in used
    {
        earlier.record(user, &key, resource.and_then(&find));
    }
    earlier
}

/// Records that `made` came of these keys, each once; `None` when there were no keys.
pub(crate) fn store<'a>(
    operation: Operation,
    now: OffsetDateTime,
    made: impl Iterator<Item = (UserId, &'a IdempotencyKey, uuid::Uuid)>,
) -> Option<Sql> {
    let mut users = Vec::new();
    let mut keys = Vec::new();
    let mut fingerprints = Vec::new();
    let mut resources = Vec::new();
    for (user, key, resource) in made {
        users.push(user.get());
        keys.push(key.key.clone());
        fingerprints.push(key.fingerprint.to_vec());
        resources.push(resource);
    }
    if users.is_empty() {
        return None;
    }
    let insert = sql("INSERT INTO idempotency_keys \
         (user_id, key, operation, fingerprint, resource_id, created_at) \
         SELECT user_id, key, $5, fingerprint, resource_id, $6 \
         FROM unnest($1, $2, $3, $4) AS new (user_id, key, fingerprint, resource_id)")
    .bind::<Array<Uuid>, _>(users)
    .bind::<Array<Text>, _>(keys)
    .bind::<Array<Binary>, _>(fingerprints)
    .bind::<Array<Uuid>, _>(resources)
    .bind::<Text, _>(operation.name())
    .bind::<Timestamptz, _>(now);
    Some(insert)
}
