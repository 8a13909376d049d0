//! `/_mock/clock`

use std::sync::Arc;

use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{ClockBody, SandboxHeader, clock_change};
use crate::auth::extract::{Caller, ControlMock};
use crate::clock::Clock;
use crate::domain::instant;
use crate::error::Result;
use crate::http::body::JsonObject;
use crate::http::envelope::errors;
use crate::mock::sandbox::Sandbox;

/// A sandbox's time
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"now": "2026-11-18T09:30:00Z", "frozen": true, "scale": 1, "next_due": "2026-11-18T13:00:00Z"}))]
pub struct ClockInfo {
    /// What it shows.
    #[schema(format = DateTime)]
    now: String,
    /// Whether it stands still.
    frozen: bool,
    /// How many seconds pass in one while it does not stand still.
    #[schema(minimum = 1)]
    scale: u32,
    /// When time alone will next change something. Absent: nothing is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    next_due: Option<String>,
}

impl ClockInfo {
    /// The time of a sandbox.
    pub async fn of(sandbox: &Sandbox) -> Result<Self> {
        let setting = sandbox.clock.setting();
        let next_due = sandbox.world.store.next_due().await?;
        Ok(Self {
            now: instant::show(sandbox.clock.now()),
            frozen: setting.frozen,
            scale: setting.scale,
            next_due: next_due.map(instant::show),
        })
    }
}

/// The time of the sandbox
///
/// With when time alone will next change something.
#[utoipa::path(
    get, path = "/_mock/clock", operation_id = "getClock", tag = "Time", security(("bearer" = ["mock"])),
    params(SandboxHeader),
    responses(
        (status = 200, description = "OK", body = ClockInfo),
        errors::Control,
    )
)]
pub async fn show(_: Caller<ControlMock>, Extension(sandbox): Extension<Arc<Sandbox>>) -> Result<Json<ClockInfo>> {
    ClockInfo::of(&sandbox).await.map(Json)
}

/// Set, advance, freeze or speed up the time of the sandbox
///
/// What is due then has happened when this is answered: in order, each stamped with the time it was due. Set back, nothing is undone.
#[utoipa::path(
    put, path = "/_mock/clock", operation_id = "changeClock", tag = "Time", security(("bearer" = ["mock"])),
    params(SandboxHeader),
    request_body = ClockBody,
    responses(
        (status = 200, description = "OK", body = ClockInfo),
        errors::Control,
        errors::OfBody,
    )
)]
pub async fn change(_: Caller<ControlMock>, Extension(sandbox): Extension<Arc<Sandbox>>, body: JsonObject) -> Result<Json<ClockInfo>> {
    sandbox.change_clock(&body.read(clock_change)?).await?;
    ClockInfo::of(&sandbox).await.map(Json)
}
