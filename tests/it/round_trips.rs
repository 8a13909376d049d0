//! What an operation costs: how often the server asks its database and waits.

use serde_json::json;

use crate::support::database::with_database;
use crate::support::proxy::Proxy;
use crate::support::{App, Database, Engine};

/// A server whose round trips are counted. It has one connection, which has prepared its statements when it has run them once.
async fn counted(database: &Database) -> (App, Proxy) {
    let proxy = Proxy::before(database).await;
    let app = App::serve(&database.at(&proxy.url), &["--pool-size", "1", "--worker", "false"]).await;
    (app, proxy)
}

/// A read is one statement, without BEGIN and COMMIT.
#[tokio::test]
async fn a_read_costs_one_round_trip() {
    with_database(Engine::Postgres, async |database: Database| {
        let (app, proxy) = counted(&database).await;
        let reads =
            ["/v2/msisdns/666777888?embed=tenant,imsis", "/v2/msisdns/666777888", "/v2/imsis/214040119172971", "/v2/msisdns/666777999"];
        for path in reads {
            app.get(path).await;
        }
        for path in reads {
            let before = proxy.round_trips();
            app.get(path).await;
            assert_eq!(proxy.round_trips() - before, 1, "{path}");
        }
        // Refused before anything is asked.
        let before = proxy.round_trips();
        app.get("/v2/msisdns/666777888").without_token().await.is(401);
        app.get("/v2/msisdns/1").await.is(400);
        assert_eq!(proxy.round_trips() - before, 0);
    })
    .await;
}

/// The org, and what is read of it; who owns a number is also a question of what the Central Node publishes, which is one statement too.
#[tokio::test]
async fn a_read_of_portabilities_costs_one_round_trip_besides_its_org() {
    with_database(Engine::Postgres, async |database: Database| {
        let (app, proxy) = counted(&database).await;
        for (path, cost) in [("portabilities?limit=5", 2), ("portabilities/pendingDonor", 2), ("ownerOperator/666777101", 3)] {
            let path = format!("/v1/orgs/masmovil/{path}");
            app.get(&path).await.is(200);
            let before = proxy.round_trips();
            app.get(&path).await.is(200);
            assert_eq!(proxy.round_trips() - before, cost, "{path}");
        }
    })
    .await;
}

/// Org, due transitions, BEGIN, lock, read, retire, add, confirm, audit, COMMIT: a change of this number is a decision, not an accident.
#[tokio::test]
async fn a_write_costs_a_known_number_of_round_trips() {
    with_database(Engine::Postgres, async |database: Database| {
        let (app, proxy) = counted(&database).await;
        let mut costs = Vec::new();
        for imsi in ["214049000001111", "214049000002222"] {
            let before = proxy.round_trips();
            app.put("/v2/orgs/masmovil/msisdns/666777888", &json!({"imsi": imsi})).await.is(204);
            costs.push(proxy.round_trips() - before);
        }
        assert_eq!(costs[1], 10);
    })
    .await;
}
