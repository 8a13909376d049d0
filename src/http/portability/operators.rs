//! The operators of the Central Node, and who holds a number.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::extract::{OrgCaller, ReadPortabilities};
use crate::domain::instant;
use crate::domain::listing::{OperatorQuery, Ownership};
use crate::domain::operator::{MsisdnRange, NrnRange, Operator, OperatorStatus};
use crate::error::{Error, Result};
use crate::http::docs::words;
use crate::http::envelope::errors;
use crate::http::params::{MsisdnPath, invalid, query};
use crate::service::{World, operators};

words! {
    /// Whether an operator takes part in portings; as a donor in `ALTA_EXTRAORDINARIA`, its silence is acceptance
    OperatorStatusName of OperatorStatus;
}

/// Returns the filtered info saved from operators in Central Node
///
/// Those that match every parameter given.
#[utoipa::path(
    get, path = "/v1/orgs/{orgs}/operator", operation_id = "getOperators", tag = "Mobile portabilities",
    security(("bearer" = ["portabilities:read"])),
    params(("orgs" = String, Path, description = "Tenant", example = "masmovil"), OperatorParams),
    responses(
        (status = 200, description = "OK: successful operation", body = Operators),
        errors::Common,
    )
)]
pub async fn find(caller: OrgCaller<ReadPortabilities>, world: World, Wanted(wanted): Wanted) -> Result<Json<Operators>> {
    let found = operators::find(&world, &caller.org, &wanted).await?;
    Ok(Json(Operators(found.iter().map(OperatorInfo::from).collect())))
}

/// Return the operator owner
///
/// Who holds the number now, who was given its range, and whether it is being ported.
#[utoipa::path(
    get, path = "/v1/orgs/{orgs}/ownerOperator/{msisdn}", operation_id = "getOwnerOperator", tag = "Mobile operations",
    security(("bearer" = ["portabilities:read"])),
    params(
        ("orgs" = String, Path, description = "Tenant", example = "masmovil"),
        ("msisdn" = String, Path, description = "Msisdn", pattern = r"^(\+34|0034|34)?[67][0-9]{8}$", example = "634443633"),
    ),
    responses(
        (status = 200, description = "OK: successful operation", body = OwnershipInfo),
        errors::Common,
    )
)]
pub async fn owner(caller: OrgCaller<ReadPortabilities>, world: World, MsisdnPath(msisdn): MsisdnPath) -> Result<Json<OwnershipInfo>> {
    let ownership = operators::owner(&world, &caller.org, msisdn).await?;
    Ok(Json(OwnershipInfo::from(&ownership)))
}

/// The query parameters of `/operator`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OperatorParams {
    /// Operator: the name, in any case.
    #[param(max_length = 255, example = "YOIGO")]
    operator: Option<String>,
    /// Operator code.
    #[param(max_length = 3, example = "005")]
    operator_code: Option<String>,
    /// Operator status.
    #[param(value_type = Option<OperatorStatusName>, inline, example = "ACTIVO")]
    status: Option<String>,
}

/// Which operators are asked for.
#[derive(Debug)]
pub struct Wanted(OperatorQuery);

impl<S: Send + Sync> FromRequestParts<S> for Wanted {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let asked: OperatorParams = query(parts, state).await?;
        let status = asked.status.map(|word| OperatorStatus::parse(&word).ok_or("oneof"));
        let status = status.transpose().map_err(|tag| invalid("Status", tag))?;
        Ok(Self(OperatorQuery { name: asked.operator, code: asked.operator_code, status }))
    }
}

/// Operators
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(example = json!([{
    "id": 4,
    "operator": "YOIGO",
    "operator_code": "005",
    "nrn_range": [{"id": 0, "initial_nrn": 900_053, "final_nrn": 900_056}],
    "network_operator": "003",
    "msisdn_range": [{"id": 0, "initial_msisdn": 600_000_000, "final_msisdn": 600_000_001}],
    "individual_quota": "A",
    "multiple_quota": 50,
    "change_quota": 1_000,
    "status": "ACTIVO",
    "status_date": "2024-01-30T10:00:00Z",
    "backup": false
}]))]
pub struct Operators(Vec<OperatorInfo>);

/// An operator of the Central Node
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorInfo {
    /// Operator Config id
    id: i64,
    /// The operator name
    #[schema(max_length = 255)]
    operator: String,
    /// The operator code
    #[schema(max_length = 3)]
    operator_code: String,
    /// The Network Routing Numbers of its subscribers.
    nrn_range: Vec<NrnRangeInfo>,
    /// Network operator code
    #[schema(max_length = 3)]
    network_operator: String,
    /// The numbers it was given, whoever serves them now.
    msisdn_range: Vec<MsisdnRangeInfo>,
    /// Character representing the group of maximum daily individual portability requests the operator belongs to.
    #[schema(max_length = 1)]
    individual_quota: String,
    /// Maximum daily number of multiple portability requests allowed by the operator.
    #[schema(maximum = 99)]
    multiple_quota: u32,
    /// Maximum daily number of changes allowed by the operator as donor rol.
    #[schema(maximum = 999_999_999)]
    change_quota: u32,
    #[schema(value_type = OperatorStatusName)]
    status: &'static str,
    /// Operator status change date
    #[schema(format = DateTime)]
    status_date: String,
    /// Whether the entry is backed up or not.
    backup: bool,
}

/// Consecutive Network Routing Numbers, both ends included
#[derive(Debug, Serialize, ToSchema)]
pub struct NrnRangeInfo {
    id: i64,
    initial_nrn: u32,
    final_nrn: u32,
}

/// Consecutive national numbers, both ends included
#[derive(Debug, Serialize, ToSchema)]
pub struct MsisdnRangeInfo {
    id: i64,
    initial_msisdn: u64,
    final_msisdn: u64,
}

/// Who holds a number
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "msisdn": "634443633",
    "nrn": "960000",
    "codigoOperadorActual": "075",
    "codigoOperadorPropietarioRango": "075",
    "involucradaProcesoPortabilidad": true,
    "portada": false,
    "codigoReferenciaSolicitudPortabilidadMovil": "00507511251021171100203",
    "codigoReferenciaIncidencia": []
}))]
pub struct OwnershipInfo {
    /// Nine national digits.
    msisdn: String,
    /// Where the number is routed to. Absent where its operator has no Network Routing Number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9]{6}$", nullable = false)]
    nrn: Option<String>,
    /// The operator that serves the number.
    #[schema(pattern = "^[0-9]{3}$")]
    codigo_operador_actual: String,
    /// The operator whose range the number is in.
    #[schema(pattern = "^[0-9]{3}$")]
    codigo_operador_propietario_rango: String,
    /// Whether the number has an active process.
    involucrada_proceso_portabilidad: bool,
    /// Whether another operator than its range's serves the number.
    portada: bool,
    /// The active process, told to its parties only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    codigo_referencia_solicitud_portabilidad_movil: Option<String>,
    /// Incidents: this server has none.
    codigo_referencia_incidencia: Vec<String>,
}

impl From<&Operator> for OperatorInfo {
    fn from(operator: &Operator) -> Self {
        Self {
            id: operator.id,
            operator: operator.name.to_string(),
            operator_code: operator.code.to_string(),
            nrn_range: operator.nrn_ranges.iter().map(NrnRangeInfo::from).collect(),
            network_operator: operator.network_operator.to_string(),
            msisdn_range: operator.msisdn_ranges.iter().map(MsisdnRangeInfo::from).collect(),
            individual_quota: operator.individual_quota.to_string(),
            multiple_quota: operator.multiple_quota.per_day(),
            change_quota: operator.change_quota.per_day(),
            status: operator.status.as_str(),
            status_date: instant::show(operator.status_date),
            backup: operator.backup,
        }
    }
}

impl From<&NrnRange> for NrnRangeInfo {
    fn from(range: &NrnRange) -> Self {
        Self { id: range.id(), initial_nrn: range.initial().number(), final_nrn: range.last().number() }
    }
}

impl From<&MsisdnRange> for MsisdnRangeInfo {
    fn from(range: &MsisdnRange) -> Self {
        Self { id: range.id(), initial_msisdn: range.initial().national(), final_msisdn: range.last().national() }
    }
}

impl From<&Ownership> for OwnershipInfo {
    fn from(ownership: &Ownership) -> Self {
        Self {
            msisdn: ownership.msisdn.to_string(),
            nrn: ownership.nrn.map(|nrn| nrn.to_string()),
            codigo_operador_actual: ownership.current.to_string(),
            codigo_operador_propietario_rango: ownership.range_owner.to_string(),
            involucrada_proceso_portabilidad: ownership.in_process,
            portada: ownership.is_ported(),
            codigo_referencia_solicitud_portabilidad_movil: ownership.process_id.as_ref().map(ToString::to_string),
            codigo_referencia_incidencia: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::msisdn::Msisdn;
    use crate::domain::nrn::Nrn;
    use crate::domain::operator::{ChangeQuota, MultipleQuota, NumberRange, OperatorCode, OperatorName, QuotaGroup};
    use crate::domain::process_id::ProcessId;

    fn published(sample: &str) -> Value {
        serde_json::from_str(sample).unwrap()
    }

    fn code(text: &str) -> OperatorCode {
        OperatorCode::parse(text).unwrap()
    }

    #[test]
    fn an_operator_is_as_published() {
        let (nrn, msisdn) = (|number| Nrn::from_number(number).unwrap(), |text| Msisdn::parse(text).unwrap());
        let operator = Operator {
            id: 4,
            name: OperatorName::parse("YOIGO").unwrap(),
            code: code("005"),
            nrn_ranges: vec![NumberRange::new(0, nrn(900_053), nrn(900_056)).unwrap()],
            network_operator: code("003"),
            msisdn_ranges: vec![NumberRange::new(0, msisdn("600000000"), msisdn("600000001")).unwrap()],
            individual_quota: QuotaGroup::A,
            multiple_quota: MultipleQuota::new(50).unwrap(),
            change_quota: ChangeQuota::new(1_000).unwrap(),
            status: OperatorStatus::Activo,
            status_date: "2024-01-30T10:00:00Z".parse().unwrap(),
            backup: false,
        };
        // The sample's second pair of brackets is taken for an artefact.
        let sample = published(include_str!("samples/operator.json"));
        assert_eq!(serde_json::to_value(Operators(vec![(&operator).into()])).unwrap(), sample[0]);
    }

    #[test]
    fn an_ownership_has_the_published_members() {
        let mut ownership = Ownership {
            msisdn: Msisdn::parse("634443633").unwrap(),
            current: code("005"),
            range_owner: code("075"),
            nrn: Some(Nrn::parse("741111").unwrap()),
            in_process: true,
            process_id: Some(ProcessId::parse("00107511251021171100203").unwrap()),
        };
        let whole = json!({
            "msisdn": "634443633",
            "nrn": "741111",
            "codigoOperadorActual": "005",
            "codigoOperadorPropietarioRango": "075",
            "involucradaProcesoPortabilidad": true,
            "portada": true,
            "codigoReferenciaSolicitudPortabilidadMovil": "00107511251021171100203",
            "codigoReferenciaIncidencia": []
        });
        let answer = |ownership: &Ownership| serde_json::to_value(OwnershipInfo::from(ownership)).unwrap();
        assert_eq!(answer(&ownership), whole);
        let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&whole), names(&published(include_str!("samples/owner.json"))));
        ownership.process_id = None;
        assert_eq!(answer(&ownership).get("codigoReferenciaSolicitudPortabilidadMovil"), None);
    }

    async fn wanted(query: &str) -> Result<OperatorQuery, String> {
        let (mut parts, ()) = Request::get(format!("/v1/orgs/masmovil/operator{query}")).body(()).unwrap().into_parts();
        Wanted::from_request_parts(&mut parts, &()).await.map(|Wanted(wanted)| wanted).map_err(|error| error.detail().to_owned())
    }

    #[tokio::test]
    async fn which_operators() {
        assert_eq!(wanted("").await, Ok(OperatorQuery::default()));
        let name = Some("DIGI Móvil".to_owned());
        let everything = OperatorQuery { name, code: Some("075".to_owned()), status: Some(OperatorStatus::AltaExtraordinaria) };
        assert_eq!(wanted("?operator=DIGI+M%C3%B3vil&operator_code=075&status=ALTA_EXTRAORDINARIA&other=1").await, Ok(everything));
        let not_a_status = "Error:Field validation for 'Status' failed on the 'oneof' tag";
        for status in ["", "activo", "BAJA"] {
            assert_eq!(wanted(&format!("?status={status}")).await.unwrap_err(), not_a_status);
        }
        assert_eq!(wanted("?operator=a&operator=b").await.unwrap_err(), "the query is unreadable, or names a parameter twice");
    }
}
