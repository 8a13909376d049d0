//! What truly differs between Postgres and SQLite, and the few calls of sqlx that the store is made of.
//!
//! The store is written once, generic over [`Dialect`]. Bounds such as `i64: Encode<DB>` cannot be implied by a trait, so the calls
//! that need them are methods here, implemented for both databases by one macro.

use std::future::Future;

use jiff::Timestamp;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use sqlx::{Connection as _, Database, Postgres, Row as _, SqlStr, Sqlite};

use super::sql::{assembled, pieces};
use crate::domain::imsi::Imsi;
use crate::domain::msisdn::Msisdn;

/// The advisory lock of Postgres that those hold who migrate: "migrate" in ASCII.
const MIGRATION_LOCK: i64 = 0x006d_6967_7261_7465;

/// A bound value. Integers are 64 bits wide on both databases.
#[derive(Debug, Clone, Copy)]
pub enum Param<'q> {
    /// `BIGINT`, `INTEGER`.
    Int(Option<i64>),
    /// `TEXT`.
    Text(Option<&'q str>),
}

impl Param<'_> {
    /// NULL of the same type.
    pub fn null(&self) -> Self {
        match self {
            Self::Int(_) => Self::Int(None),
            Self::Text(_) => Self::Text(None),
        }
    }
}

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Timestamp> for Param<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Int(Some(value.as_microsecond()))
    }
}

impl From<Option<Timestamp>> for Param<'_> {
    fn from(value: Option<Timestamp>) -> Self {
        Self::Int(value.map(Timestamp::as_microsecond))
    }
}

impl From<Msisdn> for Param<'_> {
    fn from(value: Msisdn) -> Self {
        Self::Int(Some(value.e164().cast_signed()))
    }
}

impl<'q> From<&'q str> for Param<'q> {
    fn from(value: &'q str) -> Self {
        Self::Text(Some(value))
    }
}

impl<'q> From<Option<&'q str>> for Param<'q> {
    fn from(value: Option<&'q str>) -> Self {
        Self::Text(value)
    }
}

impl<'q> From<&'q Imsi> for Param<'q> {
    fn from(value: &'q Imsi) -> Self {
        Self::Text(Some(value.as_str()))
    }
}

/// A table and some of its columns.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Their names.
    pub columns: &'static [&'static str],
}

impl Table {
    /// `name (column, …)`
    pub fn target(&self) -> String {
        format!("{} ({})", self.name, self.columns.join(", "))
    }
}

/// One of the two databases.
pub trait Dialect: Database {
    /// Starts a transaction that is going to write.
    const BEGIN_WRITE: &'static str;
    /// Starts a transaction that sees the database as it is at one instant.
    const BEGIN_READ: &'static str;
    /// Ends a `SELECT` whose rows others must not change until the transaction ends.
    const FOR_UPDATE: &'static str;
    /// The same, but for the rows that others have: they are left out.
    const FOR_UPDATE_OF_FREE: &'static str;
    /// The function that finds the place of a text in another, from 1, or 0: arguments haystack and needle.
    const PLACE_OF: &'static str;
    /// Makes a computed text compare byte by byte.
    const BYTEWISE: &'static str;
    /// Waits for those who are writing and keeps others from it until the transaction ends, in the order in which they write; `None` where
    /// only one writes at a time anyway.
    const LOCK_OUT: Option<&'static str>;
    /// Counts anew what bulk loading has changed; `None` where statements are planned without such counts.
    const ANALYZE: Option<&'static str>;
    /// Says whose log it is (`origin`), how far it has been written or applied (`at`), and whether it is a standby's (`is_standby`); `None`
    /// where there are no standbys.
    const POSITION: Option<&'static str>;
    /// The schema, as this binary knows it.
    const SCHEMA_MIGRATIONS: &'static Migrator;

    /// Runs a statement and returns its rows.
    fn rows(conn: &mut Self::Connection, sql: SqlStr, params: &[Param<'_>]) -> impl Future<Output = sqlx::Result<Vec<Self::Row>>> + Send;

    /// Runs a statement and returns how many rows it touched.
    fn execute(conn: &mut Self::Connection, sql: SqlStr, params: &[Param<'_>]) -> impl Future<Output = sqlx::Result<u64>> + Send;

    /// Adds many rows to a table, each with the values of its columns.
    fn load(conn: &mut Self::Connection, table: &Table, rows: &[Vec<Param<'_>>]) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// Brings the schema up to date. Safe when several servers start at once.
    fn migrate(conn: &mut PoolConnection<Self>) -> impl Future<Output = Result<(), MigrateError>> + Send;

    /// An integer column of a row.
    ///
    /// # Errors
    /// The column is missing or of another type.
    fn int(row: &Self::Row, column: &str) -> sqlx::Result<Option<i64>>;

    /// A text column of a row.
    ///
    /// # Errors
    /// The column is missing or of another type.
    fn text(row: &Self::Row, column: &str) -> sqlx::Result<Option<String>>;
}

// The lock of Postgres that the migrator would take itself is a session's.
static POSTGRES_MIGRATIONS: Migrator = Migrator { locking: false, ..sqlx::migrate!("migrations/postgres") };
static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

macro_rules! dialect {
    ($database:ty, $migrations:ident, { $($different:tt)* }) => {
        impl Dialect for $database {
            $($different)*
            const SCHEMA_MIGRATIONS: &'static Migrator = &$migrations;

            async fn rows(conn: &mut Self::Connection, sql: SqlStr, params: &[Param<'_>]) -> sqlx::Result<Vec<Self::Row>> {
                bound::<$database>(sql, params)?.fetch_all(conn).await
            }

            async fn execute(conn: &mut Self::Connection, sql: SqlStr, params: &[Param<'_>]) -> sqlx::Result<u64> {
                Ok(bound::<$database>(sql, params)?.execute(conn).await?.rows_affected())
            }

            fn int(row: &Self::Row, column: &str) -> sqlx::Result<Option<i64>> {
                row.try_get(column)
            }

            fn text(row: &Self::Row, column: &str) -> sqlx::Result<Option<String>> {
                row.try_get(column)
            }
        }
    };
}

dialect!(Postgres, POSTGRES_MIGRATIONS, {
    // What is written is looked up by keys. A plan made while a table was empty would read it as a whole, until Postgres has counted. Where
    // there is no other way than to read a small one so, its plan then looks so dear that Postgres would compile it, each time anew.
    const BEGIN_WRITE: &'static str = "BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL jit = off";
    const BEGIN_READ: &'static str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    const LOCK_OUT: Option<&'static str> = Some("LOCK TABLE portability_requests, portings, msisdns IN EXCLUSIVE MODE");
    const ANALYZE: Option<&'static str> = Some("ANALYZE msisdns, imsis, ported_numbers");
    // A commit that does not wait for the disk is in the log before it is written.
    const POSITION: Option<&'static str> = Some(
        "SELECT system_identifier || '/' || current_database() AS origin, CAST(pg_is_in_recovery() AS INT)::BIGINT AS is_standby,
            CAST(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END - '0/0' AS BIGINT) AS at
           FROM pg_control_system()",
    );
    const FOR_UPDATE: &'static str = " FOR UPDATE";
    const FOR_UPDATE_OF_FREE: &'static str = " FOR UPDATE SKIP LOCKED";
    const PLACE_OF: &'static str = "strpos";
    const BYTEWISE: &'static str = " COLLATE \"C\"";

    async fn load(conn: &mut Self::Connection, table: &Table, rows: &[Vec<Param<'_>>]) -> sqlx::Result<()> {
        let mut copy = conn.copy_in_raw(&format!("COPY {} FROM STDIN", table.target())).await?;
        copy.send(copy_text(rows).into_bytes()).await?;
        copy.finish().await.map(drop)
    }

    // One transaction around all, which holds the lock: a pooler gives each transaction any session, and a session's lock would stay with it.
    async fn migrate(conn: &mut PoolConnection<Self>) -> Result<(), MigrateError> {
        let mut tx = conn.begin_with(Self::BEGIN_WRITE).await?;
        // A migration of many rows may take longer than a request may make the database work.
        sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *tx).await?;
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(MIGRATION_LOCK).execute(&mut *tx).await?;
        POSTGRES_MIGRATIONS.run_direct(None, &mut *tx, false).await?;
        Ok(tx.commit().await?)
    }
});

// One writer at a time: a write transaction takes the lock when it begins, for a later upgrade from a read lock can fail.
dialect!(Sqlite, SQLITE_MIGRATIONS, {
    const BEGIN_WRITE: &'static str = "BEGIN IMMEDIATE";
    const BEGIN_READ: &'static str = "BEGIN";
    const LOCK_OUT: Option<&'static str> = None;
    const ANALYZE: Option<&'static str> = None;
    const POSITION: Option<&'static str> = None;
    const FOR_UPDATE: &'static str = "";
    const FOR_UPDATE_OF_FREE: &'static str = "";
    const PLACE_OF: &'static str = "instr";
    const BYTEWISE: &'static str = " COLLATE BINARY";

    async fn load(conn: &mut Self::Connection, table: &Table, rows: &[Vec<Param<'_>>]) -> sqlx::Result<()> {
        for rows in pieces(rows) {
            Self::execute(conn, insert(table, rows.len()), &rows.concat()).await?;
        }
        Ok(())
    }

    // One transaction around all: here the migrator has no lock of its own against another one.
    async fn migrate(conn: &mut PoolConnection<Self>) -> Result<(), MigrateError> {
        let mut tx = conn.begin_with(Self::BEGIN_WRITE).await?;
        SQLITE_MIGRATIONS.run_direct(None, &mut *tx, false).await?;
        Ok(tx.commit().await?)
    }
});

/// The statement of `SQLite` that adds so many rows.
fn insert(table: &Table, rows: usize) -> SqlStr {
    let row = format!("({})", vec!["?"; table.columns.len()].join(", "));
    assembled(format!("INSERT INTO {} VALUES {}", table.target(), vec![row; rows].join(", ")))
}

/// Rows as Postgres' `COPY` reads them: a line each, columns parted by tabs, `\N` for NULL.
fn copy_text(rows: &[Vec<Param<'_>>]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(rows.len() * 64);
    for row in rows {
        for (place, param) in row.iter().enumerate() {
            if place > 0 {
                text.push('\t');
            }
            // Writing to a string does not fail.
            let _ = match param {
                Param::Int(None) | Param::Text(None) => write!(text, "\\N"),
                Param::Int(Some(value)) => write!(text, "{value}"),
                Param::Text(Some(value)) => value.chars().try_for_each(|char| match char {
                    '\\' => text.write_str("\\\\"),
                    '\t' => text.write_str("\\t"),
                    '\n' => text.write_str("\\n"),
                    '\r' => text.write_str("\\r"),
                    char => text.write_char(char),
                }),
            };
        }
        text.push('\n');
    }
    text
}

/// A query with its parameters bound.
fn bound<'q, D>(sql: SqlStr, params: &[Param<'_>]) -> sqlx::Result<Query<'q, D, D::Arguments>>
where
    D: Database<Arguments: sqlx::IntoArguments<D>>,
    Option<i64>: for<'e> sqlx::Encode<'e, D> + sqlx::Type<D>,
    Option<String>: for<'e> sqlx::Encode<'e, D> + sqlx::Type<D>,
{
    use sqlx::Arguments as _;
    #[cfg(test)]
    super::plans::note(sql.as_str());
    let mut arguments = D::Arguments::default();
    for param in params {
        match param {
            Param::Int(value) => arguments.add(*value),
            Param::Text(value) => arguments.add(value.map(str::to_owned)),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(sqlx::query_with(sql, arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: Table = Table { name: "t", columns: &["a", "b"] };

    #[test]
    fn rows_for_copy() {
        let rows = [vec![Param::Int(Some(-1)), Param::Text(Some("a\tb\\N\n\r"))], vec![Param::Int(None), Param::Text(None)]];
        assert_eq!(copy_text(&rows), "-1\ta\\tb\\\\N\\n\\r\n\\N\t\\N\n");
    }

    #[test]
    fn rows_for_insert() {
        assert_eq!(insert(&TABLE, 2).as_str(), "INSERT INTO t (a, b) VALUES (?, ?), (?, ?)");
    }
}
