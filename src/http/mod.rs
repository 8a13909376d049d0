//! Routers, extractors, the error envelope, answers and their documentation.

pub(crate) mod body;
pub mod connections;
pub mod discovery;
pub(crate) mod docs;
pub(crate) mod envelope;
pub(crate) mod examples;
mod impatient;
mod observe;
mod operations;
pub(crate) mod pages;
pub(crate) mod params;
pub mod portability;
pub mod probes;
mod refusals;
pub mod tls;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::{Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowHeaders, CorsLayer};
use tower_http::timeout::TimeoutLayer;

use self::docs::APIS;
use self::observe::Watch;
use self::operations::Operations;
use crate::auth::Verifier;
use crate::service::World;
use crate::telemetry::metrics::Metrics;

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

/// The world that a layer chose for this request, else the server's own; without its replica for a caller that wants nothing older than its
/// request (`Cache-Control: no-cache`, RFC 9111 §5.2.1.4).
impl<S> FromRequestParts<S> for World
where
    S: Send + Sync,
    World: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let mut world = parts.extensions.get::<World>().cloned().unwrap_or_else(|| World::from_ref(state));
        if world.replica.is_some() && refuses_older(&parts.headers) {
            world.replica = None;
        }
        Ok(world)
    }
}

fn refuses_older(headers: &HeaderMap) -> bool {
    let values = headers.get_all(CACHE_CONTROL).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|directive| directive.trim().eq_ignore_ascii_case("no-cache"))
}

impl FromRef<AppState> for Arc<Verifier> {
    fn from_ref(state: &AppState) -> Self {
        state.verifier.clone()
    }
}

/// Both APIs, and these documents with a page to read them; with nothing around them yet.
pub fn routes(documents: &[&'static Document]) -> Router<AppState> {
    APIS.iter().fold(docs::router(documents), |routes, api| routes.merge(api.routes.clone()))
}

/// What stands around the routes of a server.
#[derive(Clone)]
pub struct Guard {
    /// How long an answer may take.
    pub request_timeout: Duration,
    /// Which pages of other servers may call this one; `None`: none.
    pub cors: Option<CorsLayer>,
    /// Who looks on.
    pub watch: Arc<Watch>,
}

impl Guard {
    /// A guard of the operations of `documents`.
    #[must_use]
    pub fn new(documents: &[&Document], metrics: &Arc<Metrics>, request_timeout: Duration, max_concurrency: u32) -> Self {
        let operations = Operations::of(documents, metrics);
        let watch = Watch { operations, metrics: metrics.clone(), most: max_concurrency.into() };
        Self { request_timeout, cors: None, watch: Arc::new(watch) }
    }

    /// The same, for pages of these origins too.
    #[must_use]
    pub fn with_cors(self, origins: &[HeaderValue]) -> Self {
        const READABLE: [&str; 6] = ["link", "location", "preference-applied", "retry-after", "www-authenticate", "x-request-id"];
        let cors = CorsLayer::new()
            .allow_origin(origins.to_vec())
            .allow_methods([Method::GET, Method::PUT, Method::POST, Method::PATCH, Method::DELETE])
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(READABLE.map(HeaderName::from_static))
            .max_age(Duration::from_hours(1));
        Self { cors: Some(cors), ..self }
    }
}

/// Any routes, with time-out, panic guard, envelope and log around them: whatever goes wrong inside is answered by the envelope.
pub fn guarded(routes: Router, guard: &Guard) -> Router {
    observed(timed(routes, guard.request_timeout), guard)
}

/// Any routes, each with this time to answer; other paths are unknown ones.
pub fn timed(routes: Router, request_timeout: Duration) -> Router {
    let time_out = TimeoutLayer::with_status_code(axum::http::StatusCode::SERVICE_UNAVAILABLE, request_timeout);
    routes.fallback(envelope::unknown_route).layer(time_out)
}

/// Any routes, with panic guard, envelope and log around them.
pub fn observed(routes: Router, guard: &Guard) -> Router {
    let routes = match &guard.cors {
        Some(cors) => routes.layer(cors.clone()),
        None => routes,
    };
    let watch = middleware::from_fn_with_state(guard.watch.clone(), observe::observe);
    routes.layer(CatchPanicLayer::custom(envelope::panicked)).layer(watch)
}

pub use docs::{Document, documents};
