//! Reading portabilities, with everything applied that is due.

use super::super::World;
use super::super::replica::relaxed;
use super::super::settle::settled;
use crate::domain::listing::{Portability, PortabilityDetail};
use crate::domain::org::Org;
use crate::error::{Error, Result};
pub use crate::store::{ListScope, Listing};

/// The org's portabilities, newest first.
///
/// # Errors
/// Those of the store.
pub async fn list(world: &World, org: &Org, listing: &Listing) -> Result<Vec<Portability>> {
    relaxed(world, &org.name, |store, now| store.portabilities(&org.name, listing, now)).await
}

/// One portability of the org, with its history.
///
/// # Errors
/// [`crate::error::Kind::NotFound`] where the org has none with this id.
pub async fn by_id(world: &World, org: &Org, id: &str) -> Result<PortabilityDetail> {
    let found = settled(world, |now| world.store.portability(&org.name, id, now)).await?;
    found.ok_or_else(|| Error::not_found("Portability"))
}

/// Those where the org is donor and its answer is due, earliest deadline first.
///
/// # Errors
/// Those of the store.
pub async fn pending_donor(world: &World, org: &Org) -> Result<Vec<Portability>> {
    relaxed(world, &org.name, |store, now| store.portabilities_awaiting_answer(&org.name, now)).await
}
