//! `X-Sandbox`: which world a request is in.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;

use crate::error::{Error, Kind, Result};
use crate::http::params::invalid;
use crate::mock::sandbox::{DEFAULT, Sandbox, Sandboxes};
use crate::service::World;

/// The layer: puts the sandbox, and the world of it that handlers ask for, beside the request.
///
/// # Errors
/// Those of [`Sandboxes::named`].
pub async fn enter(State(sandboxes): State<Arc<Sandboxes>>, mut request: Request, next: Next) -> Result<Response> {
    let name = request.headers().get("x-sandbox").map_or(Ok(DEFAULT), |name| name.to_str());
    let sandbox = sandboxes.named(name.map_err(|_| invalid("X-Sandbox", "sandbox"))?).await?;
    if sandbox.name != DEFAULT {
        request.extensions_mut().insert::<World>(sandbox.world.clone());
    }
    request.extensions_mut().insert(sandbox);
    Ok(next.run(request).await)
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
