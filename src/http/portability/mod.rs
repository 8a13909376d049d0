//! Portability API v1: numbers that move between operators, the operators of the Central Node, and who holds a number.

mod answer;
mod body;
mod examples;
mod manage;
mod operators;
mod page;
mod read;

use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::docs::BearerToken;
use super::envelope::errors::ErrorResponses;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Portability API",
        version = "1",
        description = "Mobile number portability in Spain. A portability is one number moving in one process, as one org sees it: as the recipient or as the donor.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact(name = "portero"),
    ),
    servers((url = "/", description = "This server")),
    tags(
        (name = "Mobile portabilities", description = "Get info about portabilities"),
        (name = "Mobile operations", description = "Manage portabilities"),
    ),
    modifiers(&BearerToken, &ErrorResponses),
)]
struct Api;

/// The thirteen operations and their document.
pub fn router() -> OpenApiRouter<AppState> {
    let mut router = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(read::list, manage::create))
        .routes(routes!(read::by_process))
        .routes(routes!(read::by_msisdn))
        .routes(routes!(read::last))
        .routes(routes!(read::by_id))
        .routes(routes!(read::pending_donor))
        .routes(routes!(operators::find))
        .routes(routes!(manage::accept))
        .routes(routes!(manage::deny))
        .routes(routes!(operators::owner))
        .routes(routes!(manage::restart_reply))
        .routes(routes!(manage::cancel));
    examples::add(router.get_openapi_mut());
    router
}
