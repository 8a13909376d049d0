//! `X-Sandbox`: which world a request is in.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use crate::error::{Error, Kind, Result};
use crate::http::params::invalid;
use crate::mock::sandbox::Sandbox;
use crate::mock::sandboxes::{DEFAULT, Sandboxes};

const X_SANDBOX: &str = "x-sandbox";

/// The layer: puts the sandbox, and the world of it that handlers ask for, beside the request.
///
/// It comes before authentication, so that what happens in a sandbox is told apart from what happens in others even where it is refused.
pub async fn enter(State(sandboxes): State<Arc<Sandboxes>>, mut request: Request, next: Next) -> Result<Response> {
    let sandbox = sandboxes.named(name(request.headers())?).await?;
    request.extensions_mut().insert(sandbox.world.clone());
    request.extensions_mut().insert(sandbox);
    Ok(next.run(request).await)
}

fn name(headers: &HeaderMap) -> Result<&str> {
    let mut names = headers.get_all(X_SANDBOX).iter();
    match (names.next(), names.next()) {
        (None, _) => Ok(DEFAULT),
        (Some(name), None) => name.to_str().map_err(|_| invalid("X-Sandbox", "sandbox")),
        (Some(_), Some(_)) => Err(invalid("X-Sandbox", "unique")),
    }
}

/// The sandbox that the request is in.
pub struct Current(pub Arc<Sandbox>);

impl<S: Send + Sync> FromRequestParts<S> for Current {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self> {
        let sandbox = parts.extensions.get::<Arc<Sandbox>>().cloned();
        sandbox.map(Self).ok_or_else(|| Error::because(Kind::Internal, "a route outside the sandboxes"))
    }
}
