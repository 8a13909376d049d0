//! Who changed what: the lines of the audit.

use std::sync::Arc;

use jiff::Timestamp;

use super::codes::codes;
use super::msisdn::Msisdn;
use super::order::Order;
use super::org::{Org, OrgName};

codes! {
    /// What was done: an operation by its id in the published documents, or a command of this program.
    pub enum Operation {
        /// A number was added to an org.
        AddMsisdn = "addMsisdn",
        /// A number got another SIM.
        SwapSim = "swapSim",
        /// A number got another system, status or both.
        ChangeMsisdn = "changeMsisdn",
        /// A number was removed from an org.
        DeleteMsisdn = "deleteMsisdn",
        /// A number was asked for.
        CreatePortability = "createPortability",
        /// The donor lets a number go.
        AcceptPortability = "acceptPortability",
        /// The donor refuses.
        DenyPortability = "denyPortability",
        /// The donor took its answer back.
        RestartReply = "restartReply",
        /// The recipient cancelled.
        CancelPortability = "cancelPortability",
        /// Numbers were imported in bulk.
        Import = "import",
        /// Subscribers were erased.
        Purge = "purge",
    }
}

/// The id of a request, by which its line in the log is found: 1 to 128 of `A-Z a-z 0-9 . _ -`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(pub Arc<str>);

/// Who acts for an org, and in which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// For whom.
    pub org: Org,
    /// Who: the token's `sub`, where it has one.
    pub subject: Option<String>,
    /// In which request; `None`: in none, but by the server itself.
    pub request_id: Option<RequestId>,
}

impl Actor {
    /// The server itself.
    #[must_use]
    pub fn server(org: Org) -> Self {
        Self { org, subject: None, request_id: None }
    }

    /// What it did to a number.
    #[must_use]
    pub fn did(&self, operation: Operation, msisdn: Msisdn, at: Timestamp) -> AuditLine {
        AuditLine {
            at,
            operation,
            org: Some(self.org.name.clone()),
            msisdn: Some(msisdn),
            process_id: None,
            // Postgres has no text with this character.
            subject: self.subject.as_ref().map(|subject| subject.replace('\0', "\u{fffd}")),
            request_id: self.request_id.as_ref().map(|id| id.0.to_string()),
        }
    }

    /// What it did to orders.
    #[must_use]
    pub fn did_to(&self, operation: Operation, orders: &[Order], at: Timestamp) -> Vec<AuditLine> {
        let process = |order: &Order| order.process_id.as_ref().map(ToString::to_string);
        orders.iter().map(|order| AuditLine { process_id: process(order), ..self.did(operation, order.msisdn, at) }).collect()
    }
}

/// A change, and whose it is. Nothing of it is a subscriber's but the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// When.
    pub at: Timestamp,
    /// What was done.
    pub operation: Operation,
    /// For which org; `None`: for all of them, by a command of this program.
    pub org: Option<OrgName>,
    /// To which number; `None`: to many at once, by a command of this program.
    pub msisdn: Option<Msisdn>,
    /// In which process, where it has an id by then.
    pub process_id: Option<String>,
    /// By whom: the token's `sub`.
    pub subject: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
}

impl AuditLine {
    /// What a command of this program did.
    #[must_use]
    pub fn by_command(operation: Operation, at: Timestamp) -> Self {
        Self { at, operation, org: None, msisdn: None, process_id: None, subject: None, request_id: None }
    }
}

/// Which lines are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Of this org.
    pub org: Option<OrgName>,
    /// Of this number.
    pub msisdn: Option<Msisdn>,
    /// From then on.
    pub since: Option<Timestamp>,
    /// Before then.
    pub until: Option<Timestamp>,
}

/// A line's place among all: lines are in the order of their time and, at one instant, of their arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditPlace {
    /// Its time.
    pub at: Timestamp,
    /// It counts arrivals.
    pub number: i64,
}
