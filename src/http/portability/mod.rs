//! Portability API v1: numbers that move between operators, the operators of the Central Node, and who holds a number.

pub(crate) mod answer;
pub(crate) mod body;
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
use super::envelope::errors::{ErrorResponses, NothingUpstream};

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
    modifiers(&BearerToken, &ErrorResponses, &NothingUpstream),
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
    let api = router.get_openapi_mut();
    examples::add(api);
    router
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// The published operations, with their tag and the scope they need.
    const OPERATIONS: [(&str, &str, &str, &str); 13] = [
        ("get", "/operator", "Mobile portabilities", "portabilities:read"),
        ("get", "/ownerOperator/{msisdn}", "Mobile operations", "portabilities:read"),
        ("get", "/portabilities", "Mobile portabilities", "portabilities:read"),
        ("post", "/portabilities", "Mobile operations", "portabilities:write"),
        ("get", "/portabilities/id/{id}", "Mobile portabilities", "portabilities:read"),
        ("get", "/portabilities/msisdn/{msisdn}", "Mobile portabilities", "portabilities:read"),
        ("get", "/portabilities/msisdn/{msisdn}/last", "Mobile portabilities", "portabilities:read"),
        ("get", "/portabilities/pendingDonor", "Mobile portabilities", "portabilities:read"),
        ("get", "/portabilities/processId/{processId}", "Mobile portabilities", "portabilities:read"),
        ("post", "/portabilities/{msisdn}/cancel", "Mobile operations", "portabilities:write"),
        ("post", "/portabilities/{processId}/accept", "Mobile operations", "portabilities:write"),
        ("post", "/portabilities/{processId}/deny", "Mobile operations", "portabilities:write"),
        ("post", "/portabilities/{processId}/restartReply", "Mobile operations", "portabilities:write"),
    ];

    fn document() -> Value {
        serde_json::to_value(router().into_openapi()).unwrap()
    }

    fn sample(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    /// Building the routes panics where two of them cannot be told apart.
    #[test]
    fn the_published_operations() {
        let (_, api) = router().split_for_parts();
        let document = serde_json::to_value(api).unwrap();
        let mut operations = Vec::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let (tag, scope) = (&operation["tags"][0], &operation["security"][0]["bearer"][0]);
                let path = path.strip_prefix("/v1/orgs/{orgs}").unwrap();
                operations.push((method.clone(), path.to_owned(), tag.as_str().unwrap().to_owned(), scope.as_str().unwrap().to_owned()));
            }
        }
        operations.sort_by(|left, right| (&left.1, &left.0).cmp(&(&right.1, &right.0)));
        let published = OPERATIONS.map(|(method, path, tag, scope)| (method.to_owned(), path.to_owned(), tag.to_owned(), scope.to_owned()));
        assert_eq!(operations, published);
    }

    #[test]
    fn the_published_samples_are_the_examples() {
        let document = document();
        let example = |schema: &str| document["components"]["schemas"][schema]["example"].clone();
        assert_eq!(example("PortabilityBody"), sample(include_str!("samples/request.json")));
        assert_eq!(example("Operators"), sample(include_str!("samples/operator.json"))[0]);
        let detail = sample(include_str!("samples/detail.json"));
        assert_eq!(example("PortabilityDetailInfo")["subscriber"], detail["subscriber"]);
        // These have "string" everywhere: their members are kept, and given values that a server would answer.
        let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(members(&example("PortabilityDetailInfo")), members(&detail));
        assert_eq!(members(&example("Portabilities")[0]), members(&sample(include_str!("samples/list.json"))[0]));
        assert_eq!(members(&example("OwnershipInfo")), members(&sample(include_str!("samples/owner.json"))));
    }
}
