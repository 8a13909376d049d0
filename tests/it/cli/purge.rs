//! `portero purge`

use serde_json::Value;

use crate::support::conn::Conn;
use crate::support::portings::{Node, WINDOW, state};
use crate::support::process::{Output, portero, run};
use crate::support::{Database, both_databases};

fn purge(database: &Database, args: &[&str]) -> Output {
    run(portero(&["purge"]).args(args).args(["--database", &database.url]))
}

/// How many it says, having said nothing else.
#[track_caller]
fn count(output: &Output) -> u32 {
    assert_eq!((output.code, output.stderr.as_str()), (0, ""));
    let (number, rest) = output.stdout.split_once(' ').unwrap();
    assert!(rest.starts_with("subscribers of requests whose portings ended before "), "{output:?}");
    number.parse().unwrap()
}

/// The published subscriber's request for a number.
async fn request(node: &Node, org: &str, number: &str) -> Value {
    let mut body = node.body(org, number);
    body["subscriber"] = crate::v1::published()["subscriber"].clone();
    node.request(org, &body).await.is(201);
    body
}

async fn has_subscriber(node: &Node, org: &str, number: &str) -> bool {
    node.detail(org, number).await.get("subscriber").is_some()
}

/// Ages that reach back to between one local time of Madrid and the next: the tests' time is long ago for the program, whose is the machine's.
fn age_to(instant: &str) -> String {
    let now = portero::clock::Clock::now(&portero::clock::SystemClock);
    let seconds = now.as_second() - crate::support::portings::madrid(instant).as_second();
    format!("PT{seconds}S")
}

both_databases! {
    async fn erases_what_has_ended_and_nothing_else(database: Database) {
        database.store().await.close().await;
        let node = Node::serve(&database, &[]).await;
        // Ported; refused by the Node; refused by the donor; cancelled; of another week; not ended; without a subscriber.
        let ported = request(&node, "euskaltel", "666777888").await;
        let process = node.last("euskaltel", "666777888").await["process_id"].as_str().unwrap().to_owned();
        request(&node, "euskaltel", "699999999").await;
        request(&node, "euskaltel", "634443600").await;
        node.cancel("euskaltel", "634443600", "CANC_ABONA").await.is(201);
        node.port_in("euskaltel", "634443601").await;
        node.at("2025-11-17T14:00:00");
        node.donor("masmovil", &process, "accept").await.is(201);
        node.at("2025-11-24T10:00:00");
        request(&node, "euskaltel", "634443602").await;
        node.at("2025-11-24T11:00:00");
        node.get("/v2/msisdns/666777888").await.is(200);
        assert_eq!(node.state("euskaltel", "666777888").await, state("APOR", ""));
        let before = node.list("euskaltel", "").await;
        let events = node.detail("euskaltel", "666777888").await["portability_events"].clone();

        // Until its window, what has been refused or cancelled could live again.
        assert_eq!(count(&purge(&database, &["--older-than", &age_to("2025-11-17T12:00:00")])), 1);
        assert!(!has_subscriber(&node, "euskaltel", "699999999").await);
        assert!(has_subscriber(&node, "euskaltel", "634443600").await);
        let late = age_to("2025-11-20T00:00:00");
        let dry = purge(&database, &["--older-than", &late, "--dry-run"]);
        assert_eq!(count(&dry), 2);
        assert!(dry.stdout.ends_with(" would be erased\n"), "{dry:?}");
        assert!(has_subscriber(&node, "euskaltel", "666777888").await);
        assert_eq!(count(&purge(&database, &["--older-than", &late])), 2);
        assert_eq!(count(&purge(&database, &["--older-than", &late])), 0);
        for (number, is_there) in [("666777888", false), ("634443600", false), ("634443602", true)] {
            assert_eq!(has_subscriber(&node, "euskaltel", number).await, is_there, "{number}");
        }
        assert!(!has_subscriber(&node, "masmovil", "666777888").await);

        // Nothing else has changed, but that a repeat cannot be recognised: it is refused, as another request with that code would be.
        assert_eq!(node.list("euskaltel", "").await, before);
        assert_eq!(node.detail("euskaltel", "666777888").await["portability_events"], events);
        node.request("euskaltel", &ported).await.violates("ContractCode", "unique");
        // Active, it stays, however old.
        assert_eq!(count(&purge(&database, &["--older-than", "PT1S"])), 0);
        let mut conn = Conn::open(&database).await;
        assert_eq!(conn.number("SELECT COUNT(*) FROM portability_requests WHERE subscriber IS NOT NULL").await, 1);
        assert_eq!(conn.number("SELECT COUNT(*) FROM portability_requests WHERE digest = ''").await, 3);
        assert_eq!(conn.number("SELECT COUNT(*) FROM audit WHERE operation = 'purge'").await, 2);
    }

    /// More than one transaction's worth.
    async fn many(database: Database) {
        database.store().await.close().await;
        let mut conn = Conn::open(&database).await;
        let row = |number: usize| format!("(0, 'r{number}', 'yoigo', 'c{number}', 'd', '{{}}')");
        let rows: Vec<_> = (0..2_100).map(row).collect();
        let columns = "created_at, id, org, contract_code, digest, subscriber";
        conn.run(&format!("INSERT INTO portability_requests ({columns}) VALUES {}", rows.join(", "))).await;
        assert_eq!(count(&purge(&database, &["--older-than", "P1Y", "--dry-run"])), 2_100);
        assert_eq!(count(&purge(&database, &["--older-than", "P1Y"])), 2_100);
        assert_eq!(conn.number("SELECT COUNT(*) FROM portability_requests WHERE subscriber IS NOT NULL").await, 0);
    }

    /// A refusal that can still be taken back keeps its subscriber.
    async fn until_the_window(database: Database) {
        database.store().await.close().await;
        let node = Node::serve(&database, &[]).await;
        request(&node, "euskaltel", "666777888").await;
        let process = node.last("euskaltel", "666777888").await["process_id"].as_str().unwrap().to_owned();
        node.at("2025-11-17T14:00:00");
        node.deny("masmovil", &process, "RECH_IDENT").await.is(201);
        assert_eq!(count(&purge(&database, &["--older-than", &age_to("2025-11-19T01:59:00")])), 0);
        node.at(WINDOW);
        assert_eq!(count(&purge(&database, &["--older-than", &age_to("2025-11-19T02:01:00")])), 1);
    }
}

#[test]
fn an_age_is_needed() {
    for args in [&[][..], &["--older-than", "5"], &["--older-than", "PT0S"], &["--older-than", "-P1Y"]] {
        assert_eq!(run(portero(&["purge"]).args(args).args(["--database", "sqlite::memory:"])).code, 2, "{args:?}");
    }
}
