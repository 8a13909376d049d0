//! `/_mock/portabilities/{processId}/step` and `/_mock/drain`

use std::sync::Arc;

use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::SandboxHeader;
use super::clock::ClockInfo;
use crate::auth::extract::{Caller, ControlMock};
use crate::domain::cause::Cause;
use crate::domain::instant;
use crate::domain::order::Order;
use crate::domain::portability::due_at;
use crate::error::{Error, Kind, Result};
use crate::http::envelope::errors;
use crate::http::params::ProcessPath;
use crate::http::portability::answer::StateName;
use crate::mock::sandbox::Sandbox;

/// A process after a step
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "process_id": "00507501261118103000001",
    "clock": {"now": "2026-11-18T13:00:00Z", "frozen": true, "scale": 1, "next_due": "2026-11-20T01:00:00Z"},
    "numbers": [{"msisdn": "634443633", "state": "ACON", "next_due": "2026-11-20T01:00:00Z"}]
}))]
pub struct StepInfo {
    process_id: String,
    /// The time of the sandbox, which has gone on to the time of the step.
    clock: ClockInfo,
    /// Every number of the process.
    numbers: Vec<NumberInfo>,
}

/// A number of a process
#[derive(Debug, Serialize, ToSchema)]
pub struct NumberInfo {
    /// Nine national digits.
    #[schema(pattern = "^[67][0-9]{8}$")]
    msisdn: String,
    #[schema(value_type = StateName)]
    state: &'static str,
    /// Why it was refused or cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cause_status: Option<&'static str>,
    /// When time alone will change it next. Absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    next_due: Option<String>,
}

impl From<&Order> for NumberInfo {
    fn from(order: &Order) -> Self {
        Self {
            msisdn: order.msisdn.to_string(),
            state: order.porting.state().as_str(),
            cause_status: order.porting.cause().map(Cause::as_str),
            next_due: due_at(&order.porting).map(instant::show),
        }
    }
}

/// Let the next transition of a process happen now
///
/// The clock goes on to the time at which it is due, so that everything due before it happens too.
#[utoipa::path(
    post, path = "/_mock/portabilities/{processId}/step", operation_id = "stepPortability", tag = "Time", security(("bearer" = ["mock"])),
    params(
        ("processId" = String, Path, description = "The process", example = "00507501261118103000001"),
        SandboxHeader,
    ),
    responses(
        (status = 200, description = "OK", body = StepInfo),
        errors::Control,
        (status = 404, response = errors::NotFound),
        (status = 409, response = errors::Conflict),
    )
)]
pub async fn step(
    _: Caller<ControlMock>,
    Extension(sandbox): Extension<Arc<Sandbox>>,
    ProcessPath(process_id): ProcessPath,
) -> Result<Json<StepInfo>> {
    let before = sandbox.process(&process_id).await?;
    let next = before.iter().filter_map(|order| due_at(&order.porting)).min();
    let next = next.ok_or_else(|| Error::new(Kind::Conflict, "nothing of this process is due any more"))?;
    sandbox.reach(next).await?;
    let after = sandbox.process(&process_id).await?;
    let numbers = after.iter().map(NumberInfo::from).collect();
    Ok(Json(StepInfo { process_id, clock: ClockInfo::of(&sandbox).await?, numbers }))
}

/// Let everything happen that is ever due
///
/// One after the other, until time alone changes nothing any more. The clock goes on to the time of the last of them.
#[utoipa::path(
    post, path = "/_mock/drain", operation_id = "drain", tag = "Time", security(("bearer" = ["mock"])),
    params(SandboxHeader),
    responses(
        (status = 200, description = "OK", body = ClockInfo),
        errors::Control,
    )
)]
pub async fn drain(_: Caller<ControlMock>, Extension(sandbox): Extension<Arc<Sandbox>>) -> Result<Json<ClockInfo>> {
    sandbox.drain().await?;
    ClockInfo::of(&sandbox).await.map(Json)
}
