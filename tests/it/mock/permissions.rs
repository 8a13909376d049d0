//! Who may use the control plane.

use portero::error::Kind;
use reqwest::Method;

use crate::support::contract::DOCUMENTS;
use crate::support::{App, both_databases};

/// Every operation of the control plane that takes a bearer token.
fn operations() -> Vec<(Method, String)> {
    let document = DOCUMENTS.iter().find(|document| document["info"]["title"] == "Mock control plane").unwrap();
    let mut found = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let path = path.replace("{processId}", "1").replace("{name}", "ci-7").replace("{operator_code}", "075");
            found.push((method.to_uppercase().parse().unwrap(), path));
        }
    }
    // One has an authentication of its own, the other an answer without end.
    found.retain(|(_, path)| path != "/_mock/ts43" && path != "/_mock/requests/stream");
    found
}

both_databases! {
    async fn a_token_with_the_scope_mock(app: App) {
        let operations = operations();
        assert!(operations.len() >= 12, "{operations:?}");
        let others = "msisdns:read msisdns:write portabilities:read portabilities:write";
        for (method, path) in operations {
            let call = || app.call(method.clone(), &path);
            call().without_token().await.fails(Kind::Unauthenticated, "the bearer token is missing");
            call().token(&app.token(&["*"], others)).await.fails(Kind::Forbidden, "the token lacks the scope mock");
            // A token for no org at all: the control plane has none.
            let answer = call().token(&app.token(&[], "mock")).await;
            assert!(!matches!(answer.status, 401 | 403 | 405), "{method} {path}: {}", answer.body);
        }
    }
}
