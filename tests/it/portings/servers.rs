//! Several servers on one Postgres, without a worker, all asked at once.

use std::collections::HashSet;

use futures_util::future::join_all;
use serde_json::Value;

use crate::support::database::with_database;
use crate::support::portings::{Node, WINDOW, event, history, text};
use crate::support::{Database, Engine};

/// Two reference servers.
async fn two(database: &Database) -> [Node; 2] {
    let flags = ["--mode", "reference"];
    [Node::serve(database, &flags).await, Node::serve(database, &flags).await]
}

fn at(nodes: &[Node], local: &str) {
    for node in nodes {
        node.at(local);
    }
}

/// The n-th of DIGI's numbers.
fn number(n: usize) -> String {
    format!("634443{n:03}")
}

#[tokio::test(flavor = "multi_thread")]
async fn references_are_unique_across_servers() {
    with_database(Engine::Postgres, async |database: Database| {
        let nodes = two(&database).await;
        let bodies: Vec<_> = (0..60).map(|n| nodes[0].body("masmovil", &number(n))).collect();
        let calls = bodies.iter().enumerate().map(|(n, body)| {
            let call = nodes[n % 2].request("masmovil", body);
            async move { text(&call.await.is(201).json()[0], "process_id").to_owned() }
        });
        let mut references = join_all(calls).await;
        references.sort();
        let expected: Vec<_> = (1..=60).map(|sequence| format!("005075112511171000{sequence:05}")).collect();
        assert_eq!(references, expected);
        // The same again at the other server is a repeat.
        for (n, body) in bodies.iter().enumerate().take(10) {
            nodes[(n + 1) % 2].request("masmovil", body).await.is(204);
        }
    })
    .await;
}

/// Everything falls due for everybody at once: each reading, at whichever server, answers as settled; nothing happens twice.
#[tokio::test(flavor = "multi_thread")]
async fn everybody_asks_when_everything_is_due() {
    with_database(Engine::Postgres, async |database: Database| {
        let nodes = two(&database).await;
        at(&nodes, "2025-11-15T12:00:00");
        for n in 0..20 {
            nodes[0].port_in_ranges("masmovil", "MULTIPLE", &[(&number(5 * n), &number(5 * n + 4))]).await;
        }
        nodes[1].port_in_ranges("euskaltel", "MULTIPLE", &[("666777020", "666777023")]).await;
        for local in ["2025-11-17T08:00:00", "2025-11-17T14:00:00", WINDOW] {
            at(&nodes, local);
            let calls = (0..60).map(|turn| {
                let path = match turn % 6 {
                    0 => "/v1/orgs/masmovil/portabilities?limit=20".to_owned(),
                    1 => "/v1/orgs/masmovil/portabilities/pendingDonor".to_owned(),
                    2 => format!("/v1/orgs/masmovil/portabilities/msisdn/{}", number(turn)),
                    3 => format!("/v1/orgs/r/ownerOperator/{}", number(turn)),
                    4 => "/v1/orgs/euskaltel/portabilities".to_owned(),
                    _ => "/v2/msisdns/666777020".to_owned(),
                };
                let call = nodes[turn / 6 % 2].get(&path);
                async move { (path, call.await.is(200).json()) }
            });
            let state = match local {
                "2025-11-17T08:00:00" => "ASOL",
                WINDOW => "APOR",
                _ => "ACON",
            };
            for (path, answer) in join_all(calls).await {
                is_settled(&path, &answer, state);
            }
        }
        let mut codes = HashSet::new();
        for n in 0..100 {
            let detail = nodes[n % 2].detail("masmovil", &number(n)).await;
            assert_eq!(
                history(&detail),
                [
                    event("ENVIO_ALTA", "2025-11-15T12:00:00"),
                    event("SOLICITUD_ALTA", "2025-11-17T08:00:00"),
                    event("CONFIRMACION_ALTA", "2025-11-17T14:00:00"),
                    event("PORTABILIDAD_EFECTIVA", WINDOW),
                ]
            );
            let events = detail["portability_events"]["history"].as_array().unwrap();
            codes.extend(events.iter().map(|event| text(event, "notification_code").to_owned()));
        }
        assert_eq!(codes.len(), 400);
    })
    .await;
}

/// Whether a list has masmovil's numbers in the state in which they must be by now.
fn is_settled(path: &str, answer: &Value, state: &str) {
    let Some(list) = answer.as_array() else { return };
    for one in list.iter().filter(|one| text(one, "donor_operator") == "075") {
        assert_eq!(text(one, "state"), state, "{path}");
    }
}

/// Two donors' answers, cancellations and the deadline at once: one of them wins for each number, and both sides tell the same story.
#[tokio::test(flavor = "multi_thread")]
async fn commands_against_each_other() {
    with_database(Engine::Postgres, async |database: Database| {
        let nodes = two(&database).await;
        let numbers = ["666777020", "666777021", "666777022", "666777023"];
        let process =
            text(&nodes[0].port_in_ranges("euskaltel", "MULTIPLE", &[(numbers[0], numbers[3])]).await[0], "process_id").to_owned();
        at(&nodes, "2025-11-17T15:00:00");
        let base = "/v1/orgs";
        let cause = |cause: &str| serde_json::json!({"cause": cause});
        let calls = (0..48).map(|turn| {
            let node = &nodes[turn % 2];
            let call = match turn / 2 % 4 {
                0 => node.post(&format!("{base}/masmovil/portabilities/{process}/accept"), &cause("")),
                1 => node.post(&format!("{base}/masmovil/portabilities/{process}/deny"), &cause("RECH_IDENT")),
                2 => node.post(&format!("{base}/masmovil/portabilities/{process}/restartReply"), &cause("")),
                _ => node.post(&format!("{base}/euskaltel/portabilities/{}/cancel", numbers[turn / 8 % 4]), &cause("CANC_ABONA")),
            };
            async move { call.await.status }
        });
        let statuses = join_all(calls).await;
        assert!(statuses.iter().all(|status| [201, 204, 409].contains(status)), "{statuses:?}");
        for number in numbers {
            let (recipient, donor) = (nodes[0].detail("euskaltel", number).await, nodes[1].detail("masmovil", number).await);
            assert_eq!(history(&recipient), history(&donor));
            let ends = history(&recipient).iter().filter(|(kind, ..)| kind == "CANCELACION_ALTA").count();
            assert!(ends <= 1);
        }
    })
    .await;
}
