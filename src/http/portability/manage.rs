//! Requesting, answering and cancelling portabilities.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::answer::Portabilities;
use super::body;
use super::body::schema::{CancelBody, DenyBody, PortabilityBody};
use crate::auth::extract::{OrgCaller, WritePortabilities};
use crate::domain::cause::{CancelCause, DenyCause};
use crate::domain::listing::Portability;
use crate::domain::org::OrgName;
use crate::error::Result;
use crate::http::body::JsonObject;
use crate::http::envelope::errors;
use crate::http::params::{MsisdnPath, ProcessPath};
use crate::service::World;
use crate::service::portability::answer::{self, DonorCommand};
use crate::service::portability::{Outcome, submit};

/// Create portability request
///
/// What the Central Node refuses is created too, in state AREC with the Node's code as `cause_status`.
#[utoipa::path(
    post, path = "/v1/orgs/{orgs}/portabilities", operation_id = "createPortability", tag = "Mobile operations",
    security(("bearer" = ["portabilities:write"])),
    params(("orgs" = String, Path, description = "Tenant", example = "masmovil")),
    request_body = PortabilityBody,
    responses(
        (status = 201, description = "Created", body = Portabilities, headers(("Location" = String, description = "Where the portabilities can be read."))),
        (status = 204, description = "No Content: the same request was made before, nothing has changed."),
        errors::Common,
        errors::OfBody,
    )
)]
pub async fn create(caller: OrgCaller<WritePortabilities>, world: World, body: JsonObject) -> Result<Response> {
    let request = body::request(&body, &caller.org)?;
    let outcome = submit::submit(&world, &caller, request).await?;
    Ok(answered(&caller.org.name, outcome))
}

/// Accept donor portability
///
/// For every number of the process of which the tenant is the donor. A body is ignored.
#[utoipa::path(
    post, path = "/v1/orgs/{orgs}/portabilities/{processId}/accept", operation_id = "acceptPortability", tag = "Mobile operations",
    security(("bearer" = ["portabilities:write"])),
    params(
        ("orgs" = String, Path, description = "Tenant", example = "masmovil"),
        ("processId" = String, Path, description = "ProcessId would be accept", example = "07500511251021171100203"),
    ),
    responses(
        (status = 201, description = "Created", body = Portabilities, headers(("Location" = String, description = "Where the portabilities can be read."))),
        (status = 204, description = "No Content: the answer was the same before, nothing has changed."),
        (status = 409, response = errors::Conflict),
        errors::Common,
    )
)]
pub async fn accept(caller: OrgCaller<WritePortabilities>, world: World, ProcessPath(process_id): ProcessPath) -> Result<Response> {
    let outcome = answer::by_donor(&world, &caller, &process_id, DonorCommand::Accept).await?;
    Ok(answered(&caller.org.name, outcome))
}

/// Deny donor portability
///
/// For every number of the process of which the tenant is the donor.
#[utoipa::path(
    post, path = "/v1/orgs/{orgs}/portabilities/{processId}/deny", operation_id = "denyPortability", tag = "Mobile operations",
    security(("bearer" = ["portabilities:write"])),
    params(
        ("orgs" = String, Path, description = "Tenant", example = "masmovil"),
        ("processId" = String, Path, description = "ProcessId would be deny", example = "07500511251021171100203"),
    ),
    request_body = DenyBody,
    responses(
        (status = 201, description = "Created", body = Portabilities, headers(("Location" = String, description = "Where the portabilities can be read."))),
        (status = 204, description = "No Content: the answer was the same before, nothing has changed."),
        (status = 409, response = errors::Conflict),
        errors::Common,
        errors::OfBody,
    )
)]
pub async fn deny(
    caller: OrgCaller<WritePortabilities>,
    world: World,
    ProcessPath(process_id): ProcessPath,
    body: JsonObject,
) -> Result<Response> {
    let cause = body::cause(&body, DenyCause::parse)?;
    let outcome = answer::by_donor(&world, &caller, &process_id, DonorCommand::Deny(cause)).await?;
    Ok(answered(&caller.org.name, outcome))
}

/// Reset the response of a portability before portability window
///
/// For every number of the process of which the tenant is the donor. A body is ignored.
#[utoipa::path(
    post, path = "/v1/orgs/{orgs}/portabilities/{processId}/restartReply", operation_id = "restartReply", tag = "Mobile operations",
    security(("bearer" = ["portabilities:write"])),
    params(
        ("orgs" = String, Path, description = "Tenant", example = "masmovil"),
        ("processId" = String, Path, description = "Process id", example = "07500511251021171100203"),
    ),
    responses(
        (status = 201, description = "Created", body = Portabilities, headers(("Location" = String, description = "Where the portabilities can be read."))),
        (status = 204, description = "No Content: there was no answer, nothing has changed."),
        (status = 409, response = errors::Conflict),
        errors::Common,
    )
)]
pub async fn restart_reply(caller: OrgCaller<WritePortabilities>, world: World, ProcessPath(process_id): ProcessPath) -> Result<Response> {
    let outcome = answer::by_donor(&world, &caller, &process_id, DonorCommand::RestartReply).await?;
    Ok(answered(&caller.org.name, outcome))
}

/// Cancel a portability
///
/// The tenant must be the recipient.
#[utoipa::path(
    post, path = "/v1/orgs/{orgs}/portabilities/{msisdn}/cancel", operation_id = "cancelPortability", tag = "Mobile operations",
    security(("bearer" = ["portabilities:write"])),
    params(
        ("orgs" = String, Path, description = "Tenant", example = "masmovil"),
        ("msisdn" = String, Path, description = "Msisdn", pattern = r"^(\+34|0034|34)?[67][0-9]{8}$", example = "634443633"),
    ),
    request_body = CancelBody,
    responses(
        (status = 201, description = "Created", body = Portabilities, headers(("Location" = String, description = "Where the portability can be read."))),
        (status = 204, description = "No Content: it was cancelled with the same cause before, nothing has changed."),
        (status = 409, response = errors::Conflict),
        errors::Common,
        errors::OfBody,
    )
)]
pub async fn cancel(
    caller: OrgCaller<WritePortabilities>,
    world: World,
    MsisdnPath(msisdn): MsisdnPath,
    body: JsonObject,
) -> Result<Response> {
    let cause = body::cause(&body, CancelCause::parse)?;
    let outcome = answer::cancel(&world, &caller, msisdn, cause).await?;
    Ok(answered(&caller.org.name, outcome))
}

/// 201 with what took effect now, 204 where it had before.
fn answered(org: &OrgName, outcome: Outcome) -> Response {
    match outcome {
        Outcome::AlreadyDone => StatusCode::NO_CONTENT.into_response(),
        Outcome::Done(affected) => {
            let location = [(header::LOCATION, location(org, &affected))];
            (StatusCode::CREATED, location, Json(Portabilities::from(&affected[..]))).into_response()
        }
    }
}

/// Where the affected portabilities can be read: under their process if they share one, under its id if it is a single one, else
/// under their contract, whose code has no character that would need escaping.
fn location(org: &OrgName, affected: &[Portability]) -> String {
    let portabilities = format!("/v1/orgs/{org}/portabilities");
    let process_id = affected.first().and_then(|first| first.process_id.as_ref());
    match (process_id, affected) {
        (Some(id), _) if affected.iter().all(|each| each.process_id.as_ref() == Some(id)) => format!("{portabilities}/processId/{id}"),
        (_, [single]) => format!("{portabilities}/id/{}", single.id),
        (_, [first, ..]) => format!("{portabilities}?filter=contract_code%20eq%20%22{}%22", first.contract_code),
        (_, []) => portabilities,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::process_id::ProcessId;
    use crate::http::portability::answer::tests::{bare, whole};

    #[test]
    fn location_names_the_process_the_portability_or_the_contract() {
        let org = OrgName::parse("masmovil").unwrap();
        let other = || Portability { process_id: Some(ProcessId::parse("00507512251021171100204").unwrap()), ..whole() };
        let process = "/v1/orgs/masmovil/portabilities/processId/00507511251021171100203";
        let contract = "/v1/orgs/masmovil/portabilities?filter=contract_code%20eq%20%2200528902840%22";
        for (affected, expected) in [
            (vec![whole()], process),
            (vec![whole(), whole()], process),
            (vec![bare()], "/v1/orgs/masmovil/portabilities/id/p-7"),
            (vec![bare(), bare()], contract),
            (vec![whole(), bare()], contract),
            (vec![bare(), whole()], contract),
            (vec![whole(), other()], contract),
        ] {
            assert_eq!(location(&org, &affected), expected);
        }
    }

    #[test]
    fn done_is_created_and_done_before_is_no_content() {
        let org = OrgName::parse("masmovil").unwrap();
        let created = answered(&org, Outcome::Done(vec![bare()]));
        assert_eq!(created.status(), StatusCode::CREATED);
        assert_eq!(created.headers()[header::LOCATION], "/v1/orgs/masmovil/portabilities/id/p-7");
        let repeated = answered(&org, Outcome::AlreadyDone);
        assert_eq!(repeated.status(), StatusCode::NO_CONTENT);
        assert_eq!(repeated.headers().get(header::LOCATION), None);
    }
}
