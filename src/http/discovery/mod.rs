//! Discovery API v2: which org holds a number, which system serves it, which SIMs it has.

mod answer;
mod embed;
mod lookup;
mod manage;

use utoipa::{OpenApi, openapi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;
use super::docs::BearerToken;
use super::envelope::errors::ErrorResponses;
use super::examples::Examples;

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
    let mut router = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(manage::add, manage::swap_sim, manage::change, manage::remove))
        .routes(routes!(lookup::by_imsi))
        .routes(routes!(lookup::by_operator_token))
        .routes(routes!(lookup::by_msisdn));
    add_examples(router.get_openapi_mut());
    router
}

/// A number with and without what can be embedded, what `Location` may say, and what can be done with a number that was added.
fn add_examples(api: &mut openapi::OpenApi) {
    let mut examples = Examples(api);
    let embedded = examples.of_schema("MsisdnInfo");
    let mut plain = embedded.clone();
    if let Some(members) = plain.as_object_mut() {
        members.retain(|name, _| !matches!(name.as_str(), "imsis" | "tenant" | "internal_portability"));
    }
    let mut prefixed = plain.clone();
    if let Some(msisdn) = prefixed.get_mut("msisdn") {
        *msisdn = "+34666777888".into();
    }
    for (name, summary, value) in [
        ("embedded", "With everything that can be embedded", embedded),
        ("plain", "With nothing embedded", plain),
        ("prefixed", "With the country code", prefixed),
    ] {
        examples.define(name, summary, value);
        examples.name("getMsisdn", "200", &[(name, name)]);
    }
    examples.header("addMsisdn", "201", "Location", "/v2/msisdns/666777888");
    let msisdn = ("msisdn", "$request.path.msisdn");
    examples.link("addMsisdn", "201", "getMsisdn", &[msisdn]);
    examples.link("addMsisdn", "201", "getImsi", &[("imsi", "$request.body#/imsi")]);
    for change in ["swapSim", "changeMsisdn", "deleteMsisdn"] {
        examples.link("addMsisdn", "201", change, &[("org", "$request.path.org"), msisdn]);
    }
}
