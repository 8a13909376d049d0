//! The console: a page at `/` to look at a mock and to play with it.
//!
//! Plain files, embedded and served as they are. The page works by the two APIs and the control plane, as any other client does, and needs a
//! token for them.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use serde_json::{Value, json};

use super::magic::MAGIC_NUMBERS;
use crate::auth::{Scope, Secret, TokenRules, sign};
use crate::clock::Clock;
use crate::error::Result;
use crate::http::pages::guard;

/// How long a token for the page is good; it asks for another one then.
const TOKEN_TTL: Duration = Duration::from_hours(1);

/// Path, content type and contents of what the page consists of.
macro_rules! files {
    ($($path:literal: $file:literal as $content_type:literal,)+) => {
        [$(($path, $content_type, include_str!($file))),+]
    };
}

const FILES: [(&str, &str, &str); 16] = files! {
    "/": "index.html" as "text/html; charset=utf-8",
    "/console/icon.svg": "icon.svg" as "image/svg+xml",
    "/console/style.css": "style.css" as "text/css; charset=utf-8",
    "/console/api.js": "api.js" as "text/javascript; charset=utf-8",
    "/console/app.js": "app.js" as "text/javascript; charset=utf-8",
    "/console/clock.js": "clock.js" as "text/javascript; charset=utf-8",
    "/console/dom.js": "dom.js" as "text/javascript; charset=utf-8",
    "/console/donors.js": "donors.js" as "text/javascript; charset=utf-8",
    "/console/faults.js": "faults.js" as "text/javascript; charset=utf-8",
    "/console/journal.js": "journal.js" as "text/javascript; charset=utf-8",
    "/console/numbers.js": "numbers.js" as "text/javascript; charset=utf-8",
    "/console/portabilities.js": "portabilities.js" as "text/javascript; charset=utf-8",
    "/console/requests.js": "requests.js" as "text/javascript; charset=utf-8",
    "/console/sandboxes.js": "sandboxes.js" as "text/javascript; charset=utf-8",
    "/console/time.js": "time.js" as "text/javascript; charset=utf-8",
    "/console/vocabulary.js": "vocabulary.js" as "text/javascript; charset=utf-8",
};

/// What the page may do: run its own scripts, apply its own styles and ask its own server; nothing else, and nobody may frame it. What the page
/// shows is other people's data: with trusted types the browser refuses every attempt to parse a text as markup or as a script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Who signs tokens for the page.
#[derive(Clone)]
pub struct Signer {
    /// With what.
    pub secret: Secret,
    /// What a token must satisfy besides.
    pub rules: TokenRules,
    /// Real time.
    pub real: Arc<dyn Clock>,
}

impl Signer {
    /// A token for every org and everything, if the secret is the published one: then it gives away nothing, for everybody can sign such tokens.
    fn token(&self) -> Result<Option<String>> {
        if !self.secret.is_development() {
            return Ok(None);
        }
        let orgs = ["*".to_owned()];
        sign(&self.secret, &self.rules, "console", &orgs, Scope::Everything.as_str(), self.real.now(), TOKEN_TTL).map(Some)
    }
}

/// `/` and `/console/…`.
pub fn router(signer: Option<Signer>) -> Router {
    let mut router = Router::new();
    for (path, content_type, contents) in FILES {
        router = router.route(path, get(move || async move { ([(CONTENT_TYPE, content_type)], contents) }));
    }
    router
        .route("/console/magic-numbers.json", get(magic_numbers))
        .route("/console/token", get(token).with_state(signer))
        .layer(middleware::map_response(|response| async { guard(response, POLICY) }))
}

/// A token where everybody could make one (200); elsewhere none (204), and the page asks its user.
async fn token(State(signer): State<Option<Signer>>) -> Result<Response> {
    let token = signer.as_ref().map_or(Ok(None), Signer::token)?;
    Ok(match token {
        Some(token) => ([(CACHE_CONTROL, "no-store")], Json(json!({ "token": token }))).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

async fn magic_numbers() -> Json<Value> {
    let numbers = MAGIC_NUMBERS.iter().map(|(number, outcome)| json!({"msisdn": number.to_string(), "outcome": outcome.describe()}));
    Json(numbers.collect())
}
