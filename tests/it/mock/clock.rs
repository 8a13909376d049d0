//! `/_mock/clock`

use portero::clock::Clock;
use serde_json::json;

use super::{Inside, events, outside};
use crate::support::{App, Database, both_databases};

/// The life of a port-in that was requested when the tests begin.
const LIFE: [(&str, &str); 3] = [
    ("SOLICITUD_ALTA", "2026-11-18T09:30:00Z"),
    ("CONFIRMACION_ALTA", "2026-11-18T13:00:00Z"),
    ("PORTABILIDAD_EFECTIVA", "2026-11-20T01:00:00Z"),
];

both_databases! {
    async fn a_port_in_is_driven_to_its_end(app: App) {
        let inside = outside(&app);
        assert_eq!(inside.request("634443633", "1").await["state"], "ASOL");
        inside.clock(json!({"advance": "P2D"})).await;
        assert_eq!(inside.state("634443633").await, ("APOR".into(), None));
        assert_eq!(inside.history("634443633").await, events(&LIFE));
        let owner = inside.get("/v1/orgs/masmovil/ownerOperator/634443633").await;
        assert_eq!((&owner["codigoOperadorActual"], &owner["portada"]), (&json!("005"), &json!(true)));
    }

    /// What a list has shown stays, although nobody but the list knew of it.
    async fn nothing_that_was_shown_is_undone(database: Database) {
        let app = App::serve(&database, &["--worker", "false"]).await;
        let inside = outside(&app);
        inside.request("634443633", "1").await;
        app.clock.advance(3600 * 48);
        let list = async || inside.get("/v1/orgs/masmovil/portabilities/msisdn/634443633").await[0]["state"].clone();
        assert_eq!(list().await, "APOR");
        inside.clock(json!({"now": "2026-11-18T12:00:00Z"})).await;
        assert_eq!(list().await, "APOR");
        assert_eq!(inside.history("634443633").await, events(&LIFE));
    }

    /// Whatever the step, what happened and when is the same.
    async fn the_size_of_the_steps_does_not_matter(app: App) {
        for (sandbox, step, steps) in [("hours", "PT1H", 48), ("half-days", "PT12H", 4), ("days", "P1D", 2), ("month", "P1M", 1)] {
            let inside = Inside { app: &app, sandbox };
            inside.request("634443633", "1").await;
            for _ in 0..steps {
                inside.clock(json!({"advance": step})).await;
            }
            assert_eq!(inside.history("634443633").await, events(&LIFE), "{sandbox}");
        }
    }

    /// What is due has happened when the clock is answered, without anybody reading it: on every number, in due order.
    async fn due_transitions_happen_in_due_order(app: App) {
        let inside = outside(&app);
        inside.request("634443001", "1").await;
        inside.clock(json!({"advance": "PT1H"})).await;
        inside.request("634443002", "2").await;
        inside.clock(json!({"now": "2026-11-18T13:30:00Z"})).await;
        inside.request("634443003", "3").await;
        let clock = inside.clock(json!({"advance": "P30D"})).await;
        assert_eq!(clock["next_due"], json!(null), "{clock}");
        let list = inside.get("/v1/orgs/masmovil/portabilities?filter=donor_operator%20eq%20%22075%22").await;
        let mut codes = Vec::new();
        for portability in list.as_array().unwrap() {
            let detail = inside.get(&format!("/v1/orgs/masmovil/portabilities/id/{}", portability["id"].as_str().unwrap())).await;
            for event in detail["portability_events"]["history"].as_array().unwrap() {
                let (date, code) = (&event["event_date"], &event["notification_code"]);
                if date.as_str().unwrap() > "2026-11-18T13:30:00Z" {
                    codes.push((code.as_str().unwrap().to_owned(), date.as_str().unwrap().to_owned()));
                }
            }
        }
        codes.sort();
        assert!(codes.len() >= 4, "{codes:?}");
        assert!(codes.is_sorted_by_key(|(_, date)| date.clone()), "{codes:?}");
    }

    async fn frozen_sped_up_and_set(app: App) {
        let inside = outside(&app);
        let expected = json!({"now": "2026-11-18T09:30:00Z", "frozen": false, "scale": 1});
        let shown = |mut clock: serde_json::Value| { clock.as_object_mut().unwrap().remove("next_due"); clock };
        assert_eq!(shown(inside.get("/_mock/clock").await), expected);
        app.clock.advance(60);
        assert_eq!(inside.get("/_mock/clock").await["now"], "2026-11-18T09:31:00Z");
        let set = inside.clock(json!({"now": "2026-12-01T08:00:00+01:00", "advance": "PT90M", "frozen": true, "scale": 3600})).await;
        assert_eq!(shown(set), json!({"now": "2026-12-01T08:30:00Z", "frozen": true, "scale": 3600}));
        app.clock.advance(60);
        assert_eq!(inside.get("/_mock/clock").await["now"], "2026-12-01T08:30:00Z");
        inside.clock(json!({"frozen": false})).await;
        app.clock.advance(2);
        assert_eq!(inside.get("/_mock/clock").await["now"], "2026-12-01T10:30:00Z");
    }

    /// Sped up, what is due happens as time passes it: the answers say so, whether the worker was there or not.
    async fn transitions_happen_as_time_passes_them(app: App) {
        let inside = outside(&app);
        inside.request("634443633", "1").await;
        inside.clock(json!({"scale": 3600})).await;
        app.clock.advance(3);
        assert_eq!(inside.state("634443633").await.0, "ASOL");
        app.clock.advance(1);
        assert_eq!(inside.state("634443633").await.0, "ACON");
        app.clock.advance(36);
        assert_eq!(inside.state("634443633").await.0, "APOR");
        assert_eq!(inside.history("634443633").await, events(&LIFE));
    }

    async fn set_back_nothing_is_undone(app: App) {
        let inside = outside(&app);
        inside.request("634443633", "1").await;
        inside.clock(json!({"advance": "P2D"})).await;
        inside.clock(json!({"now": "2026-11-18T09:30:00Z"})).await;
        assert_eq!(inside.state("634443633").await.0, "APOR");
        // And what is new is of that time.
        assert_eq!(inside.request("634443634", "2").await["create_date_nc"], "2026-11-18T09:30:00Z");
    }

    async fn it_survives_a_restart_and_a_reset_sets_it_right(database: Database) {
        let app = App::serve(&database, &[]).await;
        outside(&app).clock(json!({"now": "2027-01-07T09:00:00Z", "frozen": true})).await;
        app.stop().await;
        let app = App::serve(&database, &[]).await;
        assert_eq!(outside(&app).get("/_mock/clock").await["now"], "2027-01-07T09:00:00Z");
        app.call(reqwest::Method::POST, "/_mock/reset").await.is(204);
        assert_eq!(outside(&app).get("/_mock/clock").await["now"], "2026-11-18T09:30:00Z");
        app.stop().await;
        let app = App::serve(&database, &[]).await;
        app.clock.advance(1);
        assert_eq!(outside(&app).get("/_mock/clock").await["now"], "2026-11-18T09:30:01Z");
        assert_eq!(app.clock.now().to_string(), "2026-11-18T09:30:01.123456Z");
    }

    async fn what_it_refuses(app: App) {
        for (body, field, tag) in [
            (json!({}), "Now", "required_without_all"),
            (json!({"now": null}), "Now", "required_without_all"),
            (json!({"now": "2026-11-18"}), "Now", "datetime"),
            (json!({"now": 5}), "Now", "string"),
            (json!({"now": "1969-12-31T23:59:59Z"}), "Now", "min"),
            (json!({"now": "9001-01-01T00:00:00Z"}), "Now", "max"),
            (json!({"advance": "2 days"}), "Advance", "duration"),
            (json!({"advance": "P"}), "Advance", "duration"),
            (json!({"advance": "-P1D"}), "Advance", "min"),
            (json!({"advance": "P9000Y"}), "Advance", "max"),
            (json!({"frozen": "yes"}), "Frozen", "boolean"),
            (json!({"scale": 0}), "Scale", "min"),
            (json!({"scale": 1_000_001}), "Scale", "max"),
            (json!({"scale": 1.5}), "Scale", "number"),
        ] {
            app.put("/_mock/clock", &body).await.violates(field, tag);
        }
        assert_eq!(outside(&app).get("/_mock/clock").await["now"], "2026-11-18T09:30:00Z");
    }
}
