//! SQL written by hand, with typed binds and typed rows.
//!
//! The set-based statements of the lanes (`unnest`, `UPDATE … FROM`, CTEs) are beyond the query
//! builder, and `diesel::sql_query` is prepared anew at each call. A [`Sql`] is prepared once a
//! connection, like a statement of the query builder.

use std::marker::PhantomData;

use diesel::{
    QueryResult,
    expression::AsExpression,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    result::Error,
    sql_types::{SingleValue, SqlType},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join_all;

/// A statement with the binds `$1`, `$2`, … and rows of the SQL types `Row`.
pub(crate) struct Sql<Row = ()> {
    text: &'static str,
    binds: Vec<Box<dyn QueryFragment<Pg> + Send>>,
    row: PhantomData<fn() -> Row>,
}

/// A statement, its binds still missing.
pub(crate) fn sql<Row>(text: &'static str) -> Sql<Row> {
    Sql {
        text,
        binds: Vec::new(),
        row: PhantomData,
    }
}

impl<Row> Sql<Row> {
    /// The next bind, of SQL type `T`.
    pub(crate) fn bind<T, V>(mut self, value: V) -> Self
    where
        T: SqlType + SingleValue,
        V: AsExpression<T>,
        V::Expression: QueryFragment<Pg> + Send + 'static,
    {
        self.binds.push(Box::new(value.as_expression()));
        self
    }
}

/// Executes `statements` in their order, all sent at once. An error is that of the first that
/// failed; within a transaction those after it fail with it.
///
/// PostgreSQL executes what a connection sends in the order it was sent, and diesel sends statements
/// in the order in which their futures are first polled: one that has to be prepared first keeps those
/// after it waiting.
pub(crate) async fn run(conn: &AsyncPgConnection, statements: Vec<Sql>) -> QueryResult<()> {
    let sent = statements
        .into_iter()
        .map(|statement| statement.execute(&mut &*conn));
    try_join_all(sent).await?;
    Ok(())
}

impl<Row> QueryFragment<Pg> for Sql<Row> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut parts = self.text.split('$');
        out.push_sql(parts.next().unwrap_or_default());
        for part in parts {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let number: usize = part[..digits].parse().unwrap_or(0);
            let bind = number.checked_sub(1).and_then(|at| self.binds.get(at));
            let bind = bind.ok_or_else(|| {
                Error::QueryBuilderError(format!("no bind ${number} for: {}", self.text).into())
            })?;
            bind.walk_ast(out.reborrow())?;
            out.push_sql(&part[digits..]);
        }
        Ok(())
    }
}

impl<Row> QueryId for Sql<Row> {
    type QueryId = ();
    // Many statements share this type: the cache tells them apart by their text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Row> Query for Sql<Row> {
    type SqlType = Row;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Database, DatabaseConfig};
    use diesel::{
        query_builder::QueryBuilder,
        sql_types::{Integer, Text},
    };

    fn text(statement: &Sql) -> QueryResult<String> {
        let mut builder = diesel::pg::PgQueryBuilder::default();
        statement.to_sql(&mut builder, &Pg)?;
        Ok(builder.finish())
    }

    #[test]
    fn binds_stand_where_their_numbers_are() {
        let statement = sql("a $2 b $1 c")
            .bind::<Integer, _>(1)
            .bind::<Integer, _>(2);
        assert_eq!(text(&statement).unwrap(), "a $1 b $2 c");
        assert!(statement.is_safe_to_cache_prepared(&Pg).unwrap());
    }

    #[test]
    fn a_missing_bind_is_an_error() {
        assert!(text(&sql("a $1")).is_err());
    }

    /// A statement that has to be prepared first needs one more round trip than one that has not.
    #[tokio::test]
    async fn what_is_sent_at_once_is_executed_in_order_prepared_or_not() {
        let database = test_database::TestDatabase::empty().await;
        let database = Database::new(&DatabaseConfig::new(database.url())).unwrap();
        let conn = database.connection().await.unwrap();
        let step = |append| sql(append).bind::<Text, _>("x");
        let (known, new) = (
            "UPDATE steps SET taken = taken || 'known,', by = $1",
            "UPDATE steps SET taken = taken || 'new,', by = $1",
        );
        let make = sql("CREATE TEMP TABLE steps AS SELECT ''::text AS taken, ''::text AS by");
        run(&conn, vec![make, step(known)]).await.unwrap();
        let steps = vec![
            sql("BEGIN"),
            step(new),
            step(known),
            step(new),
            sql("ROLLBACK"),
            step(known),
        ];
        run(&conn, steps).await.unwrap();
        let steps = vec![sql("BEGIN"), step(new), step(known), sql("COMMIT")];
        run(&conn, steps).await.unwrap();
        let taken = sql::<(Text,)>("SELECT taken FROM steps");
        let taken: (String,) = taken.get_result(&mut &*conn).await.unwrap();
        assert_eq!(taken.0, "known,known,new,known,");
    }

    #[tokio::test]
    async fn a_statement_that_fails_makes_the_commit_behind_it_a_rollback() {
        let database = test_database::TestDatabase::empty().await;
        let database = Database::new(&DatabaseConfig::new(database.url())).unwrap();
        let conn = database.connection().await.unwrap();
        run(&conn, vec![sql("CREATE TABLE steps (number int)")])
            .await
            .unwrap();
        for fails in ["INSERT INTO steps SELECT 1 / 0", "not even SQL"] {
            let steps = vec![
                sql("BEGIN"),
                sql("INSERT INTO steps VALUES (1)"),
                sql(fails),
                sql("COMMIT"),
            ];
            run(&conn, steps).await.unwrap_err();
            run(&conn, vec![sql("ROLLBACK")]).await.unwrap();
            let count = sql::<(Integer,)>("SELECT count(*)::int FROM steps");
            let count: (i32,) = count.get_result(&mut &*conn).await.unwrap();
            assert_eq!(count.0, 0, "{fails}");
        }
    }
}
