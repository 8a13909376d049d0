//! The published curls, as they stand, against a fresh server.

use reqwest::Method;

use crate::support::app::config;
use crate::support::{App, both_databases};

both_databases! {
    async fn the_published_curls(app: App) {
        published_curls(&app).await;
    }
}

#[tokio::test]
async fn the_published_curls_in_memory() {
    published_curls(&App::start(&config("sqlite::memory:", &[])).await.unwrap()).await;
}

async fn published_curls(app: &App) {
    let sim = r#"{
"imsi": "2140420422222227"
}"#;
    let change = r#"{
"belongs_to": "mas-stack",
"status": "OK"
}"#;
    let number = "/v2/orgs/masmovil/msisdns/666777888";
    for (method, path, body, status) in [
        (Method::POST, number, sim, 409),
        (Method::PUT, number, sim, 204),
        (Method::PATCH, number, change, 204),
        (Method::GET, "/v2/imsis/214040119172971", "", 200),
        (Method::GET, "/v2/operatorToken/abc123xyz456", "", 200),
        (Method::GET, "/v2/msisdns/666777888?imsi=214040119172971&embed=(tenant%2C%20imsis)", "", 200),
        (Method::DELETE, number, "", 204),
        (Method::POST, number, sim, 201),
    ] {
        let call = app.call(method.clone(), path).header("Accept", "application/json");
        let answer = if body.is_empty() { call.await } else { call.body("application/json", body).await };
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
    }
}
