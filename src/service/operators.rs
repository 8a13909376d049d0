//! The operators of the Central Node, and who holds a number.

use super::World;
use crate::domain::listing::{OperatorQuery, Ownership};
use crate::domain::msisdn::Msisdn;
use crate::domain::operator::Operator;
use crate::domain::org::Org;
use crate::error::Result;

/// The operators that match, by code.
///
/// # Errors
/// [`crate::error::Kind::NotFound`] where none matches.
pub async fn find(_world: &World, _query: &OperatorQuery) -> Result<Vec<Operator>> {
    todo!()
}

/// Who holds a number.
///
/// # Errors
/// [`crate::error::Kind::NotFound`] where the number is in no operator's range.
pub async fn owner(_world: &World, _org: &Org, _msisdn: Msisdn) -> Result<Ownership> {
    todo!()
}
