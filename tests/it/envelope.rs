//! The error envelope on every answer of 400 and above, whoever makes it. The client checks its form; these tests provoke the makers.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use portero::error::Kind;
use portero::http::{Guard, guarded};
use reqwest::Method;
use serde_json::json;

use crate::support::app::{client, serve_routes};
use crate::support::proxy::Proxy;
use crate::support::{Answer, App, Database, Engine, both_databases, contract};

const NUMBER: &str = "/v2/orgs/masmovil/msisdns/666777888";
const MIB: usize = 1 << 20;

/// A JSON body of this many bytes.
fn body_of(length: usize) -> String {
    let envelope = r#"{"status": "OK", "padding": ""}"#;
    format!("{}{}\"}}", &envelope[..envelope.len() - 2], "x".repeat(length - envelope.len()))
}

both_databases! {
    async fn paths_that_nobody_knows(app: App) {
        for path in ["/console", "/v2", "/v2/msisdns", "/v2/msisdns/", "/v2/msisdns/666777888/", "/v3/msisdns/666777888", "/%00", "/_mock"] {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                let answer = app.call(method.clone(), path).without_token().await;
                assert_eq!(answer.json()["componentMsg"], "there is nothing at this path", "{method} {path}");
                answer.fails(Kind::UnknownRoute, "there is nothing at this path");
            }
        }
    }

    async fn methods_that_a_path_does_not_know(app: App) {
        for (method, path, allow) in [
            (Method::GET, NUMBER, "DELETE,PATCH,POST,PUT"),
            (Method::OPTIONS, NUMBER, "DELETE,PATCH,POST,PUT"),
            (Method::POST, "/v2/msisdns/666777888", "GET,HEAD"),
            (Method::DELETE, "/v2/imsis/1", "GET,HEAD"),
            (Method::PUT, "/v2/operatorToken/abc123xyz456", "GET,HEAD"),
            (Method::POST, "/health/ready", "GET,HEAD"),
        ] {
            let answer = app.call(method, path).without_token().await;
            answer.fails(Kind::MethodNotAllowed, "the path does not know this method, see Allow");
            let mut allowed: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
            allowed.sort_unstable();
            assert_eq!(allowed.join(","), allow, "{path}");
        }
    }

    async fn bodies_up_to_one_mebibyte(app: App) {
        app.call(Method::PATCH, NUMBER).body("application/json", body_of(MIB)).await.is(204);
        for length in [MIB + 1, 10 * MIB] {
            let answer = app.call(Method::PATCH, NUMBER).body("application/json", body_of(length)).await;
            answer.fails(Kind::TooLarge, "the body has more than 1048576 bytes");
        }
        // Not sent at all by a caller who asks first.
        let expecting = app.call(Method::PATCH, NUMBER).header("expect", "100-continue");
        expecting.body("application/json", body_of(MIB + 1)).await.fails(Kind::TooLarge, "the body has more than 1048576 bytes");
    }

    async fn a_closed_database(app: App) {
        app.store.close().await;
        for call in [app.get("/v2/msisdns/666777888"), app.patch(NUMBER, &json!({"status": "OK"}))] {
            let answer = call.await;
            answer.fails(Kind::Unavailable, "Service unavailable, please try again later");
            assert_eq!(answer.header("retry-after"), "1");
        }
        let answer = app.get("/health/ready").await;
        answer.fails(Kind::NotReady, "the database does not answer");
        assert_eq!(answer.header("retry-after"), "1");
        app.get("/health/live").without_token().await.is(200);
    }

    async fn a_table_that_is_not_there(database: Database) {
        let app = App::serve(&database, &[]).await;
        database.execute("ALTER TABLE imsis RENAME TO lost").await;
        for call in [app.get("/v2/msisdns/666777888"), app.delete(NUMBER), app.post("/v2/orgs/yoigo/msisdns/644555666", &json!({"imsi": "214049000001111"}))] {
            let answer = call.await;
            answer.fails(Kind::Internal, "Internal server error, please try again later");
            assert_eq!(answer.header("retry-after"), "");
        }
        database.execute("ALTER TABLE lost RENAME TO imsis").await;
        // The transaction that failed left nothing behind.
        app.get("/v2/msisdns/644555666").await.is(404);
        app.get("/v2/msisdns/666777888").await.is(200);
    }

    async fn a_row_that_cannot_be_read(database: Database) {
        let app = App::serve(&database, &[]).await;
        database.execute("UPDATE msisdns SET belongs_to = 'nonsense' WHERE msisdn = 34666777888").await;
        let answer = app.get("/v2/msisdns/666777888").await;
        answer.fails(Kind::Internal, "Internal server error, please try again later");
        app.get("/v2/msisdns/666777001").await.is(200);
    }

    async fn request_ids(app: App) {
        for path in ["/v2/msisdns/666777888", "/v2/msisdns/1", "/nowhere", "/health/live"] {
            let answer = app.get(path).header("x-request-id", "ci-run_7.a").await;
            assert_eq!(answer.header("x-request-id"), "ci-run_7.a", "{path}");
        }
        let long = "x".repeat(129);
        for insane in ["a b", "a;b", "{}", "ñ", &long] {
            let made = app.get("/health/live").header("x-request-id", insane).await.header("x-request-id").to_owned();
            assert!(made.len() == 32 && made.bytes().all(|byte| byte.is_ascii_hexdigit()), "{insane}: {made}");
        }
        let made = |answer: Answer| answer.header("x-request-id").to_owned();
        assert_ne!(made(app.get("/health/live").await), made(app.get("/health/live").await));
    }

    async fn event_ids_are_of_one_answer(app: App) {
        let event = |answer: Answer| answer.json()["sentryCode"].as_str().unwrap().to_owned();
        assert_ne!(event(app.get("/nowhere").await), event(app.get("/nowhere").await));
    }
}

#[tokio::test]
async fn a_database_that_goes_away_and_comes_back() {
    crate::support::database::with_database(Engine::Postgres, async |database: Database| {
        let proxy = Proxy::before(&database).await;
        let app = App::serve(&database.at(&proxy.url), &["--pool-acquire-timeout", "200"]).await;
        app.get("/v2/msisdns/666777888").await.is(200);
        proxy.cut();
        for call in [app.get("/v2/msisdns/666777888"), app.delete(NUMBER)] {
            let answer = call.await;
            answer.fails(Kind::Unavailable, "Service unavailable, please try again later");
            assert_eq!(answer.header("retry-after"), "1");
        }
        app.get("/health/ready").await.fails(Kind::NotReady, "the database does not answer");
        proxy.mend();
        // A new connection may take longer than a request waits for one.
        let back = async { while app.get("/v2/msisdns/666777888").await.status != 200 {} };
        tokio::time::timeout(Duration::from_secs(30), back).await.expect("it comes back by itself");
    })
    .await;
}

/// Routes that go wrong on purpose, guarded as the program's own are.
async fn call_guarded(path: &str) -> Answer {
    let routes = Router::new()
        .route("/panic", get(|| async { panic!("a secret: {}", "hunter2") as &str }))
        .route("/panic-with-a-value", get(|| async { std::panic::panic_any(5) as &str }))
        .route("/never", get(|| async { pending::<&str>().await }))
        .route("/teapot", get(|| async { axum::http::StatusCode::IM_A_TEAPOT }))
        .route("/without-failure", get(|| async { axum::http::StatusCode::BAD_GATEWAY }));
    let guard = Guard::new(&[], &Arc::default(), Duration::from_millis(50), 10);
    let url = serve_routes(guarded(routes, &guard)).await;
    let answer = Answer::read(client().get(format!("{url}{path}")).send().await.unwrap()).await;
    contract::check(&Method::GET, path, &answer);
    answer
}

#[tokio::test]
async fn a_panic() {
    for path in ["/panic", "/panic-with-a-value"] {
        let answer = call_guarded(path).await;
        answer.fails(Kind::Internal, "Internal server error, please try again later");
        assert!(!answer.body.contains("hunter2"));
    }
}

#[tokio::test]
async fn a_time_out() {
    let answer = call_guarded("/never").await;
    answer.fails(Kind::TimedOut, "Request timed out, please try again later");
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn answers_of_the_framework() {
    call_guarded("/teapot").await.fails(Kind::BadRequest, "the request cannot be understood");
    call_guarded("/without-failure").await.fails(Kind::Internal, "Internal server error, please try again later");
    call_guarded("/elsewhere").await.fails(Kind::UnknownRoute, "there is nothing at this path");
}

/// The ids, statuses and sentences that clients may rely on: a change here is a change of the published contract.
#[test]
fn the_catalogue_is_pinned() {
    let catalogue: Vec<_> = Kind::ALL.iter().map(|kind| (kind.status(), kind.id(), kind.msg())).collect();
    assert_eq!(
        catalogue,
        [
            (400, "MM0000001", "Invalid inbound entity"),
            (400, "MM0000002", "Unreadable inbound body"),
            (400, "MM0000003", "Refused by the Entitlement Server"),
            (401, "MM0000010", "Authentication required"),
            (401, "MM0000011", "Invalid access token"),
            (403, "MM0000020", "Access denied"),
            (404, "MM0000030", "Not found"),
            (404, "MM0000031", "Unknown route"),
            (405, "MM0000040", "Method not allowed"),
            (408, "MM0000050", "Request not received in time"),
            (409, "MM0000060", "Conflict with the present state"),
            (413, "MM0000070", "Inbound entity too large"),
            (415, "MM0000080", "Unsupported media type"),
            (429, "MM0000130", "Too many requests"),
            (431, "MM0000140", "Request header fields too large"),
            (400, "MM0000090", "Bad request"),
            (500, "MM0000100", "Internal server error"),
            (502, "MM0000110", "Bad gateway"),
            (503, "MM0000120", "Service unavailable"),
            (503, "MM0000121", "Request timed out"),
            (503, "MM0000122", "No process id left in this minute"),
            (503, "MM0000123", "No room for another sandbox"),
            (503, "MM0000124", "Not ready"),
        ]
    );
}
