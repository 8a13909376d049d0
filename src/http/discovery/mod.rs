//! Discovery API v2: which org holds a number, which system serves it, which SIMs it has.

mod answer;
mod embed;
mod lookup;
mod manage;

use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::docs::BearerToken;
use super::envelope::errors::ErrorResponses;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Discovery API",
        version = "2",
        description = "The inventory of the group's numbers: which org (brand) holds a number, which back-office system serves it, which SIMs it has.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact(name = "portero"),
    ),
    servers((url = "/", description = "This server")),
    tags((name = "Admin", description = "Change the inventory"), (name = "Inventory", description = "Ask the inventory")),
    modifiers(&BearerToken, &ErrorResponses),
)]
struct Api;

/// The seven operations and their document.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(manage::add, manage::swap_sim, manage::change, manage::remove))
        .routes(routes!(lookup::by_imsi))
        .routes(routes!(lookup::by_operator_token))
        .routes(routes!(lookup::by_msisdn))
}
