//! `/_mock/faults`: what goes wrong on purpose.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::strict::Strict;
use crate::auth::extract::{Caller, ControlMock};
use crate::error::Result;
use crate::http::envelope::errors;
use crate::mock::faults::rule::FaultRule;
use crate::mock::operations::Operations;
use crate::mock::sandbox::Sandbox;

/// The fault rules of a sandbox
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultRules {
    /// In their order: the first that fits a request and whose chance has it is applied, no other.
    #[schema(max_items = 100)]
    rules: Vec<FaultRule>,
}

/// The fault rules as they stand
///
/// `count` is what is left of it.
#[utoipa::path(
    get, path = "/_mock/faults", operation_id = "getFaults", tag = "Faults", security(("bearer" = ["mock"])),
    params(("X-Sandbox" = Option<String>, Header, description = "The sandbox; `default` where it is absent.", example = "ci-42")),
    responses(
        (status = 200, description = "The rules", body = FaultRules),
        errors::Control,
    )
)]
pub async fn list(_: Caller<ControlMock>, Extension(sandbox): Extension<Arc<Sandbox>>) -> Json<FaultRules> {
    Json(FaultRules { rules: sandbox.faults.rules() })
}

/// Put fault rules in place of those there are
///
/// Chance begins anew at each rule's seed.
#[utoipa::path(
    put, path = "/_mock/faults", operation_id = "putFaults", tag = "Faults", security(("bearer" = ["mock"])),
    params(("X-Sandbox" = Option<String>, Header, description = "The sandbox; `default` where it is absent.", example = "ci-42")),
    request_body = FaultRules,
    responses(
        (status = 200, description = "The rules as they stand now", body = FaultRules),
        errors::Control,
        errors::OfBody,
    )
)]
pub async fn replace(
    _: Caller<ControlMock>,
    Extension(sandbox): Extension<Arc<Sandbox>>,
    Strict(wanted): Strict<FaultRules>,
) -> Result<Json<FaultRules>> {
    sandbox.faults.replace(wanted.rules, Operations::published())?;
    Ok(Json(FaultRules { rules: sandbox.faults.rules() }))
}

/// Remove every fault rule
///
/// Requests are carried out as usual from now on.
#[utoipa::path(
    delete, path = "/_mock/faults", operation_id = "deleteFaults", tag = "Faults", security(("bearer" = ["mock"])),
    params(("X-Sandbox" = Option<String>, Header, description = "The sandbox; `default` where it is absent.", example = "ci-42")),
    responses(
        (status = 204, description = "There are none now"),
        errors::Control,
    )
)]
pub async fn clear(_: Caller<ControlMock>, Extension(sandbox): Extension<Arc<Sandbox>>) -> StatusCode {
    sandbox.faults.clear();
    StatusCode::NO_CONTENT
}
