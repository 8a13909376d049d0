//! `POST /_mock/reset` and the seeds of new sandboxes

use portero::error::Kind;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Inside, outside};
use crate::support::{App, both_databases};

/// A data set of one org with one number.
fn data_set() -> Value {
    json!({
        "orgs": [{"name": "brand", "operator_code": "005", "nrn": "741111", "home_system": "mas-stack", "tenant_id": 1, "bit": 1, "tier": 1}],
        "msisdns": [{
            "msisdn": "644555666", "org": "brand", "belongs_to": "mas-stack", "status": "OK", "checked_at": "2025-01-15T10:30:00Z",
            "imsis": [{"imsi": "214049000001111", "segment": "B2C", "created_at": "2025-01-15T10:30:00Z"}]
        }]
    })
}

both_databases! {
    async fn a_reset_brings_back_the_demo_data(app: App) {
        for sandbox in ["default", "ci-7"] {
            let inside = Inside { app: &app, sandbox };
            app.call(Method::POST, "/_mock/reset").header("X-Sandbox", sandbox).await.is(204);
            let number = inside.get("/v2/msisdns/666777888?embed=imsis").await;
            let before = inside.get("/v1/orgs/masmovil/portabilities").await.as_array().unwrap().len();
            app.delete("/v2/orgs/masmovil/msisdns/666777888").header("X-Sandbox", sandbox).await.is(204);
            inside.request("634443633", "1").await;
            inside.clock(json!({"advance": "P2D", "scale": 60})).await;
            app.call(Method::POST, "/_mock/reset").header("X-Sandbox", sandbox).await.is(204);
            assert_eq!(inside.get("/v2/msisdns/666777888?embed=imsis").await, number);
            assert_eq!(inside.get("/v1/orgs/masmovil/portabilities").await.as_array().unwrap().len(), before);
            let clock = inside.get("/_mock/clock").await;
            assert_eq!((&clock["now"], &clock["scale"]), (&json!("2026-11-18T09:30:00Z"), &json!(1)));
            // The same contract again: nothing is left of the first.
            inside.request("634443633", "1").await;
        }
    }

    async fn with_nothing_or_with_a_data_set(app: App) {
        for sandbox in ["default", "ci-7"] {
            let call = |body: Value| app.post("/_mock/reset", &body).header("X-Sandbox", sandbox);
            call(json!({"seed": "empty"})).await.is(204);
            app.get("/v2/msisdns/666777888").header("X-Sandbox", sandbox).await.is(404);
            app.get("/v1/orgs/masmovil/portabilities").header("X-Sandbox", sandbox).await.fails(Kind::NotFound, "Org not found");
            call(json!({"seed": data_set()})).await.is(204);
            assert_eq!(Inside { app: &app, sandbox }.get("/v2/msisdns/644555666").await["org"], "brand");
            call(json!({"seed": "demo"})).await.is(204);
            app.get("/v2/msisdns/644555666").header("X-Sandbox", sandbox).await.is(404);
        }
        app.post("/_mock/sandboxes", &json!({"name": "own", "seed": data_set()})).await.is(201);
        assert_eq!(Inside { app: &app, sandbox: "own" }.get("/v2/msisdns/644555666").await["org"], "brand");
    }

    /// The demo data go by the time that the world begins with, so that a suite finds the same at any hour.
    async fn at_another_time(app: App) {
        let monday = json!({"seed": "demo", "clock": {"now": "2026-11-23T10:00:00Z", "frozen": true}});
        let pending = async |inside: &Inside<'_>| {
            let pending = inside.get("/v1/orgs/masmovil/portabilities/pendingDonor").await;
            pending.as_array().unwrap().iter().map(|one| format!("{} {}", one["msisdn"], one["create_date_nc"])).collect::<Vec<_>>()
        };
        app.post("/_mock/reset", &monday).await.is(204);
        let mut named = monday;
        named["name"] = "ci-7".into();
        app.post("/_mock/sandboxes", &named).await.is(201);
        app.clock.advance(5);
        for sandbox in ["default", "ci-7"] {
            let inside = Inside { app: &app, sandbox };
            assert_eq!(pending(&inside).await, [r#""666777021" "2026-11-23T10:00:00Z""#, r#""666777022" "2026-11-23T10:00:00Z""#]);
            assert_eq!(inside.get("/_mock/clock").await["now"], "2026-11-23T10:00:00Z");
        }
    }

    /// New sandboxes are copies of one template, which is made again when its time has come.
    async fn the_demo_data_are_as_of_now(app: App) {
        for (sandbox, seconds) in [("one", 0), ("two", 59), ("three", 1), ("four", 3 * 86_400)] {
            app.clock.advance(seconds);
            let waiting = Inside { app: &app, sandbox }.last("666777106").await;
            let registered = waiting["create_date_nc"].as_str().unwrap().to_owned();
            let expected = match sandbox {
                "one" | "two" => "2026-11-18T09:30:00Z",
                "three" => "2026-11-18T09:31:00Z",
                _ => "2026-11-20T18:31:00Z",
            };
            assert_eq!((registered.as_str(), waiting["state"].as_str().unwrap()), (expected, "ASOL"), "{sandbox}");
        }
    }

    async fn what_is_refused(app: App) {
        let call = |body: Value| app.post("/_mock/reset", &body);
        call(json!({"seed": "other"})).await.violates("Seed", "oneof");
        call(json!({"seed": 5})).await.violates("Seed", "object");
        call(json!({"clock": {}})).await.violates("Clock.Now", "required_without_all");
        call(json!({"clock": {"advance": "x"}})).await.violates("Clock.Advance", "duration");
        call(json!({"clock": {"now": "9999-01-01T00:00:00Z"}})).await.violates("Now", "max");
        let unknown = call(json!({"seed": {"orgz": []}})).await.is(400);
        assert!(unknown.json()["componentMsg"].as_str().unwrap().starts_with("data set, "), "{}", unknown.body);
        app.call(Method::POST, "/_mock/reset").body("text/plain", "demo").await.is(415);
        // Nothing has changed.
        outside(&app).get("/v2/msisdns/666777888").await;
    }

    /// A data set that contradicts itself changes nothing, and what it was for is not left behind half made.
    async fn a_data_set_that_contradicts_itself(app: App) {
        let mut twice = data_set();
        let number = twice["msisdns"][0].clone();
        twice["msisdns"].as_array_mut().unwrap().push(number);
        let mut unknown_org = data_set();
        unknown_org["msisdns"][0]["org"] = "other".into();
        for sandbox in ["default", "ci-7"] {
            let reset = |seed: &Value| app.post("/_mock/reset", &json!({"seed": seed})).header("X-Sandbox", sandbox);
            reset(&twice).await.fails(Kind::Conflict, "Msisdn is already in the inventory");
            reset(&unknown_org).await.fails(Kind::Invalid, "data set, msisdns[0].org is not in the data set");
            Inside { app: &app, sandbox }.get("/v2/msisdns/666777888").await;
        }
        app.post("/_mock/sandboxes", &json!({"name": "bad", "seed": twice})).await.is(409);
        Inside { app: &app, sandbox: "bad" }.get("/v2/msisdns/666777888").await;
    }
}
