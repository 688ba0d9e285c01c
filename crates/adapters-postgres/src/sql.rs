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
    use diesel::{query_builder::QueryBuilder, sql_types::Integer};

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
}
