//! Asking the inventory.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;

use super::answer::MsisdnInfo;
use super::embed::Embed;
use crate::auth::extract::{Caller, ReadMsisdns};
use crate::domain::imsi::Imsi;
use crate::domain::operator_token::OperatorToken;
use crate::error::{Error, Result};
use crate::http::envelope::errors;
use crate::http::params::{ImsiPath, MsisdnPath, NumberFormat, invalid, parse_imsi, path_param, query};
use crate::service::{World, inventory};

/// Get info for this msisdn
///
/// As the inventory has it now: what was ported since is with its new org. `tenant` and `imsis` are left out unless embedded.
#[utoipa::path(
    get, path = "/v2/msisdns/{msisdn}", operation_id = "getMsisdn", tag = "Inventory", security(("bearer" = ["msisdns:read"])),
    params(
        ("msisdn" = String, Path, description = "a msisdn of Grupo Mamovil", pattern = r"^(\+34|0034|34)?[67][0-9]{8}$", example = "666777888"),
        ("imsi" = Option<String>, Query, description = "a imsi of msisdn of Grupo Mamovil", pattern = "^[0-9]{14,16}$", example = "214040119172971"),
        ("embed" = Option<String>, Query, description = "embed object, for example 'tenant'", pattern = "^[ ()]*((tenant|imsis)[ ()]*)?(,[ ()]*((tenant|imsis)[ ()]*)?)*$", example = "(tenant, imsis)"),
        ("feature-flag.preserve-the-prefix" = Option<String>, Header, description = "When set to \"yes\", the msisdn field in the response will include the country code prefix (e.g. \"+34666777888\" instead of \"666777888\"). If omitted or set to any other value, the prefix is stripped from the response.", example = "yes"),
    ),
    responses(
        (status = 200, description = "Info of msisdn", body = MsisdnInfo),
        errors::Common,
    )
)]
pub async fn by_msisdn(
    caller: Caller<ReadMsisdns>,
    world: World,
    MsisdnPath(msisdn): MsisdnPath,
    view: View,
    format: NumberFormat,
) -> Result<Json<MsisdnInfo>> {
    let entry = inventory::by_msisdn(&world, caller.tenancy(), msisdn).await?;
    if let Some(imsi) = &view.imsi
        && !entry.sims.iter().any(|sim| sim.imsi == *imsi)
    {
        return Err(Error::not_found("Imsi of the msisdn"));
    }
    Ok(Json(MsisdnInfo::new(&entry, view.imsi.as_ref(), view.embed, format)))
}

/// Get info for this imsi
///
/// Of the number that has this SIM or had it before, with everything embedded.
#[utoipa::path(
    get, path = "/v2/imsis/{imsi}", operation_id = "getImsi", tag = "Inventory", security(("bearer" = ["msisdns:read"])),
    params(
        ("imsi" = String, Path, description = "a imsi of msisdn of Grupo Mamovil", pattern = "^[0-9]{14,16}$", example = "214040119172971"),
        ("feature-flag.preserve-the-prefix" = Option<String>, Header, description = "As for `GET /v2/msisdns/{msisdn}`.", example = "yes"),
    ),
    responses(
        (status = 200, description = "Info of msisdn", body = MsisdnInfo),
        errors::Common,
    )
)]
pub async fn by_imsi(
    caller: Caller<ReadMsisdns>,
    world: World,
    ImsiPath(imsi): ImsiPath,
    format: NumberFormat,
) -> Result<Json<MsisdnInfo>> {
    let entry = inventory::by_imsi(&world, caller.tenancy(), &imsi).await?;
    Ok(Json(MsisdnInfo::new(&entry, Some(&imsi), Embed::ALL, format)))
}

/// Retrieves MSISDN and IMSI information from the Entitlement Server (ES)
///
/// The Entitlement Server says whose token it is (GSMA TS.43), the inventory the rest, with everything embedded.
#[utoipa::path(
    get, path = "/v2/operatorToken/{operatorToken}", operation_id = "getOperatorToken", tag = "Inventory",
    security(("bearer" = ["msisdns:read"])),
    params(
        ("operatorToken" = String, Path, description = "Operator token from the Entitlement Server", pattern = "^[A-Za-z0-9._~+/=-]{8,512}$", example = "abc123xyz456"),
        ("feature-flag.preserve-the-prefix" = Option<String>, Header, description = "As for `GET /v2/msisdns/{msisdn}`.", example = "yes"),
    ),
    responses(
        (status = 200, description = "Info of msisdn retrieved from operator token", body = MsisdnInfo),
        (status = 502, response = errors::BadGateway),
        errors::Common,
    )
)]
pub async fn by_operator_token(
    caller: Caller<ReadMsisdns>,
    world: World,
    TokenPath(token): TokenPath,
    format: NumberFormat,
) -> Result<Json<MsisdnInfo>> {
    let entry = inventory::by_operator_token(&world, caller.tenancy(), &token).await?;
    Ok(Json(MsisdnInfo::new(&entry, None, Embed::ALL, format)))
}

/// What of a number the caller wants to see.
#[derive(Debug)]
pub struct View {
    imsi: Option<Imsi>,
    embed: Embed,
}

impl<S: Send + Sync> FromRequestParts<S> for View {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        #[derive(Deserialize)]
        struct Raw {
            imsi: Option<String>,
            embed: Option<String>,
        }
        let raw: Raw = query(parts, state).await?;
        let imsi = raw.imsi.map(|text| parse_imsi(&text)).transpose().map_err(|tag| invalid("Imsi", tag))?;
        let embed = Embed::parse(raw.embed.as_deref().unwrap_or_default()).map_err(|_| invalid("Embed", "oneof"))?;
        Ok(Self { imsi, embed })
    }
}

/// The `{operatorToken}` of a path. A `/` in it arrives as `%2F`.
#[derive(Debug)]
pub struct TokenPath(OperatorToken);

impl<S: Send + Sync> FromRequestParts<S> for TokenPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let text = path_param(parts, state, "operatorToken").await?;
        OperatorToken::parse(&text).map(Self).map_err(|_| invalid("OperatorToken", "operator_token"))
    }
}
