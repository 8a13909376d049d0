//! `/metrics`

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use portero::error::Kind;
use portero::telemetry::metrics::{Metrics, Sample};
use regex::Regex;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::client;
use crate::support::database::root;
use crate::support::stub::Stub;
use crate::support::{Answer, App, Database, both_databases};

/// The present value of a series, or nothing where there is no such series.
pub async fn value(app: &App, series: &str) -> Option<f64> {
    let text = app.get("/metrics").without_token().await.is(200).body;
    let found = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found.map(|value| value.parse().unwrap())
}

/// The name of the series of answers to an operation.
fn answers(operation: &str, method: &str, status: u16) -> String {
    format!(r#"portero_http_requests_total{{operation="{operation}",method="{method}",status="{status}"}}"#)
}

both_databases! {
    async fn requests_are_counted_by_operation_method_and_status(app: App) {
        let number = "/v2/orgs/masmovil/msisdns/666777888";
        for _ in 0..2 {
            app.get("/v2/msisdns/666777888").await.is(200);
        }
        app.get("/v2/msisdns/666999999").await.is(404);
        app.patch(number, &json!({"status": "OK"})).await.is(204);
        app.delete(number).without_token().await.is(401);
        app.get("/_mock/clock").await.is(200);
        app.get("/health/ready").await.is(200);
        for method in ["GET", "BREW", "X-666777888"] {
            app.call(Method::from_bytes(method.as_bytes()).unwrap(), "/nowhere/666777888").await.is(404);
        }
        for (operation, method, status, count) in [
            ("getMsisdn", "GET", 200, 2.0),
            ("getMsisdn", "GET", 404, 1.0),
            ("changeMsisdn", "PATCH", 204, 1.0),
            ("deleteMsisdn", "DELETE", 401, 1.0),
            ("getClock", "GET", 200, 1.0),
            ("ready", "GET", 200, 1.0),
            ("other", "other", 404, 3.0),
        ] {
            assert_eq!(value(&app, &answers(operation, method, status)).await, Some(count), "{operation} {status}");
        }
        let timed = r#"portero_http_request_duration_seconds_count{operation="getMsisdn",method="GET"}"#;
        assert_eq!(value(&app, timed).await, Some(3.0));
        // The one that asks.
        assert_eq!(value(&app, "portero_http_requests_in_flight").await, Some(1.0));
        let text = app.get("/metrics").await.is(200);
        assert_eq!(text.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
        assert!(text.body.ends_with("# EOF\n") && !text.body.contains("666777888") && !text.body.contains("nowhere"), "{}", text.body);
    }

    async fn every_operation_has_its_series(app: App) {
        let text = app.get("/metrics").await.is(200).body;
        for document in portero::server::documents(portero::config::Mode::Mock) {
            let document = serde_json::to_value(&document.api).unwrap();
            for (path, operations) in document["paths"].as_object().unwrap() {
                for (method, operation) in operations.as_object().unwrap() {
                    let labels = format!(r#"operation={},method="{}""#, operation["operationId"], method.to_uppercase());
                    assert!(text.contains(&format!("portero_http_request_duration_seconds_count{{{labels}}}")), "{method} {path}: {labels}");
                }
            }
        }
    }

    async fn verified_tokens(app: App) {
        for _ in 0..3 {
            app.get("/v2/msisdns/666777888").await.is(200);
        }
        app.get("/v2/msisdns/666777888").token("nonsense").await.is(401);
        assert_eq!(value(&app, "portero_token_cache_misses_total").await, Some(2.0));
        assert_eq!(value(&app, "portero_token_cache_hits_total").await, Some(2.0));
    }

    async fn work_that_is_left(database: Database) {
        let app = App::serve(&database, &["--worker", "false"]).await;
        let states = async || {
            let mut counts = Vec::new();
            for state in ["AENV", "ASOL", "ACON"] {
                counts.push(value(&app, &format!(r#"portero_portabilities{{state="{state}"}}"#)).await.unwrap());
            }
            counts
        };
        let before = states().await;
        assert_eq!(value(&app, "portero_database_up").await, Some(1.0));
        assert_eq!(value(&app, "portero_due_transitions").await, Some(0.0));
        assert_eq!(value(&app, "portero_worker_lag_seconds").await, Some(0.0));
        let number = json!({"msisdn": {"country_code": "34", "number": "634443633"}});
        let request = json!({"access_type": "INDIVIDUAL", "contract_code": "00528902840", "nrn_receptor": "741111",
            "msisdn_ranges": [{"initial_range": number, "end_range": number}]});
        app.post("/v1/orgs/masmovil/portabilities", &request).await.is(201);
        // The database is not asked again for a while, whoever asks.
        assert_eq!(states().await, before);
        app.real_time.advance(5);
        assert_eq!(states().await, [before[0], before[1] + 1.0, before[2]]);
        // The donor's answer was due at 14:00 in Madrid.
        app.clock.set("2026-11-18T13:00:30Z".parse().unwrap());
        app.real_time.advance(5);
        assert!(value(&app, "portero_due_transitions").await.unwrap() >= 1.0);
        assert!(value(&app, "portero_worker_lag_seconds").await.unwrap() >= 30.0);
    }

    async fn a_worker_that_works(database: Database) {
        let app = App::serve(&database, &["--worker", "true"]).await;
        assert_eq!(value(&app, "portero_worker_failures_total").await, Some(0.0));
    }

    async fn metrics_come_while_the_database_does_not(app: App) {
        app.get("/v2/msisdns/666777888").await.is(200);
        assert_eq!(value(&app, "portero_database_up").await, Some(1.0));
        app.store.close().await;
        app.real_time.advance(5);
        assert_eq!(value(&app, "portero_database_up").await, Some(0.0));
        assert_eq!(value(&app, &answers("getMsisdn", "GET", 200)).await, Some(1.0));
    }

    async fn a_listener_of_their_own(database: Database) {
        for mode in ["mock", "reference"] {
            let app = App::serve(&database, &["--metrics-listen", "127.0.0.1:0", "--mode", mode]).await;
            app.get("/metrics").await.fails(Kind::UnknownRoute, "there is nothing at this path");
            app.get("/health/ready").await.is(200);
            let own = app.metrics_url.clone().unwrap();
            let fetch = async |path: &str| Answer::read(client().get(format!("{own}{path}")).send().await.unwrap()).await;
            let text = fetch("/metrics").await.is(200).body;
            assert!(text.contains(&format!("{} 1", answers("ready", "GET", 200))), "{text}");
            fetch("/health/ready").await.is(200);
            fetch("/v2/msisdns/666777888").await.fails(Kind::UnknownRoute, "there is nothing at this path");
            app.stop().await;
        }
    }

    async fn questions_to_the_entitlement_server(database: Database) {
        let server = Stub::start("").await;
        let app = App::serve(&database, &["--entitlement-url", &server.url]).await;
        for (status, outcome) in [(404, "unknown_token"), (400, "invalid_request"), (403, "forbidden"), (500, "bad_gateway"), (200, "bad_gateway")] {
            server.answers(status, "");
            let series = format!(r#"portero_entitlement_request_duration_seconds_count{{outcome="{outcome}"}}"#);
            let before = value(&app, &series).await.unwrap_or_default();
            app.get("/v2/operatorToken/abc123xyz456").await;
            assert_eq!(value(&app, &series).await, Some(before + 1.0), "{outcome}");
        }
    }
}

/// The names and types of all metrics. One with labels has a line for its type when it has been measured.
pub fn types() -> Vec<(String, String)> {
    let metrics = Arc::new(Metrics::default());
    metrics.operation("getMsisdn", "GET").answered(200, Duration::ZERO);
    metrics.upstream("found", Duration::ZERO);
    metrics.pool(1, 0);
    metrics.replica(1, 0, Some(Duration::ZERO));
    metrics.restarted("worker");
    metrics.sampled(Some(&Sample { due: 0, lag: 0.0, active: vec![("ASOL", 0)] }));
    let text = metrics.text();
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
}

/// The names of all series, and of the histograms themselves.
pub fn series() -> BTreeSet<String> {
    let names = |(name, kind): (String, String)| match kind.as_str() {
        "counter" => vec![name + "_total"],
        "histogram" => ["", "_bucket", "_count", "_sum"].iter().map(|suffix| format!("{name}{suffix}")).collect(),
        _ => vec![name],
    };
    types().into_iter().flat_map(names).collect()
}

/// The dashboard asks for metrics that exist, and for each of them.
#[test]
fn the_dashboard() {
    let known: BTreeSet<_> = types().into_iter().map(|(name, _)| name).collect();
    let file = std::fs::read_to_string(root().join("deploy/grafana-dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&file).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    let questions: Vec<_> = panels.map(|target| target["expr"].as_str().unwrap()).collect();
    let name = Regex::new("portero_[a-z_]+").unwrap();
    let suffix = Regex::new("_(total|bucket|count)$").unwrap();
    let names = questions.iter().flat_map(|question| name.find_iter(question));
    let asked: BTreeSet<_> = names.map(|found| suffix.replace(found.as_str(), "").into_owned()).collect();
    assert_eq!(asked, known);
}
