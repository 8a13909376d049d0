//! The documents of the APIs, and a page to read them that needs no network.

use std::sync::LazyLock;

use axum::routing::get;
use axum::{Json, Router, middleware};
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi, Url};

use super::pages::guard;
use super::{AppState, discovery, portability};

/// What the page may do: run its own scripts, apply styles, which its scripts also write into elements, show the pictures in them, and ask its own
/// server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// A published document: generated from the code and committed under `openapi/`.
pub struct Document {
    /// What `portero openapi` calls it.
    pub name: &'static str,
    /// Its file in `openapi/` and, after `/openapi/`, in URLs.
    pub file: &'static str,
    /// Its contents.
    pub api: OpenApi,
}

impl Document {
    /// The document as it stands in its file.
    ///
    /// # Errors
    /// None that a document of ours can cause.
    pub fn to_json(&self) -> serde_json::Result<String> {
        self.api.to_pretty_json().map(|text| text + "\n")
    }
}

/// An API, put together from what stands with its handlers. That takes milliseconds, so each is a constant.
pub struct Api<S> {
    /// Its routes, with nothing around them yet.
    pub routes: Router<S>,
    /// Its document.
    pub document: Document,
}

impl<S: Clone + Send + Sync + 'static> Api<S> {
    /// The API of these handlers, under the names of its document.
    pub fn new(name: &'static str, file: &'static str, handlers: OpenApiRouter<S>) -> Self {
        let (routes, api) = handlers.split_for_parts();
        Self { routes, document: Document { name, file, api } }
    }
}

/// Discovery and Portability.
pub static APIS: LazyLock<[Api<AppState>; 2]> = LazyLock::new(|| {
    [Api::new("discovery", "discovery-v2.json", discovery::router()), Api::new("portability", "portability-v1.json", portability::router())]
});

/// The documents of both APIs.
pub fn documents() -> impl Iterator<Item = &'static Document> {
    APIS.iter().map(|api| &api.document)
}

/// `/docs` and `/openapi/…`.
pub fn router(documents: &[&'static Document]) -> Router<AppState> {
    let mut router = Router::new();
    let mut urls = Vec::new();
    for &document in documents {
        let path = format!("/openapi/{}", document.file);
        urls.push(Url::from(path.clone()));
        router = router.route(&path, get(move || async { Json(&document.api) }));
    }
    let page = router.merge(SwaggerUi::new("/docs").config(Config::new(urls)));
    page.layer(middleware::map_response(|response| async { guard(response, POLICY) }))
}

/// Adds the bearer token to a document.
#[derive(Debug)]
pub struct BearerToken;

impl utoipa::Modify for BearerToken {
    fn modify(&self, openapi: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("A JWT with `exp`, `orgs` (names of orgs, or `*`) and `scope`."))
            .build();
        openapi.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// Declares schemas of vocabularies. Their words are the domain's, so that none is written twice.
macro_rules! words {
    ($(#[doc = $description:literal] $name:ident of $codes:ty;)+) => {
        $(
            #[doc = $description]
            pub struct $name;

            impl utoipa::PartialSchema for $name {
                fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                    utoipa::openapi::ObjectBuilder::new()
                        .schema_type(utoipa::openapi::schema::Type::String)
                        .description(Some($description.trim()))
                        .enum_values(Some(<$codes>::ALL.iter().map(|code| code.as_str())))
                        .into()
                }
            }

            impl utoipa::ToSchema for $name {}
        )+
    };
}
pub(crate) use words;
