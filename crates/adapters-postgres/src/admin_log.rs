//! The log of what operators changed. Whoever stores a change by an operator stores its [`entry`] in the
//! same transaction.

use diesel::{
    QueryResult,
    sql_types::{BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    id::OperatorKeyId,
    operators::{Change, Fact, LogEntry, Operator},
    page::{Page, PageRequest},
};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::sql::{Sql, sql};

/// Logs that `operator` has made `change`.
pub(crate) fn entry(operator: &Operator, now: OffsetDateTime, change: &Change) -> Sql {
    sql(
        "INSERT INTO admin_log (at, operator, key_id, request_id, action, subject, details) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind::<Timestamptz, _>(now)
    .bind::<Text, _>(operator.name().to_owned())
    .bind::<Nullable<Uuid>, _>(operator.key_id().map(OperatorKeyId::get))
    .bind::<Nullable<Text>, _>(operator.request_id.clone())
    .bind::<Text, _>(change.action.name())
    .bind::<Jsonb, _>(subject(change))
    .bind::<Jsonb, _>(details(change))
}

fn subject(change: &Change) -> Value {
    let ids = change.subject.iter();
    let ids = ids.map(|(kind, id)| ((*kind).to_owned(), json!(id.to_string())));
    Value::Object(ids.collect::<Map<_, _>>())
}

/// `{"title": "…"}` for what was set, `{"title": {"from": "…", "to": "…"}}` for what was changed.
fn details(change: &Change) -> Value {
    let details = change.details.iter().map(|(name, from, to)| {
        let told = match from {
            None => value(to),
            Some(from) => json!({"from": value(from), "to": value(to)}),
        };
        ((*name).to_owned(), told)
    });
    Value::Object(details.collect::<Map<_, _>>())
}

fn value(fact: &Fact) -> Value {
    match fact {
        Fact::Nothing => Value::Null,
        Fact::Text(text) => json!(text),
        Fact::Number(number) => json!(number),
        Fact::Flag(flag) => json!(flag),
        // A time of the database has an RFC 3339 form.
        Fact::Time(time) => json!(time.format(&Rfc3339).unwrap_or_default()),
        Fact::Numbers(numbers) => json!(numbers),
    }
}

type Columns = (
    BigInt,
    Timestamptz,
    Text,
    Nullable<Uuid>,
    Nullable<Text>,
    Text,
    Text,
    Text,
);
type Row = (
    i64,
    OffsetDateTime,
    String,
    Option<uuid::Uuid>,
    Option<String>,
    String,
    String,
    String,
);

/// The log, newest first.
pub(crate) async fn read(
    mut conn: &AsyncPgConnection,
    page: PageRequest<u64>,
) -> QueryResult<Page<LogEntry, u64>> {
    let rows: Vec<Row> = sql::<Columns>(
        "SELECT number, at, operator, key_id, request_id, action, subject::text, details::text \
         FROM admin_log WHERE $1 IS NULL OR number < $1 ORDER BY number DESC LIMIT $2",
    )
    .bind::<Nullable<BigInt>, _>(page.after.map(u64::cast_signed))
    .bind::<BigInt, _>(i64::from(page.limit) + 1)
    .load(&mut conn)
    .await?;
    let entry = |(number, at, operator, key, request_id, action, subject, details): Row| LogEntry {
        number: number.unsigned_abs(),
        at,
        operator,
        key_id: key.map(OperatorKeyId::new),
        request_id,
        action,
        subject,
        details,
    };
    let entries = rows.into_iter().map(entry).collect();
    Ok(Page::of(entries, page.limit, |entry: &LogEntry| {
        entry.number
    }))
}
