//! What the outside sees of a request afterwards: its one log line, and Sentry.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::post;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::{client, serve_routes};
use crate::support::database::with_database;
use crate::support::process::Served;
use crate::support::{Database, Engine};

async fn call(served: &Served, method: Method, path: &str, body: Option<Value>) -> Value {
    let request = client().request(method, format!("{}{path}", served.url)).bearer_auth(served.token()).header("x-request-id", "run-7");
    let request = match body {
        Some(body) => request.header("content-type", "application/json").body(body.to_string()),
        None => request,
    };
    serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_line_per_request_without_personal_data() {
    let served = Served::start(&["--database", "sqlite::memory:", "--log", "debug"]);
    let number = "/v2/orgs/masmovil/msisdns/666777888";
    for (method, path, body, status, route, id) in [
        (Method::GET, "/v2/msisdns/666777888?imsi=214040119172971", None, 200, "/v2/msisdns/{msisdn}", None),
        (Method::GET, "/v2/imsis/2140420422222227", None, 200, "/v2/imsis/{imsi}", None),
        (Method::GET, "/v2/operatorToken/abc123xyz456", None, 200, "/v2/operatorToken/{operatorToken}", None),
        (Method::GET, "/v2/operatorToken/abc123xyz457", None, 404, "/v2/operatorToken/{operatorToken}", Some("MM0000030")),
        (Method::GET, "/v2/msisdns/666777888999", None, 400, "/v2/msisdns/{msisdn}", Some("MM0000001")),
        (Method::PUT, number, Some(json!({"imsi": "214049000000001"})), 409, "/v2/orgs/{org}/msisdns/{msisdn}", Some("MM0000060")),
        (Method::PATCH, number, Some(json!({"status": "666777888"})), 400, "/v2/orgs/{org}/msisdns/{msisdn}", Some("MM0000001")),
        (Method::POST, number, Some(json!("2140420422222227")), 400, "/v2/orgs/{org}/msisdns/{msisdn}", Some("MM0000002")),
        (Method::GET, "/nowhere/666777888", None, 404, "-", Some("MM0000031")),
    ] {
        let answer = call(&served, method.clone(), path, body).await;
        let (text, line) = served.answered();
        assert_eq!(line["status"], status, "{text}");
        assert_eq!(line["id"].as_str(), id, "{text}");
        // The id of the answer leads to its line.
        assert_eq!(line["sentry_code"], answer["sentryCode"], "{text}");
        let span = &line["span"];
        assert_eq!(
            (&span["request_id"], &span["method"], &span["route"]),
            (&json!("run-7"), &json!(method.as_str()), &json!(route)),
            "{text}"
        );
        assert_eq!(span["sub"].as_str(), (route != "-").then_some("portero"), "{text}");
        assert_eq!(span["org"].as_str(), route.contains("{org}").then_some("masmovil"), "{text}");
        assert!(line["micros"].is_u64(), "{text}");
    }
    served.terminate();
    // Whatever else was logged, at whatever level.
    let token = served.token().to_owned();
    let log = served.wait().1;
    assert_eq!(log.iter().filter(|line| line.contains("\"answered\"")).count(), 9);
    for line in log {
        for secret in ["666777888", "2140420422222227", "214040119172971", "214049000000001", "abc123xyz45", token.as_str()] {
            assert!(!line.contains(secret), "{line}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_the_server_goes_to_sentry_under_the_id_of_the_answer() {
    with_database(Engine::Sqlite, async |database: Database| {
        let events = Arc::new(Mutex::new(Vec::<String>::new()));
        let received = events.clone();
        let store = post(move |body: String| async move { received.lock().unwrap().push(body) });
        let sentry = serve_routes(Router::new().route("/api/42/envelope/", store)).await;
        let dsn = sentry.replace("http://", "http://public@") + "/42";
        let served = Served::start(&["--database", &database.url, "--sentry-dsn", &dsn]);
        call(&served, Method::GET, "/v2/msisdns/1", None).await;
        served.answered();
        database.execute("ALTER TABLE imsis RENAME TO lost").await;
        let answer = call(&served, Method::GET, "/v2/msisdns/666777888", None).await;
        assert_eq!(answer["status"], 500);
        let (text, line) = served.answered();
        assert_eq!((&line["sentry_code"], &line["level"]), (&answer["sentryCode"], &json!("ERROR")), "{text}");
        let cause = line["cause"].as_str().unwrap();
        assert!(cause.contains("no such table: imsis"), "{cause}");
        assert!(!answer.to_string().contains("imsis"));
        served.terminate();
        // What is left to send is sent before it ends.
        assert_eq!(served.wait().0, Some(0));
        let events = events.lock().unwrap();
        // Only what is the server's own fault.
        assert_eq!(events.len(), 1, "{events:?}");
        let event: Value = events[0]
            .lines()
            .find_map(|line| serde_json::from_str(line).ok().filter(|value: &Value| value["message"].is_string()))
            .unwrap();
        assert_eq!(event["event_id"], answer["sentryCode"]);
        assert_eq!((&event["message"], &event["transaction"]), (&line["cause"], &json!("/v2/msisdns/{msisdn}")));
        assert!(!events[0].contains("666777888") && !events[0].contains("Bearer"), "{}", events[0]);
    })
    .await;
}
