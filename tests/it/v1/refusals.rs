//! What the Central Node refuses: stored, and told by state and cause.

use portero::dataset::DataSet;
use portero::service::registry;
use serde_json::{Value, json};

use crate::support::portings::{MONDAY, Node, array, event, event_because, history, state, text};
use crate::support::{Database, both_databases};

/// A refused portability: without anything of a process, known to the recipient alone.
fn is_refused(portability: &Value, cause: &str) {
    assert_eq!((text(portability, "state"), text(portability, "cause_status")), ("AREC", cause), "{portability}");
    assert_eq!(text(portability, "message_type"), "RECHAZO_ALTA");
    for absent in ["process_id", "create_date_nc", "window_date"] {
        assert_eq!(portability.get(absent), None, "{absent}");
    }
}

/// The causes of a request's portabilities, by number.
fn causes(portabilities: &[Value]) -> Vec<&str> {
    portabilities.iter().map(|one| one["cause_status"].as_str().unwrap_or("")).collect()
}

impl Node {
    /// The cause with which the Node refuses a request for one number; empty where it does not.
    async fn refusal(&self, org: &str, number: &str) -> String {
        self.port_in(org, number).await["cause_status"].as_str().unwrap_or_default().to_owned()
    }
}

/// Operators for quotas: 997 may give one number a day.
fn quotas() -> Value {
    json!({"operators": [{
        "id": 97, "operator": "Donante", "operator_code": "997", "network_operator": "001", "status": "ACTIVO",
        "status_date": "2024-01-30T10:00:00Z", "backup": false, "individual_quota": "A", "multiple_quota": 99, "change_quota": 1,
        "nrn_range": [{"id": 0, "initial_nrn": 704_997, "final_nrn": 704_997}],
        "msisdn_range": [{"id": 0, "initial_msisdn": 699_700_000, "final_msisdn": 699_799_999}]
    }]})
}

both_databases! {
    async fn numbers_that_are_not_the_donor_s_to_give(node: Node) {
        for (number, donor) in [
            ("799999999", None),              // no operator's range
            ("602000001", Some("020")),       // an operator that has left
            ("666777888", Some("005")),       // its own already
            ("666777099", Some("005")),       // its own operator's, held by no org
        ] {
            let answer = node.request("masmovil", &node.body("masmovil", number)).await.is(201);
            let refused = answer.json()[0].clone();
            is_refused(&refused, "AREC ENUME");
            assert_eq!(refused.get("donor_operator").and_then(Value::as_str), donor, "{number}");
            assert_eq!(answer.header("location"), format!("/v1/orgs/masmovil/portabilities/id/{}", text(&refused, "id")));
            assert_eq!(history(&node.detail("masmovil", number).await), [event_because("RECHAZO_ALTA", "AREC ENUME", MONDAY)]);
            assert_eq!(node.last("masmovil", number).await, refused);
            node.cancel("masmovil", number, "CANC_ABONA").await.is(409);
        }
        assert_eq!(node.owner("masmovil", "666777888").await["involucradaProcesoPortabilidad"], false);
        // The same operator's number is another org's to give.
        assert_eq!(node.refusal("yoigo", "666777888").await, "");
        // And one that nobody holds is its operator's, which to any other operator is outside.
        assert_eq!(node.refusal("euskaltel", "666777099").await, "");
    }

    async fn numbers_with_an_active_process(node: Node) {
        let first = node.port_in("masmovil", "634443600").await;
        is_refused(&node.port_in("masmovil", "634443600").await, "AREC EXIST");
        is_refused(&node.port_in("euskaltel", "634443600").await, "AREC EXIST");
        // Also when the Node is closed, at once.
        node.at("2025-11-17T22:00:00");
        is_refused(&node.port_in("euskaltel", "634443600").await, "AREC EXIST");
        assert_eq!(text(&node.port_in("euskaltel", "634443601").await, "state"), "AENV");
        let refused = node.port_in("masmovil", "634443601").await;
        is_refused(&refused, "AREC EXIST");
        assert_eq!(history(&node.detail("masmovil", "634443601").await), [event_because("RECHAZO_ALTA", "AREC EXIST", "2025-11-17T22:00:00")]);
        // Internal ones too.
        node.port_in("yoigo", "666777888").await;
        is_refused(&node.port_in("yoigo", "666777888").await, "AREC EXIST");
        // Once it has ended there is room again.
        node.at("2025-11-18T09:00:00");
        node.cancel("masmovil", "634443600", "CANC_ABONA").await.is(201);
        assert_eq!(text(&node.port_in("euskaltel", "634443600").await, "state"), "ASOL");
        assert_ne!(text(&node.last("masmovil", "634443600").await, "id"), text(&first, "id"), "the last one is the refused one");
    }

    async fn a_number_that_the_request_itself_refuses_twice_over(node: Node) {
        let wrong_nrn = |number: &str| { let mut body = node.body("masmovil", number); body["nrn_receptor"] = json!("960000"); body };
        let refused = async |body: Value| node.request("masmovil", &body).await.is(201).json()[0]["cause_status"].clone();
        assert_eq!(refused(wrong_nrn("634443600")).await, "AREC NRNRE");
        assert_eq!(refused(wrong_nrn("799999999")).await, "AREC ENUME");
        node.port_in("euskaltel", "634443601").await;
        assert_eq!(refused(wrong_nrn("634443601")).await, "AREC EXIST");
        // Between brands of one operator no NRN is checked, for the Node never sees it.
        let mut internal = node.body("yoigo", "666777888");
        internal["nrn_receptor"] = json!("960000");
        assert_eq!(text(&node.request("yoigo", &internal).await.is(201).json()[0], "state"), "ASOL");
    }

    /// A refused number does not keep the others; a refused request refuses all, each number for its own reason first.
    async fn some_numbers_of_a_request(node: Node) {
        node.port_in("euskaltel", "634443601").await;
        let ranges = [("634443600", "634443602"), ("799999999", "799999999")];
        let answer = node.request("masmovil", &node.body_for("masmovil", "MULTIPLE", &ranges)).await.is(201);
        let mut all = array(&answer);
        all.sort_by_key(|one| text(one, "msisdn").to_owned());
        assert_eq!(causes(&all), ["", "AREC EXIST", "", "AREC ENUME"]);
        let process = "00507512251117100000001";
        assert_eq!((text(&all[0], "process_id"), text(&all[2], "process_id")), (process, process));
        is_refused(&all[1], "AREC EXIST");
        is_refused(&all[3], "AREC ENUME");
        assert!(answer.header("location").contains("?filter=contract_code"), "{}", answer.header("location"));
        assert_eq!(array(&node.get(answer.header("location")).await).len(), 4);
        let mut body = node.body_for("masmovil", "MULTIPLE", &[("634443603", "634443604"), ("634443601", "634443601")]);
        body["nrn_receptor"] = json!("960000");
        let mut all = array(&node.request("masmovil", &body).await.is(201));
        all.sort_by_key(|one| text(one, "msisdn").to_owned());
        assert_eq!(causes(&all), ["AREC EXIST", "AREC NRNRE", "AREC NRNRE"]);
    }

    /// Two individual and two multiple requests a day, of Madrid; what is refused does not count, and what is cancelled does.
    async fn the_recipient_s_quota(node: Node) {
        assert_eq!(node.refusal("cupos", "799999999").await, "AREC ENUME");
        let mut wrong = node.body("cupos", "634443600");
        wrong["nrn_receptor"] = json!("960000");
        node.request("cupos", &wrong).await.is(201);
        assert_eq!(node.refusal("cupos", "634443600").await, "");
        node.cancel("cupos", "634443600", "CANC_ABONA").await.is(201);
        assert_eq!(node.refusal("cupos", "600300000").await, "");
        assert_eq!(node.refusal("cupos", "600300000").await, "AREC EXIST", "the number comes before the request");
        for _ in 0..2 {
            assert_eq!(node.refusal("cupos", "634443602").await, "AREC CUPO1");
        }
        // Of the other kind there are two more, however many numbers each has.
        for (range, cause) in [(("634443610", "634443619"), ""), (("634443620", "634443620"), ""), (("634443630", "634443631"), "AREC CUPO1")] {
            let all = node.port_in_ranges("cupos", "MULTIPLE", &[range]).await;
            assert!(causes(&all).iter().all(|one| *one == cause), "{all:?}");
        }
        // A new day begins at midnight in Madrid, and a night's requests count when the Node has them.
        node.at("2025-11-17T21:00:00");
        for number in ["634443640", "634443641", "634443642"] {
            assert_eq!(text(&node.port_in("cupos", number).await, "state"), "AENV");
            node.clock.advance(60);
        }
        node.at("2025-11-18T08:00:00");
        assert_eq!(node.state("cupos", "634443640").await, state("ASOL", ""));
        assert_eq!(node.state("cupos", "634443641").await, state("ASOL", ""));
        assert_eq!(node.state("cupos", "634443642").await, state("AREC", "AREC CUPO1"));
        let expected = [event("ENVIO_ALTA", "2025-11-17T21:02:00"), event_because("RECHAZO_ALTA", "AREC CUPO1", "2025-11-18T08:00:00")];
        assert_eq!(history(&node.detail("cupos", "634443642").await), expected);
    }

    async fn the_donor_s_quota(node: Node) {
        assert_eq!(node.refusal("masmovil", "699800001").await, "");
        let mut wrong = node.body("euskaltel", "699800002");
        wrong["nrn_receptor"] = json!("960000");
        assert_eq!(node.request("euskaltel", &wrong).await.is(201).json()[0]["cause_status"], "AREC NRNRE");
        assert_eq!(node.refusal("euskaltel", "699800002").await, "", "a refused request does not count");
        assert_eq!(node.refusal("simyo", "699800003").await, "AREC CUPO4");
        assert_eq!(node.refusal("simyo", "699800001").await, "AREC EXIST");
        node.at("2025-11-17T19:59:59");
        assert_eq!(node.refusal("simyo", "699800003").await, "AREC CUPO4");
        node.at("2025-11-18T08:00:00");
        assert_eq!(node.refusal("simyo", "699800003").await, "");
    }

    /// What the donor's quota refuses does not count in the recipient's, whose quota is asked first.
    async fn both_quotas(database: Database) {
        let node = Node::loaded(&database, &quotas()).await;
        assert_eq!(node.refusal("cupos", "699700001").await, "");
        for _ in 0..3 {
            assert_eq!(node.refusal("cupos", "699700002").await, "AREC CUPO4");
        }
        assert_eq!(node.refusal("cupos", "634443600").await, "");
        assert_eq!(node.refusal("cupos", "699700002").await, "AREC CUPO1");
        // Brands of one operator have no quota.
        for number in ["666777020", "666777021", "666777022"] {
            assert_eq!(node.refusal("yoigo", number).await, "");
        }
    }

    /// What waits is judged by what is known when the Node opens.
    async fn refused_at_the_opening(node: Node) {
        node.at("2025-11-21T21:00:00");
        let mut wrong_nrn = node.body("masmovil", "634443600");
        wrong_nrn["nrn_receptor"] = json!("960000");
        let mut window = node.body("masmovil", "634443601");
        window["window_date"] = json!("2025-11-27T02:00:00+01:00");
        let disabled = node.body("masmovil", "602000001");
        for body in [&wrong_nrn, &window, &disabled] {
            assert_eq!(text(&node.request("masmovil", body).await.is(201).json()[0], "state"), "AENV");
        }
        // Meanwhile the day of the chosen window has become a holiday.
        registry::load(&*node.store, &DataSet::parse(r#"{"holidays": ["2025-11-27"]}"#).unwrap()).await.unwrap();
        node.at("2025-11-24T09:00:00");
        for (number, cause) in [("634443600", "AREC NRNRE"), ("634443601", "AREC HORFV"), ("602000001", "AREC ENUME")] {
            assert_eq!(node.state("masmovil", number).await, state("AREC", cause));
            let expected = [event("ENVIO_ALTA", "2025-11-21T21:00:00"), event_because("RECHAZO_ALTA", cause, "2025-11-24T08:00:00")];
            assert_eq!(history(&node.detail("masmovil", number).await), expected);
        }
    }

    /// A minute has 99,999 references of one recipient, donor and kind; the next minute has as many again.
    async fn a_minute_without_references_left(database: Database) {
        let node = Node::loaded(&database, &json!({})).await;
        database.execute("INSERT INTO counters (name, value) VALUES ('process 005075112511171000', 99998)").await;
        node.at("2025-11-17T10:00:18.5");
        assert_eq!(text(&node.port_in("masmovil", "634443600").await, "process_id"), "00507511251117100099999");
        let body = node.body("masmovil", "634443601");
        let answer = node.request("masmovil", &body).await.is(503);
        assert_eq!((answer.json()["id"].as_str(), answer.header("retry-after")), (Some("MM0000122"), "42"));
        // Nothing was stored, and other references are there.
        assert_eq!(node.list("masmovil", "").await.len(), 1);
        assert_eq!(text(&node.port_in("euskaltel", "634443602").await, "process_id"), "00607511251117100000001");
        node.at("2025-11-17T10:01:00");
        let created = node.request("masmovil", &body).await.is(201).json()[0].clone();
        assert_eq!(text(&created, "process_id"), "00507511251117100100001");
    }
}
