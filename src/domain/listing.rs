//! A portability: one number moving in one process, as one org sees it.

use jiff::Timestamp;

use super::cause::Cause;
use super::contract_code::ContractCode;
use super::iccid::Iccid;
use super::msisdn::Msisdn;
use super::nrn::Nrn;
use super::operator::{Operator, OperatorCode};
use super::org::OrgName;
use super::portability::{Event, MessageType, State};
use super::process_id::ProcessId;
use super::request::{AccessType, Subscriber};

/// A portability, with the 17 published members of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portability {
    /// The order of arrival at this server: lists and cursors go by it.
    pub number: i64,
    /// Its identifier, different for recipient and donor.
    pub id: String,
    /// The org that sees it.
    pub tenant: OrgName,
    /// Whether that org is the recipient; otherwise it is the donor.
    pub recipient_rol: bool,
    /// Of the request.
    pub access_type: AccessType,
    /// Of the latest event.
    pub cause_status: Option<Cause>,
    /// Of the request.
    pub contract_code: ContractCode,
    /// When the Central Node registered the process.
    pub create_date_nc: Option<Timestamp>,
    /// The number's operator before; unknown where the number is in no operator's range.
    pub donor_operator: Option<OperatorCode>,
    /// The recipient's own reference, which the donor does not see.
    pub external_reference: Option<String>,
    /// The SIM at the donor.
    pub icc_id: Option<Iccid>,
    /// Of the latest event.
    pub message_type: MessageType,
    /// The number.
    pub msisdn: Msisdn,
    /// Where it is to be routed to.
    pub nrn_receptor: Nrn,
    /// The process, once the Central Node has registered it.
    pub process_id: Option<ProcessId>,
    /// The number's operator after.
    pub recipient_operator: OperatorCode,
    /// Its state.
    pub state: State,
    /// When the number changes network.
    pub window_date: Option<Timestamp>,
}

/// An event as the Node's mailbox has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its identifier.
    pub id: String,
    /// The nine digits of the Node's mailbox, unique.
    pub notification_code: i64,
    /// What happened.
    pub event: Event,
}

/// A portability with what only `/id/{id}` tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortabilityDetail {
    /// The portability.
    pub portability: Portability,
    /// What happened, oldest first. Never empty.
    pub history: Vec<Notification>,
    /// Whose number it is, as far as the org may know.
    pub subscriber: Option<Subscriber>,
}

/// Who holds a number (`ownerOperator`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ownership {
    /// The number.
    pub msisdn: Msisdn,
    /// The operator that serves it now.
    pub current: OperatorCode,
    /// The operator whose range it is in.
    pub range_owner: OperatorCode,
    /// Where it is routed to: the NRN of its last porting, or the range owner's first.
    pub nrn: Option<Nrn>,
    /// Whether an active process exists.
    pub in_process: bool,
    /// The active process, told to its parties only.
    pub process_id: Option<ProcessId>,
}

impl Ownership {
    /// Whether the number is ported: served by another operator than its range's.
    #[must_use]
    pub fn is_ported(&self) -> bool {
        self.current != self.range_owner
    }
}

/// A number that has been ported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortedNumber {
    /// The number.
    pub msisdn: Msisdn,
    /// Its operator of today.
    pub operator: OperatorCode,
    /// Where it is routed to.
    pub nrn: Nrn,
}

/// Which operators are asked for: every condition that is there must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperatorQuery {
    /// The name, in any case.
    pub name: Option<String>,
    /// The code, exactly.
    pub code: Option<String>,
    /// The status.
    pub status: Option<super::operator::OperatorStatus>,
}

impl OperatorQuery {
    /// Whether an operator is one of those asked for.
    #[must_use]
    pub fn matches(&self, operator: &Operator) -> bool {
        let same_name = |name: &String| name.to_lowercase() == operator.name.as_str().to_lowercase();
        self.name.as_ref().is_none_or(same_name)
            && self.code.as_ref().is_none_or(|code| *code == operator.code.to_string())
            && self.status.is_none_or(|status| status == operator.status)
    }
}
