//! From the database's errors to ours: what passes by itself is "unavailable", the rest is "internal".

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;

use crate::error::{Error, Kind};

/// SQLSTATEs, or their classes, of a Postgres that cannot serve for the moment: connection (08), resources (53), operator
/// intervention and statement time-out (57), lock time-out (55P03), serialization and deadlock (40001, 40P01), a standby (25006).
const PASSING_SQLSTATES: &[&str] = &["08", "53", "57", "55P03", "40001", "40P01", "25006"];

/// Primary result codes of SQLite: BUSY, LOCKED, and CANTOPEN, which is its way not to be reached; FULL, and IOERR, which is also what a
/// quota or a limit of the file system comes to: there may be room again, as Postgres says of a full disk (53100).
const PASSING_SQLITE_CODES: &[i64] = &[5, 6, 10, 13, 14];

/// Primary result codes of SQLite: CORRUPT and NOTADB.
const DAMAGED_SQLITE_CODES: &[i64] = &[11, 26];

/// What SQLite cannot read, or what contradicts itself.
#[derive(Debug, thiserror::Error)]
#[error("the file is damaged, or is no SQLite database: restore a copy of it ({0})")]
struct Damaged(String);

/// A database file that is not to be used.
pub fn damaged(found: impl std::fmt::Display) -> Error {
    Error::because(Kind::Internal, Damaged(found.to_string()))
}

/// The failure of a statement.
pub fn query_failure(error: sqlx::Error) -> Error {
    let code = error.as_database_error().and_then(DatabaseError::code);
    if code.is_some_and(|code| is_sqlite(&code, DAMAGED_SQLITE_CODES)) {
        return damaged(error);
    }
    let passes = match &error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::WorkerCrashed
        // A connection that breaks off in the middle of what it says, or before a transaction has begun in it: another one will do better.
        | sqlx::Error::Protocol(_)
        | sqlx::Error::BeginFailed
        | sqlx::Error::InvalidSavePointStatement => true,
        sqlx::Error::Database(answer) => answer.code().is_some_and(|code| is_passing(&code)),
        _ => false,
    };
    Error::because(if passes { Kind::Unavailable } else { Kind::Internal }, error)
}

/// Postgres' codes have five characters, `SQLite`'s are decimal numbers of up to four digits.
fn is_passing(code: &str) -> bool {
    if code.len() == 5 {
        return PASSING_SQLSTATES.iter().any(|state| code.starts_with(state));
    }
    is_sqlite(code, PASSING_SQLITE_CODES)
}

/// Whether a code is one of these of `SQLite`, whose low byte is the primary one.
fn is_sqlite(code: &str, primary: &[i64]) -> bool {
    code.len() < 5 && code.parse::<i64>().is_ok_and(|code| primary.contains(&(code & 0xff)))
}

/// A schema that cannot be brought up to date.
#[derive(Debug, thiserror::Error)]
#[error("the database's schema is newer than this binary knows (migration {0}): run the binary that made it, or a later one")]
struct NewerSchema(i64);

/// The failure of a migration.
pub fn migration_failure(error: MigrateError) -> Error {
    match error {
        MigrateError::VersionMissing(version) => Error::because(Kind::Internal, NewerSchema(version)),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => query_failure(error),
        other => Error::because(Kind::Internal, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself() {
        for code in
            ["08006", "53300", "57P01", "57014", "55P03", "40001", "40P01", "25006", "5", "261", "517", "6", "10", "778", "13", "14"]
        {
            assert!(is_passing(code), "{code}");
        }
        for code in ["23505", "42P01", "22P02", "2067", "1", "11", "26", "40003", ""] {
            assert!(!is_passing(code), "{code}");
        }
    }

    #[test]
    fn kinds() {
        assert_eq!(query_failure(sqlx::Error::PoolTimedOut).kind(), Kind::Unavailable);
        assert_eq!(query_failure(sqlx::Error::Protocol("unexpected message".to_owned())).kind(), Kind::Unavailable);
        assert_eq!(query_failure(sqlx::Error::BeginFailed).kind(), Kind::Unavailable);
        assert_eq!(query_failure(sqlx::Error::RowNotFound).kind(), Kind::Internal);
    }

    #[test]
    fn an_older_binary_says_so() {
        assert!(migration_failure(MigrateError::VersionMissing(7)).story().contains("newer than this binary knows (migration 7)"));
    }
}
