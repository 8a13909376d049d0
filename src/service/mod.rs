//! The use cases: open a unit of work, load, let the domain decide, write, commit.

pub mod inventory;
pub mod operators;
pub mod portability;
pub mod registry;

use std::sync::Arc;

use crate::clock::Clock;
use crate::entitlement::EntitlementServer;
use crate::store::Store;

/// What a use case works on: one set of data, one clock, one Entitlement Server.
#[derive(Clone)]
pub struct World {
    /// The data.
    pub store: Arc<dyn Store>,
    /// The time that everything stored is stamped with.
    pub clock: Arc<dyn Clock>,
    /// Who knows the number behind an operator token.
    pub entitlement: Arc<dyn EntitlementServer>,
}
