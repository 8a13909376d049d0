//! Processes that are killed in the middle of thousands of due transitions: none is applied twice, none is lost.

use std::time::Duration;

use sqlx::postgres::PgListener;

use super::bulk::{self, FIRST_MSISDN};
use crate::support::conn::Conn;
use crate::support::database::with_database;
use crate::support::process::Served;
use crate::support::{Database, Engine};

/// Registered, with an answer to be sent and a window, both past.
const ASKED: i64 = 3_000;
/// Sent to a Node that has opened since.
const WAITING: i64 = 500;
/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_mins(2);

/// Asks until the answer is yes.
async fn until(conn: &mut Conn, sql: &str) {
    let asking = async { while conn.number(sql).await == 0 {} };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("never: {sql}"));
}

/// Whether a session waits for a lock.
const BLOCKED: &str = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
/// How many portings have reached their end.
const PORTED: &str = "SELECT COUNT(*) FROM portings WHERE state = 'APOR'";

/// How many portings have reached their end, as a condition on it.
fn ported(condition: &str) -> String {
    format!("SELECT CAST(CASE WHEN ({PORTED}) {condition} THEN 1 ELSE 0 END AS BIGINT)")
}

/// Tells the test of every transaction that has changed portings.
async fn announce_batches(conn: &mut Conn, database: &Database) -> PgListener {
    conn.run("CREATE FUNCTION announce() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NOTIFY batches; RETURN NULL; END $$").await;
    conn.run("CREATE TRIGGER announce AFTER UPDATE ON portings FOR EACH STATEMENT EXECUTE FUNCTION announce()").await;
    let mut listener = PgListener::connect(&database.url).await.unwrap();
    listener.listen("batches").await.unwrap();
    listener
}

/// Waits until so many transactions more have been committed.
async fn batches(listener: &mut PgListener, count: usize) {
    for _ in 0..count {
        tokio::time::timeout(PATIENCE, listener.recv()).await.expect("another batch").unwrap();
    }
}

/// Keeps a number's row in the inventory locked: whoever comes to port it stands in the middle of a transaction.
async fn stand_in_the_way(database: &Database, number: i64) -> Conn {
    let mut obstacle = Conn::open(database).await;
    obstacle.run("BEGIN").await;
    obstacle.run(&format!("SELECT 1 FROM msisdns WHERE msisdn = {FIRST_MSISDN} + {number} FOR UPDATE")).await;
    obstacle
}

/// Two servers on one database. The first is killed while its transaction holds a batch of which some is written already, and another
/// server when both that are left have been at work and one of them stands in the middle of its last batch.
#[tokio::test(flavor = "multi_thread")]
async fn servers_killed_on_one_postgres() {
    with_database(Engine::Postgres, async |database: Database| {
        let mut conn = Conn::open(&database).await;
        bulk::write(&mut conn, ASKED, WAITING).await;
        let mut listener = announce_batches(&mut conn, &database).await;
        let mut early = stand_in_the_way(&database, 50).await;
        let mut late = stand_in_the_way(&database, ASKED).await;
        let first = Served::reference(&database);
        until(&mut conn, BLOCKED).await;
        assert_eq!(conn.number(PORTED).await, 0, "its batch is not committed");
        // The second passes by what the first holds.
        let second = Served::reference(&database);
        batches(&mut listener, 4).await;
        kill(first);
        early.run("ROLLBACK").await;
        let third = Served::reference(&database);
        batches(&mut listener, 4).await;
        until(&mut conn, BLOCKED).await;
        kill(second);
        assert!(conn.number(PORTED).await < ASKED + WAITING, "killed in the middle");
        late.run("ROLLBACK").await;
        until(&mut conn, &ported(&format!("= {}", ASKED + WAITING))).await;
        bulk::check(&mut conn, ASKED, WAITING).await;
        third.terminate();
        let (code, log) = third.wait();
        assert_eq!(code, Some(0));
        assert!(log.iter().all(|line| !line.contains("could not be applied")), "{}", log.join("\n"));
    })
    .await;
}

/// SIGKILL: no handler runs, nothing is tidied up.
fn kill(served: Served) {
    let (code, _) = served.kill();
    assert_eq!(code, None, "it ended by itself");
}

/// One process on a file, killed twice, and started again.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_on_sqlite() {
    with_database(Engine::Sqlite, async |database: Database| {
        database.store().await.close().await;
        let mut conn = Conn::open(&database).await;
        let asked = 2 * ASKED;
        bulk::write(&mut conn, asked, WAITING).await;
        for some in [1, 700] {
            let served = Served::reference(&database);
            until(&mut conn, &ported(&format!(">= {some}"))).await;
            kill(served);
            assert!(conn.number(PORTED).await < asked + WAITING, "killed in the middle");
        }
        let served = Served::reference(&database);
        until(&mut conn, &ported(&format!("= {}", asked + WAITING))).await;
        drop(served);
        bulk::check(&mut conn, asked, WAITING).await;
    })
    .await;
}
