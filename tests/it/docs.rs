//! `/docs`, `/openapi/…` and the committed documents.

use std::collections::HashSet;

use portero::config::Mode;
use serde_json::Value;

use crate::support::browser::Browser;
use crate::support::contract::DOCUMENTS;
use crate::support::database::with_database;
use crate::support::{App, Engine, both_databases};

both_databases! {
    async fn every_document_is_served(app: App) {
        for document in portero::server::documents(Mode::Mock) {
            let served = app.get(&format!("/openapi/{}", document.file)).without_token().await.is(200);
            assert_eq!(served.json(), serde_json::to_value(&document.api).unwrap());
        }
    }

    async fn the_page_needs_no_network(app: App) {
        let page = app.get("/docs/").without_token().await.is(200);
        assert!(page.header("content-type").starts_with("text/html"));
        assert!(!page.body.contains("src=\"http") && !page.body.contains("href=\"http"), "{}", page.body);
        let script = app.get("/docs/swagger-initializer.js").without_token().await.is(200);
        for document in portero::server::documents(Mode::Mock) {
            assert!(script.body.contains(&format!("/openapi/{}", document.file)), "{}", script.body);
        }
    }
}

#[test]
fn the_committed_documents_are_the_generated_ones() {
    let committed = DOCUMENTS.iter().collect::<Vec<_>>();
    let generated: Vec<_> =
        portero::server::documents(Mode::Mock).iter().map(|document| serde_json::to_value(&document.api).unwrap()).collect();
    assert_eq!(committed.len(), generated.len());
    for document in &generated {
        assert!(committed.contains(&document), "run `portero openapi --write` and look at the difference");
    }
}

/// Everything that a document refers to by `$ref`.
fn references<'d>(value: &'d Value, found: &mut HashSet<&'d str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(target) if name == "$ref" => drop(found.insert(target)),
                    member => references(member, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    for document in DOCUMENTS.iter() {
        let mut found = HashSet::new();
        references(document, &mut found);
        assert!(!found.is_empty());
        for target in found {
            assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{target} leads nowhere");
        }
    }
}

/// Published operation ids become method names of generated clients: they are unique, and every operation says what it answers.
#[test]
fn every_operation_is_complete() {
    let mut ids = HashSet::new();
    for document in DOCUMENTS.iter() {
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap();
                assert!(ids.insert(id), "{id} is the id of two operations");
                let responses = operation["responses"].as_object().unwrap();
                assert!(responses.keys().any(|status| status.starts_with('2')), "{method} {path}");
                for status in ["401", "500", "503"] {
                    assert!(responses.contains_key(status), "{method} {path} does not document {status}");
                }
                assert!(operation["summary"].is_string(), "{method} {path} has no summary");
                // GSMA TS.43 has authentication of its own.
                if path == "/_mock/ts43" {
                    continue;
                }
                assert!(responses.contains_key("403"), "{method} {path} does not document 403");
                assert!(operation["security"][0]["bearer"][0].is_string(), "{method} {path} does not name its scope");
            }
        }
    }
}

/// The page works under its policy: it shows the operations, and the browser has nothing to complain about.
#[tokio::test]
async fn the_page_in_a_browser() {
    with_database(Engine::Sqlite, async |app: App| {
        let answer = app.get("/docs/").without_token().await.is(200);
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
        for (name, value) in [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY"), ("referrer-policy", "no-referrer")] {
            assert_eq!(answer.header(name), value);
        }
        let browser = Browser::open(&format!("{}/docs/", app.url)).await;
        browser.wait("document.querySelectorAll('.opblock').length > 5").await;
        browser.run("document.querySelector('.opblock-summary-control').click()").await;
        browser.wait("document.querySelector('.opblock .responses-table')").await;
        let complaints: Vec<_> = browser.complaints().await.into_iter().filter(|complaint| !complaint.contains("favicon")).collect();
        assert_eq!(complaints, [""; 0]);
    })
    .await;
}
