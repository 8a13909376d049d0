//! An order as a row: read, and bound to be written.

use jiff::Timestamp;

use super::dialect::{Dialect, Param};
use super::record::Record;
use crate::domain::calendar::Schedule;
use crate::domain::cause::Cause;
use crate::domain::contract_code::ContractCode;
use crate::domain::iccid::Iccid;
use crate::domain::nrn::Nrn;
use crate::domain::order::{Order, Party};
use crate::domain::org::OrgName;
use crate::domain::portability::{
    Answer, Foreseen, MessageType, Porting, Record as PortingRecord, Silence, State, UnsentAnswer, due_at, foreseen,
};
use crate::domain::process_id::ProcessId;
use crate::domain::request::AccessType;
use crate::error::{Error, Kind, Result};

/// Reads every column of orders.
pub(super) const ORDER: &str = "SELECT id, request_id, msisdn, process_id, access_type, contract_code, icc_id, nrn_receptor, chosen_window,
        recipient_operator, recipient_org, donor_operator, donor_org, state, cause, message_type, opens_at, registered_at, tv_start, tv_end,
        window_at, cancel_limit, silence, reply_deadline, unsent_answer, unsent_at, version
   FROM portings";

/// Reads an order.
pub(super) fn order<D: Dialect>(row: &D::Row) -> Result<Order> {
    let record = Record::<D>::new(row, "portings");
    let org = |column| record.parsed_or_null(column, |text| OrgName::parse(text).ok());
    let donor = match record.text_or_null("donor_operator")? {
        Some(_) => Some(Party { operator: record.operator("donor_operator")?, org: org("donor_org")? }),
        None => None,
    };
    Ok(Order {
        id: record.text("id")?,
        request_id: record.text("request_id")?,
        msisdn: record.msisdn("msisdn")?,
        process_id: record.parsed_or_null("process_id", |text| ProcessId::parse(text).ok())?,
        access_type: record.parsed("access_type", AccessType::parse)?,
        contract_code: record.parsed("contract_code", |text| ContractCode::parse(text).ok())?,
        icc_id: record.parsed_or_null("icc_id", |text| Iccid::parse(text).ok())?,
        nrn_receptor: record.parsed("nrn_receptor", |text| Nrn::parse(text).ok())?,
        chosen_window: record.instant_or_null("chosen_window")?,
        recipient: Party { operator: record.operator("recipient_operator")?, org: org("recipient_org")? },
        donor,
        porting: porting(&record)?,
        message_type: record.parsed("message_type", MessageType::parse)?,
        version: record.int("version")?,
    })
}

fn porting<D: Dialect>(record: &Record<'_, D>) -> Result<Porting> {
    let schedule = match record.instant_or_null("registered_at")? {
        Some(registered_at) => {
            let tv = record.instant("tv_start")?..record.instant("tv_end")?;
            Some(
                Schedule::restore(registered_at, tv, record.instant("window_at")?, record.instant("cancel_limit")?)
                    .map_err(|error| Error::because(Kind::Internal, error))?,
            )
        }
        None => None,
    };
    let unsent = match record.parsed_or_null("unsent_answer", Answer::parse)? {
        Some(answer) => Some(UnsentAnswer { answer, send_at: record.instant("unsent_at")? }),
        None => None,
    };
    Porting::restore(PortingRecord {
        state: record.parsed("state", State::parse)?,
        cause: record.parsed_or_null("cause", Cause::parse)?,
        opens_at: record.instant_or_null("opens_at")?,
        schedule,
        silence: record.parsed_or_null("silence", Silence::parse)?,
        reply_deadline: record.instant_or_null("reply_deadline")?,
        unsent,
    })
    .map_err(|error| Error::because(Kind::Internal, error))
}

/// The columns that change in an order's life, ready to be bound.
pub(super) struct LifeColumns {
    porting: PortingRecord,
    due_at: Option<Timestamp>,
    /// What time alone will bring: at `due_at`, and after that at `then_at`.
    foreseen: Vec<Foreseen>,
    process_id: Option<String>,
    donor_operator: Option<String>,
    donor_org: Option<String>,
    message_type: MessageType,
}

impl LifeColumns {
    pub(super) const NAMES: [&str; 24] = [
        "state",
        "cause",
        "message_type",
        "opens_at",
        "registered_at",
        "tv_start",
        "tv_end",
        "window_at",
        "cancel_limit",
        "silence",
        "reply_deadline",
        "unsent_answer",
        "unsent_at",
        "process_id",
        "donor_operator",
        "donor_org",
        "due_at",
        "due_state",
        "due_cause",
        "due_message_type",
        "then_at",
        "then_state",
        "then_cause",
        "then_message_type",
    ];

    pub(super) fn of(order: &Order) -> Self {
        Self {
            porting: order.porting.record(),
            due_at: due_at(&order.porting),
            foreseen: foreseen(&order.porting),
            process_id: order.process_id.as_ref().map(|id| id.as_str().to_owned()),
            donor_operator: order.donor_operator().map(|code| code.to_string()),
            donor_org: order.donor_org().map(|org| org.as_str().to_owned()),
            message_type: order.message_type,
        }
    }

    /// In the order of [`Self::NAMES`].
    pub(super) fn params(&self) -> Vec<Param<'_>> {
        let schedule = self.porting.schedule.as_ref();
        let (next, then) = (self.foreseen.first(), self.foreseen.get(1));
        vec![
            self.porting.state.as_str().into(),
            self.porting.cause.map(Cause::as_str).into(),
            self.message_type.as_str().into(),
            self.porting.opens_at.into(),
            schedule.map(Schedule::registered_at).into(),
            schedule.map(|schedule| schedule.tv().start).into(),
            schedule.map(|schedule| schedule.tv().end).into(),
            schedule.map(Schedule::window).into(),
            schedule.map(Schedule::cancel_limit).into(),
            self.porting.silence.map(Silence::as_str).into(),
            self.porting.reply_deadline.into(),
            self.porting.unsent.map(|unsent| unsent.answer.as_str()).into(),
            self.porting.unsent.map(|unsent| unsent.send_at).into(),
            self.process_id.as_deref().into(),
            self.donor_operator.as_deref().into(),
            self.donor_org.as_deref().into(),
            self.due_at.into(),
            next.map(|step| step.state.as_str()).into(),
            next.and_then(|step| step.event.cause).map(Cause::as_str).into(),
            next.map(|step| step.event.message_type.as_str()).into(),
            then.map(|step| step.event.at).into(),
            then.map(|step| step.state.as_str()).into(),
            then.and_then(|step| step.event.cause).map(Cause::as_str).into(),
            then.map(|step| step.event.message_type.as_str()).into(),
        ]
    }
}

/// The columns that an order keeps for life, ready to be bound.
pub(super) struct BirthColumns {
    nrn: String,
    icc_id: Option<String>,
    recipient_operator: String,
}

impl BirthColumns {
    pub(super) const NAMES: &str = "id, request_id, msisdn, access_type, contract_code, icc_id, nrn_receptor, chosen_window, recipient_operator, recipient_org, version";

    pub(super) fn of(order: &Order) -> Self {
        Self {
            nrn: order.nrn_receptor.to_string(),
            icc_id: order.icc_id.as_ref().map(Iccid::to_string),
            recipient_operator: order.recipient.operator.to_string(),
        }
    }

    /// In the order of [`Self::NAMES`].
    pub(super) fn params<'a>(&'a self, order: &'a Order) -> [Param<'a>; 11] {
        [
            order.id.as_str().into(),
            order.request_id.as_str().into(),
            order.msisdn.into(),
            order.access_type.as_str().into(),
            order.contract_code.as_str().into(),
            self.icc_id.as_deref().into(),
            self.nrn.as_str().into(),
            order.chosen_window.into(),
            self.recipient_operator.as_str().into(),
            order.recipient.org.as_ref().map(OrgName::as_str).into(),
            1_i64.into(),
        ]
    }
}
