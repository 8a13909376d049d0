//! The operators of the Central Node, and who holds a number.

use super::World;
use super::replica::relaxed;
use super::settle::settled;
use crate::domain::listing::{OperatorQuery, Ownership};
use crate::domain::msisdn::Msisdn;
use crate::domain::operator::Operator;
use crate::domain::org::Org;
use crate::error::{Error, Result};
use crate::store::Reading;

/// The operators that match, by code.
///
/// # Errors
/// [`crate::error::Kind::NotFound`] where none matches.
pub async fn find(world: &World, org: &Org, query: &OperatorQuery) -> Result<Vec<Operator>> {
    let directory = relaxed(world, &org.name, |store, _| async { Ok(Reading { found: store.directory().await?, due: None }) }).await?;
    let mut operators = directory.operators;
    operators.retain(|operator| query.matches(operator));
    if operators.is_empty() { Err(Error::not_found("Operator")) } else { Ok(operators) }
}

/// Who holds a number.
///
/// # Errors
/// [`crate::error::Kind::NotFound`] where the number is in no operator's range.
pub async fn owner(world: &World, org: &Org, msisdn: Msisdn) -> Result<Ownership> {
    let stored = settled(world, |now| world.store.ownership(&org.name, msisdn, now)).await?;
    let directory = world.store.directory().await?;
    let range_owner = directory.range_owner(msisdn).ok_or_else(|| Error::not_found("Owner of the msisdn"))?;
    Ok(Ownership {
        msisdn,
        current: stored.ported_to.map_or(range_owner.code, |(operator, _)| operator),
        range_owner: range_owner.code,
        nrn: stored.ported_to.map(|(_, nrn)| nrn).or_else(|| range_owner.first_nrn()),
        in_process: stored.in_process,
        process_id: stored.process_id,
    })
}
