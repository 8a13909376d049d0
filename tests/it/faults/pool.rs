//! More requests than connections.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use portero::error::Kind;
use serde_json::json;

use crate::support::conn::Conn;
use crate::support::{App, Database, Engine, both_databases};

/// How many ask at once, and how many of them there are connections for.
const ASKING: usize = 32;
const CONNECTIONS: usize = 4;

both_databases! {
    /// Somebody else holds what everybody needs. Those who get a connection wait for it; the others are told to come again, soon.
    async fn exhausted(database: Database) {
        let app = App::serve(&database, &["--pool-size", "4", "--pool-acquire-timeout", "200", "--worker", "false"]).await;
        let mut other = Conn::open(&database).await;
        // SQLite has one writer at a time.
        let (lock, lucky) = match database.engine {
            Engine::Postgres => ("BEGIN; LOCK TABLE imsis IN ACCESS EXCLUSIVE MODE", CONNECTIONS),
            Engine::Sqlite => ("BEGIN IMMEDIATE", 1),
        };
        for statement in lock.split("; ") {
            other.run(statement).await;
        }
        let body = json!({"imsi": "214049000001111"});
        let put = || async { app.put("/v2/orgs/masmovil/msisdns/666777888", &body).await };
        let mut asking: FuturesUnordered<_> = (0..ASKING).map(|_| put()).collect();
        for _ in lucky..ASKING {
            let answer = tokio::time::timeout(Duration::from_secs(4), asking.next()).await.expect("an answer in time").unwrap();
            answer.fails(Kind::Unavailable, "Service unavailable, please try again later");
            assert_eq!(answer.header("retry-after"), "1");
        }
        app.get("/health/live").await.is(200);
        if database.engine == Engine::Sqlite {
            // Who reads does not wait for who writes.
            app.get("/v2/msisdns/666777888").await.is(200);
        }
        other.run("ROLLBACK").await;
        while let Some(answer) = asking.next().await {
            answer.is(204);
        }
        app.get("/health/ready").await.is(200);
        put().await.is(204);
    }
}
