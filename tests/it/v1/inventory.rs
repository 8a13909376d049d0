//! One truth: what a porting does to operator, NRN and inventory, in the instant of its window.

use serde_json::json;

use crate::support::both_databases;
use crate::support::portings::{Node, TV, WINDOW, just_before, shown, state, text};

impl Node {
    /// A number moves to an org, whoever its donor is: requested on Monday, accepted in Tv; the clock is at the window.
    async fn moves(&self, recipient: &str, donor: &str, number: &str) {
        let process = self.process(recipient, number).await;
        self.at(TV);
        if donor != "outside" {
            self.donor(donor, &process, "accept").await.is(201);
        }
        self.at(WINDOW);
    }
}

both_databases! {
    async fn between_two_orgs(node: Node) {
        let process = node.process("euskaltel", "666777009").await;
        let before = node.entry("666777009").await;
        node.at(TV);
        node.donor("masmovil", &process, "accept").await.is(201);
        node.clock.set(just_before(WINDOW));
        assert_eq!(node.entry("666777009").await, before);
        node.get("/v2/msisdns/666777009").token(&node.token(&["euskaltel"], "msisdns:read")).await.is(404);
        node.at(WINDOW);
        // The first to ask is the inventory itself.
        let after = node.get("/v2/msisdns/666777009").token(&node.token(&["euskaltel"], "msisdns:read")).await.is(200).json();
        assert_eq!(after["org"], "euskaltel");
        assert_eq!(after["belongs_to"], "ektnet");
        assert_eq!(after["status"], "OK");
        assert_eq!(after["internal_portability"], json!({"org": "masmovil", "belongs_to": "qvantel-prepaid"}));
        assert_eq!(after["checked_at"], shown(WINDOW));
        assert_eq!(after["imsi"], before["imsi"], "its SIMs stay");
        node.get("/v2/msisdns/666777009").token(&node.token(&["masmovil"], "msisdns:read")).await.is(404);
        let owner = node.owner("r", "666777009").await;
        assert_eq!((text(&owner, "codigoOperadorActual"), text(&owner, "codigoOperadorPropietarioRango"), text(&owner, "nrn")), ("006", "005", "750000"));
        assert_eq!(owner["portada"], true);
    }

    async fn back_to_the_range_owner(node: Node) {
        node.moves("masmovil", "euskaltel", "666777005").await;
        let owner = node.owner("r", "666777005").await;
        assert_eq!((text(&owner, "codigoOperadorActual"), text(&owner, "nrn"), &owner["portada"]), ("005", "741111", &json!(false)));
        assert_eq!(node.entry("666777005").await["internal_portability"], json!({"org": "euskaltel", "belongs_to": "ektnet"}));
    }

    async fn from_outside_without_entry(node: Node) {
        node.moves("masmovil", "outside", "634443600").await;
        assert_eq!(node.state("masmovil", "634443600").await, state("APOR", ""));
        node.get("/v2/msisdns/634443600").await.is(404);
        node.post("/v2/orgs/masmovil/msisdns/634443600", &json!({"imsi": "214049000006344"})).await.is(201);
        assert_eq!(text(&node.owner("masmovil", "634443600").await, "codigoOperadorActual"), "005");
        // It can move on from here.
        node.at("2025-11-19T10:00:00");
        assert_eq!(text(&node.port_in("yoigo", "634443600").await, "process_id"), "A0500511251119100000001");
    }

    /// An entry that somebody has moves, in whatever org it is, and comes from nowhere inside.
    async fn from_outside_with_an_entry(node: Node) {
        for (index, org) in ["masmovil", "euskaltel"].into_iter().enumerate() {
            let number = format!("63444360{index}");
            node.post(&format!("/v2/orgs/{org}/msisdns/{number}"), &json!({"imsi": format!("21404900000634{index}")})).await.is(201);
            node.patch(&format!("/v2/orgs/{org}/msisdns/{number}"), &json!({"status": "Deleted"})).await.is(204);
        }
        let ported = node.port_in_ranges("masmovil", "MULTIPLE", &[("634443600", "634443601")]).await;
        assert!(ported.iter().all(|one| text(one, "donor_operator") == "075"));
        node.at(WINDOW);
        for number in ["634443600", "634443601"] {
            let entry = node.entry(number).await;
            assert_eq!((&entry["org"], &entry["belongs_to"], &entry["status"]), (&json!("masmovil"), &json!("mas-stack"), &json!("OK")));
            assert_eq!(entry.get("internal_portability"), None, "{number}");
            assert_eq!(entry["checked_at"], shown(WINDOW));
        }
    }

    /// What was known of an earlier move between orgs is over when the number comes from outside.
    async fn from_outside_after_an_internal_move(database: crate::support::Database) {
        let data = json!({"ported_numbers": [{"msisdn": "666777888", "operator": "075", "nrn": "960000"}]});
        let node = Node::loaded(&database, &data).await;
        assert_eq!(node.entry("666777888").await["internal_portability"]["org"], "yoigo");
        node.moves("masmovil", "outside", "666777888").await;
        assert_eq!(node.entry("666777888").await.get("internal_portability"), None);
    }

    async fn an_entry_deleted_meanwhile_is_not_made_again(node: Node) {
        let process = node.process("euskaltel", "666777888").await;
        node.at(TV);
        node.donor("masmovil", &process, "accept").await.is(201);
        node.delete("/v2/orgs/masmovil/msisdns/666777888").await.is(204);
        node.at(WINDOW);
        node.get("/v2/msisdns/666777888").await.is(404);
        node.get("/v2/imsis/2140420422222227").await.is(404);
        assert_eq!(node.state("masmovil", "666777888").await, state("APOR", ""));
        assert_eq!(text(&node.owner("masmovil", "666777888").await, "codigoOperadorActual"), "006");
    }

    /// A write of the inventory sees what was due before it.
    async fn writes_of_the_inventory_come_after_what_is_due(node: Node) {
        for number in ["666777020", "666777021", "666777022"] {
            let process = node.process("euskaltel", number).await;
            node.donor("masmovil", &process, "accept").await.is(201);
        }
        node.at(WINDOW);
        node.delete("/v2/orgs/masmovil/msisdns/666777020").await.is(404);
        node.patch("/v2/orgs/masmovil/msisdns/666777021", &json!({"belongs_to": "heos"})).await.is(404);
        node.put("/v2/orgs/masmovil/msisdns/666777022", &json!({"imsi": "214049000007777"})).await.is(404);
        node.put("/v2/orgs/euskaltel/msisdns/666777022", &json!({"imsi": "214049000007777"})).await.is(204);
        assert_eq!(node.get("/v2/imsis/214049000000021").await.is(200).json()["org"], "euskaltel");
        node.delete("/v2/orgs/euskaltel/msisdns/666777020").await.is(204);
    }

    /// By SIM and by operator token the number is found where it is now.
    async fn every_reading_of_the_inventory_is_settled(node: Node) {
        let process = node.process("euskaltel", "666777888").await;
        node.donor("masmovil", &process, "accept").await.is(201);
        node.at(WINDOW);
        let euskaltel = node.token(&["euskaltel"], "msisdns:read");
        assert_eq!(node.get("/v2/imsis/214040119172971").token(&euskaltel).await.is(200).json()["org"], "euskaltel");
        assert_eq!(node.get("/v2/operatorToken/abc123xyz456").token(&euskaltel).await.is(200).json()["org"], "euskaltel");
    }

    /// The number goes to an operator outside: only the Node's own port can ask for that here, so the store's own use case does.
    async fn to_an_operator_outside(node: Node) {
        node.ask_from_outside("004", "730000", "666777888").await;
        assert_eq!(node.pending("masmovil").await, ["666777888"]);
        let seen = node.last("masmovil", "666777888").await;
        assert_eq!((text(&seen, "recipient_operator"), &seen["recipient_rol"]), ("004", &json!(false)));
        node.at(TV);
        node.donor("masmovil", text(&seen, "process_id"), "accept").await.is(201);
        node.at(WINDOW);
        let entry = node.entry("666777888").await;
        assert_eq!((&entry["org"], &entry["belongs_to"]), (&json!("masmovil"), &json!("outside")));
        assert_eq!(entry["checked_at"], shown(WINDOW));
        let owner = node.owner("masmovil", "666777888").await;
        assert_eq!((text(&owner, "codigoOperadorActual"), text(&owner, "nrn")), ("004", "730000"));
        // It can be won back: from outside, into the entry that is there.
        node.at("2025-11-20T10:00:00");
        assert_eq!(text(&node.port_in("masmovil", "666777888").await, "process_id"), "00500411251120100000001");
        node.at("2025-11-24T02:00:00");
        let entry = node.entry("666777888").await;
        assert_eq!((&entry["org"], &entry["belongs_to"]), (&json!("masmovil"), &json!("mas-stack")));
    }
}
