//! 403 and 404: what a token that holds does not allow, and the order of refusals.

use portero::error::Kind;
use reqwest::Method;
use serde_json::json;

use crate::support::app::Call;
use crate::support::{App, both_databases};

/// The seven operations, each in a form that succeeds or is refused by the data alone.
const OPERATIONS: [(Method, &str, &str); 7] = [
    (Method::GET, "/v2/msisdns/666777888", "msisdns:read"),
    (Method::GET, "/v2/imsis/2140420422222227", "msisdns:read"),
    (Method::GET, "/v2/operatorToken/abc123xyz456", "msisdns:read"),
    (Method::PUT, "/v2/orgs/masmovil/msisdns/666777888", "msisdns:write"),
    (Method::PATCH, "/v2/orgs/masmovil/msisdns/666777888", "msisdns:write"),
    (Method::POST, "/v2/orgs/masmovil/msisdns/666777888", "msisdns:write"),
    (Method::DELETE, "/v2/orgs/masmovil/msisdns/666777888", "msisdns:write"),
];

const SCOPES: [&str; 6] = ["msisdns:read", "msisdns:write", "portabilities:read", "portabilities:write", "mock", "api:everything"];

fn call(app: &App, method: &Method, path: &str, orgs: &[&str], scope: &str) -> Call {
    let body = json!({"imsi": "2140420422222227", "status": "OK"});
    app.call(method.clone(), path).token(&app.token(orgs, scope)).json(&body)
}

both_databases! {
    async fn every_operation_with_every_scope(app: App) {
        for (method, path, needed) in OPERATIONS {
            for scope in SCOPES {
                let answer = call(&app, &method, path, &["masmovil"], scope).await;
                if scope == needed || scope == "api:everything" {
                    // The last operation removes the number, and only two scopes allow it.
                    let expected = match method {
                        Method::POST => 409,
                        Method::DELETE if scope == "api:everything" => 404,
                        Method::GET => 200,
                        _ => 204,
                    };
                    assert_eq!(answer.status, expected, "{method} {path} with {scope}: {}", answer.body);
                } else {
                    answer.fails(Kind::Forbidden, &format!("the token lacks the scope {needed}"));
                    assert_eq!(answer.header("www-authenticate"), "");
                }
            }
        }
    }

    async fn scopes_are_words(app: App) {
        let path = "/v2/msisdns/666777888";
        for scope in ["", "msisdns", "msisdns:*", "*", "msisdns:readx", "MSISDNS:READ", "msisdns:write,msisdns:read", "openid profile"] {
            call(&app, &Method::GET, path, &["masmovil"], scope).await.fails(Kind::Forbidden, "the token lacks the scope msisdns:read");
        }
        for scope in ["openid msisdns:read profile", " msisdns:read ", "msisdns:write  msisdns:read"] {
            call(&app, &Method::GET, path, &["masmovil"], scope).await.is(200);
        }
    }

    async fn an_org_that_the_token_does_not_list(app: App) {
        for (method, path, scope) in OPERATIONS {
            for orgs in [&[][..], &["yoigo"], &["Masmovil"], &["masmovil*"], &["masmovil "]] {
                let answer = call(&app, &method, path, orgs, scope).await;
                if path.starts_with("/v2/orgs/") {
                    answer.fails(Kind::Forbidden, "the token is not for this org");
                } else {
                    // Existence is not revealed.
                    answer.is(404);
                }
            }
        }
        app.get("/v2/msisdns/666777888").await.is(200);
    }

    async fn one_of_many_orgs_and_every_org(app: App) {
        for orgs in [&["yoigo", "masmovil", "simyo"][..], &["*"], &["yoigo", "*"]] {
            for (method, path, scope) in &OPERATIONS[..5] {
                let answer = call(&app, method, path, orgs, scope).await;
                assert!(matches!(answer.status, 200 | 204), "{method} {path} for {orgs:?}: {}", answer.body);
            }
        }
    }

    async fn an_org_that_the_server_does_not_know(app: App) {
        for (method, path, scope) in &OPERATIONS[3..] {
            let path = path.replace("masmovil", "nobody");
            for orgs in [&["nobody"][..], &["*"]] {
                call(&app, method, &path, orgs, scope).await.fails(Kind::NotFound, "Org not found");
            }
            call(&app, method, &path, &["masmovil"], scope).await.fails(Kind::Forbidden, "the token is not for this org");
        }
        // A name that no org can have.
        let path = "/v2/orgs/Mas%20M%C3%B3vil/msisdns/666777888";
        call(&app, &Method::DELETE, path, &["*"], "msisdns:write").await.fails(Kind::NotFound, "Org not found");
        call(&app, &Method::DELETE, path, &["Mas Móvil"], "msisdns:write").await.fails(Kind::Forbidden, "the token is not for this org");
        let path = "/v2/orgs/%FF/msisdns/666777888";
        call(&app, &Method::DELETE, path, &["*"], "msisdns:write").await.is(400);
    }

    async fn a_number_of_another_org_is_not_there(app: App) {
        for (method, path, scope) in &OPERATIONS[3..] {
            let path = path.replace("masmovil", "yoigo");
            let answer = call(&app, method, &path, &["yoigo", "masmovil"], scope).await;
            if *method == Method::POST {
                answer.fails(Kind::Conflict, "Msisdn is already in the inventory");
            } else {
                answer.fails(Kind::NotFound, "Msisdn not found");
            }
            assert!(!answer.body.contains("masmovil"));
        }
    }

    /// Each request is wrong in everything that comes after what it is refused for.
    async fn the_order_of_refusals(app: App) {
        for method in [Method::POST, Method::PUT, Method::PATCH] {
            let path = "/v2/orgs/nobody/msisdns/1";
            let wrong = |path: &str| app.call(method.clone(), path).body("text/plain", "{");
            wrong(path).without_token().await.fails(Kind::Unauthenticated, "the bearer token is missing");
            let token = app.token(&["yoigo"], "msisdns:read");
            wrong(path).token(&token).await.fails(Kind::Forbidden, "the token lacks the scope msisdns:write");
            let token = app.token(&["yoigo"], "msisdns:write");
            wrong(path).token(&token).await.fails(Kind::Forbidden, "the token is not for this org");
            wrong(path).await.fails(Kind::NotFound, "Org not found");
            let path = "/v2/orgs/masmovil/msisdns/1";
            wrong(path).await.violates("Msisdn", "msisdn");
            let path = "/v2/orgs/masmovil/msisdns/666777999";
            wrong(path).await.is(415);
            app.call(method.clone(), path).body("application/json", "{").await.fails(Kind::Unreadable, "the body is not JSON (line 1, column 1)");
            app.call(method.clone(), path).json(&json!({})).await.is(400);
        }
        let deleted = app.delete("/v2/orgs/nobody/msisdns/1").without_token().await;
        deleted.fails(Kind::Unauthenticated, "the bearer token is missing");
        app.delete("/v2/orgs/nobody/msisdns/1").await.fails(Kind::NotFound, "Org not found");
        app.delete("/v2/orgs/masmovil/msisdns/1").await.violates("Msisdn", "msisdn");
        for path in ["/v2/msisdns/1?imsi=x&embed=y", "/v2/imsis/x", "/v2/operatorToken/x"] {
            app.get(path).without_token().await.fails(Kind::Unauthenticated, "the bearer token is missing");
            let token = app.token(&["*"], "msisdns:write");
            app.get(path).token(&token).await.fails(Kind::Forbidden, "the token lacks the scope msisdns:read");
            app.get(path).await.is(400);
        }
    }
}
