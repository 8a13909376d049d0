//! `X-Sandbox` and `/_mock/sandboxes`

use futures_util::future::join_all;
use portero::error::Kind;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Inside, outside, port_in};
use crate::support::{App, Database, both_databases};

const NUMBER: &str = "/v2/msisdns/666777888";
const ENTRY: &str = "/v2/orgs/masmovil/msisdns/666777888";

/// The names of the sandboxes there are.
async fn names(app: &App) -> Vec<String> {
    let list = app.get("/_mock/sandboxes").await.is(200).json();
    list.as_array().unwrap().iter().map(|sandbox| sandbox["name"].as_str().unwrap().to_owned()).collect()
}

both_databases! {
    async fn one_is_made_of_the_demo_data_when_it_is_first_named(app: App) {
        assert_eq!(names(&app).await, ["default"]);
        let found = app.get(NUMBER).header("X-Sandbox", "ci-7").await.is(200).json();
        assert_eq!(found["org"], "masmovil");
        assert_eq!(names(&app).await, ["default", "ci-7"]);
        app.get("/v2/operatorToken/abc123xyz456").header("X-Sandbox", "ci-7").await.is(200);
    }

    async fn none_sees_what_happens_in_another(app: App) {
        let (one, other) = (Inside { app: &app, sandbox: "one" }, Inside { app: &app, sandbox: "other" });
        // Inventory.
        app.delete(ENTRY).header("X-Sandbox", "one").await.is(204);
        app.get(NUMBER).header("X-Sandbox", "one").await.is(404);
        app.get(NUMBER).header("X-Sandbox", "other").await.is(200);
        app.get(NUMBER).await.is(200);
        // Portabilities: the same request is new in each.
        let ids = [one.request("634443633", "1").await, other.request("634443633", "1").await, outside(&app).request("634443633", "1").await];
        assert!(ids[0]["id"] != ids[1]["id"] && ids[1]["id"] != ids[2]["id"]);
        // Time.
        one.clock(json!({"advance": "P30D"})).await;
        assert_eq!(one.state("634443633").await.0, "APOR");
        assert_eq!((other.state("634443633").await.0, outside(&app).state("634443633").await.0), ("ASOL".into(), "ASOL".into()));
        // Donors.
        app.put("/_mock/donors/*", &json!({"answer": "silent"})).header("X-Sandbox", "one").await.is(200);
        assert_eq!(other.get("/_mock/donors/075").await["answer"], "accept");
        // Tokens.
        let token = app.post("/_mock/operator-tokens", &json!({"msisdn": "666777001"})).header("X-Sandbox", "one").await.is(201).json();
        let path = format!("/v2/operatorToken/{}", token["operator_token"].as_str().unwrap());
        app.get(&path).header("X-Sandbox", "one").await.is(200);
        app.get(&path).header("X-Sandbox", "other").await.is(404);
        app.get(&path).await.is(404);
        // A new beginning.
        app.call(Method::POST, "/_mock/reset").header("X-Sandbox", "other").await.is(204);
        assert_eq!(one.state("634443633").await.0, "APOR");
        assert_eq!(outside(&app).state("634443633").await.0, "ASOL");
        assert_eq!(other.last("634443633").await, Value::Null);
    }

    async fn forty_at_once(app: App) {
        let story = async |number: usize| {
            let name = format!("job-{number}");
            let inside = Inside { app: &app, sandbox: &name };
            let portability = inside.request("634443633", "1").await;
            let process = portability["process_id"].as_str().unwrap();
            inside.post(&format!("/_mock/portabilities/{process}/step")).await;
            inside.state("634443633").await.0
        };
        let states = join_all((0..40).map(story)).await;
        assert!(states.iter().all(|state| state == "ACON"), "{states:?}");
        assert_eq!(names(&app).await.len(), 41);
        assert_eq!(outside(&app).last("634443633").await, Value::Null);
    }

    async fn a_new_one_is_made_once_however_many_ask_for_it(app: App) {
        let call = || app.post("/v1/orgs/masmovil/portabilities", &port_in("634443633", "1")).header("X-Sandbox", "ci-7").into_future();
        let mut statuses: Vec<_> = join_all((0..10).map(|_| call())).await.into_iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 204, 204, 204, 204, 204, 204, 204, 204, 204]);
    }

    async fn names_have_a_form(app: App) {
        let longest = "a".repeat(63);
        for good in ["a", "ci-7", "0", "-", &longest, "default"] {
            app.get(NUMBER).header("X-Sandbox", good).await.is(200);
        }
        let too_long = "a".repeat(64);
        for bad in ["", "A", "a_b", "a b", "a/b", "ñ", &too_long] {
            app.get(NUMBER).header("X-Sandbox", bad).await.violates("X-Sandbox", "sandbox");
            app.post("/_mock/sandboxes", &json!({"name": bad})).await.violates("Name", "sandbox");
        }
        app.get(NUMBER).header("X-Sandbox", "a").header("X-Sandbox", "b").await.violates("X-Sandbox", "unique");
        app.post("/_mock/sandboxes", &json!({})).await.violates("Name", "required");
    }

    async fn made_and_removed_by_hand(app: App) {
        let made = app.post("/_mock/sandboxes", &json!({"name": "ci-7", "seed": "empty"})).await.is(201).json();
        assert_eq!(made, json!({"name": "ci-7", "created_at": "2026-11-18T09:30:00Z", "expires_at": "2026-11-18T10:30:00Z"}));
        app.get(NUMBER).header("X-Sandbox", "ci-7").await.is(404);
        for taken in ["ci-7", "default"] {
            app.post("/_mock/sandboxes", &json!({"name": taken})).await.fails(Kind::Conflict, "there is a sandbox of this name");
        }
        app.delete("/_mock/sandboxes/ci-7").await.is(204);
        app.delete("/_mock/sandboxes/ci-7").await.fails(Kind::NotFound, "Sandbox not found");
        app.delete("/_mock/sandboxes/default").await.fails(Kind::Conflict, "the default sandbox can be reset, not removed");
        // Named again, it is a new one.
        app.get(NUMBER).header("X-Sandbox", "ci-7").await.is(200);
    }

    async fn an_idle_one_expires_by_real_time(app: App) {
        let in_it = |path| app.get(path).header("X-Sandbox", "ci-7");
        app.delete(ENTRY).header("X-Sandbox", "ci-7").await.is(204);
        // Its own time does not count.
        app.clock.advance(1_000_000);
        app.real_time.advance(3599);
        in_it(NUMBER).await.is(404);
        app.real_time.advance(3599);
        in_it(NUMBER).await.is(404);
        app.real_time.advance(3600);
        assert_eq!(names(&app).await, ["default"]);
        in_it(NUMBER).await.is(200);
    }

    async fn when_there_are_too_many_a_new_name_is_refused_and_no_live_one_goes(database: Database) {
        let app = App::serve(&database, &["--max-sandboxes", "3", "--sandbox-idle", "60"]).await;
        let call = |name| app.get(NUMBER).header("X-Sandbox", name);
        for name in ["one", "two"] {
            call(name).await.is(200);
        }
        app.real_time.advance(59);
        let full = call("three").await;
        full.fails(Kind::SandboxesFull, "No room for another sandbox, please try again later");
        assert_eq!(full.header("retry-after"), "1");
        app.post("/_mock/sandboxes", &json!({"name": "three"})).await.is(503);
        call("one").await.is(200);
        app.get(NUMBER).await.is(200);
        // Two has expired, one has not.
        app.real_time.advance(1);
        call("three").await.is(200);
        assert_eq!(names(&app).await, ["default", "one", "three"]);
    }
}
