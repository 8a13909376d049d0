//! The donor's answer, and the recipient's cancellation.

use super::super::World;
use super::Outcome;
use crate::domain::cause::{CancelCause, DenyCause};
use crate::domain::msisdn::Msisdn;
use crate::domain::org::Org;
use crate::error::Result;

/// What a donor says to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DonorCommand {
    /// It lets the numbers go.
    Accept,
    /// It refuses.
    Deny(DenyCause),
    /// It takes its answer back.
    RestartReply,
}

/// Does what the donor says to every number of the process for which this org is the donor.
///
/// # Errors
/// [`crate::error::Kind::NotFound`] where the org is not donor in such a process, [`crate::error::Kind::Conflict`] where no number allows it.
pub async fn by_donor(_world: &World, _org: &Org, _process_id: &str, _command: DonorCommand) -> Result<Outcome> {
    todo!()
}

/// Cancels the org's port-in of a number.
///
/// # Errors
/// [`crate::error::Kind::NotFound`] where the org has none, [`crate::error::Kind::Conflict`] where it cannot be cancelled.
pub async fn cancel(_world: &World, _org: &Org, _msisdn: Msisdn, _cause: CancelCause) -> Result<Outcome> {
    todo!()
}
