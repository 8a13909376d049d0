//! Changing the inventory.

use axum::Json;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use utoipa::ToSchema;

use super::answer::{MsisdnInfo, StatusName, SystemName};
use super::embed::Embed;
use crate::auth::extract::{OrgCaller, WriteMsisdns};
use crate::domain::imsi::Imsi;
use crate::domain::inventory::{BelongsTo, Change, Status};
use crate::error::{Error, Result};
use crate::http::body::JsonObject;
use crate::http::envelope::errors;
use crate::http::params::{MsisdnPath, NumberFormat, invalid, parse_imsi};
use crate::service::{World, inventory};

/// Adds a msisdn to the org.
///
/// With its first SIM. A number is in one org at most, a SIM is of one number at most.
#[utoipa::path(
    post, path = "/v2/orgs/{org}/msisdns/{msisdn}", operation_id = "addMsisdn", tag = "Admin", security(("bearer" = ["msisdns:write"])),
    params(
        ("org" = String, Path, description = "tenant name", example = "masmovil"),
        ("msisdn" = String, Path, description = "a msisdn of Grupo Mamovil", pattern = r"^(\+34|0034|34)?[67][0-9]{8}$", example = "666777888"),
    ),
    request_body = SimBody,
    responses(
        (status = 201, description = "Created OK", body = MsisdnInfo, headers(("Location" = String, description = "Where the number can be read."))),
        (status = 409, response = errors::Conflict),
        errors::Common,
        errors::OfBody,
    )
)]
pub async fn add(
    caller: OrgCaller<WriteMsisdns>,
    world: World,
    MsisdnPath(msisdn): MsisdnPath,
    NewSim(imsi): NewSim,
) -> Result<impl IntoResponse> {
    let entry = inventory::add(&world, &caller, msisdn, &imsi).await?;
    let location = [(header::LOCATION, format!("/v2/msisdns/{msisdn}"))];
    Ok((StatusCode::CREATED, location, Json(MsisdnInfo::new(&entry, None, Embed::ALL, NumberFormat::National))))
}

/// Swaps the msisdn's SIM. Msisdn should exist.
///
/// The earlier SIMs are kept; one of them can be made the current one again.
#[utoipa::path(
    put, path = "/v2/orgs/{org}/msisdns/{msisdn}", operation_id = "swapSim", tag = "Admin", security(("bearer" = ["msisdns:write"])),
    params(
        ("org" = String, Path, description = "tenant name", example = "masmovil"),
        ("msisdn" = String, Path, description = "a msisdn of Grupo Mamovil", pattern = r"^(\+34|0034|34)?[67][0-9]{8}$", example = "666777888"),
    ),
    request_body = SimBody,
    responses(
        (status = 204, description = "No Content OK"),
        (status = 409, response = errors::Conflict),
        errors::Common,
        errors::OfBody,
    )
)]
pub async fn swap_sim(
    caller: OrgCaller<WriteMsisdns>,
    world: World,
    MsisdnPath(msisdn): MsisdnPath,
    NewSim(imsi): NewSim,
) -> Result<StatusCode> {
    inventory::swap_sim(&world, &caller, msisdn, &imsi).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes the msisdn's system, status, or both. Msisdn should exist.
///
/// At least one must be given. `Migrated` never goes back to `Migrating`, and `Deleted` goes to `OK` alone.
#[utoipa::path(
    patch, path = "/v2/orgs/{org}/msisdns/{msisdn}", operation_id = "changeMsisdn", tag = "Admin", security(("bearer" = ["msisdns:write"])),
    params(
        ("org" = String, Path, description = "tenant name", example = "masmovil"),
        ("msisdn" = String, Path, description = "a msisdn of Grupo Mamovil", pattern = r"^(\+34|0034|34)?[67][0-9]{8}$", example = "666777888"),
    ),
    request_body = ChangeBody,
    responses(
        (status = 204, description = "No Content OK"),
        (status = 409, response = errors::Conflict),
        errors::Common,
        errors::OfBody,
    )
)]
pub async fn change(
    caller: OrgCaller<WriteMsisdns>,
    world: World,
    MsisdnPath(msisdn): MsisdnPath,
    WantedChange(change): WantedChange,
) -> Result<StatusCode> {
    inventory::change(&world, &caller, msisdn, change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete msisdn
///
/// Its SIMs are free again. The status `Deleted` instead keeps the entry readable.
#[utoipa::path(
    delete, path = "/v2/orgs/{org}/msisdns/{msisdn}", operation_id = "deleteMsisdn", tag = "Admin", security(("bearer" = ["msisdns:write"])),
    params(
        ("org" = String, Path, description = "tenant name", example = "masmovil"),
        ("msisdn" = String, Path, description = "a msisdn of Grupo Mamovil", pattern = r"^(\+34|0034|34)?[67][0-9]{8}$", example = "666777888"),
    ),
    responses(
        (status = 204, description = "No Content OK"),
        errors::Common,
    )
)]
pub async fn remove(caller: OrgCaller<WriteMsisdns>, world: World, MsisdnPath(msisdn): MsisdnPath) -> Result<StatusCode> {
    inventory::remove(&world, &caller, msisdn).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A SIM
#[derive(ToSchema)]
#[schema(example = json!({"imsi": "2140420422222227"}))]
#[expect(dead_code, reason = "only the documents mention it: NewSim reads the body")]
pub struct SimBody {
    /// Its identity: 14 to 16 digits.
    #[schema(pattern = "^[0-9]{14,16}$")]
    imsi: String,
}

/// The body of POST and PUT.
#[derive(Debug)]
pub struct NewSim(Imsi);

impl<S: Send + Sync> FromRequest<S> for NewSim {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let body = JsonObject::from_request(request, state).await?;
        body.read(|fields| fields.required("imsi", parse_imsi)).map(Self)
    }
}

/// What to change; at least one of the two.
#[derive(ToSchema)]
#[schema(example = json!({"belongs_to": "mas-stack", "status": "OK"}), min_properties = 1)]
#[expect(dead_code, reason = "only the documents mention it: WantedChange reads the body")]
pub struct ChangeBody {
    /// The back-office system that is to serve the number.
    belongs_to: Option<SystemName>,
    /// The status the entry is to get.
    status: Option<StatusName>,
}

/// The body of PATCH.
#[derive(Debug)]
pub struct WantedChange(Change);

impl<S: Send + Sync> FromRequest<S> for WantedChange {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let body = JsonObject::from_request(request, state).await?;
        let change = body.read(|fields| {
            let belongs_to = fields.optional("belongs_to", |word| BelongsTo::parse(word).ok_or("oneof"));
            let status = fields.optional("status", |word| Status::parse(word).ok_or("oneof"));
            Some(Change { belongs_to, status })
        })?;
        if change.belongs_to.is_none() && change.status.is_none() {
            return Err(invalid("BelongsTo", "required_without_all"));
        }
        Ok(Self(change))
    }
}
