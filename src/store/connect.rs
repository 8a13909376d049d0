//! Opening a database by its URL.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection, PgConnection, Pool, Postgres, Sqlite};
use tokio::sync::Mutex;

use super::Store;
use super::failure::{damaged, query_failure};
use super::sql::SqlStore;
use crate::error::{Error, Kind, Result};

/// How long a statement waits for another writer of a `SQLite` database.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The largest `SQLite` file that is looked through before it is used, in bytes: a second's work. Damage to a larger one is found where it
/// is met.
const CHECKED_AT_ONCE: u64 = 64 * 1024 * 1024;

/// How long Postgres may take to say that a connection is still alive, or what it was last asked for by somebody who has gone away, before
/// the connection is given up. A host that has lost its power never says anything, and the system would go on asking for a quarter of an hour.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// Postgres may have been restarted since a connection was last used, if that was so long ago: under load, none waits as long.
const LONG_IDLE: Duration = Duration::from_millis(100);

/// The SQLSTATE of a lock that was waited for in vain.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// The advisory lock of Postgres that a mock server holds: "portero" in ASCII.
const POSTGRES_LOCK: i64 = 0x0070_6f72_7465_726f;

/// Where the data are: `postgres://…`, `sqlite:FILE` or `sqlite::memory:`.
///
/// Displayed and debugged without its password.
#[derive(Clone)]
pub enum DatabaseUrl {
    /// A Postgres server.
    Postgres(Box<PgConnectOptions>),
    /// A file, or memory where there is no path.
    Sqlite(Option<PathBuf>),
}

/// The text is not the URL of a database that portero can use.
#[derive(Debug, thiserror::Error)]
#[error("a database is sqlite:FILE, sqlite::memory: or postgres://USER:PASSWORD@HOST:PORT/NAME")]
pub struct InvalidDatabaseUrl;

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return text.parse().map(|options| Self::Postgres(Box::new(options))).map_err(|_| InvalidDatabaseUrl);
        }
        let path = text.strip_prefix("sqlite:").ok_or(InvalidDatabaseUrl)?;
        let path = path.strip_prefix("//").unwrap_or(path);
        match path {
            "" => Err(InvalidDatabaseUrl),
            ":memory:" => Ok(Self::Sqlite(None)),
            path => Ok(Self::Sqlite(Some(path.into()))),
        }
    }
}

impl DatabaseUrl {
    /// The file that is going to be made, where there is none yet, nor a log of one that there was: it would be applied to the new one.
    #[must_use]
    pub fn new_file(&self) -> Option<&Path> {
        let Self::Sqlite(Some(path)) = self else { return None };
        let exists = |suffix: &str| {
            let mut name = path.clone().into_os_string();
            name.push(suffix);
            Path::new(&name).exists()
        };
        (!["", "-wal", "-journal"].into_iter().any(exists)).then_some(path)
    }
}

impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Postgres(options) => {
                let database = options.get_database().unwrap_or_else(|| options.get_username());
                write!(f, "postgres://{}@{}:{}/{database}", options.get_username(), options.get_host(), options.get_port())
            }
            Self::Sqlite(Some(path)) => write!(f, "sqlite:{}", path.display()),
            Self::Sqlite(None) => f.write_str("sqlite::memory:"),
        }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// How many connections, and how patient.
#[derive(Debug, Clone, clap::Args)]
pub struct PoolSettings {
    /// Most connections to the database, besides two that readings keep for themselves.
    #[arg(long, env = "PORTERO_POOL_SIZE", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1000), value_name = "N")]
    pub pool_size: u32,
    /// How long a request waits for a connection before it is answered 503, in milliseconds.
    #[arg(long, env = "PORTERO_POOL_ACQUIRE_TIMEOUT", default_value_t = 3000, value_name = "MS")]
    pub pool_acquire_timeout: u64,
    /// How long Postgres may take for a statement before the request is answered 503, in milliseconds. 0: as long as it likes.
    #[arg(long, env = "PORTERO_STATEMENT_TIMEOUT", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(..=3_600_000), value_name = "MS")]
    pub statement_timeout: u32,
    /// Prepared statements kept per connection. 0 for a pooler that cannot keep them.
    #[arg(long, env = "PORTERO_STATEMENT_CACHE", default_value_t = 100, value_name = "N")]
    pub statement_cache: usize,
}

impl PoolSettings {
    fn options<D: sqlx::Database>(&self) -> PoolOptions<D> {
        PoolOptions::new()
            .max_connections(self.pool_size)
            .acquire_timeout(Duration::from_millis(self.pool_acquire_timeout))
            .test_before_acquire(false)
    }
}

/// Opens a database. A `SQLite` file is created where there is none.
///
/// # Errors
/// [`Kind::Unavailable`] where it cannot be reached.
pub async fn open(url: &DatabaseUrl, settings: &PoolSettings) -> Result<Arc<dyn Store>> {
    let opened = match url {
        DatabaseUrl::Postgres(options) => open_postgres(options, settings).await,
        DatabaseUrl::Sqlite(Some(path)) => open_sqlite_file(path, settings).await,
        DatabaseUrl::Sqlite(None) => open_sqlite_memory(settings).await,
    };
    opened.map_err(|error| Error::because(error.kind(), format!("opening {url}: {}", error.plainly())))
}

/// A standby of Postgres, which nobody has tried to reach yet.
#[must_use]
pub fn open_standby(options: &PgConnectOptions, settings: &PoolSettings) -> Arc<dyn Store> {
    let options = postgres_options(options, settings);
    let pool = living_connections(settings.options()).connect_lazy_with(options.clone());
    Arc::new(SqlStore::new(pool.clone(), pool, Exclusive::Postgres(Box::new(options), Mutex::new(None))))
}

fn postgres_options(options: &PgConnectOptions, settings: &PoolSettings) -> PgConnectOptions {
    let options = options.clone().application_name("portero").statement_cache_capacity(settings.statement_cache);
    match settings.statement_timeout {
        // Not even mentioned: a pooler may refuse it.
        0 => options,
        millis => options.options([("statement_timeout", millis)]),
    }
}

async fn open_postgres(options: &PgConnectOptions, settings: &PoolSettings) -> Result<Arc<dyn Store>> {
    let options = postgres_options(options, settings);
    let pool = match living_connections(settings.options()).connect_with(options.clone()).await {
        Ok(pool) => pool,
        Err(error) => return Err(why_not(&options).await.unwrap_or_else(|| query_failure(error))),
    };
    let exclusive = Exclusive::Postgres(Box::new(options), Mutex::new(None));
    Ok(Arc::new(SqlStore::new(pool.clone(), pool, exclusive)))
}

/// Gives out no connection that has died, and takes none back.
fn living_connections(pool: PoolOptions<Postgres>) -> PoolOptions<Postgres> {
    pool.before_acquire(|conn, metadata| {
        Box::pin(async move { if metadata.idle_for < LONG_IDLE { Ok(true) } else { sign_of_life(conn.ping()).await } })
    })
    // The pool asks for a sign of life itself, but without end: what is still to be answered is waited for here, which costs nothing where
    // there is nothing.
    .after_release(|conn, _| Box::pin(async move { sign_of_life(conn.flush()).await }))
}

async fn sign_of_life(sign: impl Future<Output = sqlx::Result<()>>) -> sqlx::Result<bool> {
    let silent = |_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into());
    tokio::time::timeout(SIGN_OF_LIFE, sign).await.map_err(silent)?.map(|()| true)
}

/// Why Postgres cannot be reached, where it says so at once: the pool itself only says that time is up.
async fn why_not(options: &PgConnectOptions) -> Option<Error> {
    let attempt = tokio::time::timeout(Duration::from_secs(1), PgConnection::connect_with(options)).await;
    attempt.ok()?.err().map(query_failure)
}

/// One writer beside many readers, which is what `SQLite`'s write-ahead log allows.
async fn open_sqlite_file(path: &Path, settings: &PoolSettings) -> Result<Arc<dyn Store>> {
    let options = sqlite_file_options(path, settings);
    let writers = without_transactions(settings.options()).max_connections(1).connect_with(options.clone()).await.map_err(query_failure)?;
    if std::fs::metadata(path).is_ok_and(|file| file.len() <= CHECKED_AT_ONCE) {
        refuse_damaged(&writers).await?;
    }
    let readers = settings.options::<Sqlite>().connect_with(options.read_only(true)).await.map_err(query_failure)?;
    let lock = path.with_added_extension("lock");
    Ok(Arc::new(SqlStore::new(readers, writers, Exclusive::File(lock, Mutex::new(None)))))
}

/// Each commit is on the disk when it is acknowledged: `NORMAL` would leave it to the next checkpoint.
fn sqlite_file_options(path: &Path, settings: &PoolSettings) -> SqliteConnectOptions {
    sqlite_options(settings)
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
}

/// Takes back no connection that believes to be in a transaction: `SQLite` has ended that itself where there was no room for it, so that
/// it cannot be rolled back, and no other could ever begin.
fn without_transactions(pool: PoolOptions<Sqlite>) -> PoolOptions<Sqlite> {
    pool.after_release(|conn, _| {
        Box::pin(async move {
            // Behind what the connection was last told, such as to roll back.
            conn.ping().await?;
            Ok(!conn.is_in_transaction())
        })
    })
}

/// What is damaged is found before anything is served or written, not by the first who asks for it.
async fn refuse_damaged(pool: &Pool<Sqlite>) -> Result<()> {
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(pool).await.map_err(query_failure)?;
    if found == "ok" { Ok(()) } else { Err(damaged(found)) }
}

async fn open_sqlite_memory(settings: &PoolSettings) -> Result<Arc<dyn Store>> {
    let pool = memory_pool(settings).await?;
    Ok(Arc::new(SqlStore::over_one_connection(&pool)))
}

/// The one connection *is* the database, so it never expires, and readers and writers share it.
pub(super) async fn memory_pool(settings: &PoolSettings) -> Result<Pool<Sqlite>> {
    settings
        .options::<Sqlite>()
        .min_connections(1)
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(sqlite_options(settings).in_memory(true))
        .await
        .map_err(query_failure)
}

fn sqlite_options(settings: &PoolSettings) -> SqliteConnectOptions {
    SqliteConnectOptions::new().foreign_keys(true).busy_timeout(SQLITE_BUSY_TIMEOUT).statement_cache_capacity(settings.statement_cache)
}

/// How a process keeps others of its kind away from its database. Released by the operating system or by Postgres when the process dies.
#[derive(Debug)]
pub enum Exclusive {
    /// Memory is nobody else's.
    Always,
    /// A lock on a file beside the database, for `SQLite` itself locks for single transactions only.
    File(PathBuf, Mutex<Option<File>>),
    /// An advisory lock held by a connection of its own.
    Postgres(Box<PgConnectOptions>, Mutex<Option<PgConnection>>),
}

impl Exclusive {
    /// Takes the database; `false` where another process has it.
    pub async fn claim(&self) -> Result<bool> {
        match self {
            Self::Always => Ok(true),
            Self::File(path, held) => {
                let file = File::create(path).map_err(|error| Error::because(Kind::Unavailable, error))?;
                match file.try_lock() {
                    Ok(()) => *held.lock().await = Some(file),
                    Err(TryLockError::WouldBlock) => return Ok(false),
                    Err(TryLockError::Error(error)) => return Err(Error::because(Kind::Unavailable, error)),
                }
                Ok(true)
            }
            Self::Postgres(_, held) => {
                let claimed = self.claim_postgres().await?;
                let taken = claimed.is_some();
                *held.lock().await = claimed;
                Ok(taken)
            }
        }
    }

    /// Whether the claim still holds, or could be taken again. `true` where nothing was claimed.
    pub async fn keep(&self) -> Result<bool> {
        let Self::Postgres(_, held) = self else { return Ok(true) };
        let mut held = held.lock().await;
        let Some(conn) = held.as_mut() else { return Ok(true) };
        if sign_of_life(conn.ping()).await.is_ok() {
            return Ok(true);
        }
        // Not held again before it is claimed anew: until then every check tries.
        let claimed = self.claim_postgres().await?;
        let taken = claimed.is_some();
        if taken {
            *held = claimed;
        }
        Ok(taken)
    }

    /// A connection that has the lock; none where another process has it.
    async fn claim_postgres(&self) -> Result<Option<PgConnection>> {
        let Self::Postgres(options, _) = self else { return Ok(None) };
        // That it waits is no slow statement to be warned of.
        let options = options.as_ref().clone().disable_statement_logging();
        let mut conn = PgConnection::connect_with(&options).await.map_err(query_failure)?;
        // Postgres needs a moment to see that the process has died that had the lock: who starts again at once waits that long, however short
        // the statements of requests have to be.
        for setting in ["SET statement_timeout = 0", "SET lock_timeout = '2s'"] {
            sqlx::query(setting).execute(&mut conn).await.map_err(query_failure)?;
        }
        match sqlx::query("SELECT pg_advisory_lock($1)").bind(POSTGRES_LOCK).execute(&mut conn).await {
            Ok(_) => Ok(Some(conn)),
            Err(sqlx::Error::Database(answer)) if answer.code().as_deref() == Some(LOCK_NOT_AVAILABLE) => Ok(None),
            Err(error) => Err(query_failure(error)),
        }
    }

    /// Gives the database back.
    pub async fn release(&self) {
        match self {
            Self::Always => {}
            Self::File(_, held) => drop(held.lock().await.take()),
            Self::Postgres(_, held) => drop(held.lock().await.take()),
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::SqliteConnection;

    use super::*;

    #[test]
    fn urls() {
        let shown = |text: &str| text.parse::<DatabaseUrl>().map(|url| url.to_string()).ok();
        assert_eq!(shown("sqlite:portero.db").as_deref(), Some("sqlite:portero.db"));
        assert_eq!(shown("sqlite:///data/portero.db").as_deref(), Some("sqlite:/data/portero.db"));
        assert_eq!(shown("sqlite::memory:").as_deref(), Some("sqlite::memory:"));
        assert_eq!(shown("postgres://me:secret@db/stock").as_deref(), Some("postgres://me@db:5432/stock"));
        for refused in ["", "sqlite:", "mysql://x", "portero.db", "postgres://[", "SQLITE:x"] {
            assert_eq!(shown(refused), None, "{refused}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let url: DatabaseUrl = "postgres://me:secret@db/stock".parse().unwrap();
        assert!(!format!("{url} {url:?}").contains("secret"));
    }

    /// With the log written ahead, `NORMAL` would acknowledge what a power loss undoes.
    #[tokio::test]
    async fn a_commit_to_a_file_waits_for_the_disk() {
        let settings = PoolSettings { pool_size: 1, pool_acquire_timeout: 3000, statement_timeout: 0, statement_cache: 100 };
        let path = std::env::temp_dir().join(format!("portero-{}.db", uuid::Uuid::new_v4().simple()));
        let mut conn = SqliteConnection::connect_with(&sqlite_file_options(&path, &settings)).await.unwrap();
        let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut conn).await.unwrap();
        // 2 is FULL.
        let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        std::fs::remove_file(path).unwrap();
        assert_eq!((journal.as_str(), synchronous), ("wal", 2));
    }
}
