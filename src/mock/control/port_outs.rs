//! `/_mock/port-outs`

use std::sync::Arc;

use axum::http::StatusCode;
use axum::{Extension, Json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::{SandboxHeader, msisdn};
use crate::auth::extract::{Caller, ControlMock};
use crate::domain::contract_code::ContractCode;
use crate::domain::directory::Directory;
use crate::domain::nrn::Nrn;
use crate::domain::operator::OperatorCode;
use crate::domain::request::{AccessType, PortabilityRequest, RequestedNumber};
use crate::error::Result;
use crate::http::body::{Fields, JsonObject};
use crate::http::envelope::errors;
use crate::http::params::invalid;
use crate::http::portability::answer::PortabilityInfo;
use crate::http::portability::body::schema::SubscriberSchema;
use crate::http::portability::body::{date_time, subscriber};
use crate::mock::sandbox::Sandbox;
use crate::service::portability::submit;

/// Let an operator outside ask for a number of this server
///
/// The answer is the portability as the org sees that is the donor; `pendingDonor` lists it. While the Central Node is closed the operator
/// asked when it was open last, so that there is something to answer at any hour.
#[utoipa::path(
    post, path = "/_mock/port-outs", operation_id = "createPortOut", tag = "Outside", security(("bearer" = ["mock"])),
    params(SandboxHeader),
    request_body = PortOutBody,
    responses(
        (status = 201, description = "Created", body = PortabilityInfo),
        errors::Control,
        errors::OfBody,
        (status = 404, response = errors::NotFound),
        (status = 409, response = errors::Conflict),
    )
)]
pub async fn create(
    _: Caller<ControlMock>,
    Extension(sandbox): Extension<Arc<Sandbox>>,
    body: JsonObject,
) -> Result<(StatusCode, Json<PortabilityInfo>)> {
    let directory = sandbox.world.store.directory().await?;
    let (operator, request) = body.read(|fields| port_out(fields, &directory))?;
    check_is_outside(&sandbox, operator).await?;
    let portability = submit::submit_from_outside(&sandbox.world, operator, &request).await?;
    Ok((StatusCode::CREATED, Json((&portability).into())))
}

/// A request of an operator outside
#[derive(ToSchema)]
#[schema(example = json!({"msisdn": "666777888", "recipient_operator": "003"}))]
#[expect(dead_code, reason = "only the documents mention it: port_out reads the body")]
pub struct PortOutBody {
    /// A number of an org of this server.
    msisdn: String,
    /// An operator of the Central Node under which no org of this server ports.
    #[schema(pattern = "^[0-9]{3}$")]
    recipient_operator: String,
    /// Absent: a new one of the operator.
    #[schema(pattern = "^[0-9]{3}[A-Za-z0-9_-]{8}$")]
    contract_code: Option<String>,
    /// Absent: the first of the operator.
    #[schema(pattern = "^[0-9]{6}$")]
    nrn_receptor: Option<String>,
    /// Absent: the Central Node's default.
    #[schema(format = DateTime)]
    window_date: Option<String>,
    subscriber: Option<SubscriberSchema>,
}

fn port_out(fields: &mut Fields<'_>, directory: &Directory) -> Option<(OperatorCode, PortabilityRequest)> {
    let msisdn = fields.required("msisdn", msisdn);
    let operator = fields.required("recipient_operator", |text| OperatorCode::parse(text).map_err(|_| "operator_code"));
    let contract_code = fields.optional("contract_code", |text| ContractCode::parse(text).map_err(|_| "contract_code"));
    let nrn = fields.optional("nrn_receptor", |text| Nrn::parse(text).map_err(|_| "nrn"));
    let window_date = fields.optional("window_date", date_time);
    let subscriber = fields.object("subscriber", |fields| Some(subscriber::read(fields)));
    let operator = operator?;
    let nrn = nrn.or_else(|| directory.operator(operator)?.first_nrn());
    if nrn.is_none() {
        fields.violation("nrn_receptor", "required");
    }
    let request = PortabilityRequest {
        access_type: AccessType::Individual,
        contract_code: contract_code.or_else(|| new_contract(operator))?,
        external_reference: None,
        numbers: vec![RequestedNumber { msisdn: msisdn?, icc_id: None }],
        nrn_receptor: nrn?,
        subscriber,
        subscriber_request_date: None,
        window_date,
    };
    Some((operator, request))
}

/// A contract code of an operator that nobody has used.
fn new_contract(operator: OperatorCode) -> Option<ContractCode> {
    let random: String = Uuid::new_v4().simple().to_string().chars().take(8).collect();
    ContractCode::parse(&format!("{operator}{random}")).ok()
}

/// An operator under which an org of this server ports is not outside.
async fn check_is_outside(sandbox: &Sandbox, operator: OperatorCode) -> Result<()> {
    let orgs = sandbox.world.store.orgs().await?;
    if orgs.iter().any(|org| org.operator_code == operator.to_string()) {
        return Err(invalid("RecipientOperator", "outside"));
    }
    Ok(())
}
