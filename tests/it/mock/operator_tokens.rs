//! `/_mock/operator-tokens`

use portero::error::Kind;
use serde_json::json;

use super::outside;
use crate::support::{App, both_databases};

both_databases! {
    async fn a_token_lives_as_long_as_it_was_given(app: App) {
        for (ttl, expires_at) in [(json!("PT90S"), "2026-11-18T09:31:30Z"), (json!(null), "2026-11-18T09:40:00Z"), (json!("P1D"), "2026-11-19T09:30:00Z")] {
            let issued = app.post("/_mock/operator-tokens", &json!({"msisdn": "0034666777888", "ttl": ttl})).await.is(201).json();
            assert_eq!((&issued["msisdn"], &issued["expires_at"]), (&json!("666777888"), &json!(expires_at)));
            let path = format!("/v2/operatorToken/{}", issued["operator_token"].as_str().unwrap());
            let inside = outside(&app);
            // Whole seconds are shown, microseconds are kept.
            inside.clock(json!({"now": expires_at, "frozen": true})).await;
            assert_eq!(inside.get(&path).await["msisdn"], "666777888");
            inside.clock(json!({"advance": "PT1S"})).await;
            app.get(&path).await.fails(Kind::NotFound, "Operator token not found");
            inside.clock(json!({"now": "2026-11-18T09:30:00.123456Z"})).await;
        }
    }

    async fn of_a_number_that_is_not_in_the_inventory(app: App) {
        let issued = app.post("/_mock/operator-tokens", &json!({"msisdn": "699999999"})).await.is(201).json();
        app.get(&format!("/v2/operatorToken/{}", issued["operator_token"].as_str().unwrap())).await.fails(Kind::NotFound, "Operator token not found");
    }

    async fn what_is_refused(app: App) {
        for (body, field, tag) in [
            (json!({}), "Msisdn", "required"),
            (json!({"msisdn": "5"}), "Msisdn", "msisdn"),
            (json!({"msisdn": "666777888", "ttl": "10m"}), "Ttl", "duration"),
            (json!({"msisdn": "666777888", "ttl": "PT0S"}), "Ttl", "min"),
            (json!({"msisdn": "666777888", "ttl": "-PT1S"}), "Ttl", "min"),
            (json!({"msisdn": "666777888", "ttl": "P9000Y"}), "Ttl", "max"),
        ] {
            app.post("/_mock/operator-tokens", &body).await.violates(field, tag);
        }
    }
}
