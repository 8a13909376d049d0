//! `GET /v2/imsis/{imsi}`

use portero::error::Kind;
use serde_json::json;

use super::published_number;
use crate::support::{App, both_databases};

both_databases! {
    async fn any_imsi_that_the_number_has_or_had(app: App) {
        assert_eq!(app.get("/v2/imsis/2140420422222227").await.is(200).json(), published_number());
        let mut earlier = published_number();
        earlier["imsi"] = json!({"created_at": "2024-06-03T08:15:00Z", "imsi": "214040119172971", "segment": "B2B"});
        assert_eq!(app.get("/v2/imsis/214040119172971").await.is(200).json(), earlier);
    }

    async fn forms(app: App) {
        app.get("/v2/imsis/214049999999999").await.fails(Kind::NotFound, "Imsi not found");
        app.get("/v2/imsis/21404999999999").await.fails(Kind::NotFound, "Imsi not found");
        for (imsi, tag) in [("2140499999999", "len"), ("21404999999999999", "len"), ("214049x99999999", "numeric"), ("+14049999999999", "numeric")] {
            app.get(&format!("/v2/imsis/{imsi}")).await.violates("Imsi", tag);
        }
    }
}
