//! `PUT /v2/orgs/{org}/msisdns/{msisdn}`

use portero::error::Kind;
use serde_json::json;

use crate::support::{App, both_databases};
use crate::v2::imsis;

const NUMBER: &str = "/v2/orgs/masmovil/msisdns/666777888";
const FIRST: &str = "214040119172971";
const SECOND: &str = "2140420422222227";
const THIRD: &str = "214049000001111";
const FOURTH: &str = "214049000002222";

both_databases! {
    async fn the_history_is_kept_newest_first(app: App) {
        for (imsi, expected) in [
            (THIRD, vec![THIRD, SECOND, FIRST]),
            (FOURTH, vec![FOURTH, THIRD, SECOND, FIRST]),
            // One of its own earlier ones becomes current again; the rest stay newest first.
            (FIRST, vec![FIRST, FOURTH, THIRD, SECOND]),
            (THIRD, vec![THIRD, FOURTH, SECOND, FIRST]),
            (THIRD, vec![THIRD, FOURTH, SECOND, FIRST]),
        ] {
            app.clock.advance(60);
            let answer = app.put(NUMBER, &json!({"imsi": imsi})).await.is(204);
            assert_eq!(answer.body, "");
            let number = app.get("/v2/msisdns/666777888?embed=imsis").await.is(200).json();
            assert_eq!(imsis(&number), expected);
            assert_eq!(number["imsi"], number["imsis"][0]);
        }
        let number = app.get("/v2/imsis/2140420422222227").await.is(200).json();
        let created_at: Vec<_> = number["imsis"].as_array().unwrap().iter().map(|sim| &sim["created_at"]).collect();
        // Each keeps the instant at which the number first got it.
        assert_eq!(created_at, ["2026-11-18T09:31:00Z", "2026-11-18T09:32:00Z", "2025-01-15T10:30:00Z", "2024-06-03T08:15:00Z"]);
        assert_eq!(number["imsi"]["imsi"], SECOND);
    }

    async fn swaps_at_the_same_instant_keep_their_order(app: App) {
        for imsi in [THIRD, FOURTH] {
            app.put(NUMBER, &json!({"imsi": imsi})).await.is(204);
        }
        let number = app.get("/v2/msisdns/666777888?embed=imsis").await.is(200).json();
        assert_eq!(imsis(&number), [FOURTH, THIRD, SECOND, FIRST]);
    }

    async fn the_current_one_changes_nothing(app: App) {
        let before = app.get("/v2/imsis/2140420422222227").await.json();
        app.put(NUMBER, &json!({"imsi": SECOND})).await.is(204);
        assert_eq!(app.get("/v2/imsis/2140420422222227").await.json(), before);
    }

    async fn a_new_one_is_of_the_same_segment_and_confirms_the_ownership(app: App) {
        app.put(NUMBER, &json!({"imsi": THIRD})).await.is(204);
        let number = app.get("/v2/msisdns/666777888").await.json();
        assert_eq!(number["imsi"], json!({"imsi": THIRD, "segment": "B2B", "created_at": "2026-11-18T09:30:00Z"}));
        assert_eq!(number["checked_at"], "2026-11-18T09:30:00Z");
    }

    async fn refusals(app: App) {
        for imsi in ["214049000000001", "214049000000009"] {
            app.put(NUMBER, &json!({"imsi": imsi})).await.fails(Kind::Conflict, "Imsi belongs to another msisdn");
        }
        let number = app.get("/v2/msisdns/666777888?embed=imsis").await.json();
        assert_eq!((imsis(&number), &number["checked_at"]), (vec![SECOND, FIRST], &json!("2025-01-15T10:30:00Z")));
        // A number that is not there, and one that is in another org.
        for msisdn in ["666777999", "666777001"] {
            let answer = app.put(&format!("/v2/orgs/masmovil/msisdns/{msisdn}"), &json!({"imsi": THIRD})).await;
            answer.fails(Kind::NotFound, "Msisdn not found");
        }
    }
}
