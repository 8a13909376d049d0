//! `/_mock/agenda`: what is to come.

use std::sync::Arc;

use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::SandboxHeader;
use super::clock::ClockInfo;
use crate::auth::extract::{Caller, ControlMock};
use crate::clock::Clock;
use crate::domain::instant;
use crate::domain::order::Order;
use crate::domain::portability::due_at;
use crate::error::{Error, Kind, Result};
use crate::http::envelope::errors;
use crate::http::portability::answer::StateName;
use crate::mock::sandbox::Sandbox;

/// The most numbers that an agenda shows.
const MOST: usize = 1000;

/// What is to come in a sandbox
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "clock": {"now": "2026-11-18T09:30:00Z", "frozen": true, "scale": 1, "next_due": "2026-11-18T13:00:00Z"},
    "node": {"open": true, "next_opening": "2026-11-19T07:00:00Z"},
    "next_working_day": "2026-11-19T09:30:00Z",
    "due": [{"at": "2026-11-18T13:00:00Z", "msisdn": "634443633", "contract_code": "00528902840", "process_id": "00507501261118103000001", "state": "ASOL"}]
}))]
pub struct AgendaInfo {
    clock: ClockInfo,
    node: NodeInfo,
    /// This time of day on the next working day.
    #[schema(format = DateTime)]
    next_working_day: String,
    /// What time alone will change, each number once, the earliest first; at most 1,000.
    #[schema(max_items = 1000)]
    due: Vec<DueInfo>,
}

/// The Central Node's hours
#[derive(Debug, Serialize, ToSchema)]
pub struct NodeInfo {
    /// Whether it takes requests now.
    open: bool,
    /// When it opens next. While it is open: the next time after this one.
    #[schema(format = DateTime)]
    next_opening: String,
}

/// A number that time alone will change
#[derive(Debug, Serialize, ToSchema)]
pub struct DueInfo {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Nine national digits.
    #[schema(pattern = "^[67][0-9]{8}$")]
    msisdn: String,
    contract_code: String,
    /// Absent while the request waits for the Central Node.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    process_id: Option<String>,
    /// Until then.
    #[schema(value_type = StateName)]
    state: &'static str,
}

impl DueInfo {
    fn of(order: &Order) -> Option<Self> {
        Some(Self {
            at: instant::show(due_at(&order.porting)?),
            msisdn: order.msisdn.to_string(),
            contract_code: order.contract_code.to_string(),
            process_id: order.process_id.as_ref().map(ToString::to_string),
            state: order.porting.state().as_str(),
        })
    }
}

/// What is to come
///
/// The clock, the Central Node's hours, and what time alone will change, with everything applied that is due now.
#[utoipa::path(
    get, path = "/_mock/agenda", operation_id = "getAgenda", tag = "Time", security(("bearer" = ["mock"])),
    params(SandboxHeader),
    responses(
        (status = 200, description = "OK", body = AgendaInfo),
        errors::Control,
    )
)]
pub async fn show(_: Caller<ControlMock>, Extension(sandbox): Extension<Arc<Sandbox>>) -> Result<Json<AgendaInfo>> {
    let orders = sandbox.agenda(MOST).await?;
    let (calendar, now) = (sandbox.world.store.directory().await?.calendar, sandbox.clock.now());
    let beyond = |error| Error::because(Kind::Internal, error);
    Ok(Json(AgendaInfo {
        clock: ClockInfo::of(&sandbox).await?,
        node: NodeInfo { open: calendar.is_open(now), next_opening: instant::show(calendar.opening_after(now).map_err(beyond)?) },
        next_working_day: instant::show(calendar.working_day_later(now).map_err(beyond)?),
        due: orders.iter().filter_map(DueInfo::of).collect(),
    }))
}
