//! `/_mock/faults`

use portero::error::Kind;
use reqwest::Method;
use serde_json::{Value, json};

use super::raw;
use crate::support::{App, both_databases};

const NUMBER: &str = "/v2/msisdns/666777888";
const ADDED: &str = "/v2/orgs/masmovil/msisdns/644555666";

/// Puts rules.
async fn put(app: &App, rules: Value) {
    app.put("/_mock/faults", &json!({"rules": rules})).await.is(200);
}

/// The statuses of so many requests for a number.
async fn statuses(app: &App, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        statuses.push(app.get(NUMBER).await.status);
    }
    statuses
}

both_databases! {
    async fn rules_are_put_read_and_removed(app: App) {
        assert_eq!(app.get("/_mock/faults").await.is(200).json(), json!({"rules": []}));
        let rules = json!([{"operation": "getMsisdn", "status": 503, "count": 2}, {"operation": "*", "delay": {"min": 0, "max": 1}, "probability": 0.5, "seed": 7}]);
        let put = app.put("/_mock/faults", &json!({"rules": rules})).await.is(200).json();
        let expected = json!({"rules": [
            {"operation": "getMsisdn", "status": 503, "probability": 1.0, "seed": 0, "count": 2, "applied": 0},
            {"operation": "*", "delay": {"min": 0, "max": 1}, "probability": 0.5, "seed": 7, "applied": 0},
        ]});
        assert_eq!(put, expected);
        assert_eq!(statuses(&app, 3).await, [503, 503, 200]);
        let now = app.get("/_mock/faults").await.json();
        assert_eq!((&now["rules"][0]["count"], &now["rules"][0]["applied"]), (&json!(0), &json!(2)));
        // What was read can be put.
        assert_eq!(app.put("/_mock/faults", &now).await.is(200).json()["rules"][0]["count"], 0);
        app.delete("/_mock/faults").await.is(204);
        assert_eq!(app.get("/_mock/faults").await.json(), json!({"rules": []}));
    }

    async fn a_status_is_an_envelope_and_nothing_is_carried_out(app: App) {
        let statuses = [400, 401, 403, 404, 408, 409, 413, 415, 500, 502, 503];
        put(&app, statuses.iter().map(|status| json!({"operation": "POST /v2/orgs/{org}/msisdns/{msisdn}", "status": status, "count": 1})).collect()).await;
        for status in statuses {
            // Not through the checked client: a fault may have a status that the operation does not document.
            let answer = raw(&app, "POST", ADDED, Some(&json!({"imsi": "214049000001111"}))).await;
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
            assert_eq!(head.contains("retry-after: 1"), status == 503, "{head}");
            assert_eq!(head.contains("www-authenticate: Bearer"), status == 401, "{head}");
            let envelope: Value = serde_json::from_str(body).unwrap();
            let kind = Kind::ALL.iter().find(|kind| kind.status() == status).unwrap();
            assert_eq!((&envelope["id"], &envelope["status"]), (&json!(kind.id()), &json!(status)));
        }
        app.get("/v2/msisdns/644555666").await.is(404);
        app.post(ADDED, &json!({"imsi": "214049000001111"})).await.is(201);
    }

    async fn dropped_before(app: App) {
        put(&app, json!([{"operation": "addMsisdn", "drop": "before", "count": 1}])).await;
        assert_eq!(raw(&app, "POST", ADDED, Some(&json!({"imsi": "214049000001111"}))).await, "");
        app.get("/v2/msisdns/644555666").await.is(404);
    }

    async fn dropped_after(app: App) {
        put(&app, json!([{"operation": "addMsisdn", "drop": "after", "count": 1}])).await;
        assert_eq!(raw(&app, "POST", ADDED, Some(&json!({"imsi": "214049000001111"}))).await, "");
        app.get("/v2/msisdns/644555666").await.is(200);
    }

    async fn dropped_midway(app: App) {
        let whole = app.get(NUMBER).await.body;
        put(&app, json!([{"operation": "*", "drop": "midway"}])).await;
        for (path, whole) in [(NUMBER, Some(whole)), ("/v2/msisdns/1", None)] {
            let came = raw(&app, "GET", path, None).await;
            let (head, body) = came.split_once("\r\n\r\n").unwrap();
            let announced: usize = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
            assert_eq!(body.len(), announced / 2, "{came}");
            if let Some(whole) = whole {
                assert_eq!((head.starts_with("HTTP/1.1 200 OK"), announced), (true, whole.len()));
                assert!(whole.starts_with(body));
            }
        }
        // There is no middle of nothing.
        assert_eq!(raw(&app, "PATCH", "/v2/orgs/masmovil/msisdns/666777888", Some(&json!({"status": "Migrating"}))).await, "");
        app.delete("/_mock/faults").await;
        assert_eq!(app.get(NUMBER).await.json()["status"], "Migrating");
    }

    async fn delays_and_chance(app: App) {
        put(&app, json!([{"operation": "getImsi", "delay": 30}, {"operation": "*", "status": 500, "probability": 0.5, "seed": 11}])).await;
        let first = statuses(&app, 20).await;
        assert!(first.contains(&200) && first.contains(&500), "{first:?}");
        put(&app, json!([{"operation": "*", "status": 500, "probability": 0.5, "seed": 11}])).await;
        assert_eq!(statuses(&app, 20).await, first);
        put(&app, json!([{"operation": "getImsi", "delay": 30}])).await;
        app.get("/v2/imsis/2140420422222227").await.is(200);
        let requests = app.get("/_mock/requests?operation=getImsi").await.json();
        assert!(requests["requests"][0]["micros"].as_u64().unwrap() >= 30_000);
        assert_eq!(requests["requests"][0]["fault"], json!({"rule": 0, "delay": 30}));
    }

    async fn the_rest_is_spared(app: App) {
        put(&app, json!([{"operation": "*", "status": 500}])).await;
        app.get("/health/ready").await.is(200);
        app.get("/_mock/requests").await.is(200);
        app.get("/openapi/discovery-v2.json").await.is(200);
        app.get("/nowhere").await.is(404);
        app.call(Method::PUT, NUMBER).await.is(405);
        app.get("/v1/orgs/masmovil/portabilities").await.is(500);
    }

    async fn of_one_sandbox(app: App) {
        app.put("/_mock/faults", &json!({"rules": [{"operation": "*", "status": 503}]})).header("x-sandbox", "faulty").await.is(200);
        app.get(NUMBER).header("x-sandbox", "faulty").await.is(503);
        app.get(NUMBER).await.is(200);
        app.get(NUMBER).header("x-sandbox", "other").await.is(200);
    }

    async fn a_fault_comes_before_a_preference(app: App) {
        put(&app, json!([{"operation": "*", "status": 503, "count": 1}])).await;
        let call = || app.get(NUMBER).header("prefer", "code=404");
        assert_eq!(call().await.is(503).header("preference-applied"), "");
        assert_eq!(call().await.is(404).header("preference-applied"), "code=404");
    }

    async fn what_cannot_be_a_rule(app: App) {
        let put = async |body: Value| app.put("/_mock/faults", &body).await;
        put(json!({"rules": [{"operation": "*", "delay": 1}, {"operation": "*", "status": 418}]})).await.violates("Rules[1].Status", "oneof");
        put(json!({"rules": [{"operation": "nonsense", "status": 500}]})).await.violates("Rules[0].Operation", "oneof");
        for (body, path) in [
            (json!({}), "."),
            (json!({"rules": [], "rule": []}), "Rule"),
            (json!({"rules": [{"operation": "*", "status": "500"}]}), "Rules[0].Status"),
            (json!({"rules": [{"operation": "*", "status": 500, "probabilty": 1}]}), "Rules[0].Probabilty"),
            (json!({"rules": [{"operation": "*", "delay": {"mean": 5}}]}), "Rules[0].Delay"),
            (json!({"rules": [{"status": 500}]}), "Rules[0]"),
        ] {
            let answer = put(body.clone()).await.is(400);
            let message = answer.json()["componentMsg"].as_str().unwrap().to_owned();
            assert!(message.starts_with(&format!("Error:Field validation for '{path}' failed: ")), "{body}: {message}");
        }
        app.call(Method::PUT, "/_mock/faults").body("application/json", "{").await.is(400);
        assert_eq!(app.get("/_mock/faults").await.json(), json!({"rules": []}));
    }

    async fn for_those_who_may(app: App) {
        for call in [|app: &App| app.get("/_mock/faults"), |app: &App| app.put("/_mock/faults", &json!({"rules": []})), |app: &App| app.delete("/_mock/faults")] {
            call(&app).without_token().await.is(401);
            call(&app).token(&app.token(&["*"], "msisdns:read portabilities:write")).await.fails(Kind::Forbidden, "the token lacks the scope mock");
            call(&app).token(&app.token(&[], "mock")).await;
        }
    }
}
