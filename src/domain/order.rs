//! One number of one process with its parties: what is stored of a porting.

use std::collections::HashMap;

use jiff::Timestamp;

use super::contract_code::ContractCode;
use super::iccid::Iccid;
use super::listing::PortedNumber;
use super::msisdn::Msisdn;
use super::nrn::Nrn;
use super::operator::OperatorCode;
use super::org::OrgName;
use super::portability::{Command, Decision, Event, MessageType, Porting, Refusal, Transition, decide};
use super::process_id::{ProcessId, ProcessType};
use super::request::AccessType;

/// A number that moves, or does not: the request behind it, its parties, and its life so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its identifier, which no caller sees.
    pub id: String,
    /// The request it is part of.
    pub request_id: String,
    /// The number.
    pub msisdn: Msisdn,
    /// The process, once the Central Node has registered it.
    pub process_id: Option<ProcessId>,
    /// Of the request.
    pub access_type: AccessType,
    /// Of the request.
    pub contract_code: ContractCode,
    /// The SIM at the donor.
    pub icc_id: Option<Iccid>,
    /// Where the number is to be routed to.
    pub nrn_receptor: Nrn,
    /// The window the recipient chose.
    pub chosen_window: Option<Timestamp>,
    /// Who receives the number.
    pub recipient: Party,
    /// Who gives it; `None` where the number is in no operator's range.
    pub donor: Option<Party>,
    /// Its life so far.
    pub porting: Porting,
    /// Of the latest event.
    pub message_type: MessageType,
    /// How often it was written, 0 for one that is not stored yet: the guard of the next write.
    pub version: i64,
}

/// A party of a porting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its operator at the Central Node.
    pub operator: OperatorCode,
    /// The org of this server it is; `None`: an operator outside.
    pub org: Option<OrgName>,
}

impl Party {
    /// Whether both are orgs of one operator, so that the Central Node never hears of a number that moves between them.
    #[must_use]
    pub fn is_sibling_of(&self, other: &Self) -> bool {
        self.operator == other.operator && self.org.is_some() && other.org.is_some() && self.org != other.org
    }
}

impl Order {
    /// Lives through a transition; the event, if its parties may know.
    pub fn apply(&mut self, transition: Transition) -> Option<Event> {
        self.porting = transition.porting;
        if let Some(event) = &transition.event {
            self.message_type = event.message_type;
        }
        transition.event
    }

    /// Lives through everything that time alone brings by `now`, in the order it is due.
    ///
    /// # Errors
    /// [`Refusal::AwaitsNode`]: it waits for the Central Node to decide.
    pub fn pass_time(&mut self, now: Timestamp) -> Result<Vec<Event>, Refusal> {
        let mut events = Vec::new();
        loop {
            match decide(Command::Elapse, &self.porting, now) {
                Decision::Applied(transition) => events.extend(self.apply(transition)),
                Decision::AlreadyDone => return Ok(events),
                Decision::Refused(refusal) => return Err(refusal),
            }
        }
    }

    /// Whether it has been stored.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.version > 0
    }

    /// What is known of its number once it is ported.
    #[must_use]
    pub fn ported_number(&self) -> PortedNumber {
        PortedNumber { msisdn: self.msisdn, operator: self.recipient.operator, nrn: self.nrn_receptor }
    }

    /// The org that gives the number, where it is one of this server's.
    #[must_use]
    pub fn donor_org(&self) -> Option<&OrgName> {
        self.donor.as_ref()?.org.as_ref()
    }

    /// The donor's operator.
    #[must_use]
    pub fn donor_operator(&self) -> Option<OperatorCode> {
        self.donor.as_ref().map(|donor| donor.operator)
    }
}

/// Orders by donor: each group is one process. In a stable order, so that concurrent requests meet in the same one.
#[must_use]
pub fn by_donor(orders: Vec<Order>) -> Vec<Vec<Order>> {
    let mut places: HashMap<Option<OperatorCode>, usize> = HashMap::new();
    let mut groups: Vec<Vec<Order>> = Vec::new();
    for order in orders {
        let place = *places.entry(order.donor_operator()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(order),
            None => groups.push(vec![order]),
        }
    }
    groups.sort_by_key(|group| group.first().and_then(Order::donor_operator));
    groups
}

/// The kind of process that `numbers` numbers of a request become.
#[must_use]
pub fn process_type(access_type: AccessType, numbers: usize) -> ProcessType {
    match access_type {
        AccessType::Individual => ProcessType::Individual,
        AccessType::Mixed if numbers == 1 => ProcessType::Individual,
        AccessType::Multiple | AccessType::Mixed => ProcessType::Multiple,
    }
}

/// What is known of a number that somebody wants to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberFacts {
    /// The number.
    pub msisdn: Msisdn,
    /// Its operator since its last porting, if it was ever ported.
    pub ported_to: Option<OperatorCode>,
    /// The org whose inventory has it, with that org's operator.
    pub holder: Option<(OrgName, OperatorCode)>,
    /// The order that is active for it, if any.
    pub active_order: Option<String>,
}
