//! The console: what is served, and in [`browser`] what it does.

mod browser;

use jiff::SignedDuration;
use portero::auth::DEVELOPMENT_SECRET;
use reqwest::Method;
use serde_json::Value;

use crate::support::app::{client, config_without_secret};
use crate::support::{Answer, App, Database, Engine};

async fn database() -> Database {
    Database::create(Engine::Sqlite).await
}

/// A server that has the published development secret.
async fn open_server(database: &Database) -> App {
    App::start(&config_without_secret(&database.url, &[])).await.unwrap()
}

/// The token that a server hands out.
async fn given_token(app: &App) -> String {
    fetch(&format!("{}/console/token", app.url)).await.is(200).json()["token"].as_str().unwrap().to_owned()
}

async fn fetch(url: &str) -> Answer {
    Answer::read(client().get(url).send().await.unwrap()).await
}

#[tokio::test]
async fn its_files_are_open_and_keep_to_themselves() {
    let database = database().await;
    let app = App::serve(&database, &[]).await;
    let page = fetch(&app.url).await.is(200);
    let sources = page.body.split('"').filter(|text| text.starts_with("/console/")).map(str::to_owned).collect::<Vec<_>>();
    assert!(sources.len() > 3);
    let script = fetch(&format!("{}/console/app.js", app.url)).await;
    let modules = script.body.split('\'').filter_map(|text| text.strip_prefix("./")).map(|file| format!("/console/{file}"));
    for path in sources.into_iter().chain(modules).chain(["/".to_owned()]) {
        let answer = fetch(&format!("{}{path}", app.url)).await.is(200);
        let expected = match path.rsplit('.').next().unwrap() {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(answer.header("content-type"), expected, "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"), "{path}: {policy}");
        for part in ["frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'"] {
            assert!(policy.contains(part), "{path}: {part}");
        }
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cache-control"), "no-cache", "{path}");
    }
}

/// No address of another server, nothing that the policy would refuse, and no way from a text to markup.
#[test]
fn its_files_need_no_network_and_parse_no_text() {
    let dir = crate::support::database::root().join("src/mock/page");
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for forbidden in ["https:", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", " style=", " onclick="] {
            assert!(!text.contains(forbidden), "{} has {forbidden}", path.display());
        }
        let namespace = "http://www.w3.org/2000/svg";
        assert!(!text.replace(namespace, "").contains("http:"), "{} names a server", path.display());
    }
}

/// Who has the published secret can sign tokens anyway; any other secret is not to be used by whoever finds the page.
#[tokio::test]
async fn a_token_is_given_only_where_everybody_could_make_one() {
    let database = database().await;
    let app = open_server(&database).await;
    let token = given_token(&app).await;
    assert_eq!(fetch(&format!("{}/console/token", app.url)).await.header("cache-control"), "no-store");
    app.get("/v2/msisdns/666777888").token(&token).await.is(200);
    app.get("/_mock/sandboxes").token(&token).await.is(200);
    app.real_time.advance(SignedDuration::from_hours(2).as_secs());
    app.get("/_mock/sandboxes").token(&token).await.is(401);
    app.get("/_mock/sandboxes").token(&given_token(&app).await).await.is(200);
}

#[tokio::test]
async fn no_token_is_given_for_a_secret_of_ones_own() {
    let database = database().await;
    let app = App::serve(&database, &[]).await;
    let answer = fetch(&format!("{}/console/token", app.url)).await.is(204);
    assert_eq!(answer.body, "");
}

/// The published secret may also be named; what it is for may be narrowed.
#[tokio::test]
async fn the_token_given_satisfies_the_servers_rules() {
    let database = database().await;
    let flags = ["--jwt-secret", DEVELOPMENT_SECRET, "--jwt-issuer", "https://issuer.example", "--jwt-audience", "portero"];
    let app = App::start(&config_without_secret(&database.url, &flags)).await.unwrap();
    app.get("/_mock/sandboxes").token(&given_token(&app).await).await.is(200);
}

#[tokio::test]
async fn a_reference_server_has_none() {
    let database = database().await;
    let app = App::serve(&database, &["--mode", "reference"]).await;
    for path in ["/", "/console/app.js", "/console/token", "/console/magic-numbers.json"] {
        app.get(path).without_token().await.is(404);
    }
}

#[tokio::test]
async fn the_magic_numbers_are_public() {
    let database = database().await;
    let app = App::serve(&database, &[]).await;
    let numbers: Vec<Value> = serde_json::from_str(&fetch(&format!("{}/console/magic-numbers.json", app.url)).await.is(200).body).unwrap();
    assert_eq!(numbers.len(), portero::mock::magic::MAGIC_NUMBERS.len());
    assert_eq!(numbers[0]["msisdn"], "607500100");
    assert_eq!(numbers[0]["outcome"], "the donor accepts when Tv begins: `ACON`, and `APOR` at the window");
}

/// What the console looks at must not show in what a test asserts on, nor use up what a test has set.
#[tokio::test]
async fn a_bystander_leaves_no_trace_and_meets_no_fault() {
    let database = database().await;
    let app = App::serve(&database, &[]).await;
    let rule = serde_json::json!({"rules": [{"operation": "getMsisdn", "status": 503, "count": 1}]});
    app.put("/_mock/faults", &rule).await.is(200);
    let look = || app.call(Method::GET, "/v2/msisdns/666777888").header("X-Bystander", "true");
    look().await.is(200);
    look().header("Prefer", "code=404").await.is(200);
    assert_eq!(app.get("/_mock/requests").await.is(200).json()["total"], 0);
    app.get("/v2/msisdns/666777888").await.is(503);
    app.get("/v2/msisdns/666777888").await.is(200);
    assert_eq!(app.get("/_mock/requests").await.is(200).json()["total"], 2);
}
