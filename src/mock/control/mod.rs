//! The mock's control plane: `/_mock/…`, for tokens with the scope `mock`.

pub mod body;
mod faults;
mod requests;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::AppState;

/// Its operations and their document.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(faults::list, faults::replace, faults::clear))
        .routes(routes!(requests::list, requests::clear))
        .routes(routes!(requests::verify))
        .routes(routes!(requests::stream))
}
