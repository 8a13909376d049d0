//! The control plane: what a test does to the world its subject lives in. Under `/_mock`, with the scope `mock`, in mock mode alone.

mod agenda;
mod body;
mod clock;
mod donors;
mod export;
mod faults;
mod operator_tokens;
mod orgs;
mod port_outs;
mod requests;
mod sandboxes;
mod steps;
mod strict;
mod ts43;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::FromRef;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::sandboxes::Sandboxes;
use crate::auth::Verifier;
use crate::http::Document;
use crate::http::docs::{self, BearerToken};
use crate::http::envelope::errors::{ErrorResponses, NothingUpstream};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Mock control plane",
        version = "1",
        description = "What a test does to the world its subject lives in. `X-Sandbox: NAME` on any request, of the two APIs or of this one, names a world of its own: data, clock, donors, faults, journal. It is made of the demo data when it is first named, and expires when it has been idle; without the header it is `default`, the server's own database. A name is 1 to 63 of `a-z 0-9 -`. `X-Bystander: true` is for those who only look at a sandbox while it is tested: the request leaves no trace in the journal, and meets neither faults nor preferences.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact(name = "portero"),
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "Sandboxes", description = "Worlds of their own"),
        (name = "Time", description = "What is due, and when"),
        (name = "Outside", description = "Operators and systems outside this server"),
        (name = "Faults", description = "What goes wrong on purpose"),
        (name = "Journal", description = "What was asked of the APIs"),
    ),
    modifiers(&BearerToken, &ErrorResponses, &NothingUpstream),
)]
struct Api;

/// What the handlers of the control plane may ask for.
#[derive(Clone)]
pub struct ControlState {
    /// The sandboxes of the server.
    pub sandboxes: Arc<Sandboxes>,
    /// Who reads tokens.
    pub verifier: Arc<Verifier>,
}

impl FromRef<ControlState> for Arc<Sandboxes> {
    fn from_ref(state: &ControlState) -> Self {
        state.sandboxes.clone()
    }
}

impl FromRef<ControlState> for Arc<Verifier> {
    fn from_ref(state: &ControlState) -> Self {
        state.verifier.clone()
    }
}

/// The control plane.
static CONTROL_PLANE: LazyLock<docs::Api<ControlState>> = LazyLock::new(|| docs::Api::new("mock", "mock-v1.json", operations()));

/// Its operations.
fn operations() -> OpenApiRouter<ControlState> {
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(sandboxes::list, sandboxes::create))
        .routes(routes!(sandboxes::remove))
        .routes(routes!(sandboxes::reset))
        .routes(routes!(export::export))
        .routes(routes!(orgs::list))
        .routes(routes!(clock::show, clock::change))
        .routes(routes!(agenda::show))
        .routes(routes!(steps::step))
        .routes(routes!(steps::drain))
        .routes(routes!(donors::list))
        .routes(routes!(donors::show, donors::tell))
        .routes(routes!(port_outs::create))
        .routes(routes!(operator_tokens::create))
        .routes(routes!(ts43::get, ts43::post))
        .routes(routes!(faults::list, faults::replace, faults::clear))
        .routes(routes!(requests::list, requests::clear))
        .routes(routes!(requests::verify))
        .routes(routes!(requests::stream))
}

/// The document of the control plane.
#[must_use]
pub fn document() -> &'static Document {
    &CONTROL_PLANE.document
}

/// The routes of the control plane.
pub fn routes(state: ControlState) -> Router {
    CONTROL_PLANE.routes.clone().with_state(state)
}
