//! Binaries and schemas of different ages, and servers that start at once.

use super::{CLIENTS, is_ready, report};
use crate::support::conn::Conn;
use crate::support::database::with_database;
use crate::support::load::Load;
use crate::support::process::{Served, portero, run};
use crate::support::{App, Database, Engine, both_databases, tokens};

const OF_THE_FUTURE: &str = "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time)
    SELECT 9999, 'of the future', installed_on, success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";

both_databases! {
    async fn an_older_binary_refuses_a_newer_schema(database: Database) {
        database.store().await.close().await;
        database.execute(OF_THE_FUTURE).await;
        let reference = ["serve", "--listen", "127.0.0.1:0", "--mode", "reference", "--jwt-secret", tokens::SECRET];
        for command in [vec!["serve", "--listen", "127.0.0.1:0"], reference.to_vec(), vec!["migrate"], vec!["seed", "empty", "--replace"]] {
            let refused = run(portero(&command).args(["--database", &database.url]));
            let reason = "portero: the database's schema is newer than this binary knows (migration 9999): run the binary that made it, or a later one\n";
            assert_eq!((refused.code, refused.stdout.as_str(), refused.stderr.as_str()), (1, "", reason), "{command:?}");
        }
    }
}

/// A rolling upgrade: the newer binary has migrated, and the older one goes on until it is replaced.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_server_goes_on_with_an_additive_schema() {
    with_database(Engine::Postgres, async |database: Database| {
        let app = App::serve(&database, &["--mode", "reference"]).await;
        let load = Load::start(CLIENTS, &[&app.url], &app.token(&["*"], "api:everything"));
        load.acknowledged(50).await;
        for sql in [
            "ALTER TABLE msisdns ADD COLUMN note TEXT",
            "ALTER TABLE portings ADD COLUMN note TEXT NOT NULL DEFAULT ''",
            "CREATE INDEX msisdns_org_idx ON msisdns (org)",
            OF_THE_FUTURE,
        ] {
            database.execute(sql).await;
            load.acknowledged(20).await;
        }
        is_ready(&app).await;
        let ledger = load.stop().await;
        assert_eq!(ledger.unknown, 0, "no request has failed");
        ledger.check(&mut Conn::open(&database).await).await;
        report("Schema migrated under an older server", &ledger, &[]);
    })
    .await;
}

/// Replicas that start at once on an empty database: each of them serves, and the schema is made once.
#[tokio::test(flavor = "multi_thread")]
async fn migrations_raced_by_starting_replicas() {
    with_database(Engine::Postgres, async |database: Database| {
        database.execute("DROP SCHEMA public CASCADE").await;
        database.execute("CREATE SCHEMA public").await;
        let start = || {
            let database = database.clone();
            tokio::task::spawn_blocking(move || Served::reference(&database))
        };
        let starting: Vec<_> = (0..4).map(|_| start()).collect();
        for served in starting {
            let served = served.await.unwrap();
            assert_eq!(run(&mut portero(&["healthcheck", &served.url])).code, 0);
        }
        let migrations = std::fs::read_dir(crate::support::database::root().join("migrations/postgres")).unwrap().count();
        let mut conn = Conn::open(&database).await;
        assert_eq!(conn.number("SELECT COUNT(*) FROM _sqlx_migrations WHERE success").await, i64::try_from(migrations).unwrap());
    })
    .await;
}
