//! `/_mock/portabilities/{processId}/step` and `/_mock/drain`

use portero::error::Kind;
use reqwest::Method;
use serde_json::json;

use super::{events, outside};
use crate::support::{App, both_databases};

both_databases! {
    async fn a_process_goes_on_step_by_step(app: App) {
        let inside = outside(&app);
        let process = inside.request("634443633", "1").await["process_id"].as_str().unwrap().to_owned();
        let path = format!("/_mock/portabilities/{process}/step");
        let step = inside.post(&path).await;
        assert_eq!((&step["process_id"], &step["clock"]["now"]), (&json!(process), &json!("2026-11-18T13:00:00Z")));
        assert_eq!(step["numbers"], json!([{"msisdn": "634443633", "state": "ACON", "next_due": "2026-11-20T01:00:00Z"}]));
        let step = inside.post(&path).await;
        assert_eq!(step["clock"]["now"], "2026-11-20T01:00:00Z");
        assert_eq!(step["numbers"], json!([{"msisdn": "634443633", "state": "APOR"}]));
        app.call(Method::POST, &path).await.fails(Kind::Conflict, "nothing of this process is due any more");
        app.call(Method::POST, "/_mock/portabilities/00500000000000000000000/step").await.fails(Kind::NotFound, "Process not found");
    }

    /// Each number of a process has a life of its own.
    async fn a_process_of_several_numbers(app: App) {
        let bound = |number: &str| json!({"msisdn": {"country_code": "34", "number": number}});
        let body = json!({
            "access_type": "MULTIPLE", "contract_code": "00500000001", "nrn_receptor": "741111",
            "msisdn_ranges": [{"initial_range": bound("607500106"), "end_range": bound("607500107")}]
        });
        let created = app.post("/v1/orgs/masmovil/portabilities", &body).await.is(201).json();
        let path = format!("/_mock/portabilities/{}/step", created[0]["process_id"].as_str().unwrap());
        let inside = outside(&app);
        let states = async || {
            let step = inside.post(&path).await;
            let states: Vec<_> = step["numbers"].as_array().unwrap().iter().map(|number| number["state"].as_str().unwrap().to_owned()).collect();
            (states.join(" "), step["numbers"][0]["cause_status"].as_str().unwrap_or_default().to_owned())
        };
        assert_eq!(states().await, ("ASOL ACON".into(), String::new()));
        assert_eq!(states().await, ("AREC ACON".into(), "RECH_NORES".into()));
        assert_eq!(states().await, ("AREC APOR".into(), "RECH_NORES".into()));
    }

    async fn everything_happens_that_is_ever_due(app: App) {
        let inside = outside(&app);
        // Saturday: it waits for the Node to open.
        inside.clock(json!({"now": "2026-11-21T12:00:00Z", "frozen": true})).await;
        assert_eq!(inside.request("634443633", "1").await["state"], "AENV");
        let clock = inside.post("/_mock/drain").await;
        assert_eq!(clock, json!({"now": "2026-11-25T01:00:00Z", "frozen": true, "scale": 1}));
        let expected = [
            ("ENVIO_ALTA", "2026-11-21T12:00:00Z"),
            ("SOLICITUD_ALTA", "2026-11-23T07:00:00Z"),
            ("CONFIRMACION_ALTA", "2026-11-23T13:00:00Z"),
            ("PORTABILIDAD_EFECTIVA", "2026-11-25T01:00:00Z"),
        ];
        assert_eq!(inside.history("634443633").await, events(&expected));
        // Nothing is due any more.
        assert_eq!(inside.post("/_mock/drain").await, clock);
    }
}
