use serde_json::{Value, json};

use super::*;
use crate::domain::cause::{Cause, DenyCause};
use crate::domain::contract_code::ContractCode;
use crate::domain::iccid::Iccid;
use crate::domain::msisdn::Msisdn;
use crate::domain::nrn::Nrn;
use crate::domain::operator::OperatorCode;
use crate::domain::org::OrgName;
use crate::domain::portability::Event;
use crate::domain::process_id::ProcessId;
use crate::domain::request::{AccessType, Address, ContactNumber};

/// The published sample of a list.
const LIST: &str = include_str!("../samples/list.json");
/// The published sample of `/id/{id}`.
const DETAIL: &str = include_str!("../samples/detail.json");

/// A portability with every member.
pub fn whole() -> Portability {
    Portability {
        number: 7,
        id: "p-7".to_owned(),
        tenant: OrgName::parse("masmovil").unwrap(),
        recipient_rol: true,
        access_type: AccessType::Individual,
        cause_status: Some(Cause::Denied(DenyCause::Ident)),
        contract_code: ContractCode::parse("00528902840").unwrap(),
        create_date_nc: Some("2025-10-21T17:11:00.934+02:00".parse().unwrap()),
        donor_operator: Some(OperatorCode::parse("075").unwrap()),
        external_reference: Some("PORTIN_902840_634443633".to_owned()),
        icc_id: Some(Iccid::parse("8934221507160508791").unwrap()),
        message_type: MessageType::RechazoAlta,
        msisdn: Msisdn::parse("634443633").unwrap(),
        nrn_receptor: Nrn::parse("741111").unwrap(),
        process_id: Some(ProcessId::parse("00507511251021171100203").unwrap()),
        recipient_operator: OperatorCode::parse("005").unwrap(),
        state: State::Arec,
        window_date: Some("2025-10-23T00:00:00Z".parse().unwrap()),
    }
}

/// A portability that the Node has not registered, of a number in no operator's range, with no more than must be.
pub fn bare() -> Portability {
    Portability {
        cause_status: None,
        create_date_nc: None,
        donor_operator: None,
        external_reference: None,
        icc_id: None,
        process_id: None,
        window_date: None,
        recipient_rol: false,
        message_type: MessageType::EnvioAlta,
        state: State::Aenv,
        ..whole()
    }
}

fn subscriber() -> Subscriber {
    let some = |text: &str| Some(text.to_owned());
    Subscriber {
        addresses: vec![Address {
            address: some("Calle Leonardo Prieto, 8"),
            city: some("Madrid"),
            country: some("Spain"),
            postal_code: some("28040"),
            province: some("Madrid"),
            r#type: some("CONTACT"),
        }],
        document: some("09288205T"),
        document_type: some("NIF"),
        id: None,
        email: None,
        msisdn: Some(ContactNumber { country_code: "34".to_owned(), number: "634443633".to_owned() }),
        name: some("Martina"),
        nationality: some("España"),
        second_name: None,
        surname: some("Fraile Méndez"),
    }
}

fn detail() -> PortabilityDetail {
    let notification = |notification_code, message_type, cause, at: &str| Notification {
        id: format!("e-{notification_code}"),
        notification_code,
        event: Event { message_type, cause, at: at.parse().unwrap() },
    };
    let refused = Some(Cause::Denied(DenyCause::Ident));
    PortabilityDetail {
        portability: whole(),
        history: vec![
            notification(42, MessageType::SolicitudAlta, None, "2025-10-21T15:11:00Z"),
            notification(431_148_151, MessageType::RechazoAlta, refused, "2025-10-22T07:30:00.5Z"),
        ],
        subscriber: Some(subscriber()),
    }
}

fn json_of(answer: impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap()
}

fn published(sample: &str) -> Value {
    serde_json::from_str(sample).unwrap()
}

/// A value with every text, number and truth replaced by the name of its type.
pub fn shape(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), shape(value))).collect(),
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        Value::Bool(_) => json!("truth"),
        Value::Null => Value::Null,
    }
}

#[test]
fn a_list_has_the_published_members() {
    assert_eq!(shape(&json_of(Portabilities::from(&[whole()][..]))), shape(&published(LIST)));
}

#[test]
fn a_detail_has_the_published_members_and_a_history() {
    let mut ours = json_of(PortabilityDetailInfo::try_from(detail()).unwrap());
    let history = ours["portability_events"].as_object_mut().unwrap().remove("history").unwrap();
    assert_eq!(shape(&ours), shape(&published(DETAIL)));
    assert_eq!(ours["subscriber"], published(DETAIL)["subscriber"]);
    assert_eq!(history[1], ours["portability_events"]["account"]);
    assert_eq!(
        history[0],
        json!({
            "event_date": "2025-10-21T15:11:00Z",
            "id": "e-42",
            "message_type": "SOLICITUD_ALTA",
            "notification_code": "000000042",
            "process_id": "00507511251021171100203",
            "recipient_rol": "true"
        })
    );
}

#[test]
fn values_of_a_list() {
    assert_eq!(
        json_of(PortabilityInfo::from(&whole())),
        json!({
            "access_type": "INDIVIDUAL",
            "cause_status": "RECH_IDENT",
            "contract_code": "00528902840",
            "create_date_nc": "2025-10-21T15:11:00Z",
            "donor_operator": "075",
            "external_reference": "PORTIN_902840_634443633",
            "icc_id": "8934221507160508791",
            "id": "p-7",
            "message_type": "RECHAZO_ALTA",
            "msisdn": "634443633",
            "nrn_receptor": "741111",
            "process_id": "00507511251021171100203",
            "recipient_operator": "005",
            "recipient_rol": true,
            "state": "AREC",
            "tenant": "masmovil",
            "window_date": "2025-10-23T00:00:00Z"
        })
    );
}

#[test]
fn absent_values_are_left_out() {
    let members: Vec<_> = json_of(PortabilityInfo::from(&bare())).as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        members,
        [
            "access_type",
            "contract_code",
            "id",
            "message_type",
            "msisdn",
            "nrn_receptor",
            "recipient_operator",
            "recipient_rol",
            "state",
            "tenant"
        ]
    );
    let bare = json_of(PortabilityDetailInfo::try_from(PortabilityDetail { portability: bare(), subscriber: None, ..detail() }).unwrap());
    assert_eq!(bare.get("subscriber"), None);
    assert_eq!(bare["portability_events"]["account"]["recipient_rol"], "false");
    assert_eq!(bare["portability_events"]["account"].get("process_id"), None);
}

#[test]
fn a_portability_without_events_is_a_defect() {
    let error = PortabilityDetailInfo::try_from(PortabilityDetail { history: vec![], ..detail() }).unwrap_err();
    assert_eq!(error.kind(), Kind::Internal);
}
