//! Portabilities as the published answers show them.

#[cfg(test)]
pub mod tests;

use serde::Serialize;
use utoipa::ToSchema;

use super::body::schema::{AccessTypeName, SubscriberSchema};
use crate::domain::cause::Cause;
use crate::domain::instant;
use crate::domain::listing::{Notification, Portability, PortabilityDetail};
use crate::domain::portability::{MessageType, State};
use crate::domain::request::Subscriber;
use crate::error::{Error, Kind, Result};
use crate::http::docs::words;

words! {
    /// The state of a portability: stored until the Central Node opens, requested, confirmed by the donor, refused, cancelled, ported
    StateName of State;
    /// What an event tells: stored, registered, refused, confirmed, cancelled, ported, the donor's answer taken back
    MessageTypeName of MessageType;
}

/// Declares answers that have the members of a portability in common. Written out flat, for a schema composed by `allOf` cannot say that
/// there are no further members.
macro_rules! portabilities {
    ($($(#[$meta:meta])* $name:ident { $($(#[$extra_meta:meta])* $extra:ident: $type:ty,)+ })+) => {
        $(
            #[derive(Debug, Serialize, ToSchema)]
            $(#[$meta])*
            pub struct $name {
                #[schema(value_type = AccessTypeName)]
                access_type: &'static str,
                /// Why it was refused or cancelled: the cause of the latest event.
                #[serde(skip_serializing_if = "Option::is_none")]
                #[schema(nullable = false)]
                cause_status: Option<&'static str>,
                /// The contract the subscriber signed with the recipient.
                contract_code: String,
                /// When the Central Node registered the process.
                #[serde(skip_serializing_if = "Option::is_none")]
                #[schema(format = DateTime, nullable = false)]
                create_date_nc: Option<String>,
                /// The number's operator before. Absent where no operator's range has the number.
                #[serde(skip_serializing_if = "Option::is_none")]
                #[schema(pattern = "^[0-9]{3}$", nullable = false)]
                donor_operator: Option<String>,
                /// Its identifier, different for recipient and donor.
                id: String,
                /// Of the latest event.
                #[schema(value_type = MessageTypeName)]
                message_type: &'static str,
                /// Nine national digits.
                #[schema(pattern = "^[67][0-9]{8}$")]
                msisdn: String,
                /// The Network Routing Number at the recipient.
                #[schema(pattern = "^[0-9]{6}$")]
                nrn_receptor: String,
                /// The process, once the Central Node has registered it.
                #[serde(skip_serializing_if = "Option::is_none")]
                #[schema(nullable = false)]
                process_id: Option<String>,
                /// The number's operator after.
                #[schema(pattern = "^[0-9]{3}$")]
                recipient_operator: String,
                /// Whether the tenant is the recipient; otherwise it is the donor.
                recipient_rol: bool,
                #[schema(value_type = StateName)]
                state: &'static str,
                /// The org that sees it.
                tenant: String,
                /// When the number changes network.
                #[serde(skip_serializing_if = "Option::is_none")]
                #[schema(format = DateTime, nullable = false)]
                window_date: Option<String>,
                $($(#[$extra_meta])* $extra: $type,)+
            }

            impl $name {
                fn new(portability: &Portability, $($extra: $type),+) -> Self {
                    Self {
                        access_type: portability.access_type.as_str(),
                        cause_status: portability.cause_status.map(Cause::as_str),
                        contract_code: portability.contract_code.to_string(),
                        create_date_nc: portability.create_date_nc.map(instant::show),
                        donor_operator: portability.donor_operator.map(|code| code.to_string()),
                        id: portability.id.clone(),
                        message_type: portability.message_type.as_str(),
                        msisdn: portability.msisdn.to_string(),
                        nrn_receptor: portability.nrn_receptor.to_string(),
                        process_id: portability.process_id.as_ref().map(ToString::to_string),
                        recipient_operator: portability.recipient_operator.to_string(),
                        recipient_rol: portability.recipient_rol,
                        state: portability.state.as_str(),
                        tenant: portability.tenant.to_string(),
                        window_date: portability.window_date.map(instant::show),
                        $($extra,)+
                    }
                }
            }
        )+
    };
}

portabilities! {
    /// A portability: one number moving in one process, as one org sees it
    PortabilityInfo {
        /// The recipient's own reference. Absent for the donor.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        external_reference: Option<String>,
        /// The SIM at the donor.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        icc_id: Option<String>,
    }

    /// A portability with its history and its subscriber
    #[schema(example = json!({
        "access_type": "INDIVIDUAL",
        "cause_status": "RECH_IDENT",
        "contract_code": "00528902840",
        "create_date_nc": "2025-10-21T15:11:00Z",
        "donor_operator": "075",
        "id": "01993f5e-7d1c-7a52-9c1e-5b1f0d3a7e42",
        "message_type": "RECHAZO_ALTA",
        "msisdn": "634443633",
        "nrn_receptor": "741111",
        "portability_events": {
            "account": {
                "cause_status": "RECH_IDENT",
                "event_date": "2025-10-22T07:30:00Z",
                "id": "01994290-4a60-7f0b-8f6f-0f7c2b9d1e11",
                "message_type": "RECHAZO_ALTA",
                "notification_code": "431148151",
                "process_id": "00507511251021171100203",
                "recipient_rol": "true"
            },
            "history": [
                {
                    "event_date": "2025-10-21T15:11:00Z",
                    "id": "01993f5e-7d1c-7a52-9c1e-5b1f0d3a7e43",
                    "message_type": "SOLICITUD_ALTA",
                    "notification_code": "431148150",
                    "process_id": "00507511251021171100203",
                    "recipient_rol": "true"
                },
                {
                    "cause_status": "RECH_IDENT",
                    "event_date": "2025-10-22T07:30:00Z",
                    "id": "01994290-4a60-7f0b-8f6f-0f7c2b9d1e11",
                    "message_type": "RECHAZO_ALTA",
                    "notification_code": "431148151",
                    "process_id": "00507511251021171100203",
                    "recipient_rol": "true"
                }
            ]
        },
        "process_id": "00507511251021171100203",
        "recipient_operator": "005",
        "recipient_rol": true,
        "state": "AREC",
        "subscriber": {
            "account": {
                "addresses": [{
                    "address": "Calle Leonardo Prieto, 8", "city": "Madrid", "country": "Spain", "postal_code": "28040", "province": "Madrid", "type": "CONTACT"
                }],
                "document": "09288205T",
                "document_type": "NIF",
                "id": null,
                "email": null,
                "msisdn": {"country_code": "34", "number": "634443633"},
                "name": "Martina",
                "nationality": "España",
                "second_name": null,
                "surname": "Fraile Méndez"
            }
        },
        "tenant": "masmovil",
        "window_date": "2025-10-23T00:00:00Z"
    }))]
    PortabilityDetailInfo {
        portability_events: EventsInfo,
        /// Whose number it is, as it was sent; absent where none was.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        subscriber: Option<SubscriberInfo>,
    }
}

/// Portabilities
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(example = json!([{
    "access_type": "INDIVIDUAL",
    "cause_status": "RECH_IDENT",
    "contract_code": "00528902840",
    "create_date_nc": "2025-10-21T15:11:00Z",
    "donor_operator": "075",
    "external_reference": "PORTIN_902840_634443633",
    "icc_id": "8934221507160508791",
    "id": "01993f5e-7d1c-7a52-9c1e-5b1f0d3a7e42",
    "message_type": "RECHAZO_ALTA",
    "msisdn": "634443633",
    "nrn_receptor": "741111",
    "process_id": "00507511251021171100203",
    "recipient_operator": "005",
    "recipient_rol": true,
    "state": "AREC",
    "tenant": "masmovil",
    "window_date": "2025-10-23T00:00:00Z"
}]))]
pub struct Portabilities(Vec<PortabilityInfo>);

/// What happened to a portability
#[derive(Debug, Serialize, ToSchema)]
pub struct EventsInfo {
    /// The latest event.
    account: EventInfo,
    /// Every event, oldest first.
    history: Vec<EventInfo>,
}

/// An event, as the Central Node's mailbox has it
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventInfo {
    /// Why, if it is a refusal or a cancellation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    cause_status: Option<&'static str>,
    /// When it happened.
    #[schema(format = DateTime)]
    event_date: String,
    id: String,
    #[schema(value_type = MessageTypeName)]
    message_type: &'static str,
    /// Nine digits, unique.
    #[schema(pattern = "^[0-9]{9}$")]
    notification_code: String,
    /// The process, once the Central Node has registered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    process_id: Option<String>,
    /// Whether the tenant is the recipient: a text here.
    #[schema(pattern = "^(true|false)$")]
    recipient_rol: String,
}

/// Whose number it is
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriberInfo {
    #[schema(value_type = SubscriberSchema)]
    account: Subscriber,
}

impl From<&Portability> for PortabilityInfo {
    fn from(portability: &Portability) -> Self {
        Self::new(portability, portability.external_reference.clone(), portability.icc_id.map(|icc_id| icc_id.to_string()))
    }
}

impl From<&[Portability]> for Portabilities {
    fn from(portabilities: &[Portability]) -> Self {
        Self(portabilities.iter().map(PortabilityInfo::from).collect())
    }
}

impl TryFrom<PortabilityDetail> for PortabilityDetailInfo {
    type Error = Error;

    fn try_from(detail: PortabilityDetail) -> Result<Self> {
        let history: Vec<_> = detail.history.iter().map(|notification| EventInfo::new(notification, &detail.portability)).collect();
        let latest = history.last().cloned().ok_or_else(|| Error::because(Kind::Internal, "a portability without events"))?;
        let subscriber = detail.subscriber.map(|account| SubscriberInfo { account });
        Ok(Self::new(&detail.portability, EventsInfo { account: latest, history }, subscriber))
    }
}

impl EventInfo {
    fn new(notification: &Notification, of: &Portability) -> Self {
        Self {
            cause_status: notification.event.cause.map(Cause::as_str),
            event_date: instant::show(notification.event.at),
            id: notification.id.clone(),
            message_type: notification.event.message_type.as_str(),
            notification_code: format!("{:09}", notification.notification_code),
            process_id: of.process_id.as_ref().map(ToString::to_string),
            recipient_rol: of.recipient_rol.to_string(),
        }
    }
}
