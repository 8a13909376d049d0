//! Health probes, open to everyone.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::AppState;
use crate::error::Result;

/// `/health/live`: the process runs. `/health/ready`: it can answer, for its database does and has the schema it needs.
pub fn router() -> Router<AppState> {
    Router::new().route("/health/live", get(live)).route("/health/ready", get(ready))
}

async fn live() -> Json<Value> {
    Json(json!({"status": "live"}))
}

async fn ready(State(state): State<AppState>) -> Result<Json<Value>> {
    state.world.store.is_ready().await?;
    Ok(Json(json!({"status": "ready"})))
}
