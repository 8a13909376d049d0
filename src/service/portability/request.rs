//! Requesting a portability.

use super::super::World;
use super::Outcome;
use crate::domain::org::Org;
use crate::domain::request::PortabilityRequest;
use crate::error::Result;

/// Asks the Central Node for the numbers of a request.
///
/// # Errors
/// [`crate::error::Kind::Invalid`] for what depends on time, registry or earlier requests (`SubscriberRequestDate`, `WindowDate`, `MsisdnRanges` `onedonor`,
/// `ContractCode` `unique`).
pub async fn submit(_world: &World, _org: &Org, _request: &PortabilityRequest) -> Result<Outcome> {
    todo!()
}
