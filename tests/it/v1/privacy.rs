//! Personal data: where they are shown, and where they must not be.

use regex::RegexSet;
use serde_json::{Value, json};

use super::curls::published;
use super::lists::filter;
use crate::support::both_databases;
use crate::support::portings::{Node, TV, text};

/// The published subscriber with everything that a donor must not know.
fn request(node: &Node, org: &str, number: &str) -> Value {
    let mut body = node.body(org, number);
    body["subscriber"] = published()["subscriber"].clone();
    body["subscriber"]["email"] = json!("martina@example.com");
    body["subscriber"]["id"] = json!("customer-4711");
    body["external_reference"] = json!("our own reference");
    body
}

/// What of a text is personal. The postal code only as a word: its five digits may be any five of an id.
const PERSONAL: [&str; 8] =
    ["09288205T", "Martina", "Fraile", "martina@example.com", "customer-4711", "Leonardo", r"\b28040\b", "our own reference"];

fn personal(text: &str) -> Vec<&'static str> {
    RegexSet::new(PERSONAL).unwrap().matches(text).into_iter().map(|found| PERSONAL[found]).collect()
}

both_databases! {
    async fn the_donor_s_view(node: Node) {
        let body = request(&node, "euskaltel", "666777888");
        assert_eq!(personal(&body.to_string()), PERSONAL);
        node.request("euskaltel", &body).await.is(201);
        let recipient = node.detail("euskaltel", "666777888").await;
        assert_eq!(recipient["subscriber"]["account"], body["subscriber"]);
        assert_eq!(node.last("euskaltel", "666777888").await["external_reference"], "our own reference");
        let donor = node.detail("masmovil", "666777888").await;
        assert_eq!(donor["subscriber"]["account"], json!({
            "addresses": [], "document": "09288205T", "document_type": "NIF", "id": null, "email": null, "msisdn": null,
            "name": "Martina", "nationality": "España", "second_name": null, "surname": "Fraile Méndez"
        }));
        assert_eq!(personal(&donor.to_string()), ["09288205T", "Martina", "Fraile"]);
        let process = text(&donor, "process_id").to_owned();
        node.at(TV);
        let commands = [
            node.deny("masmovil", &process, "RECH_IDENT").await.is(201),
            node.donor("masmovil", &process, "restartReply").await.is(201),
            node.donor("masmovil", &process, "accept").await.is(201),
        ];
        for answer in commands {
            assert!(personal(&answer.body).is_empty(), "{}", answer.body);
        }
        for path in ["", "/pendingDonor", "/msisdn/666777888", "/msisdn/666777888/last", &format!("/processId/{process}")] {
            let list = Value::Array(node.list("masmovil", path).await).to_string();
            assert!(personal(&list).is_empty(), "{path}: {list}");
        }
        // Nor can the donor find it out by asking.
        for asked in ["external_reference co \"own\"", "external_reference pr", "external_reference ge \"a\""] {
            assert!(node.list("masmovil", &filter(asked)).await.is_empty(), "{asked}");
            assert_eq!(node.list("euskaltel", &filter(asked)).await.len(), 1, "{asked}");
        }
    }

    /// Lists have nothing of the subscriber, for anyone, and errors repeat nothing of what was sent.
    async fn lists_and_errors(node: Node) {
        let body = request(&node, "euskaltel", "666777888");
        let created = node.request("euskaltel", &body).await.is(201);
        assert_eq!(personal(&created.body), ["our own reference"]);
        assert_eq!(personal(&Value::Array(node.list("euskaltel", "").await).to_string()), ["our own reference"]);
        let wrong = |pointer: &str, value: Value| {
            let mut wrong = body.clone();
            let (parent, member) = pointer.rsplit_once('/').unwrap();
            wrong.pointer_mut(parent).unwrap()[member] = value;
            wrong
        };
        for wrong in [
            wrong("/subscriber/document", json!("09288205X Martina")),
            wrong("/subscriber/email", json!("Martina")),
            wrong("/subscriber/name", json!({"Martina": 1})),
            wrong("/subscriber/addresses/0/type", json!("Leonardo")),
            wrong("/subscriber/msisdn", json!("Martina")),
            wrong("/subscriber/surname", json!("Fraile")),
            wrong("/external_reference", json!("our own reference".repeat(10))),
            wrong("/contract_code", json!("Martina")),
            wrong("/subscriber_request_date", json!("Martina")),
        ] {
            let answer = node.request("euskaltel", &wrong).await.is(400);
            assert!(personal(&answer.body).is_empty(), "{}", answer.body);
        }
        let unreadable = node.call(reqwest::Method::POST, "/v1/orgs/euskaltel/portabilities");
        let answer = unreadable.body("application/json", "{\"subscriber\": {\"name\": \"Martina\"").await.is(400);
        assert!(personal(&answer.body).is_empty(), "{}", answer.body);
    }

    /// Without a subscriber there is nothing to show, and nothing made up.
    async fn without_subscriber(node: Node) {
        node.port_in("euskaltel", "666777888").await;
        for org in ["euskaltel", "masmovil"] {
            assert_eq!(node.detail(org, "666777888").await.get("subscriber"), None);
        }
    }
}
