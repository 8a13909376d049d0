//! Routers, extractors, the error envelope, answers and their documentation.

pub(crate) mod body;
pub mod connections;
pub mod discovery;
pub(crate) mod docs;
pub(crate) mod envelope;
pub(crate) mod examples;
mod health;
mod observe;
pub(crate) mod params;
pub mod portability;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::auth::Verifier;
use crate::service::World;

/// What handlers may ask for.
#[derive(Clone)]
pub struct AppState {
    /// The data, the clock, the Entitlement Server.
    pub world: World,
    /// Who reads tokens.
    pub verifier: Arc<Verifier>,
}

impl FromRef<AppState> for World {
    fn from_ref(state: &AppState) -> Self {
        state.world.clone()
    }
}

/// The world that a layer chose for this request, else the server's own.
impl<S> FromRequestParts<S> for World
where
    S: Send + Sync,
    World: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<World>().cloned().unwrap_or_else(|| World::from_ref(state)))
    }
}

impl FromRef<AppState> for Arc<Verifier> {
    fn from_ref(state: &AppState) -> Self {
        state.verifier.clone()
    }
}

/// Both APIs, health, and these documents with a page to read them; with nothing around them yet.
pub fn routes(documents: Vec<Document>) -> Router<AppState> {
    let (discovery, _) = discovery::router().split_for_parts();
    let (portability, _) = portability::router().split_for_parts();
    Router::new().merge(discovery).merge(portability).merge(health::router()).merge(docs::router(documents))
}

/// Any routes, with time-out, panic guard, envelope and log around them: whatever goes wrong inside is answered by the envelope.
pub fn guarded(routes: Router, request_timeout: Duration) -> Router {
    observed(timed(routes, request_timeout))
}

/// Any routes, each with this time to answer; other paths are unknown ones.
pub fn timed(routes: Router, request_timeout: Duration) -> Router {
    let time_out = TimeoutLayer::with_status_code(axum::http::StatusCode::SERVICE_UNAVAILABLE, request_timeout);
    routes.fallback(envelope::unknown_route).layer(time_out)
}

/// Any routes, with panic guard, envelope and log around them.
pub fn observed(routes: Router) -> Router {
    routes.layer(CatchPanicLayer::custom(envelope::panicked)).layer(middleware::from_fn(observe::observe))
}

pub use docs::{Document, documents};
