//! The store itself: pools, statements, units of work.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Pool, SqlSafeStr, SqlStr, Transaction};

use super::additions::{self, Adder};
use super::connect::Exclusive;
use super::dialect::{Dialect, Param};
use super::failure::{migration_failure, query_failure};
use super::queue::Queue;
use super::reads::{Connections, Reads};
use super::{Store, UnitOfWork};
use crate::domain::org::Tenancy;
use crate::error::{Error, Kind, Result};

/// A database behind two pools, which are one where the database has many writers.
pub struct SqlStore<D: Dialect> {
    pub(super) readers: Pool<D>,
    pub(super) writers: Pool<D>,
    pub(super) reads: Reads<D>,
    pub(super) additions: Arc<Queue<Adder<D>>>,
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
        let mut conn = self.readers.acquire().await.map_err(query_failure)?;
        D::rows(&mut conn, sql.into_sql_str(), params).await.map_err(query_failure)
    }
}

fn additions<D: Dialect>(writers: &Pool<D>) -> Arc<Queue<Adder<D>>> {
    Queue::new(Adder { writers: writers.clone() }, additions::LANES)
}

#[async_trait]
impl<D: Dialect> Store for SqlStore<D> {
    async fn begin(&self, tenancy: Tenancy) -> Result<Box<dyn UnitOfWork>> {
        let tx = self.writers.begin_with(D::BEGIN_WRITE).await.map_err(query_failure)?;
        Ok(Box::new(SqlUnit { tx, tenancy }))
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
            return Err(Error::because(Kind::Unavailable, format!("the schema is at {applied:?}, this binary needs {known:?}")));
        }
        Ok(())
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
        D::rows(&mut self.tx, sql, params).await.map_err(query_failure)
    }

    /// Runs a statement and returns how many rows it touched.
    pub(super) async fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64> {
        D::execute(&mut self.tx, sql.into_sql_str(), params).await.map_err(query_failure)
    }
}

#[async_trait]
impl<D: Dialect> UnitOfWork for SqlUnit<D> {
    async fn commit(self: Box<Self>) -> Result<()> {
        self.tx.commit().await.map_err(query_failure)
    }
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

/// `count` placeholders from `$first` on, separated by commas; each `$` of `pattern` becomes one: `($)` makes `($1), ($2)`.
pub(super) fn placeholders(first: usize, count: usize, pattern: &str) -> String {
    let each = |number: usize| pattern.replace('$', &format!("${number}"));
    (first..first + count).map(each).collect::<Vec<_>>().join(", ")
}
