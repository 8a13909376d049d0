//! `POST /v2/orgs/{org}/msisdns/{msisdn}`

use portero::error::Kind;
use serde_json::json;

use crate::support::{App, both_databases};

both_databases! {
    async fn a_new_number(app: App) {
        let answer = app.post("/v2/orgs/simyo/msisdns/+34644555666", &json!({"imsi": "214049000001111", "note": "ignored"})).await.is(201);
        let sim = json!({"created_at": "2026-11-18T09:30:00Z", "imsi": "214049000001111", "segment": "B2C"});
        let number = json!({
            "belongs_to": "simyo-stack",
            "checked_at": "2026-11-18T09:30:00Z",
            "imsi": sim,
            "imsis": [sim],
            "msisdn": "644555666",
            "org": "simyo",
            "status": "OK",
            "tenant": {"bit": 128, "iam": "authz.simyo", "name": "simyo", "org": "simyo", "tenant_id": 8, "tier": 2}
        });
        assert_eq!(answer.json(), number);
        assert_eq!(answer.header("location"), "/v2/msisdns/644555666");
        let location = format!("{}?embed=tenant,imsis", answer.header("location"));
        assert_eq!(app.get(&location).await.is(200).json(), number);
        assert_eq!(app.get("/v2/imsis/214049000001111").await.is(200).json(), number);
    }

    async fn every_org_has_its_home_system(app: App) {
        let orgs = [
            ("masmovil", "mas-stack"), ("yoigo", "mas-stack"), ("pepephone", "mas-stack"), ("llamaya", "mas-stack"),
            ("euskaltel", "ektnet"), ("telecable", "tcnet"), ("r", "r"), ("simyo", "simyo-stack"),
        ];
        for (index, (org, system)) in orgs.into_iter().enumerate() {
            let body = json!({"imsi": format!("21404900000200{index}")});
            let answer = app.post(&format!("/v2/orgs/{org}/msisdns/64400000{index}"), &body).await.is(201);
            assert_eq!(answer.json()["belongs_to"], system, "{org}");
        }
    }

    async fn a_number_that_is_somewhere_already(app: App) {
        // In the same org, in another one, Deleted, outside: it exists.
        for (msisdn, number) in [("666777888", "its own"), ("666777001", "yoigo's"), ("666777011", "deleted"), ("666777012", "outside")] {
            let answer = app.post(&format!("/v2/orgs/masmovil/msisdns/{msisdn}"), &json!({"imsi": "214049000001111"})).await;
            answer.fails(Kind::Conflict, "Msisdn is already in the inventory");
            assert!(!answer.body.contains("yoigo"), "{number}");
        }
        app.get("/v2/imsis/214049000001111").await.is(404);
    }

    async fn an_imsi_that_another_number_has_or_had(app: App) {
        for imsi in ["214049000000001", "2140420422222227", "214040119172971"] {
            let answer = app.post("/v2/orgs/masmovil/msisdns/644555666", &json!({"imsi": imsi})).await;
            answer.fails(Kind::Conflict, "Imsi belongs to another msisdn");
        }
        app.get("/v2/msisdns/644555666").await.is(404);
    }
}
