//! `/_mock/export`

use std::sync::Arc;

use axum::{Extension, Json};

use super::body::SandboxHeader;
use crate::auth::extract::{Caller, ControlMock};
use crate::dataset::{DataSet, Written};
use crate::error::Result;
use crate::http::envelope::errors;
use crate::mock::sandbox::Sandbox;
use crate::service::{registry, settle};

/// Everything that the sandbox holds, as a data set
///
/// `portero seed`, `POST /_mock/reset` and `POST /_mock/sandboxes` read it, so that a report of a defect carries its world. Portabilities keep
/// their identifiers and their order, and its clock goes on from where it was; `notification_code`s and cursors are given anew.
#[utoipa::path(
    get, path = "/_mock/export", operation_id = "exportSandbox", tag = "Sandboxes", security(("bearer" = ["mock"])),
    params(SandboxHeader),
    responses(
        (status = 200, description = "OK", body = Written),
        errors::Control,
    )
)]
pub async fn export(_: Caller<ControlMock>, Extension(sandbox): Extension<Arc<Sandbox>>) -> Result<Json<Written>> {
    let clock = sandbox.clock.reading();
    settle::pass(&sandbox.world, clock.now).await?;
    let data = registry::export(&*sandbox.world.store).await?;
    Ok(Json(DataSet { clock: Some(clock), ..data }.written()))
}
