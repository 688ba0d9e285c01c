//! What the database of an own server has.

use anyhow::Result;
use tokio_postgres::Client;

use crate::fairness::Place;

/// The tickets of all who were let in, and by which version of the queue.
pub async fn places(client: &Client) -> Result<Vec<Place>> {
    let query =
        "SELECT ticket, admitted_version FROM queue_tokens WHERE admitted_version IS NOT NULL";
    let rows = client.query(query, &[]).await?;
    let place = |row: &tokio_postgres::Row| Place {
        arrival: row.get::<_, i64>(0).into(),
        admission: row.get::<_, i64>(1).into(),
    };
    Ok(rows.iter().map(place).collect())
}

/// How many were let in, and how many of them lost their place by their silence.
pub async fn no_shows(client: &Client) -> Result<(i64, i64)> {
    let query = "SELECT count(*) FILTER (WHERE admitted_version IS NOT NULL), \
        count(*) FILTER (WHERE end_reason = 'no_show') FROM queue_tokens";
    let row = client.query_one(query, &[]).await?;
    Ok((row.get(0), row.get(1)))
}
