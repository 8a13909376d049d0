//! `/_mock/ts43`

use portero::error::Kind;
use serde_json::{Value, json};

use super::outside;
use crate::support::database::with_database;
use crate::support::{App, Database, Engine, both_databases};

const QUESTION: [(&str, &str); 5] = [
    ("app", "ap2015"),
    ("operation", "GetSubscriberDeviceInfo"),
    ("operator_token", "abc123xyz456"),
    ("requestor_id", "it"),
    ("entitlement_version", "12.0"),
];

/// The question, with some parameters replaced or, where there is no value, left out.
fn question(changes: &[(&str, Option<&str>)]) -> Vec<(String, String)> {
    let mut params = Vec::new();
    for (name, value) in QUESTION {
        let value = changes.iter().find(|(changed, _)| *changed == name).map_or(Some(value), |(_, value)| *value);
        params.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }
    params
}

fn path(params: &[(String, String)]) -> String {
    let pairs: Vec<_> = params.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("/_mock/ts43?{}", pairs.join("&"))
}

fn body(params: Vec<(String, String)>) -> Value {
    Value::Object(params.into_iter().map(|(name, value)| (name, value.into())).collect())
}

/// A second server whose Entitlement Server is this one.
#[tokio::test]
async fn a_second_server_uses_this_one_as_its_upstream() {
    with_database(Engine::Sqlite, async |first: App| {
        with_database(Engine::Sqlite, async |database: Database| {
            let second = App::serve(&database, &["--entitlement-url", &format!("{}/_mock/ts43", first.url)]).await;
            let issued = first.post("/_mock/operator-tokens", &json!({"msisdn": "666777001", "ttl": "PT10M"})).await.is(201).json();
            let path = format!("/v2/operatorToken/{}", issued["operator_token"].as_str().unwrap());
            assert_eq!(second.get(&path).await.is(200).json()["org"], "yoigo");
            // Also in a sandbox: the upstream is the server's.
            second.get(&path).header("X-Sandbox", "ci-7").await.is(200);
            outside(&first).clock(json!({"advance": "PT11M"})).await;
            second.get(&path).await.fails(Kind::NotFound, "Operator token not found");
            second.get("/v2/operatorToken/unknown-token").await.fails(Kind::NotFound, "Operator token not found");
        })
        .await;
    })
    .await;
}

both_databases! {
    async fn asked_by_query_and_by_body(app: App) {
        let expected = json!({"Vers": {"version": "1", "validity": "0"}, "ap2015": {"OperationResult": 1, "MSISDN": "+34666777888"}});
        assert_eq!(app.get(&path(&question(&[]))).without_token().await.is(200).json(), expected);
        assert_eq!(app.post("/_mock/ts43", &body(question(&[]))).without_token().await.is(200).json(), expected);
        let terminal = question(&[("requestor_id", None)]).into_iter().chain([("terminal_id".to_owned(), "t".to_owned())]).collect::<Vec<_>>();
        app.get(&path(&terminal)).without_token().await.is(200);
    }

    async fn what_it_refuses(app: App) {
        let ask = async |changes: &[(&str, Option<&str>)]| app.get(&path(&question(changes))).without_token().await;
        for missing in ["app", "operation", "operator_token", "entitlement_version"] {
            ask(&[(missing, None)]).await.fails(Kind::BadRequest, &format!("the parameter {missing} is missing"));
        }
        ask(&[("requestor_id", None)]).await.fails(Kind::BadRequest, "the parameter terminal_id is missing");
        ask(&[("app", Some("ap2014"))]).await.fails(Kind::BadRequest, "the only application is ap2015");
        ask(&[("operator_token", Some("short"))]).await.fails(Kind::BadRequest, "the operator_token is malformed");
        ask(&[("operator_token", Some("unknown-token"))]).await.fails(Kind::InvalidToken, "the operator token is unknown or has expired");
        for (operation, result) in [("ValidateOperatorToken", 103), ("Dance", 101)] {
            let answer = ask(&[("operation", Some(operation))]).await.is(200).json();
            assert_eq!(answer["ap2015"], json!({"OperationResult": result}));
        }
    }

    async fn it_is_that_of_the_sandbox(app: App) {
        app.call(reqwest::Method::POST, "/_mock/reset").json(&json!({"seed": "empty"})).header("X-Sandbox", "ci-7").await.is(204);
        app.get(&path(&question(&[]))).without_token().header("X-Sandbox", "ci-7").await.is(401);
        app.get(&path(&question(&[]))).without_token().await.is(200);
    }
}
