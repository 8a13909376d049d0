//! Every answer is as if all that is due had happened, with no worker at all.

use serde_json::{Value, json};

use crate::support::both_databases;
use crate::support::portings::{Node, WINDOW, event, history, state, text};

/// When the Node opens after the night of this story, and what then follows.
const OPENING: &str = "2025-11-24T08:00:00";
const ACCEPTED: &str = "2025-11-24T14:00:00";
const PORTED: &str = "2025-11-26T02:00:00";

impl Node {
    /// A number waits since Saturday, and the clock jumps over everything to long after its window.
    async fn jump(&self, number: &str) -> Value {
        self.at("2025-11-22T12:00:00");
        let sent = self.port_in("masmovil", number).await;
        assert_eq!(text(&sent, "state"), "AENV");
        self.at("2026-01-12T10:00:00");
        sent
    }
}

/// What a jump over a whole life leaves: each event as of the time it was due.
fn is_whole_life(detail: &Value) {
    let expected = [
        event("ENVIO_ALTA", "2025-11-22T12:00:00"),
        event("SOLICITUD_ALTA", OPENING),
        event("CONFIRMACION_ALTA", ACCEPTED),
        event("PORTABILIDAD_EFECTIVA", PORTED),
    ];
    assert_eq!(history(detail), expected);
    assert_eq!(text(detail, "process_id"), "00507511251124080000001");
}

both_databases! {
    async fn by_id(node: Node) {
        let sent = node.jump("634443600").await;
        is_whole_life(&node.get(&format!("/v1/orgs/masmovil/portabilities/id/{}", text(&sent, "id"))).await.is(200).json());
    }

    async fn by_list(node: Node) {
        node.jump("634443600").await;
        let list = node.list("masmovil", "").await;
        assert_eq!((list.len(), text(&list[0], "state")), (1, "APOR"));
        is_whole_life(&node.detail("masmovil", "634443600").await);
    }

    async fn by_filter(node: Node) {
        node.jump("634443600").await;
        assert!(node.list("masmovil", "?filter=state+eq+%22AENV%22").await.is_empty());
        assert_eq!(node.list("masmovil", "?filter=state+eq+%22APOR%22").await.len(), 1);
    }

    async fn by_filter_of_what_it_will_be(node: Node) {
        node.jump("634443600").await;
        // The first to ask finds a row that does not match yet.
        assert_eq!(node.list("masmovil", "?filter=state+eq+%22APOR%22&limit=1").await.len(), 1);
    }

    async fn by_number(node: Node) {
        node.jump("634443600").await;
        assert_eq!(text(&node.list("masmovil", "/msisdn/634443600?filter=process_id+pr").await[0], "state"), "APOR");
    }

    async fn by_the_last_of_a_number(node: Node) {
        node.jump("634443600").await;
        assert_eq!(node.state("masmovil", "634443600").await, state("APOR", ""));
    }

    async fn by_process(node: Node) {
        node.jump("634443600").await;
        // The process has no id yet when it is asked for.
        assert_eq!(text(&node.list("masmovil", "/processId/00507511251124080000001").await[0], "state"), "APOR");
    }

    async fn by_owner(node: Node) {
        node.jump("634443600").await;
        let owner = node.owner("r", "634443600").await;
        assert_eq!((text(&owner, "codigoOperadorActual"), &owner["involucradaProcesoPortabilidad"]), ("005", &json!(false)));
    }

    async fn by_pending_donor(node: Node) {
        node.at("2025-11-22T12:00:00");
        node.port_in("euskaltel", "666777888").await;
        node.at("2025-11-24T09:00:00");
        assert_eq!(node.pending("masmovil").await, ["666777888"]);
    }

    /// The number has come to another org while the request waited: that org is asked now, and sees it at once.
    async fn by_an_org_that_has_the_number_only_since(node: Node) {
        node.at("2025-11-22T12:00:00");
        assert_eq!(text(&node.port_in("euskaltel", "666777888").await, "state"), "AENV");
        node.delete("/v2/orgs/masmovil/msisdns/666777888").await.is(204);
        node.post("/v2/orgs/yoigo/msisdns/666777888", &json!({"imsi": "214049000001111"})).await.is(201);
        node.at("2025-11-24T09:00:00");
        let seen = node.list("yoigo", "").await;
        assert_eq!((seen.len(), text(&seen[0], "state"), &seen[0]["recipient_rol"]), (1, "ASOL", &json!(false)));
        assert!(node.list("masmovil", "").await.is_empty());
    }

    async fn by_cancel(node: Node) {
        node.jump("634443600").await;
        node.cancel("masmovil", "634443600", "CANC_ABONA").await.is(409);
        is_whole_life(&node.detail("masmovil", "634443600").await);
    }

    async fn by_a_new_request(node: Node) {
        node.jump("634443600").await;
        let next = node.port_in("yoigo", "634443600").await;
        assert_eq!((text(&next, "state"), text(&next, "donor_operator")), ("AREC", "005"), "it is at the org's own operator, held by no org");
        let next = node.port_in("euskaltel", "634443600").await;
        assert_eq!((text(&next, "state"), text(&next, "donor_operator")), ("ASOL", "005"));
    }

    async fn by_the_donor_s_answer(node: Node) {
        let process = node.process("euskaltel", "666777888").await;
        node.donor("masmovil", &process, "accept").await.is(201);
        node.at(WINDOW);
        node.donor("masmovil", &process, "restartReply").await.is(409);
        assert_eq!(node.state("euskaltel", "666777888").await, state("APOR", ""));
    }

    /// A chain over two processes: the second's donor is whoever the first made it.
    async fn in_the_order_in_which_it_was_due(node: Node) {
        node.at("2025-11-18T20:30:00");
        node.port_in_ranges("masmovil", "MULTIPLE", &[("634443600", "634443620")]).await;
        node.port_in("euskaltel", "666777020").await;
        node.at("2026-01-12T10:00:00");
        let list = node.list("masmovil", "").await;
        assert!(list.iter().filter(|one| one["recipient_rol"] == true).all(|one| text(one, "state") == "APOR"));
        assert_eq!(node.state("masmovil", "666777020").await, state("AREC", "RECH_NORES"));
        // What was written down later is not earlier: codes follow the time in each portability.
        for number in ["634443600", "634443620"] {
            let detail = node.detail("masmovil", number).await;
            let history = detail["portability_events"]["history"].as_array().unwrap().clone();
            assert!(history.is_sorted_by_key(|event| (text(event, "event_date").to_owned(), text(event, "notification_code").to_owned())));
            assert_eq!(history.len(), 4);
        }
    }
}
