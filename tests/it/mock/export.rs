//! `GET /_mock/export`

use reqwest::Method;
use serde_json::{Value, json};

use super::{Inside, outside, port_in};
use crate::support::database::ScratchDir;
use crate::support::process::{portero, run};
use crate::support::{App, Database, both_databases};

/// A world with some history of its own: SIMs that were swapped while the clock stood still, portabilities in every state, one with a subscriber.
async fn live(inside: &Inside<'_>) {
    let app = inside.app;
    let begin = json!({"clock": {"now": "2026-11-18T09:30:00Z", "frozen": true}});
    app.post("/_mock/reset", &begin).header("X-Sandbox", inside.sandbox).await.is(204);
    for imsi in ["214049000001111", "214049000002222", "214049000003333"] {
        app.put("/v2/orgs/masmovil/msisdns/666777888", &json!({"imsi": imsi})).header("X-Sandbox", inside.sandbox).await.is(204);
    }
    app.post("/_mock/operator-tokens", &json!({"msisdn": "666777001"})).header("X-Sandbox", inside.sandbox).await.is(201);
    let subscriber = json!({"document_type": "NIF", "document": "09288205T", "name": "Martina", "surname": "Fraile Méndez"});
    let body = json!({"msisdn": "666777888", "recipient_operator": "003", "subscriber": subscriber});
    app.post("/_mock/port-outs", &body).header("X-Sandbox", inside.sandbox).await.is(201);
    inside.request("607500106", "1").await;
    inside.request("607500204", "2").await;
    inside.clock(json!({"advance": "PT5H"})).await;
    inside.request("634443633", "3").await;
}

/// What the APIs say of a world, without what is given anew.
async fn seen(inside: &Inside<'_>) -> Vec<Value> {
    let mut seen = vec![
        inside.get("/v2/msisdns/666777888?embed=tenant,imsis").await,
        inside.get("/v2/operatorToken/abc123xyz456").await,
        inside.get("/v1/orgs/masmovil/portabilities").await,
        inside.get("/v1/orgs/masmovil/portabilities/pendingDonor").await,
        inside.get("/v1/orgs/masmovil/operator").await,
        inside.get("/v1/orgs/masmovil/ownerOperator/666777003").await,
    ];
    for portability in seen[2].as_array().unwrap().clone() {
        let mut detail = inside.get(&format!("/v1/orgs/masmovil/portabilities/id/{}", portability["id"].as_str().unwrap())).await;
        let events = &mut detail["portability_events"];
        for event in events["history"].as_array_mut().unwrap() {
            event["notification_code"].take();
        }
        events["account"]["notification_code"].take();
        seen.push(detail);
    }
    seen
}

both_databases! {
    async fn a_world_is_carried_to_another_sandbox(app: App) {
        let (here, there) = (outside(&app), Inside { app: &app, sandbox: "there" });
        live(&here).await;
        let export = here.get("/_mock/export").await;
        for count in ["orgs", "operators", "msisdns", "operator_tokens", "ported_numbers", "portings", "portabilities", "portability_events", "counters"] {
            assert!(!export[count].as_array().unwrap().is_empty(), "{count}");
        }
        let begin = json!({"seed": export});
        app.post("/_mock/reset", &begin).header("X-Sandbox", "there").await.is(204);
        assert_eq!(there.get("/_mock/export").await, export);
        assert_eq!(seen(&there).await, seen(&here).await);
        // It goes on in the same way: counters, due dates, unsent answers.
        for inside in [&here, &there] {
            inside.request("634443634", "4").await;
            inside.post("/_mock/drain").await;
        }
        let strip = |seen: Vec<Value>| {
            let text = serde_json::to_string(&seen).unwrap();
            let ids = regex::Regex::new(r#""id":"[^"]*""#).unwrap();
            ids.replace_all(&text, "").into_owned()
        };
        assert_eq!(strip(seen(&there).await), strip(seen(&here).await));
        let repeated = app.post("/v1/orgs/masmovil/portabilities", &port_in("607500106", "1")).header("X-Sandbox", "there").await;
        assert_eq!(repeated.status, 204);
    }

    async fn and_to_another_server(database: Database) {
        let app = App::serve(&database, &[]).await;
        live(&outside(&app)).await;
        let export = outside(&app).get("/_mock/export").await;
        app.stop().await;
        let dir = ScratchDir::new();
        let file = dir.join("world.json");
        std::fs::write(&file, export.to_string()).unwrap();
        let seed = run(portero(&["seed", "--replace", "--database", &database.url]).arg(&file));
        assert_eq!((seed.code, seed.stderr.as_str()), (0, ""));
        let app = App::serve(&database, &[]).await;
        assert_eq!(outside(&app).get("/_mock/export").await, export);
    }

    async fn records_that_contradict_each_other(app: App) {
        live(&outside(&app)).await;
        let export = outside(&app).get("/_mock/export").await;
        let spoiled = |spoil: &dyn Fn(&mut Value)| {
            let mut data = export.clone();
            spoil(&mut data);
            json!({"seed": data})
        };
        let refusal = async |body: Value| {
            let answer = app.call(Method::POST, "/_mock/reset").json(&body).await;
            assert!(matches!(answer.status, 400 | 409), "{}", answer.body);
            answer.json()["componentMsg"].as_str().unwrap().to_owned()
        };
        let twice = |data: &mut Value, list: &str| {
            let first = data[list][0].clone();
            data[list].as_array_mut().unwrap().push(first);
        };
        for (message, body) in [
            ("data set, clock.scale is not valid", spoiled(&|data| data["clock"]["scale"] = 0.into())),
            ("data set, portings[0].request_id is not in the data set", spoiled(&|data| data["portings"][0]["request_id"] = "x".into())),
            ("data set, portings[0].contract_code is not that of its request", spoiled(&|data| data["portings"][0]["contract_code"] = "00500000099".into())),
            ("data set, portings[0].state is not valid", spoiled(&|data| data["portings"][0]["state"] = "AENV".into())),
            ("data set, portings[0].msisdn is not valid", spoiled(&|data| data["portings"][0]["msisdn"] = "1".into())),
            ("data set, portabilities[0].porting_id is not in the data set", spoiled(&|data| data["portabilities"][0]["porting_id"] = "x".into())),
            ("data set, portabilities[0].org is not in the data set", spoiled(&|data| data["portabilities"][0]["org"] = "x".into())),
            ("data set, portability_events[0].message_type is not valid", spoiled(&|data| data["portability_events"][0]["message_type"] = "x".into())),
            ("data set, portability_requests[0].org is not valid", spoiled(&|data| data["portability_requests"][0]["org"] = "X".into())),
        ] {
            assert_eq!(refusal(body).await, message);
        }
        for list in ["operators", "portability_requests", "portings", "portabilities", "portability_events", "counters"] {
            let message = refusal(spoiled(&|data| twice(data, list))).await;
            assert!(message.starts_with(&format!("data set, {list}[")) && message.ends_with(" is there twice"), "{message}");
        }
        assert_eq!(refusal(spoiled(&|data| twice(data, "msisdns"))).await, "Msisdn is already in the inventory");
        let two_active = spoiled(&|data| {
            let active = |porting: &&Value| porting["state"] == "ASOL";
            let mut other = data["portings"].as_array().unwrap().iter().find(active).unwrap().clone();
            other["id"] = "other".into();
            data["portings"].as_array_mut().unwrap().push(other);
        });
        assert_eq!(refusal(two_active).await, "data set, a number is active in two portings");
        // Nothing has changed.
        assert_eq!(outside(&app).get("/_mock/export").await, export);
    }

    /// Without a word on it in the request, or with one.
    async fn the_clock_goes_on_from_where_it_was(app: App) {
        let mut export = outside(&app).get("/_mock/export").await;
        for (clock, change, expected) in [
            (json!({"now": "2027-03-01T09:00:00.5Z", "frozen": true, "scale": 60}), json!({}), json!(["2027-03-01T09:00:00Z", true, 60])),
            (json!({"now": "2027-03-01T09:00:00Z"}), json!({"frozen": true}), json!(["2027-03-01T09:00:00Z", true, 1])),
            (json!({"now": "2027-03-01T09:00:00Z", "frozen": true}), json!({"advance": "PT1H"}), json!(["2027-03-01T10:00:00Z", true, 1])),
        ] {
            export["clock"] = clock;
            let mut begin = json!({"seed": export});
            if change != json!({}) {
                begin["clock"] = change;
            }
            app.post("/_mock/reset", &begin).await.is(204);
            begin["name"] = "ci-7".into();
            app.post("/_mock/sandboxes", &begin).await.is(201);
            for sandbox in ["default", "ci-7"] {
                let shown = Inside { app: &app, sandbox }.get("/_mock/clock").await;
                assert_eq!(json!([shown["now"], shown["frozen"], shown["scale"]]), expected, "{sandbox}");
            }
            app.call(Method::DELETE, "/_mock/sandboxes/ci-7").await.is(204);
        }
    }

    /// Whoever reads while a world begins again sees the old one or the new one.
    async fn a_reset_is_seen_whole(app: App) {
        for sandbox in ["default", "ci-7"] {
            let reset = || async {
                app.call(Method::POST, "/_mock/reset").header("X-Sandbox", sandbox).await.is(204);
                0
            };
            let read = || async { Inside { app: &app, sandbox }.get("/v1/orgs/masmovil/portabilities").await.as_array().unwrap().len() };
            reset().await;
            let whole = read().await;
            for _ in 0..5 {
                let (_, one, two, _, three) = tokio::join!(reset(), read(), read(), reset(), read());
                assert_eq!([one, two, three], [whole; 3]);
            }
        }
    }
}
