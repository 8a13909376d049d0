//! Requests that are made at the same time share a transaction, and each is answered as if it had been alone.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use portero::domain::audit::{AuditQuery, Operation};
use serde_json::{Value, json};

use crate::support::both_databases;
use crate::support::portings::{Node, text};

/// What one of many requests is answered.
#[derive(Debug, PartialEq)]
enum Told {
    /// Its portabilities: number, state and cause.
    Done(Vec<(String, String, String)>),
    Repeat,
    Violates(String),
}

async fn told(node: &Node, org: &str, body: &Value) -> Told {
    let answer = node.request(org, body).await;
    let portability = |one: &Value| (text(one, "msisdn").to_owned(), text(one, "state").to_owned(), one["cause_status"].to_string());
    match answer.status {
        201 => Told::Done(answer.json().as_array().unwrap().iter().map(portability).collect()),
        204 => Told::Repeat,
        _ => Told::Violates(text(&answer.is(400).json(), "componentMsg").to_owned()),
    }
}

fn done(number: &str) -> Told {
    Told::Done(vec![(number.to_owned(), "ASOL".to_owned(), "null".to_owned())])
}

fn refused(number: &str, cause: &str) -> Told {
    Told::Done(vec![(number.to_owned(), "AREC".to_owned(), format!("\"AREC {cause}\""))])
}

both_databases! {
    async fn good_and_bad_ones_at_once(node: Node) {
        let mut asked = Vec::new();
        for turn in 0..60 {
            let number = format!("634443{}", 600 + turn);
            let org = ["masmovil", "euskaltel"][turn % 2];
            let mut body = node.body(org, &number);
            let expected = match turn % 5 {
                1 => {
                    body["window_date"] = json!("2025-11-20T03:00:00Z");
                    Told::Violates("Error:Field validation for 'WindowDate' failed on the 'window' tag".to_owned())
                }
                2 => {
                    body["nrn_receptor"] = json!("799999");
                    refused(&number, "NRNRE")
                }
                _ => done(&number),
            };
            asked.push((org, body, expected));
        }
        let answers = join_all(asked.iter().map(|(org, body, _)| told(&node, org, body))).await;
        for (answer, (_, body, expected)) in answers.iter().zip(&asked) {
            assert_eq!(answer, expected, "{body}");
        }
        // Each process has a reference of its own, and none is left out.
        for org in ["masmovil", "euskaltel"] {
            let list = node.list(org, "?limit=100").await;
            let references = list.iter().filter_map(|one| one.get("process_id")?.as_str()?.get(18..)?.parse().ok());
            let references: BTreeSet<usize> = references.collect();
            assert_eq!(references, (1..=18).collect(), "{org}");
        }
        // What was refused here has left nothing: the contract codes of those requests are free.
        let again = join_all(asked.iter().map(|(org, body, _)| told(&node, org, body))).await;
        for (answer, (_, _, expected)) in again.iter().zip(asked) {
            assert_eq!(*answer, if let Told::Violates(_) = expected { expected } else { Told::Repeat });
        }
        let lines = node.world.store.audit(&AuditQuery::default(), None, 1_000).await.unwrap();
        assert_eq!(lines.iter().filter(|(_, line)| line.operation == Operation::CreatePortability).count(), 48);
    }

    /// Of those that exclude each other one is done first, and the others find what it has left.
    async fn for_one_number_and_under_one_code(node: Node) {
        let (first, other) = (node.body("masmovil", "634443600"), node.body("masmovil", "634443601"));
        let mut same_code = other.clone();
        same_code["contract_code"] = first["contract_code"].clone();
        let mut same_number: Vec<_> = (0..20).map(|_| node.body("masmovil", "634443602")).collect();
        same_number.extend((0..20).map(|_| node.body("masmovil", "634443600")));
        let bodies: Vec<_> = [&first, &first, &same_code, &same_code].into_iter().chain(&same_number).collect();
        let answers = join_all(bodies.iter().map(|body| told(&node, "masmovil", body))).await;
        let count = |wanted: &Told| answers.iter().filter(|told| *told == wanted).count();
        let taken = Told::Violates("Error:Field validation for 'ContractCode' failed on the 'unique' tag".to_owned());
        assert_eq!(count(&taken), 2, "{answers:?}");
        assert_eq!((count(&done("634443602")), count(&refused("634443602", "EXIST"))), (1, 19), "{answers:?}");
        // One of the two meanings of the code came first, and its twin is its repeat.
        assert_eq!(count(&Told::Repeat), 1, "{answers:?}");
        assert_eq!(count(&done("634443600")), 1, "{answers:?}");
        assert_eq!(node.list("masmovil", "").await.len(), 41);
    }
}
