//! Servers that are killed, or told to end, while clients are at work.

use std::time::Duration;

use portero::clock::Stopwatch;
use uuid::Uuid;

use super::{CLIENTS, report};
use crate::portings::bulk;
use crate::support::conn::Conn;
use crate::support::database::with_database;
use crate::support::load::Load;
use crate::support::process::Served;
use crate::support::{Database, Engine, both_databases, tokens};

/// Portings whose whole life is due when the first server starts.
const DUE: i64 = 400;
/// How many of them have come to their end.
const PORTED: &str = "SELECT COUNT(*) FROM portings WHERE request_id LIKE 'r%' AND state = 'APOR'";

/// A number below another one, as chance wills.
fn below(bound: usize) -> usize {
    usize::try_from(Uuid::new_v4().as_u128() % u128::try_from(bound).unwrap()).unwrap()
}

/// SIGKILL at moments that nobody has chosen, to one server of so many, which another one replaces.
async fn killed(database: Database, servers: usize, rounds: usize) {
    database.store().await.close().await;
    let mut conn = Conn::open(&database).await;
    bulk::write(&mut conn, DUE, 0).await;
    let mut running: Vec<_> = (0..servers).map(|_| Served::reference(&database)).collect();
    let load = Load::start(CLIENTS, &urls(&running), &tokens::for_processes());
    let mut recovery = Vec::new();
    for _ in 0..rounds {
        load.acknowledged(1 + below(60)).await;
        let (victim, watch) = (running.swap_remove(below(servers)), Stopwatch::start());
        assert_eq!(victim.kill().0, None, "it ended by itself");
        running.push(Served::reference(&database));
        load.go_to(&urls(&running));
        load.acknowledged(1).await;
        recovery.push(watch.elapsed());
    }
    let ledger = load.stop().await;
    ledger.check(&mut conn).await;
    let at_work = async { while conn.number(PORTED).await < DUE {} };
    tokio::time::timeout(Duration::from_mins(1), at_work).await.expect("the worker goes on");
    let twice = "SELECT COUNT(*) FROM (SELECT 1 FROM portability_events GROUP BY porting_id, message_type HAVING COUNT(*) > 1) d";
    assert_eq!(conn.number(twice).await, 0, "nothing happens twice");
    report(&format!("SIGKILL, {rounds} times one of {servers}, {:?}", database.engine), &ledger, &recovery);
}

fn urls(servers: &[Served]) -> Vec<&str> {
    servers.iter().map(|served| served.url.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn at_random_on_sqlite() {
    with_database(Engine::Sqlite, async |database: Database| killed(database, 1, 3).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_random_on_postgres() {
    with_database(Engine::Postgres, async |database: Database| killed(database, 3, 3).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: scripts/test -E 'test(/^faults::kill::for_long/)' --run-ignored all"]
async fn for_long_on_sqlite() {
    with_database(Engine::Sqlite, async |database: Database| killed(database, 1, 40).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: scripts/test -E 'test(/^faults::kill::for_long/)' --run-ignored all"]
async fn for_long_on_postgres() {
    with_database(Engine::Postgres, async |database: Database| killed(database, 2, 40).await).await;
}

both_databases! {
    /// What is in flight is answered, and the end is a good one.
    async fn told_to_end(database: Database) {
        database.store().await.close().await;
        let served = Served::reference(&database);
        let load = Load::start(CLIENTS, &[&served.url], &tokens::for_processes());
        load.acknowledged(50).await;
        served.terminate();
        let (ended, watch) = (tokio::task::spawn_blocking(|| served.wait()), Stopwatch::start());
        let (code, log) = ended.await.unwrap();
        assert_eq!(code, Some(0));
        let took = watch.elapsed();
        for wrong in ["still in flight", "\"status\":5"] {
            assert!(log.iter().all(|line| !line.contains(wrong)), "{wrong}: {}", log.join("\n"));
        }
        let next = Served::reference(&database);
        load.go_to(&[&next.url]);
        load.acknowledged(50).await;
        let ledger = load.stop().await;
        ledger.check(&mut Conn::open(&database).await).await;
        report(&format!("SIGTERM, {:?}", database.engine), &ledger, &[took]);
    }
}
