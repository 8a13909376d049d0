//! A reference server has nothing of the mock.

use portero::error::Kind;
use serde_json::json;

use super::port_in;

use crate::support::app::client;
use crate::support::contract::DOCUMENTS;
use crate::support::{Answer, App, Database, both_databases};

both_databases! {
    async fn it_has_no_control_plane(database: Database) {
        let app = App::serve(&database, &["--mode", "reference"]).await;
        for document in DOCUMENTS.iter() {
            for path in document["paths"].as_object().unwrap().keys().filter(|path| path.starts_with("/_mock")) {
                // Past the client of the tests, which knows what a mock answers there.
                let answer = client().get(format!("{}{path}", app.url)).send().await.unwrap();
                Answer::read(answer).await.fails(Kind::UnknownRoute, "there is nothing at this path");
            }
        }
        app.get("/openapi/mock-v1.json").await.fails(Kind::UnknownRoute, "there is nothing at this path");
        assert!(!app.get("/docs/swagger-initializer.js").await.is(200).body.contains("mock"));
    }

    async fn sandboxes_mean_nothing_to_it(database: Database) {
        let app = App::serve(&database, &[]).await;
        app.stop().await;
        let app = App::serve(&database, &["--mode", "reference"]).await;
        assert!(app.sandboxes.is_none());
        let path = "/v2/orgs/masmovil/msisdns/634443633";
        app.post(path, &json!({"imsi": "214049000009999"})).header("X-Sandbox", "ci-7").await.is(201);
        for name in ["other", "NO NAME"] {
            app.get("/v2/msisdns/634443633").header("X-Sandbox", name).await.is(200);
        }
    }

    /// Magic is the mock's.
    async fn numbers_are_not_magic_to_it(database: Database) {
        App::serve(&database, &[]).await.stop().await;
        let app = App::serve(&database, &["--mode", "reference"]).await;
        let created = app.post("/v1/orgs/masmovil/portabilities", &port_in("607500201", "1")).await.is(201).json();
        assert_eq!(created[0]["state"], "ASOL");
    }
}
