//! `DELETE /v2/orgs/{org}/msisdns/{msisdn}`

use portero::error::Kind;
use serde_json::json;

use crate::support::{App, both_databases};

both_databases! {
    async fn the_number_goes_and_its_imsis_are_free(app: App) {
        let path = "/v2/orgs/masmovil/msisdns/666777888";
        assert_eq!(app.delete(path).await.is(204).body, "");
        app.get("/v2/msisdns/666777888").await.fails(Kind::NotFound, "Msisdn not found");
        for imsi in ["2140420422222227", "214040119172971"] {
            app.get(&format!("/v2/imsis/{imsi}")).await.fails(Kind::NotFound, "Imsi not found");
        }
        app.get("/v2/operatorToken/abc123xyz456").await.fails(Kind::NotFound, "Operator token not found");
        app.delete(path).await.fails(Kind::NotFound, "Msisdn not found");
        // Another org may have the number and a third one of its IMSIs now.
        app.post("/v2/orgs/yoigo/msisdns/666777888", &json!({"imsi": "2140420422222227"})).await.is(201);
        app.post("/v2/orgs/simyo/msisdns/644555666", &json!({"imsi": "214040119172971"})).await.is(201);
        let number = app.get("/v2/operatorToken/abc123xyz456").await.is(200).json();
        assert_eq!((&number["org"], number.get("internal_portability")), (&json!("yoigo"), None));
    }

    async fn a_number_that_is_not_the_orgs(app: App) {
        for msisdn in ["666777999", "666777001"] {
            let answer = app.delete(&format!("/v2/orgs/masmovil/msisdns/{msisdn}")).await;
            answer.fails(Kind::NotFound, "Msisdn not found");
        }
        app.get("/v2/msisdns/666777001").await.is(200);
    }

    async fn a_body_is_ignored(app: App) {
        app.delete("/v2/orgs/masmovil/msisdns/666777888").body("text/plain", "whatever").await.is(204);
    }
}
