//! The Central Node of Spanish mobile portability: the port, and the simulated Node behind it.
//!
//! A connector to the real Node would implement [`CentralNode`] over its web service. It would have to answer from inside the unit of work
//! that stores the outcome, so it would submit first, keyed by the request's id, and store what the Node said.

mod simulated;

use async_trait::async_trait;
use jiff::Timestamp;
pub use simulated::{DonorPlan, Script, SimulatedNode, WillingDonors};

use crate::domain::cause::NodeRefusal;
use crate::domain::directory::Directory;
use crate::domain::nrn::Nrn;
use crate::domain::operator::OperatorCode;
use crate::domain::order::{NumberFacts, Order, Party};
use crate::domain::portability::Registration;
use crate::domain::process_id::{ProcessId, ProcessType};
use crate::error::Result;
use crate::store::UnitOfWork;

/// What a recipient asks of the Node: numbers of one donor.
#[derive(Debug)]
pub struct Submission<'a> {
    /// Individual or multiple.
    pub process_type: ProcessType,
    /// Who receives the numbers.
    pub recipient: &'a Party,
    /// Whose they are; `None` where they are in no operator's range.
    pub donor: Option<OperatorCode>,
    /// Where they are to be routed to.
    pub nrn: Nrn,
    /// When it reaches the Node, which is open then.
    pub at: Timestamp,
    /// The window the recipient chose.
    pub chosen_window: Option<Timestamp>,
    /// The numbers, with what is known of each.
    pub numbers: Vec<(&'a Order, &'a NumberFacts)>,
}

/// What the Node says to one number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeReply {
    /// It is registered.
    Registered(Registration),
    /// It is refused.
    Refused(NodeRefusal),
}

/// What the Node says to a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The process, if any number was registered.
    pub process_id: Option<ProcessId>,
    /// A reply for each number, in the order of the submission.
    pub replies: Vec<NodeReply>,
}

/// The Central Node, as a recipient meets it.
#[async_trait]
pub trait CentralNode: Send + Sync {
    /// Submits requests, each when it comes; what the Node says to each. Refused requests count in no quota.
    ///
    /// # Errors
    /// [`crate::error::Kind::SequenceExhausted`] of one for which no process id is left in its minute.
    async fn submit(
        &self,
        unit: &mut dyn UnitOfWork,
        directory: &Directory,
        submissions: &[Submission<'_>],
    ) -> Result<Vec<Result<Verdict>>>;
}
