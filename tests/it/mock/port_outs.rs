//! `/_mock/port-outs`

use portero::error::Kind;
use serde_json::{Value, json};

use super::{Inside, outside};
use crate::support::{App, both_databases};

async fn pending(inside: &Inside<'_>) -> Vec<Value> {
    let pending = inside.get("/v1/orgs/masmovil/portabilities/pendingDonor").await;
    pending.as_array().unwrap().iter().map(|one| one["msisdn"].clone()).collect()
}

both_databases! {
    async fn an_operator_outside_asks_and_the_org_answers(app: App) {
        let inside = outside(&app);
        let created = app.post("/_mock/port-outs", &json!({"msisdn": "666777888", "recipient_operator": "003"})).await.is(201).json();
        let expected = json!({
            "access_type": "INDIVIDUAL", "create_date_nc": "2026-11-18T09:30:00Z", "donor_operator": "005", "message_type": "SOLICITUD_ALTA",
            "msisdn": "666777888", "nrn_receptor": "720000", "recipient_operator": "003", "recipient_rol": false, "state": "ASOL",
            "tenant": "masmovil", "window_date": "2026-11-20T01:00:00Z"
        });
        for (member, value) in expected.as_object().unwrap() {
            assert_eq!(created[member], *value, "{member}");
        }
        assert!(created["contract_code"].as_str().unwrap().starts_with("003"));
        assert_eq!(inside.last("666777888").await, created);
        assert!(pending(&inside).await.contains(&json!("666777888")));
        let process = created["process_id"].as_str().unwrap();
        app.call(reqwest::Method::POST, &format!("/v1/orgs/masmovil/portabilities/{process}/accept")).await.is(201);
        inside.post("/_mock/drain").await;
        assert_eq!(inside.state("666777888").await.0, "APOR");
        assert_eq!(inside.get("/v2/msisdns/666777888").await["belongs_to"], "outside");
    }

    async fn with_everything_said(app: App) {
        let body = json!({
            "msisdn": "+34666777001", "recipient_operator": "075", "contract_code": "075-TEST_01", "nrn_receptor": "960000",
            "window_date": "2026-11-24T01:00:00Z",
            "subscriber": {"document_type": "NIF", "document": "09288205T", "name": "Martina", "surname": "Fraile Méndez", "email": "m@example.com"}
        });
        let created = app.post("/_mock/port-outs", &body).await.is(201).json();
        assert_eq!((&created["tenant"], &created["contract_code"]), (&json!("yoigo"), &json!("075-TEST_01")));
        assert_eq!(created["window_date"], "2026-11-24T01:00:00Z");
        let detail = outside(&app).get(&format!("/v1/orgs/yoigo/portabilities/id/{}", created["id"].as_str().unwrap())).await;
        assert_eq!(detail["subscriber"]["account"]["name"], "Martina");
        // What a donor may not know it does not see here either.
        assert_eq!(detail["subscriber"]["account"]["email"], Value::Null);
    }

    /// There is something to answer at any hour: at night the operator asked before the Node closed.
    async fn while_the_node_is_closed(app: App) {
        let inside = outside(&app);
        for (now, asked_at, number) in [
            ("2026-11-18T19:00:00Z", "2026-11-18T18:59:00Z", "666777888"),
            ("2026-11-19T06:59:59Z", "2026-11-18T18:59:00Z", "666777009"),
            ("2026-11-22T12:00:00Z", "2026-11-20T18:59:00Z", "666777010"),
            // The 8th of December, a Tuesday, is a holiday.
            ("2026-12-08T12:00:00Z", "2026-12-07T18:59:00Z", "666777023"),
        ] {
            inside.clock(json!({"now": now})).await;
            let created = app.post("/_mock/port-outs", &json!({"msisdn": number, "recipient_operator": "003"})).await.is(201).json();
            assert_eq!((&created["create_date_nc"], &created["state"]), (&json!(asked_at), &json!("ASOL")));
            assert!(pending(&inside).await.contains(&json!(number)), "{now}");
        }
    }

    async fn what_is_refused(app: App) {
        let call = |body: Value| app.post("/_mock/port-outs", &body);
        call(json!({})).await.fails(Kind::Invalid, "Error:Field validation for 'Msisdn' failed on the 'required' tag\nError:Field validation for 'RecipientOperator' failed on the 'required' tag");
        for (member, value, field, tag) in [
            ("msisdn", json!("12"), "Msisdn", "msisdn"),
            ("recipient_operator", json!("3"), "RecipientOperator", "operator_code"),
            ("recipient_operator", json!("005"), "RecipientOperator", "outside"),
            ("recipient_operator", json!("999"), "NrnReceptor", "required"),
            ("contract_code", json!("x"), "ContractCode", "contract_code"),
            ("nrn_receptor", json!("1"), "NrnReceptor", "nrn"),
            ("window_date", json!("2026-11-20T02:00:00Z"), "WindowDate", "window"),
            ("subscriber", json!({"document_type": "NIF", "document": "1", "name": "a", "surname": "b"}), "Subscriber.Document", "document"),
        ] {
            let mut body = json!({"msisdn": "666777888", "recipient_operator": "003"});
            body[member] = value;
            call(body).await.violates(field, tag);
        }
        // Nobody's here, so nobody would see it.
        call(json!({"msisdn": "634443633", "recipient_operator": "003"})).await.fails(Kind::NotFound, "Msisdn in an org of this server not found");
        call(json!({"msisdn": "666777888", "recipient_operator": "003"})).await.is(201);
        call(json!({"msisdn": "666777888", "recipient_operator": "001"})).await.fails(Kind::Conflict, "the Central Node refuses the request: AREC EXIST");
        call(json!({"msisdn": "666777001", "recipient_operator": "003", "nrn_receptor": "710000"})).await.fails(Kind::Conflict, "the Central Node refuses the request: AREC NRNRE");
        // Nothing of it is stored.
        let list = outside(&app).get("/v1/orgs/yoigo/portabilities/msisdn/666777001").await;
        assert_eq!(list, json!([]));
    }
}
