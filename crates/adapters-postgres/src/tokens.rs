//! Queue tokens as rows.

use std::collections::HashMap;

use diesel::{
    QueryResult,
    sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    id::{TokenId, UserId},
    queue::{EndReason, Pass, QueueToken, Ticket, TokenState},
};
use time::OffsetDateTime;

use crate::sql::sql;

pub(crate) type TokenColumns = (
    Uuid,
    Uuid,
    BigInt,
    Timestamptz,
    Timestamptz,
    Text,
    Nullable<Timestamptz>,
    Nullable<Timestamptz>,
    Nullable<Text>,
);

pub(crate) type TokenRow = (
    uuid::Uuid,
    uuid::Uuid,
    i64,
    OffsetDateTime,
    OffsetDateTime,
    String,
    Option<OffsetDateTime>,
    Option<OffsetDateTime>,
    Option<String>,
);

pub(crate) fn token(
    (id, user, ticket, entered, until, status, since, active_until, end): TokenRow,
) -> QueueToken {
    let pass = Pass {
        token_id: TokenId::new(id),
        user_id: UserId::new(user),
        ticket: Ticket::new(ticket.unsigned_abs()),
        entered_at: entered,
        waiting_until: until,
    };
    QueueToken {
        pass,
        state: state(&status, since.zip(active_until), end.as_deref()),
    }
}

pub(crate) fn state(
    status: &str,
    admitted: Option<(OffsetDateTime, OffsetDateTime)>,
    end: Option<&str>,
) -> TokenState {
    match (status, admitted) {
        ("waiting", _) => TokenState::Waiting,
        ("active", Some((since, until))) => TokenState::Active { since, until },
        _ => TokenState::Ended(match end {
            Some("left") => EndReason::Left,
            Some("paid") => EndReason::Paid,
            Some("no_show") => EndReason::NoShow,
            _ => EndReason::Time,
        }),
    }
}

pub(crate) const fn reason(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Time => "time",
        EndReason::Left => "left",
        EndReason::Paid => "paid",
        EndReason::NoShow => "no_show",
    }
}

/// The tokens with these ids.
pub(crate) async fn find(
    mut conn: &AsyncPgConnection,
    ids: Vec<uuid::Uuid>,
) -> QueryResult<HashMap<TokenId, QueueToken>> {
    let rows: Vec<TokenRow> = sql::<TokenColumns>(
        "SELECT id, user_id, ticket, entered_at, waiting_until, status, admitted_at, active_until, \
         end_reason FROM queue_tokens WHERE id = ANY($1)",
    )
    .bind::<Array<Uuid>, _>(ids)
    .load(&mut conn)
    .await?;
    Ok(by_id(rows))
}

fn by_id(rows: Vec<TokenRow>) -> HashMap<TokenId, QueueToken> {
    let tokens = rows.into_iter().map(token);
    tokens.map(|token| (token.pass.token_id, token)).collect()
}

/// The live tokens of these users.
pub(crate) async fn live(
    mut conn: &AsyncPgConnection,
    users: Vec<uuid::Uuid>,
) -> QueryResult<HashMap<UserId, QueueToken>> {
    let rows: Vec<TokenRow> = sql::<TokenColumns>(
        "SELECT id, user_id, ticket, entered_at, waiting_until, status, admitted_at, active_until, \
         end_reason FROM queue_tokens WHERE user_id = ANY($1) AND status <> 'expired'",
    )
    .bind::<Array<Uuid>, _>(users)
    .load(&mut conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(token)
        .map(|token| (token.pass.user_id, token))
        .collect())
}
