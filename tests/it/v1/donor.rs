//! The donor's side of a porting between two orgs.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::both_databases;
use crate::support::portings::{
    CANCEL_LIMIT, DEADLINE, MONDAY, Node, TV, WINDOW, array, event, event_because, history, just_before, madrid, state, text,
};

const NUMBER: &str = "666777888";

/// The causes that a donor may refuse with.
const CAUSES: [&str; 5] = ["RECH_IDENT", "RECH_ICCID", "RECH_BNUME", "RECH_FMAYO", "RECH_PERDI"];

/// The numbers and the states of a list, by number.
fn states(list: &[Value]) -> Vec<(&str, &str)> {
    let mut states: Vec<_> = list.iter().map(|one| (text(one, "msisdn"), text(one, "state"))).collect();
    states.sort_unstable();
    states
}

both_databases! {
    async fn an_answer_in_time(node: Node) {
        let process = node.process("euskaltel", NUMBER).await;
        node.at(TV);
        let accepted = node.donor("masmovil", &process, "accept").await.is(201);
        assert_eq!(accepted.header("location"), format!("/v1/orgs/masmovil/portabilities/processId/{process}"));
        let seen = array(&accepted);
        assert_eq!(states(&seen), [(NUMBER, "ACON")]);
        assert_eq!((&seen[0]["recipient_rol"], text(&seen[0], "tenant")), (&json!(false), "masmovil"));
        assert!(node.pending("masmovil").await.is_empty());
        node.at(WINDOW);
        let expected = [event("SOLICITUD_ALTA", MONDAY), event("CONFIRMACION_ALTA", TV), event("PORTABILIDAD_EFECTIVA", WINDOW)];
        assert_eq!(history(&node.detail("euskaltel", NUMBER).await), expected);
        assert_eq!(history(&node.detail("masmovil", NUMBER).await), expected);
        // After the end, a repeat is one, and another answer is not.
        node.donor("masmovil", &process, "accept").await.is(204);
        node.deny("masmovil", &process, "RECH_IDENT").await.is(409);
        node.donor("masmovil", &process, "restartReply").await.is(409);
    }

    async fn each_cause_of_a_refusal(node: Node) {
        for (index, cause) in CAUSES.into_iter().enumerate() {
            let number = format!("66677702{}", index % 4);
            node.clock.set(madrid(MONDAY) + jiff::SignedDuration::from_hours(24 * i64::try_from(index).unwrap()));
            let process = node.process("euskaltel", &number).await;
            node.clock.advance(4 * 3600);
            assert_eq!(states(&array(&node.deny("masmovil", &process, cause).await.is(201))), [(number.as_str(), "AREC")]);
            assert_eq!(node.state("euskaltel", &number).await, state("AREC", cause));
            node.deny("masmovil", &process, cause).await.is(204);
            for other in CAUSES.into_iter().filter(|other| *other != cause) {
                node.deny("masmovil", &process, other).await.is(409);
            }
            node.donor("masmovil", &process, "accept").await.is(409);
            node.cancel("euskaltel", &number, "CANC_ABONA").await.is(409);
            assert_eq!(node.entry(&number).await["org"], "masmovil");
        }
    }

    /// Given before Tv, it is kept from the Node, and so from the recipient, until Tv opens.
    async fn an_answer_before_tv_is_stored(node: Node) {
        let process = node.process("euskaltel", NUMBER).await;
        assert_eq!(node.pending("masmovil").await, [NUMBER]);
        let (seen_before, told_before) = (node.last("euskaltel", NUMBER).await, node.detail("euskaltel", NUMBER).await);
        let donor_before = node.last("masmovil", NUMBER).await;
        let stored = node.deny("masmovil", &process, "RECH_PERDI").await.is(201);
        assert_eq!(array(&stored), std::slice::from_ref(&donor_before));
        assert!(node.pending("masmovil").await.is_empty());
        node.deny("masmovil", &process, "RECH_PERDI").await.is(204);
        node.deny("masmovil", &process, "RECH_IDENT").await.is(409);
        node.donor("masmovil", &process, "accept").await.is(409);
        for before in [madrid("2025-11-17T11:00:00"), just_before(TV)] {
            node.clock.set(before);
            assert_eq!(node.last("euskaltel", NUMBER).await, seen_before);
            assert_eq!(node.detail("euskaltel", NUMBER).await, told_before);
            assert_eq!(node.last("masmovil", NUMBER).await, donor_before);
        }
        node.at(TV);
        assert_eq!(node.state("euskaltel", NUMBER).await, state("AREC", "RECH_PERDI"));
        let expected = [event("SOLICITUD_ALTA", MONDAY), event_because("RECHAZO_ALTA", "RECH_PERDI", TV)];
        assert_eq!(history(&node.detail("euskaltel", NUMBER).await), expected);
        node.deny("masmovil", &process, "RECH_PERDI").await.is(204);
    }

    async fn silence_is_a_refusal_at_the_deadline_and_not_before(node: Node) {
        let process = node.process("euskaltel", NUMBER).await;
        node.clock.set(just_before(DEADLINE));
        assert_eq!(node.pending("masmovil").await, [NUMBER]);
        node.at(DEADLINE);
        assert!(node.pending("masmovil").await.is_empty());
        for command in ["accept", "restartReply"] {
            node.donor("masmovil", &process, command).await.is(409);
        }
        node.deny("masmovil", &process, "RECH_IDENT").await.is(409);
        node.at(CANCEL_LIMIT);
        let expected = [event("SOLICITUD_ALTA", MONDAY), event_because("RECHAZO_ALTA", "RECH_NORES", DEADLINE)];
        assert_eq!(history(&node.detail("euskaltel", NUMBER).await), expected);
    }

    async fn the_last_microsecond_is_in_time_and_the_deadline_is_not(node: Node) {
        let (first, second) = (node.process("euskaltel", "666777020").await, node.process("euskaltel", "666777021").await);
        node.clock.set(just_before(DEADLINE));
        node.donor("masmovil", &first, "accept").await.is(201);
        node.at(DEADLINE);
        node.donor("masmovil", &second, "accept").await.is(409);
        assert_eq!(node.state("euskaltel", "666777020").await, state("ACON", ""));
        assert_eq!(node.state("euskaltel", "666777021").await, state("AREC", "RECH_NORES"));
    }

    async fn an_answer_taken_back_before_tv(node: Node) {
        let process = node.process("euskaltel", NUMBER).await;
        node.donor("masmovil", &process, "restartReply").await.is(204);
        node.donor("masmovil", &process, "accept").await.is(201);
        let told = node.detail("euskaltel", NUMBER).await;
        node.donor("masmovil", &process, "restartReply").await.is(201);
        assert_eq!(node.pending("masmovil").await, [NUMBER]);
        assert_eq!(node.detail("euskaltel", NUMBER).await, told, "the recipient must not see it");
        node.deny("masmovil", &process, "RECH_FMAYO").await.is(201);
        node.at(TV);
        assert_eq!(node.state("euskaltel", NUMBER).await, state("AREC", "RECH_FMAYO"));
    }

    /// Back to ASOL, with the end of Tv as the deadline that it was.
    async fn an_answer_taken_back_in_tv(node: Node) {
        let process = node.process("euskaltel", NUMBER).await;
        node.at(TV);
        node.deny("masmovil", &process, "RECH_ICCID").await.is(201);
        let (at, again) = ("2025-11-17T15:00:00", "2025-11-17T16:00:00");
        node.at(at);
        assert_eq!(states(&array(&node.donor("masmovil", &process, "restartReply").await.is(201))), [(NUMBER, "ASOL")]);
        assert_eq!(node.state("euskaltel", NUMBER).await, state("ASOL", ""));
        assert_eq!(node.pending("masmovil").await, [NUMBER]);
        node.donor("masmovil", &process, "restartReply").await.is(204);
        node.at(again);
        node.donor("masmovil", &process, "accept").await.is(201);
        node.donor("masmovil", &process, "restartReply").await.is(201);
        node.at(DEADLINE);
        let expected = [
            event("SOLICITUD_ALTA", MONDAY),
            event_because("RECHAZO_ALTA", "RECH_ICCID", TV),
            event("REINICIO_RESPUESTA", at),
            event("CONFIRMACION_ALTA", again),
            event("REINICIO_RESPUESTA", again),
            event_because("RECHAZO_ALTA", "RECH_NORES", DEADLINE),
        ];
        assert_eq!(history(&node.detail("masmovil", NUMBER).await), expected);
    }

    /// After Tv the window itself is the deadline; the cancel limit stays where it was.
    async fn an_answer_taken_back_after_tv(node: Node) {
        let numbers = ["666777020", "666777021", "666777022", "666777023"];
        let mut processes = Vec::new();
        for number in numbers {
            processes.push(node.process("euskaltel", number).await);
        }
        node.at(TV);
        for process in &processes {
            node.donor("masmovil", process, "accept").await.is(201);
        }
        let at = "2025-11-17T21:00:00";
        node.at(at);
        for process in &processes {
            node.donor("masmovil", process, "restartReply").await.is(201);
        }
        assert_eq!(node.pending("masmovil").await, numbers);
        node.clock.set(just_before(CANCEL_LIMIT));
        node.cancel("euskaltel", numbers[0], "CANC_ABONA").await.is(201);
        node.at(CANCEL_LIMIT);
        node.cancel("euskaltel", numbers[1], "CANC_ABONA").await.is(409);
        // At any hour, up to the window.
        node.at("2025-11-19T01:30:00");
        node.deny("masmovil", &processes[2], "RECH_BNUME").await.is(201);
        node.clock.set(just_before(WINDOW));
        node.donor("masmovil", &processes[3], "accept").await.is(201);
        node.at(WINDOW);
        let ends = [("ACAN", "CANC_ABONA"), ("AREC", "RECH_NORES"), ("AREC", "RECH_BNUME"), ("APOR", "")];
        for (number, (end, cause)) in numbers.into_iter().zip(ends) {
            assert_eq!(node.state("euskaltel", number).await, state(end, cause), "{number}");
        }
        let silent = history(&node.detail("euskaltel", numbers[1]).await);
        assert_eq!(silent.last(), Some(&event_because("RECHAZO_ALTA", "RECH_NORES", WINDOW)));
        // Nothing can be taken back at the window.
        node.donor("masmovil", &processes[2], "restartReply").await.is(409);
    }

    async fn a_number_in_another_process_cannot_come_back(node: Node) {
        let refused = node.process("euskaltel", NUMBER).await;
        node.at(TV);
        node.deny("masmovil", &refused, "RECH_IDENT").await.is(201);
        let second = node.process("simyo", NUMBER).await;
        node.donor("masmovil", &refused, "restartReply").await.is(409);
        assert_eq!(node.pending("masmovil").await, [NUMBER]);
        node.cancel("simyo", NUMBER, "CANC_ABONA").await.is(201);
        node.donor("masmovil", &refused, "restartReply").await.is(201);
        node.donor("masmovil", &second, "restartReply").await.is(409);
        assert_eq!(node.state("euskaltel", NUMBER).await, state("ASOL", ""));
    }

    /// What is due of the number is applied first, in whatever process.
    async fn a_process_that_has_ended_by_itself_is_in_nobodys_way(node: Node) {
        let mut body = node.body("euskaltel", NUMBER);
        body["window_date"] = json!("2025-12-10T02:00:00+01:00");
        let refused = text(&node.request("euskaltel", &body).await.is(201).json()[0], "process_id").to_owned();
        node.at(TV);
        node.deny("masmovil", &refused, "RECH_IDENT").await.is(201);
        node.process("simyo", NUMBER).await;
        node.at("2025-11-18T14:00:00");
        node.donor("masmovil", &refused, "restartReply").await.is(201);
        assert_eq!(node.state("simyo", NUMBER).await, state("AREC", "RECH_NORES"));
        assert_eq!(node.state("euskaltel", NUMBER).await, state("ASOL", ""));
    }

    /// A donor that refused a window far ahead, and has lost the number since, has nothing to take back.
    async fn a_number_that_has_gone_elsewhere_cannot_come_back(node: Node) {
        let mut body = node.body("euskaltel", NUMBER);
        body["window_date"] = json!("2025-12-10T02:00:00+01:00");
        let refused = text(&node.request("euskaltel", &body).await.is(201).json()[0], "process_id").to_owned();
        node.at(TV);
        node.deny("masmovil", &refused, "RECH_IDENT").await.is(201);
        let process = node.process("simyo", NUMBER).await;
        node.at("2025-11-18T09:00:00");
        node.donor("masmovil", &process, "accept").await.is(201);
        node.at("2025-11-20T09:00:00");
        assert_eq!(node.state("simyo", NUMBER).await, state("APOR", ""));
        node.donor("masmovil", &refused, "restartReply").await.is(409);
        assert_eq!(node.state("euskaltel", NUMBER).await, state("AREC", "RECH_IDENT"));
    }

    /// A command acts on the numbers that allow it, and answers with those.
    async fn numbers_of_one_process_in_different_states(node: Node) {
        let list = node.port_in_ranges("euskaltel", "MULTIPLE", &[("666777020", "666777023")]).await;
        let process = text(&list[0], "process_id").to_owned();
        assert!(list.iter().all(|one| text(one, "process_id") == process));
        node.cancel("euskaltel", "666777020", "CANC_ABONA").await.is(201);
        node.at(TV);
        let accepted = node.donor("masmovil", &process, "accept").await.is(201);
        assert_eq!(states(&array(&accepted)), [("666777021", "ACON"), ("666777022", "ACON"), ("666777023", "ACON")]);
        // Nothing changes, and one at least is so already.
        node.donor("masmovil", &process, "accept").await.is(204);
        node.deny("masmovil", &process, "RECH_IDENT").await.is(409);
        node.cancel("euskaltel", "666777021", "CANC_TECNI").await.is(201);
        let restarted = node.donor("masmovil", &process, "restartReply").await.is(201);
        assert_eq!(states(&array(&restarted)), [("666777022", "ASOL"), ("666777023", "ASOL")]);
        node.donor("masmovil", &process, "restartReply").await.is(204);
        node.cancel("euskaltel", "666777022", "CANC_ERROR").await.is(201);
        assert_eq!(node.pending("masmovil").await, ["666777023"]);
        let denied = node.deny("masmovil", &process, "RECH_IDENT").await.is(201);
        assert_eq!(states(&array(&denied)), [("666777023", "AREC")]);
        node.deny("masmovil", &process, "RECH_IDENT").await.is(204);
        // One that has found another process stays where it is.
        assert_eq!(text(&node.port_in("simyo", "666777023").await, "state"), "ASOL");
        node.donor("masmovil", &process, "restartReply").await.is(409);
        assert_eq!(states(&node.list("euskaltel", &format!("/processId/{process}")).await),
            [("666777020", "ACAN"), ("666777021", "ACAN"), ("666777022", "ACAN"), ("666777023", "AREC")]);
    }

    async fn pending_donor_has_the_earliest_deadline_first(node: Node) {
        for (number, created) in [
            ("666777023", "2025-11-17T10:00:00"),
            ("666777020", "2025-11-17T15:00:00"),
            ("666777021", "2025-11-17T15:30:00"),
        ] {
            node.at(created);
            node.port_in("euskaltel", number).await;
        }
        assert_eq!(node.pending("masmovil").await, ["666777023", "666777020", "666777021"]);
        assert!(node.pending("euskaltel").await.is_empty());
        // A later deadline moves it to the end.
        let answered = text(&node.last("masmovil", "666777023").await, "process_id").to_owned();
        node.donor("masmovil", &answered, "accept").await.is(201);
        node.at("2025-11-17T20:30:00");
        node.donor("masmovil", &answered, "restartReply").await.is(201);
        assert_eq!(node.pending("masmovil").await, ["666777020", "666777021", "666777023"]);
    }

    /// Between two brands of one operator: never at the Node, so at any hour, and answerable from the beginning.
    async fn an_internal_move_at_night(node: Node) {
        node.at("2025-11-21T23:30:00");
        let portability = node.port_in("yoigo", NUMBER).await;
        assert_eq!(text(&portability, "process_id"), "A0500511251121233000001");
        assert_eq!((text(&portability, "state"), text(&portability, "donor_operator")), ("ASOL", "005"));
        assert_eq!(text(&portability, "create_date_nc"), "2025-11-21T22:30:00Z");
        assert_eq!(text(&portability, "window_date"), "2025-11-26T01:00:00Z");
        node.at("2025-11-22T03:00:00");
        assert_eq!(node.pending("masmovil").await, [NUMBER]);
        let process = text(&portability, "process_id");
        assert_eq!(states(&array(&node.donor("masmovil", process, "accept").await.is(201))), [(NUMBER, "ACON")]);
        node.donor("masmovil", process, "restartReply").await.is(201);
        // Silence, as if the Node had registered it on Monday.
        node.clock.set(just_before("2025-11-24T20:00:00"));
        assert_eq!(node.pending("masmovil").await, [NUMBER]);
        node.at("2025-11-24T20:00:00");
        assert_eq!(node.state("yoigo", NUMBER).await, state("AREC", "RECH_NORES"));
        // Its cancel limit and its window are the Node's too.
        node.at("2025-11-28T21:00:00");
        let process = node.process("yoigo", NUMBER).await;
        node.donor("masmovil", &process, "accept").await.is(201);
        node.at("2025-12-02T14:00:00");
        node.cancel("yoigo", NUMBER, "CANC_ABONA").await.is(409);
        node.at("2025-12-03T02:00:00");
        let moved = history(&node.detail("yoigo", NUMBER).await);
        assert_eq!(moved.last(), Some(&event("PORTABILIDAD_EFECTIVA", "2025-12-03T02:00:00")));
        let entry = node.entry(NUMBER).await;
        assert_eq!((&entry["org"], &entry["internal_portability"]), (&json!("yoigo"), &json!({"org": "masmovil", "belongs_to": "mas-stack"})));
        let owner = node.owner("yoigo", NUMBER).await;
        assert_eq!((&owner["codigoOperadorActual"], &owner["portada"]), (&json!("005"), &json!(false)));
    }

    /// A donor that is not connected confirms by saying nothing, at the end of Tv.
    async fn silence_of_a_donor_that_is_not_connected(database: crate::support::Database) {
        let data = json!({"orgs": [{"name": "sarenet", "operator_code": "116", "nrn": "755206", "home_system": "xena", "tenant_id": 90, "bit": 512, "tier": 3}]});
        let node = Node::loaded(&database, &data).await;
        node.call(Method::POST, "/v2/orgs/sarenet/msisdns/611600001").json(&json!({"imsi": "214049000006116"})).await.is(201);
        let process = node.process("masmovil", "611600001").await;
        node.clock.set(just_before(DEADLINE));
        assert_eq!(node.pending("sarenet").await, ["611600001"]);
        node.at(DEADLINE);
        let expected = [event("SOLICITUD_ALTA", MONDAY), event("CONFIRMACION_ALTA", DEADLINE)];
        assert_eq!(history(&node.detail("masmovil", "611600001").await), expected);
        node.donor("sarenet", &process, "accept").await.is(204);
        // Taken back after Tv: now the donor is there, and its silence is silence.
        node.donor("sarenet", &process, "restartReply").await.is(201);
        node.at(WINDOW);
        assert_eq!(node.state("masmovil", "611600001").await, state("AREC", "RECH_NORES"));
    }
}
