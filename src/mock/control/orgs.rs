//! `/_mock/orgs`: whom a sandbox has.

use std::sync::Arc;

use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::SandboxHeader;
use crate::auth::extract::{Caller, ControlMock};
use crate::domain::org::Org;
use crate::error::Result;
use crate::http::envelope::errors;
use crate::mock::sandbox::Sandbox;

/// An org of this server
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"name": "masmovil", "operator_code": "005", "nrn": "741111"}))]
pub struct OrgInfo {
    /// As paths and tokens name it.
    name: String,
    /// The operator it ports under.
    #[schema(pattern = "^[0-9]{3}$")]
    operator_code: String,
    /// The Network Routing Number it receives numbers with.
    #[schema(pattern = "^[0-9]{6}$")]
    nrn: String,
}

impl From<Org> for OrgInfo {
    fn from(org: Org) -> Self {
        Self { name: org.name.to_string(), operator_code: org.operator_code, nrn: org.nrn }
    }
}

/// List the orgs
///
/// Those of the sandbox, in the order of their tenant ids.
#[utoipa::path(
    get, path = "/_mock/orgs", operation_id = "listOrgs", tag = "Sandboxes", security(("bearer" = ["mock"])),
    params(SandboxHeader),
    responses(
        (status = 200, description = "OK", body = Vec<OrgInfo>),
        errors::Control,
    )
)]
pub async fn list(_: Caller<ControlMock>, Extension(sandbox): Extension<Arc<Sandbox>>) -> Result<Json<Vec<OrgInfo>>> {
    let mut orgs = sandbox.world.store.orgs().await?;
    orgs.sort_by_key(|org| org.tenant_id);
    Ok(Json(orgs.into_iter().map(OrgInfo::from).collect()))
}
