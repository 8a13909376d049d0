//! The store itself: pools, statements, units of work.

use std::fmt::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Pool, SqlSafeStr, SqlStr, Transaction};

use tracing::{Instrument as _, Span};

use super::additions::Adder;
use super::connect::Exclusive;
use super::dialect::{Dialect, Param};
use super::failure::{migration_failure, query_failure};
use super::reads::{Connections, Reads};
use super::record::Record;
use super::{Position, Store, UnitOfWork};
use crate::batch::Queue;
use crate::batch::transactions::Transactions;
use crate::domain::org::Tenancy;
use crate::error::{Error, Result};

/// A database behind two pools, which are one where the database has many writers.
pub struct SqlStore<D: Dialect> {
    pub(super) readers: Pool<D>,
    pub(super) writers: Pool<D>,
    pub(super) reads: Reads<D>,
    pub(super) additions: Arc<Queue<Transactions<Adder<D>>>>,
    pub(super) exclusive: Exclusive,
}

impl<D: Dialect> SqlStore<D> {
    /// A store whose readers have connections of their own.
    pub(super) fn new(readers: Pool<D>, writers: Pool<D>, exclusive: Exclusive) -> Self {
        let reads = Reads::new(Connections::kept(readers.clone()));
        Self { additions: additions(&writers), readers, writers, reads, exclusive }
    }

    /// A store with one connection for everything.
    pub(super) fn over_one_connection(pool: &Pool<D>) -> Self {
        let reads = Reads::new(Connections::Lent(pool.clone()));
        Self { readers: pool.clone(), writers: pool.clone(), reads, additions: additions(pool), exclusive: Exclusive::Always }
    }

    /// Runs one reading statement: one connection, one round trip, no transaction.
    pub(super) async fn read(&self, sql: impl SqlSafeStr + Send, params: &[Param<'_>]) -> Result<Vec<D::Row>> {
        let mut conn = self.readers.acquire().instrument(span("db acquire")).await.map_err(query_failure)?;
        D::rows(&mut conn, sql.into_sql_str(), params).instrument(span("db read")).await.map_err(query_failure)
    }
}

fn additions<D: Dialect>(writers: &Pool<D>) -> Arc<Queue<Transactions<Adder<D>>>> {
    Transactions::queue(Adder { writers: writers.clone() })
}

#[async_trait]
impl<D: Dialect> Store for SqlStore<D> {
    async fn begin(&self, tenancy: Tenancy) -> Result<Box<dyn UnitOfWork>> {
        let tx = self.writers.begin_with(D::BEGIN_WRITE).instrument(span("db begin")).await.map_err(query_failure)?;
        Ok(Box::new(SqlUnit { tx, tenancy }))
    }

    async fn snapshot(&self) -> Result<Box<dyn UnitOfWork>> {
        let tx = self.readers.begin_with(D::BEGIN_READ).await.map_err(query_failure)?;
        Ok(Box::new(SqlUnit { tx, tenancy: Tenancy::Every }))
    }

    async fn migrate(&self) -> Result<()> {
        let mut conn = self.writers.acquire().await.map_err(query_failure)?;
        D::migrate(&mut conn).await.map_err(migration_failure)
    }

    async fn is_ready(&self) -> Result<()> {
        let rows = self.read("SELECT MAX(version) AS version FROM _sqlx_migrations WHERE success", &[]).await?;
        let applied = rows.first().map(|row| D::int(row, "version")).transpose().map_err(query_failure)?.flatten();
        let known = D::SCHEMA_MIGRATIONS.iter().map(|migration| migration.version).max();
        if applied < known {
            let cause = format!("the schema is at {applied:?}, this binary needs {known:?}");
            return Err(Error::not_ready("the database has not the schema that this server needs", cause));
        }
        Ok(())
    }

    async fn position(&self) -> Result<Option<Position>> {
        let Some(sql) = D::POSITION else { return Ok(None) };
        let rows = self.read(sql, &[]).await?;
        let position = |row| {
            let record = Record::<D>::new(row, "pg_control_system");
            Ok(Position { of: record.text("origin")?, at: record.int("at")?, is_standby: record.int("is_standby")? == 1 })
        };
        rows.first().map(position).transpose()
    }

    fn connections(&self) -> (u32, u32) {
        let count = |pool: &Pool<D>| (pool.size(), u32::try_from(pool.num_idle()).unwrap_or(u32::MAX));
        let readers = count(&self.readers);
        // Elsewhere readers and writers share one pool.
        if !matches!(self.exclusive, Exclusive::File(..)) {
            return readers;
        }
        let writers = count(&self.writers);
        (readers.0 + writers.0, readers.1 + writers.1)
    }

    async fn claim(&self) -> Result<bool> {
        self.exclusive.claim().await
    }

    async fn keep_claim(&self) -> Result<bool> {
        self.exclusive.keep().await
    }

    async fn close(&self) {
        self.exclusive.release().await;
        self.reads.close().await;
        self.additions.close();
        self.readers.close().await;
        self.writers.close().await;
    }
}

/// A transaction and whom it is for.
#[derive(Debug)]
pub struct SqlUnit<D: Dialect> {
    pub(super) tx: Transaction<'static, D>,
    pub(super) tenancy: Tenancy,
}

impl<D: Dialect> SqlUnit<D> {
    /// Runs a statement that returns rows.
    pub(super) async fn rows(&mut self, sql: SqlStr, params: &[Param<'_>]) -> Result<Vec<D::Row>> {
        D::rows(&mut self.tx, sql, params).instrument(span("db query")).await.map_err(query_failure)
    }

    /// Runs a statement for any number of rows, and returns its own. `statement` makes its text of a query that gives the rows, with columns
    /// `column1`, `column2`, …; the first of them is never NULL.
    pub(super) async fn rows_of(&mut self, rows: &[Vec<Param<'_>>], statement: impl Fn(&str) -> String) -> sqlx::Result<Vec<D::Row>> {
        let mut returned = Vec::new();
        for chunk in rows.chunks(PIECES[0]) {
            let size = padded_length(chunk.len());
            let mut params = chunk.concat();
            let width = params.len() / chunk.len();
            // Few sizes are few texts to prepare: what fills one up is no row.
            let nothing: Vec<_> = params.iter().take(width).map(Param::null).collect();
            params.extend(nothing.iter().cycle().take((size - chunk.len()) * width));
            let given = format!("SELECT * FROM (VALUES {}) v WHERE v.column1 IS NOT NULL", tuples(size, width));
            returned.extend(D::rows(&mut self.tx, assembled(statement(&given)), &params).await?);
        }
        Ok(returned)
    }

    /// Runs a statement and returns how many rows it touched.
    pub(super) async fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64> {
        D::execute(&mut self.tx, sql.into_sql_str(), params).instrument(span("db execute")).await.map_err(query_failure)
    }
}

#[async_trait]
impl<D: Dialect> UnitOfWork for SqlUnit<D> {
    async fn commit(self: Box<Self>) -> Result<()> {
        self.tx.commit().instrument(span("db commit")).await.map_err(query_failure)
    }

    async fn undo(self: Box<Self>) -> Result<()> {
        self.tx.rollback().await.map_err(query_failure)
    }
}

/// What a trace shows of the database; disabled where nothing is traced, for then nobody wants spans of this target and level.
pub(super) fn span(name: &'static str) -> Span {
    tracing::trace_span!(target: "portero::trace", "db", otel.name = name, otel.kind = "client")
}

/// A statement put together from our own constants.
pub(super) fn joined(parts: &[&'static str]) -> SqlStr {
    assembled(parts.concat())
}

/// A statement put together by the store: from constants, names of its own columns and placeholders, never from a value.
#[expect(clippy::disallowed_methods, reason = "values are bound, not written into the text")]
pub(super) fn assembled(text: String) -> SqlStr {
    AssertSqlSafe(text).into_sql_str()
}

/// So many rows go into one statement: few sizes, so that each text is prepared once, and none has more parameters than a database takes.
const PIECES: [usize; 5] = [256, 64, 16, 4, 1];

/// Cuts a list into pieces of [`PIECES`].
pub(super) fn pieces<T>(mut items: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = PIECES.into_iter().find(|size| *size <= items.len())?;
        let (piece, rest) = items.split_at(size);
        items = rest;
        Some(piece)
    })
}

/// How many there are in so many with what fills them up: as in [`PIECES`], or multiples of the largest.
pub(super) fn padded_length(count: usize) -> usize {
    PIECES.into_iter().rev().find(|size| *size >= count).unwrap_or_else(|| count.next_multiple_of(PIECES[0]))
}

/// The items, the last of them repeated until there are as many as in [`PIECES`], or multiples of the largest: for `IN`.
pub(super) fn padded<T>(items: &[T]) -> impl Iterator<Item = &T> {
    items.iter().chain(items.last().into_iter().cycle()).take(padded_length(items.len()))
}

/// Placeholders of `rows` rows of `width` values.
fn tuples(rows: usize, width: usize) -> String {
    let row = |row: usize| format!("({})", placeholders(row * width + 1, width));
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// `count` placeholders from `$first` on, separated by commas.
pub(super) fn placeholders(first: usize, count: usize) -> String {
    let mut text = String::with_capacity(count * "$1000, ".len());
    for number in first..first + count {
        // Writing to a string does not fail.
        let _ = write!(text, "{}${number}", if number == first { "" } else { ", " });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_everything_in_order() {
        for (count, sizes) in [(0, vec![]), (1, vec![1]), (9, vec![4, 4, 1]), (256, vec![256]), (600, vec![256, 256, 64, 16, 4, 4])] {
            let items: Vec<_> = (0..count).collect();
            assert_eq!(pieces(&items).map(<[usize]>::len).collect::<Vec<_>>(), sizes);
            assert_eq!(pieces(&items).collect::<Vec<_>>().concat(), items);
        }
    }

    #[test]
    fn padding_repeats_the_last() {
        for (count, size) in [(1, 1), (2, 4), (4, 4), (5, 16), (257, 512), (1_000, 1_024)] {
            let items: Vec<_> = (0..count).collect();
            let padded: Vec<_> = padded(&items).copied().collect();
            assert_eq!((padded.len(), &padded[..count], padded.last()), (size, &items[..], items.last()));
        }
    }

    #[test]
    fn rows_of_placeholders() {
        assert_eq!(tuples(2, 3), "($1, $2, $3), ($4, $5, $6)");
    }
}
