//! A connection past the store.

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};

use super::{Database, Engine};

/// A connection past the store.
pub enum Conn {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Conn {
    pub async fn open(database: &Database) -> Self {
        match database.engine {
            Engine::Sqlite => Self::Sqlite(SqliteConnection::connect(&database.url).await.unwrap()),
            Engine::Postgres => Self::Postgres(PgConnection::connect(&database.url).await.unwrap()),
        }
    }

    /// Ends it; what it wrote to `SQLite` is then in the file itself, if nobody else has the file open.
    pub async fn close(self) {
        match self {
            Self::Sqlite(conn) => conn.close().await.unwrap(),
            Self::Postgres(conn) => conn.close().await.unwrap(),
        }
    }

    /// Runs a statement.
    #[expect(clippy::disallowed_methods, reason = "the texts are the tests' own")]
    pub async fn run(&mut self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(conn) => drop(sqlx::query(sql).execute(conn).await.unwrap()),
            Self::Postgres(conn) => drop(sqlx::query(sql).execute(conn).await.unwrap()),
        }
    }

    /// The one number that a statement gives.
    #[expect(clippy::disallowed_methods, reason = "the texts are the tests' own")]
    pub async fn number(&mut self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(conn) => sqlx::query(sql).fetch_one(conn).await.unwrap().get(0),
            Self::Postgres(conn) => sqlx::query(sql).fetch_one(conn).await.unwrap().get(0),
        }
    }

    /// The rows of a statement that gives a text and a number.
    #[expect(clippy::disallowed_methods, reason = "the texts are the tests' own")]
    pub async fn counts(&mut self, sql: &str) -> Vec<(String, i64)> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(conn) => {
                let rows = sqlx::query(sql).fetch_all(conn).await.unwrap();
                rows.iter().map(|row| (row.get(0), row.get(1))).collect()
            }
            Self::Postgres(conn) => {
                let rows = sqlx::query(sql).fetch_all(conn).await.unwrap();
                rows.iter().map(|row| (row.get(0), row.get(1))).collect()
            }
        }
    }
}
