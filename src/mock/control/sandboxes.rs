//! `/_mock/sandboxes` and `/_mock/reset`

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{ClockBody, SandboxHeader, SeedBody, beginning};
use crate::auth::extract::{Caller, ControlMock};
use crate::domain::instant;
use crate::error::{Error, Result};
use crate::http::body::JsonObject;
use crate::http::envelope::errors;
use crate::http::params::path_param;
use crate::mock::sandbox::Sandbox;
use crate::mock::sandboxes::{Listed, Sandboxes};

/// A sandbox
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"name": "ci-7", "created_at": "2026-11-18T09:30:00Z", "expires_at": "2026-11-18T10:30:00Z"}))]
pub struct SandboxInfo {
    /// Its name: 1 to 63 of `a-z 0-9 -`.
    #[schema(pattern = "^[a-z0-9-]{1,63}$")]
    name: String,
    /// When it was made, in real time.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it expires if it is not used until then, in real time. Absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    expires_at: Option<String>,
}

impl From<Listed> for SandboxInfo {
    fn from(listed: Listed) -> Self {
        Self {
            name: listed.sandbox.name.clone(),
            created_at: instant::show(listed.sandbox.created_at),
            expires_at: listed.expires_at.map(instant::show),
        }
    }
}

/// List the sandboxes
///
/// `default` comes first, the others by name.
#[utoipa::path(
    get, path = "/_mock/sandboxes", operation_id = "listSandboxes", tag = "Sandboxes", security(("bearer" = ["mock"])),
    responses(
        (status = 200, description = "OK", body = Vec<SandboxInfo>),
        errors::Control,
    )
)]
pub async fn list(_: Caller<ControlMock>, State(sandboxes): State<Arc<Sandboxes>>) -> Json<Vec<SandboxInfo>> {
    Json(sandboxes.list().into_iter().map(SandboxInfo::from).collect())
}

/// Make a sandbox
///
/// Only needed for one that does not begin with the demo data, or not at the present time: others are made when they are first named.
#[utoipa::path(
    post, path = "/_mock/sandboxes", operation_id = "createSandbox", tag = "Sandboxes", security(("bearer" = ["mock"])),
    request_body = NewSandboxBody,
    responses(
        (status = 201, description = "Created", body = SandboxInfo),
        errors::Control,
        errors::OfBody,
        (status = 409, response = errors::Conflict),
    )
)]
pub async fn create(
    _: Caller<ControlMock>,
    State(sandboxes): State<Arc<Sandboxes>>,
    body: JsonObject,
) -> Result<(StatusCode, Json<SandboxInfo>)> {
    let name = body.read(|fields| fields.required("name", |name| Ok(name.to_owned())))?;
    sandboxes.create(&name, beginning(&body)?).await?;
    let listed = sandboxes.list().into_iter().find(|listed| listed.sandbox.name == name);
    let listed = listed.ok_or_else(|| Error::not_found("Sandbox"))?;
    Ok((StatusCode::CREATED, Json(listed.into())))
}

/// Remove a sandbox
///
/// The next request that names it makes it anew. The default one can only be reset.
#[utoipa::path(
    delete, path = "/_mock/sandboxes/{name}", operation_id = "removeSandbox", tag = "Sandboxes", security(("bearer" = ["mock"])),
    params(("name" = String, Path, description = "Its name", example = "ci-7")),
    responses(
        (status = 204, description = "No Content: it is gone"),
        errors::Control,
        (status = 404, response = errors::NotFound),
        (status = 409, response = errors::Conflict),
    )
)]
pub async fn remove(_: Caller<ControlMock>, State(sandboxes): State<Arc<Sandboxes>>, NamePath(name): NamePath) -> Result<StatusCode> {
    if sandboxes.remove(&name)? { Ok(StatusCode::NO_CONTENT) } else { Err(Error::not_found("Sandbox")) }
}

/// Begin the sandbox again
///
/// With the demo data unless the body says otherwise, at the data set's time or else the present time unless it says otherwise, and with donors that were told nothing.
#[utoipa::path(
    post, path = "/_mock/reset", operation_id = "resetSandbox", tag = "Sandboxes", security(("bearer" = ["mock"])),
    params(SandboxHeader),
    request_body = Option<BeginningBody>,
    responses(
        (status = 204, description = "No Content: it has begun again"),
        errors::Control,
        errors::OfBody,
        (status = 409, response = errors::Conflict),
    )
)]
pub async fn reset(
    _: Caller<ControlMock>,
    State(sandboxes): State<Arc<Sandboxes>>,
    Extension(sandbox): Extension<Arc<Sandbox>>,
    body: Option<JsonObject>,
) -> Result<StatusCode> {
    let beginning = body.map(|body| beginning(&body)).transpose()?.unwrap_or_default();
    sandboxes.reset(&sandbox, &beginning).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a world begins
#[derive(ToSchema)]
#[schema(example = json!({"seed": "demo", "clock": {"now": "2026-11-18T09:30:00Z", "frozen": true}}))]
#[expect(dead_code, reason = "only the documents mention it: beginning reads the body")]
pub struct BeginningBody {
    /// With which data; absent: `demo`.
    seed: Option<SeedBody>,
    /// With which time, which the demo data go by too; absent: real time.
    clock: Option<ClockBody>,
}

/// A new sandbox
#[derive(ToSchema)]
#[schema(example = json!({"name": "ci-7", "seed": "demo", "clock": {"now": "2026-11-18T09:30:00Z", "frozen": true}}))]
#[expect(dead_code, reason = "only the documents mention it: beginning reads the body")]
pub struct NewSandboxBody {
    /// 1 to 63 of `a-z 0-9 -`.
    #[schema(pattern = "^[a-z0-9-]{1,63}$")]
    name: String,
    /// With which data; absent: `demo`.
    seed: Option<SeedBody>,
    /// With which time, which the demo data go by too; absent: real time.
    clock: Option<ClockBody>,
}

/// The `{name}` of a path.
pub struct NamePath(String);

impl<S: Send + Sync> FromRequestParts<S> for NamePath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        path_param(parts, state, "name").await.map(Self)
    }
}
