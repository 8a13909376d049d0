//! Portabilities as they stand in a data set: the records that a database keeps of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::truncated;
use crate::domain::archive::{ArchivedEvent, ArchivedPortability, ArchivedRequest};
use crate::domain::calendar::Schedule;
use crate::domain::cause::Cause;
use crate::domain::contract_code::ContractCode;
use crate::domain::iccid::Iccid;
use crate::domain::msisdn::Msisdn;
use crate::domain::nrn::Nrn;
use crate::domain::operator::OperatorCode;
use crate::domain::order::{Order, Party};
use crate::domain::org::OrgName;
use crate::domain::portability::{Answer, Event, MessageType, Porting, Record, Silence, State, UnsentAnswer};
use crate::domain::process_id::ProcessId;
use crate::domain::request::{AccessType, Subscriber};

/// What a recipient asked for
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DataSetRequest)]
pub struct RawRequest {
    id: String,
    /// Who asks. Absent: an operator outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    org: Option<String>,
    contract_code: String,
    /// Of its meaning: a repeat has the same.
    digest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external_reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    subscriber: Option<Subscriber>,
    #[schema(value_type = String)]
    created_at: Timestamp,
}

/// One number of a request
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DataSetPorting)]
pub struct RawPorting {
    id: String,
    /// The `id` of one of the `portability_requests`.
    request_id: String,
    msisdn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    process_id: Option<String>,
    access_type: String,
    contract_code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    icc_id: Option<String>,
    nrn_receptor: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    chosen_window: Option<Timestamp>,
    recipient_operator: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recipient_org: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    donor_operator: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    donor_org: Option<String>,
    message_type: String,
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    /// AENV: when the Central Node opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    opens_at: Option<Timestamp>,
    /// The Central Node's dates, once it has registered the process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schedule: Option<RawSchedule>,
    /// ASOL: by when the donor has to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    reply_deadline: Option<Timestamp>,
    /// ASOL: an answer that the Central Node does not have yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unsent: Option<RawAnswer>,
}

/// The Central Node's dates of a porting
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DataSetSchedule)]
struct RawSchedule {
    #[schema(value_type = String)]
    registered_at: Timestamp,
    #[schema(value_type = String)]
    tv_start: Timestamp,
    #[schema(value_type = String)]
    tv_end: Timestamp,
    #[schema(value_type = String)]
    window: Timestamp,
    #[schema(value_type = String)]
    cancel_limit: Timestamp,
    /// `REJECTS` or `ACCEPTS`: what it means when the donor does not answer.
    silence: String,
}

/// A donor's answer that the Central Node does not have yet
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DataSetAnswer)]
struct RawAnswer {
    /// `ACCEPT`, or the cause of the refusal.
    answer: String,
    #[schema(value_type = String)]
    send_at: Timestamp,
}

/// A porting as one org sees it
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DataSetPortability)]
pub struct RawPortability {
    id: String,
    /// The `id` of one of the `portings`.
    porting_id: String,
    org: String,
    recipient_rol: bool,
}

/// Something that happened to a porting
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DataSetEvent)]
pub struct RawEvent {
    id: String,
    /// The `id` of one of the `portings`.
    porting_id: String,
    #[schema(value_type = String)]
    at: Timestamp,
    message_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

/// Something that was counted
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DataSetCounter)]
pub struct RawCounter {
    pub name: String,
    pub value: u32,
}

/// What `parse` makes of a text that may be absent; an error is the name of the member.
fn optional<T>(text: Option<&str>, member: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, &'static str> {
    text.map(|text| parse(text).ok_or(member)).transpose()
}

fn operator(text: &str) -> Option<OperatorCode> {
    OperatorCode::parse(text).ok()
}

fn org(text: &str) -> Option<OrgName> {
    OrgName::parse(text).ok()
}

impl RawRequest {
    pub fn convert(&self) -> Result<ArchivedRequest, &'static str> {
        Ok(ArchivedRequest {
            id: self.id.clone(),
            org: optional(self.org.as_deref(), "org", org)?,
            contract_code: self.contract_code.clone(),
            digest: self.digest.clone(),
            external_reference: self.external_reference.clone(),
            subscriber: self.subscriber.clone(),
            created_at: truncated(self.created_at),
        })
    }
}

impl From<&ArchivedRequest> for RawRequest {
    fn from(request: &ArchivedRequest) -> Self {
        Self {
            id: request.id.clone(),
            org: request.org.as_ref().map(OrgName::to_string),
            contract_code: request.contract_code.clone(),
            digest: request.digest.clone(),
            external_reference: request.external_reference.clone(),
            subscriber: request.subscriber.clone(),
            created_at: request.created_at,
        }
    }
}

impl RawPorting {
    pub fn convert(&self) -> Result<Order, &'static str> {
        let donor_org = optional(self.donor_org.as_deref(), "donor_org", org)?;
        let donor = optional(self.donor_operator.as_deref(), "donor_operator", operator)?;
        Ok(Order {
            id: self.id.clone(),
            request_id: self.request_id.clone(),
            msisdn: Msisdn::parse(&self.msisdn).map_err(|_| "msisdn")?,
            process_id: optional(self.process_id.as_deref(), "process_id", |text| ProcessId::parse(text).ok())?,
            access_type: AccessType::parse(&self.access_type).ok_or("access_type")?,
            contract_code: ContractCode::parse(&self.contract_code).map_err(|_| "contract_code")?,
            icc_id: optional(self.icc_id.as_deref(), "icc_id", |text| Iccid::parse(text).ok())?,
            nrn_receptor: Nrn::parse(&self.nrn_receptor).map_err(|_| "nrn_receptor")?,
            chosen_window: self.chosen_window.map(truncated),
            recipient: Party {
                operator: operator(&self.recipient_operator).ok_or("recipient_operator")?,
                org: optional(self.recipient_org.as_deref(), "recipient_org", org)?,
            },
            donor: donor.map(|operator| Party { operator, org: donor_org }),
            porting: self.porting()?,
            message_type: MessageType::parse(&self.message_type).ok_or("message_type")?,
            version: 0,
        })
    }

    fn porting(&self) -> Result<Porting, &'static str> {
        let record = Record {
            state: State::parse(&self.state).ok_or("state")?,
            cause: optional(self.cause.as_deref(), "cause", Cause::parse)?,
            opens_at: self.opens_at.map(truncated),
            schedule: self.schedule.as_ref().map(RawSchedule::convert).transpose()?,
            silence: self.schedule.as_ref().map(|schedule| Silence::parse(&schedule.silence).ok_or("schedule.silence")).transpose()?,
            reply_deadline: self.reply_deadline.map(truncated),
            unsent: self.unsent.as_ref().map(RawAnswer::convert).transpose()?,
        };
        Porting::restore(record).map_err(|_| "state")
    }
}

impl From<&Order> for RawPorting {
    fn from(order: &Order) -> Self {
        let record = order.porting.record();
        let silence = record.silence;
        Self {
            id: order.id.clone(),
            request_id: order.request_id.clone(),
            msisdn: order.msisdn.to_string(),
            process_id: order.process_id.as_ref().map(ToString::to_string),
            access_type: order.access_type.to_string(),
            contract_code: order.contract_code.to_string(),
            icc_id: order.icc_id.map(|icc_id| icc_id.to_string()),
            nrn_receptor: order.nrn_receptor.to_string(),
            chosen_window: order.chosen_window,
            recipient_operator: order.recipient.operator.to_string(),
            recipient_org: order.recipient.org.as_ref().map(OrgName::to_string),
            donor_operator: order.donor_operator().map(|code| code.to_string()),
            donor_org: order.donor_org().map(OrgName::to_string),
            message_type: order.message_type.to_string(),
            state: record.state.to_string(),
            cause: record.cause.map(|cause| cause.to_string()),
            opens_at: record.opens_at,
            schedule: record.schedule.zip(silence).map(|(schedule, silence)| RawSchedule::new(&schedule, silence)),
            reply_deadline: record.reply_deadline,
            unsent: record.unsent.map(|unsent| RawAnswer { answer: unsent.answer.to_string(), send_at: unsent.send_at }),
        }
    }
}

impl RawSchedule {
    fn convert(&self) -> Result<Schedule, &'static str> {
        let tv = truncated(self.tv_start)..truncated(self.tv_end);
        let schedule = Schedule::restore(truncated(self.registered_at), tv, truncated(self.window), truncated(self.cancel_limit));
        schedule.map_err(|_| "schedule")
    }

    fn new(schedule: &Schedule, silence: Silence) -> Self {
        Self {
            registered_at: schedule.registered_at(),
            tv_start: schedule.tv().start,
            tv_end: schedule.tv().end,
            window: schedule.window(),
            cancel_limit: schedule.cancel_limit(),
            silence: silence.to_string(),
        }
    }
}

impl RawAnswer {
    fn convert(&self) -> Result<UnsentAnswer, &'static str> {
        Ok(UnsentAnswer { answer: Answer::parse(&self.answer).ok_or("unsent.answer")?, send_at: truncated(self.send_at) })
    }
}

impl RawPortability {
    pub fn convert(&self) -> Result<ArchivedPortability, &'static str> {
        Ok(ArchivedPortability {
            id: self.id.clone(),
            order_id: self.porting_id.clone(),
            org: org(&self.org).ok_or("org")?,
            recipient_rol: self.recipient_rol,
        })
    }
}

impl From<&ArchivedPortability> for RawPortability {
    fn from(portability: &ArchivedPortability) -> Self {
        Self {
            id: portability.id.clone(),
            porting_id: portability.order_id.clone(),
            org: portability.org.to_string(),
            recipient_rol: portability.recipient_rol,
        }
    }
}

impl RawEvent {
    pub fn convert(&self) -> Result<ArchivedEvent, &'static str> {
        Ok(ArchivedEvent {
            id: self.id.clone(),
            order_id: self.porting_id.clone(),
            event: Event {
                message_type: MessageType::parse(&self.message_type).ok_or("message_type")?,
                cause: optional(self.cause.as_deref(), "cause", Cause::parse)?,
                at: truncated(self.at),
            },
        })
    }
}

impl From<&ArchivedEvent> for RawEvent {
    fn from(archived: &ArchivedEvent) -> Self {
        Self {
            id: archived.id.clone(),
            porting_id: archived.order_id.clone(),
            at: archived.event.at,
            message_type: archived.event.message_type.to_string(),
            cause: archived.event.cause.map(|cause| cause.to_string()),
        }
    }
}
