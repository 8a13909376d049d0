//! Reading portabilities.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::answer::{Portabilities, PortabilityDetailInfo};
use super::page::{Filter, FilterQuery, Listed, Page, PageQuery};
use crate::auth::extract::{OrgCaller, ReadPortabilities};
use crate::error::{Error, Result};
use crate::http::envelope::errors;
use crate::http::params::{MsisdnPath, ProcessPath, path_param};
use crate::service::World;
use crate::service::portability::read::{self, ListScope, Listing};

/// Returns a list of portabilities
///
/// The newest to arrive at this server come first.
#[utoipa::path(
    get, path = "/v1/orgs/{orgs}/portabilities", operation_id = "getPortabilities", tag = "Mobile portabilities",
    security(("bearer" = ["portabilities:read"])),
    params(("orgs" = String, Path, description = "Tenant", example = "masmovil"), PageQuery),
    responses(
        (status = 200, description = "OK: successful operation", body = Portabilities, headers(("Link" = String, description = "The next page (`rel=\"next\"`); absent on the last page."))),
        errors::Common,
    )
)]
pub async fn list(caller: OrgCaller<ReadPortabilities>, world: World, page: Page) -> Result<Listed> {
    let found = read::list(&world, &caller.org, &page.listing(ListScope::All)).await?;
    Ok(page.answer(found))
}

/// Returns a list of portabilities filter by processId
///
/// The list of an unknown process is empty.
#[utoipa::path(
    get, path = "/v1/orgs/{orgs}/portabilities/processId/{processId}", operation_id = "getPortabilitiesByProcessId", tag = "Mobile portabilities",
    security(("bearer" = ["portabilities:read"])),
    params(
        ("orgs" = String, Path, description = "Tenant", example = "masmovil"),
        ("processId" = String, Path, description = "ProcessId", example = "00507511251021171100203"),
        PageQuery,
    ),
    responses(
        (status = 200, description = "OK: successful operation", body = Portabilities, headers(("Link" = String, description = "The next page (`rel=\"next\"`); absent on the last page."))),
        errors::Common,
    )
)]
pub async fn by_process(
    caller: OrgCaller<ReadPortabilities>,
    world: World,
    ProcessPath(process_id): ProcessPath,
    page: Page,
) -> Result<Listed> {
    let found = read::list(&world, &caller.org, &page.listing(ListScope::Process(process_id))).await?;
    Ok(page.answer(found))
}

/// Returns a list of portabilities filter by msisdn
///
/// The newest to arrive at this server come first.
#[utoipa::path(
    get, path = "/v1/orgs/{orgs}/portabilities/msisdn/{msisdn}", operation_id = "getPortabilitiesByMsisdn", tag = "Mobile portabilities",
    security(("bearer" = ["portabilities:read"])),
    params(
        ("orgs" = String, Path, description = "Tenant", example = "masmovil"),
        ("msisdn" = String, Path, description = "Msisdn", pattern = r"^(\+34|0034|34)?[67][0-9]{8}$", example = "634443633"),
        PageQuery,
    ),
    responses(
        (status = 200, description = "OK: successful operation", body = Portabilities, headers(("Link" = String, description = "The next page (`rel=\"next\"`); absent on the last page."))),
        errors::Common,
    )
)]
pub async fn by_msisdn(caller: OrgCaller<ReadPortabilities>, world: World, MsisdnPath(msisdn): MsisdnPath, page: Page) -> Result<Listed> {
    let found = read::list(&world, &caller.org, &page.listing(ListScope::Number(msisdn))).await?;
    Ok(page.answer(found))
}

/// Returns last portability from a msisdn
///
/// A list of at most one: the newest of those that match.
#[utoipa::path(
    get, path = "/v1/orgs/{orgs}/portabilities/msisdn/{msisdn}/last", operation_id = "getLastPortability", tag = "Mobile portabilities",
    security(("bearer" = ["portabilities:read"])),
    params(
        ("orgs" = String, Path, description = "Tenant", example = "masmovil"),
        ("msisdn" = String, Path, description = "Msisdn", pattern = r"^(\+34|0034|34)?[67][0-9]{8}$", example = "634443633"),
        FilterQuery,
    ),
    responses(
        (status = 200, description = "OK: successful operation", body = Portabilities),
        errors::Common,
    )
)]
pub async fn last(
    caller: OrgCaller<ReadPortabilities>,
    world: World,
    MsisdnPath(msisdn): MsisdnPath,
    Filter(filter): Filter,
) -> Result<Json<Portabilities>> {
    let newest = Listing { scope: ListScope::Number(msisdn), filter, before: None, limit: 1 };
    let found = read::list(&world, &caller.org, &newest).await?;
    Ok(Json(found[..].into()))
}

/// Returns a portability
///
/// With its events and its subscriber; the donor sees less of the subscriber.
#[utoipa::path(
    get, path = "/v1/orgs/{orgs}/portabilities/id/{id}", operation_id = "getPortability", tag = "Mobile portabilities",
    security(("bearer" = ["portabilities:read"])),
    params(
        ("orgs" = String, Path, description = "Tenant", example = "masmovil"),
        ("id" = String, Path, description = "id", example = "01993f5e-7d1c-7a52-9c1e-5b1f0d3a7e42"),
    ),
    responses(
        (status = 200, description = "OK: successful operation", body = PortabilityDetailInfo),
        errors::Common,
    )
)]
pub async fn by_id(caller: OrgCaller<ReadPortabilities>, world: World, IdPath(id): IdPath) -> Result<Json<PortabilityDetailInfo>> {
    let detail = read::by_id(&world, &caller.org, &id).await?;
    detail.try_into().map(Json)
}

/// Returns a list of portability pending response
///
/// Where the tenant is the donor and its answer is still due: the earliest deadline comes first.
#[utoipa::path(
    get, path = "/v1/orgs/{orgs}/portabilities/pendingDonor", operation_id = "getPendingDonor", tag = "Mobile portabilities",
    security(("bearer" = ["portabilities:read"])),
    params(("orgs" = String, Path, description = "Tenant", example = "masmovil")),
    responses(
        (status = 200, description = "OK: successful operation", body = Portabilities),
        errors::Common,
    )
)]
pub async fn pending_donor(caller: OrgCaller<ReadPortabilities>, world: World) -> Result<Json<Portabilities>> {
    let found = read::pending_donor(&world, &caller.org).await?;
    Ok(Json(found[..].into()))
}

/// The `{id}` of a path.
#[derive(Debug)]
pub struct IdPath(String);

impl<S: Send + Sync> FromRequestParts<S> for IdPath {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        path_param(parts, state, "id").await.map(Self)
    }
}
