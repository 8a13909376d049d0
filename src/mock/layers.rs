//! What stands around the APIs in a mock: from the outside in, the journal, the envelope and the log, the sandbox, faults and preferences,
//! the time-out.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use super::faults::cut::Cut;
use super::faults::rule::Drop;
use super::faults::{Effect, Fault};
use super::journal::record::{Recorder, Recording, record};
use super::operations::{Operation, Operations};
use super::prefer::{PREFER, Preferences};
use super::sandbox::Sandbox;
use super::sandboxes::{DEFAULT, Sandboxes};
use crate::auth::Verifier;
use crate::auth::extract::identify;
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::http;
use crate::http::Guard;
use crate::http::body::discard;
use crate::http::params::invalid;
use crate::service::World;

/// What the layers of a mock need.
#[derive(Clone)]
pub struct Mock {
    /// The sandboxes.
    pub sandboxes: Arc<Sandboxes>,
    /// Who reads tokens.
    pub verifier: Arc<Verifier>,
    /// Real time.
    pub real: Arc<dyn Clock>,
}

/// Any routes, with everything around them that stands around those of a mock.
///
/// Delays lie outside the time-out: a test of a caller's own time-out may need longer ones.
pub fn layered(routes: Router, mock: Mock, guard: &Guard) -> Router {
    let recorder = Arc::new(Recorder { real: mock.real });
    let inner = http::timed(routes, guard.request_timeout)
        .layer(from_fn_with_state(mock.verifier, interfere))
        .layer(from_fn_with_state(mock.sandboxes, choose_sandbox));
    http::observed(inner, guard).layer(from_fn_with_state(recorder, record))
}

/// Puts the sandbox that a request names, and the world of it that handlers ask for, beside the request.
///
/// It comes before authentication, so that what happens in a sandbox is told apart from what happens in others even where it is refused.
async fn choose_sandbox(State(sandboxes): State<Arc<Sandboxes>>, mut request: Request, next: Next) -> Result<Response> {
    let sandbox = sandboxes.named(sandbox_name(request.headers())?).await?;
    request.extensions_mut().insert::<World>(sandbox.world.clone());
    request.extensions_mut().insert(sandbox);
    Ok(next.run(request).await)
}

fn sandbox_name(headers: &HeaderMap) -> Result<&str> {
    let mut names = headers.get_all("x-sandbox").iter();
    match (names.next(), names.next()) {
        (None, _) => Ok(DEFAULT),
        (Some(name), None) => name.to_str().map_err(|_| invalid("X-Sandbox", "sandbox")),
        (Some(_), Some(_)) => Err(invalid("X-Sandbox", "unique")),
    }
}

/// Faults, then preferences, then the operation itself.
///
/// A bystander looks at a sandbox while others test in it: its requests are not theirs, and must not use up what they have set.
async fn interfere(State(verifier): State<Arc<Verifier>>, request: Request, next: Next) -> Result<Response> {
    if request.headers().contains_key("x-bystander") {
        return Ok(next.run(request).await);
    }
    let recording = request.extensions().get::<Arc<Recording>>().cloned();
    let sandbox = request.extensions().get::<Arc<Sandbox>>().cloned();
    if let (Some(recording), Some(sandbox)) = (&recording, &sandbox) {
        recording.belongs_to(sandbox);
    }
    let Some(operation) = Operations::published().of(&request) else { return Ok(next.run(request).await) };
    let fault = sandbox.and_then(|sandbox| sandbox.faults.strike(operation));
    // Most requests meet none and prefer nothing, and what the others need takes no room in them.
    match fault {
        Some(fault) => {
            if let Some(recording) = recording {
                recording.meets(fault);
            }
            Box::pin(suffer(fault, &verifier, operation, request, next)).await
        }
        None if request.headers().contains_key(PREFER) => Box::pin(prefer(&verifier, operation, request, next)).await,
        None => Ok(next.run(request).await),
    }
}

/// A request that meets a fault.
async fn suffer(fault: Fault, verifier: &Verifier, operation: &Operation, request: Request, next: Next) -> Result<Response> {
    wait(fault.delay).await;
    match fault.effect {
        Effect::None => prefer(verifier, operation, request, next).await,
        Effect::Failure(kind) => {
            discard(request.into_body()).await;
            Err(Error::new(kind, "a fault of this sandbox"))
        }
        Effect::Drop(drop) => {
            let answered = if drop == Drop::Before {
                discard(request.into_body()).await;
                Err(Error::because(Kind::Unavailable, "a fault of this sandbox closes the connection"))
            } else {
                prefer(verifier, operation, request, next).await
            };
            let mut response = answered.into_response();
            response.extensions_mut().insert(Cut(drop));
            Ok(response)
        }
    }
}

/// A request that may prefer an answer.
async fn prefer(verifier: &Verifier, operation: &Operation, request: Request, next: Next) -> Result<Response> {
    let Some(preferences) = Preferences::of(request.headers()) else { return Ok(next.run(request).await) };
    let (parts, body) = request.into_parts();
    // Without the rate limit, which the operation itself applies.
    identify(&parts, verifier).await?;
    let (delay, forced) = (preferences.delay()?, preferences.forced(operation)?);
    wait(delay).await;
    let mut response = match forced {
        Some(response) => {
            discard(body).await;
            response
        }
        None => next.run(Request::from_parts(parts, body)).await,
    };
    preferences.confirm(&mut response);
    Ok(response)
}

async fn wait(delay: Duration) {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}
