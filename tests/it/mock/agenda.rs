//! `/_mock/agenda` and `/_mock/orgs`

use serde_json::{Value, json};

use super::{Inside, outside};
use crate::support::{App, both_databases};

/// What is due, without the numbers of the demo data.
async fn due(inside: &Inside<'_>) -> Vec<Value> {
    let agenda = inside.get("/_mock/agenda").await;
    let due = agenda["due"].as_array().unwrap();
    due.iter().filter(|due| !due["msisdn"].as_str().unwrap().starts_with("666777")).cloned().collect()
}

both_databases! {
    async fn what_is_to_come(app: App) {
        let inside = outside(&app);
        // The demo data as of the sandbox's own clock.
        app.call(reqwest::Method::POST, "/_mock/reset").await.is(204);
        let process = inside.request("634443633", "1").await["process_id"].clone();
        let agenda = inside.get("/_mock/agenda").await;
        assert_eq!(agenda["clock"], inside.get("/_mock/clock").await);
        let due_at: Vec<_> = agenda["due"].as_array().unwrap().iter().map(|due| due["at"].as_str().unwrap().to_owned()).collect();
        assert!(due_at.len() > 3 && due_at.is_sorted(), "{due_at:?}");
        assert_eq!(agenda["clock"]["next_due"], due_at[0]);
        let expected = |at: &str, state: &str| {
            json!({"at": at, "msisdn": "634443633", "contract_code": "00500000001", "process_id": process, "state": state})
        };
        assert_eq!(due(&inside).await, [expected("2026-11-18T13:00:00Z", "ASOL")]);
        inside.clock(json!({"advance": "PT4H"})).await;
        assert_eq!(due(&inside).await, [expected("2026-11-20T01:00:00Z", "ACON")]);
        inside.clock(json!({"advance": "P2D"})).await;
        assert_eq!(due(&inside).await, [json!(null); 0]);
    }

    /// What waits for the Node has no process yet.
    async fn what_waits_for_the_node(app: App) {
        let inside = outside(&app);
        inside.clock(json!({"now": "2026-11-21T12:00:00Z"})).await;
        inside.request("634443633", "1").await;
        let expected = json!({"at": "2026-11-23T07:00:00Z", "msisdn": "634443633", "contract_code": "00500000001", "state": "AENV"});
        assert_eq!(due(&inside).await, [expected]);
    }

    async fn the_hours_of_the_node(app: App) {
        let inside = outside(&app);
        for (now, open, next_opening, next_working_day) in [
            ("2026-12-04T09:00:00Z", true, "2026-12-07T07:00:00Z", "2026-12-07T09:00:00Z"),
            ("2026-12-07T06:59:59Z", false, "2026-12-07T07:00:00Z", "2026-12-09T06:59:59Z"),
            ("2026-12-07T07:00:00Z", true, "2026-12-09T07:00:00Z", "2026-12-09T07:00:00Z"),
            ("2026-12-07T19:00:00Z", false, "2026-12-09T07:00:00Z", "2026-12-09T19:00:00Z"),
        ] {
            inside.clock(json!({"now": now, "frozen": true})).await;
            let agenda = inside.get("/_mock/agenda").await;
            assert_eq!(agenda["node"], json!({"open": open, "next_opening": next_opening}), "{now}");
            assert_eq!(agenda["next_working_day"], next_working_day, "{now}");
        }
    }

    async fn the_orgs(app: App) {
        let orgs = outside(&app).get("/_mock/orgs").await;
        assert_eq!(orgs[1], json!({"name": "masmovil", "operator_code": "005", "nrn": "741111"}));
        assert_eq!(orgs.as_array().unwrap().len(), 9);
    }
}
