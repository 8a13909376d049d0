//! `/_mock/operator-tokens`

use std::sync::Arc;

use axum::http::StatusCode;
use axum::{Extension, Json};
use jiff::{Span, ToSpan};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{SandboxHeader, duration, msisdn};
use crate::auth::extract::{Caller, ControlMock};
use crate::domain::instant;
use crate::domain::operator_token::OperatorToken;
use crate::error::{Error, Kind, Result};
use crate::http::body::JsonObject;
use crate::http::envelope::errors;
use crate::http::params::invalid;
use crate::mock::sandbox::Sandbox;

/// An operator token
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"operator_token": "5f2b7a3c9d0e4f16a1b2c3d4e5f60718", "msisdn": "666777888", "expires_at": "2026-11-18T09:40:00Z"}))]
pub struct OperatorTokenInfo {
    /// For `GET /v2/operatorToken/{operatorToken}`.
    operator_token: String,
    /// The number behind it: nine national digits.
    #[schema(pattern = "^[67][0-9]{8}$")]
    msisdn: String,
    /// When it expires, by the clock of the sandbox.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Issue an operator token
///
/// The built-in Entitlement Server knows it; where another one is configured, that is the one which is asked.
#[utoipa::path(
    post, path = "/_mock/operator-tokens", operation_id = "createOperatorToken", tag = "Outside", security(("bearer" = ["mock"])),
    params(SandboxHeader),
    request_body = OperatorTokenBody,
    responses(
        (status = 201, description = "Created", body = OperatorTokenInfo),
        errors::Control,
        errors::OfBody,
    )
)]
pub async fn create(
    _: Caller<ControlMock>,
    Extension(sandbox): Extension<Arc<Sandbox>>,
    body: JsonObject,
) -> Result<(StatusCode, Json<OperatorTokenInfo>)> {
    let (msisdn, ttl) = body.read(|fields| {
        let msisdn = fields.required("msisdn", msisdn);
        let ttl = fields.optional("ttl", lifetime).unwrap_or_else(|| 10.minutes());
        Some((msisdn?, ttl))
    })?;
    let token = OperatorToken::parse(&Uuid::new_v4().simple().to_string()).map_err(|error| Error::because(Kind::Internal, error))?;
    let expires_at = sandbox.issue(&token, msisdn, ttl).await?.ok_or_else(|| invalid("Ttl", "max"))?;
    let info =
        OperatorTokenInfo { operator_token: token.expose().to_owned(), msisdn: msisdn.to_string(), expires_at: instant::show(expires_at) };
    Ok((StatusCode::CREATED, Json(info)))
}

fn lifetime(text: &str) -> Result<Span, &'static str> {
    let span = duration(text)?;
    if span.is_zero() { Err("min") } else { Ok(span) }
}

/// An operator token that is wanted
#[derive(ToSchema)]
#[schema(example = json!({"msisdn": "666777888", "ttl": "PT10M"}))]
#[expect(dead_code, reason = "only the documents mention it: create reads the body")]
pub struct OperatorTokenBody {
    /// The number behind it. It need not be in the inventory.
    msisdn: String,
    /// How long it lives (ISO 8601); absent: ten minutes.
    ttl: Option<String>,
}
