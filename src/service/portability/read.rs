//! Reading portabilities.

use super::super::World;
use crate::domain::filter::Predicate;
use crate::domain::listing::{Portability, PortabilityDetail};
use crate::domain::msisdn::Msisdn;
use crate::domain::org::Org;
use crate::error::Result;

/// Which portabilities of an org a list is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All.
    All,
    /// Those of a process, by its id as the caller wrote it.
    Process(String),
    /// Those of a number.
    Number(Msisdn),
}

/// Which of them, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Of what.
    pub scope: Scope,
    /// What must hold of them.
    pub filter: Option<Predicate>,
    /// Only those that arrived before this one ([`Portability::number`]).
    pub before: Option<i64>,
    /// How many at most, 1 to 1,000.
    pub limit: u32,
}

/// The org's portabilities, newest first.
///
/// # Errors
/// Those of the store.
pub async fn list(_world: &World, _org: &Org, _query: &Query) -> Result<Vec<Portability>> {
    todo!()
}

/// One portability of the org, with its history.
///
/// # Errors
/// [`crate::error::Kind::NotFound`] where the org has none with this id.
pub async fn by_id(_world: &World, _org: &Org, _id: &str) -> Result<PortabilityDetail> {
    todo!()
}

/// Those where the org is donor and its answer is due, earliest deadline first.
///
/// # Errors
/// Those of the store.
pub async fn pending_donor(_world: &World, _org: &Org) -> Result<Vec<Portability>> {
    todo!()
}
