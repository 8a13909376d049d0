//! A database of its own for every test.
//!
//! Postgres: `PORTERO_TEST_POSTGRES` names a server (`scripts/test` starts one). The demo data are migrated and seeded once per server into
//! a template, and every test gets a copy of it, which is removed after the test.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt;
use portero::dataset::DataSet;
use portero::service::registry;
use portero::store::{self, PoolSettings, Store};
use reqwest::Url;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use uuid::Uuid;

use super::App;

/// One of the two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A `SQLite` file.
    Sqlite,
    /// A Postgres server.
    Postgres,
}

/// What a test gets.
pub trait Fixture: Sized {
    /// Makes it from a database.
    async fn prepare(database: Database) -> Self;
}

impl Fixture for Database {
    async fn prepare(database: Database) -> Self {
        database
    }
}

impl Fixture for App {
    async fn prepare(database: Database) -> Self {
        Self::serve(&database, &[]).await
    }
}

/// Runs a test with a new database, which is removed after it, however it ends.
pub async fn with_database<F: Fixture>(engine: Engine, test: impl AsyncFnOnce(F)) {
    let database = Database::create(engine).await;
    let outcome = AssertUnwindSafe(async { test(F::prepare(database.clone()).await).await }).catch_unwind().await;
    database.remove().await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// A database: its URL, and statements past the store.
#[derive(Debug, Clone)]
pub struct Database {
    /// What `--database` takes.
    pub url: String,
    /// Which of the two.
    pub engine: Engine,
    /// Where a file is, until nobody needs it any more.
    _dir: Option<Arc<ScratchDir>>,
}

impl Database {
    /// A new one. On Postgres it holds the demo data, on `SQLite` nothing yet: a server fills it when it starts.
    pub async fn create(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let dir = ScratchDir::new();
                Self { url: format!("sqlite:{}", dir.join("portero.db").display()), engine, _dir: Some(Arc::new(dir)) }
            }
            Engine::Postgres => Self { url: copy_of_template().await, engine, _dir: None },
        }
    }

    /// One that somebody else has made.
    pub fn at_url(engine: Engine, url: &str) -> Self {
        Self { url: url.to_owned(), engine, _dir: None }
    }

    /// The same database by another URL.
    pub fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// Opens it as the program does, migrated and with the demo data.
    pub async fn store(&self) -> Arc<dyn Store> {
        let store = open(&self.url).await;
        store.migrate().await.unwrap();
        if store.is_empty().await.unwrap() {
            registry::seed(&*store, &DataSet::demo().unwrap()).await.unwrap();
        }
        store
    }

    /// Runs a statement past the store.
    pub async fn execute(&self, sql: &'static str) {
        match self.engine {
            Engine::Sqlite => {
                let mut conn = SqliteConnection::connect(&self.url).await.unwrap();
                sqlx::query(sql).execute(&mut conn).await.unwrap();
                conn.close().await.unwrap();
            }
            Engine::Postgres => {
                let mut conn = PgConnection::connect(&self.url).await.unwrap();
                sqlx::query(sql).execute(&mut conn).await.unwrap();
                conn.close().await.unwrap();
            }
        }
    }

    async fn remove(self) {
        if self.engine == Engine::Postgres {
            let url: Url = self.url.parse().unwrap();
            let name = url.path().trim_start_matches('/');
            execute(&mut admin().await, format!("DROP DATABASE \"{name}\" WITH (FORCE)")).await;
        }
    }
}

/// Opens a database by its URL, patiently enough for a slow machine.
pub async fn open(url: &str) -> Arc<dyn Store> {
    let settings = PoolSettings { pool_size: 16, pool_acquire_timeout: 30_000, statement_timeout: 0, statement_cache: 100 };
    store::open(&url.parse().unwrap(), &settings).await.unwrap()
}

/// A new directory for the files of one test, removed with everything in it when it is dropped.
#[derive(Debug)]
pub struct ScratchDir(PathBuf);

impl ScratchDir {
    /// Makes one.
    pub fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("portero-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&dir).unwrap();
        Self(dir)
    }

    /// A new file in it.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let file = self.0.join(name);
        std::fs::write(&file, content).unwrap();
        file.to_str().unwrap().to_owned()
    }
}

impl Deref for ScratchDir {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        // A server that still runs may write a last file; then what is left is not worth failing for.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The Postgres server that the tests use.
#[expect(clippy::disallowed_methods, reason = "it is a setting of the tests, not of the program")]
fn server_url() -> Url {
    let url = std::env::var("PORTERO_TEST_POSTGRES").expect(
        "the tests need Postgres too: run them with `scripts/test`, which starts one, or set \
         PORTERO_TEST_POSTGRES=postgres://USER:PASSWORD@HOST:PORT/DATABASE to a server where databases may be created",
    );
    url.parse().expect("PORTERO_TEST_POSTGRES is a postgres:// URL")
}

fn url_of(name: &str) -> String {
    let mut url = server_url();
    url.set_path(name);
    url.into()
}

async fn admin() -> PgConnection {
    PgConnection::connect(server_url().as_str()).await.expect("the Postgres of PORTERO_TEST_POSTGRES answers")
}

async fn copy_of_template() -> String {
    let mut admin = admin().await;
    let template = template(&mut admin).await;
    let name = format!("portero_test_{}", Uuid::new_v4().simple());
    execute(&mut admin, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
    url_of(&name)
}

/// The template's name. It is made by whichever test comes first, and says what it was made from.
async fn template(admin: &mut PgConnection) -> String {
    let name = format!("portero_template_{:016x}", fingerprint());
    if exists(admin, &name).await {
        return name;
    }
    sqlx::query("SELECT pg_advisory_lock(4711)").execute(&mut *admin).await.unwrap();
    if !exists(admin, &name).await {
        let unfinished = format!("{name}_unfinished");
        execute(admin, format!("DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")).await;
        execute(admin, format!("CREATE DATABASE {unfinished}")).await;
        let store = Database { url: url_of(&unfinished), engine: Engine::Postgres, _dir: None }.store().await;
        store.close().await;
        execute(admin, format!("ALTER DATABASE {unfinished} RENAME TO {name}")).await;
    }
    sqlx::query("SELECT pg_advisory_unlock(4711)").execute(&mut *admin).await.unwrap();
    name
}

async fn exists(admin: &mut PgConnection, name: &str) -> bool {
    let found = sqlx::query("SELECT 1 FROM pg_database WHERE datname = $1").bind(name).fetch_optional(admin).await;
    found.unwrap().is_some()
}

#[expect(clippy::disallowed_methods, reason = "CREATE DATABASE takes no parameters, and the names are ours")]
async fn execute(conn: &mut PgConnection, sql: String) {
    sqlx::query(AssertSqlSafe(sql)).execute(conn).await.unwrap();
}

/// Changes with the schema and with what the demo data are.
fn fingerprint() -> u64 {
    let mut hasher = DefaultHasher::new();
    for dir in ["migrations/postgres", "src/dataset"] {
        let mut files: Vec<_> = std::fs::read_dir(root().join(dir)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            (file.file_name(), std::fs::read(&file).unwrap()).hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// The repository's directory.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
