//! The use cases: open a unit of work, load, let the domain decide, write, commit.

pub mod bulk;
pub mod inventory;
pub mod operators;
pub mod portability;
pub mod purge;
pub mod registry;
pub mod replica;
pub mod settle;

use std::sync::Arc;

pub use self::portability::submit::Requests;
use self::replica::Replica;
use crate::central_node::CentralNode;
use crate::clock::Clock;
use crate::entitlement::EntitlementServer;
use crate::store::Store;

/// What a use case works on: one set of data, one clock, one Entitlement Server.
#[derive(Clone)]
pub struct World {
    /// The data.
    pub store: Arc<dyn Store>,
    /// The same, where they may be a little older.
    pub replica: Option<Arc<Replica>>,
    /// The time that everything stored is stamped with.
    pub clock: Arc<dyn Clock>,
    /// Who knows the number behind an operator token.
    pub entitlement: Arc<dyn EntitlementServer>,
    /// Who registers portings.
    pub central_node: Arc<dyn CentralNode>,
    /// Where requests for portabilities wait for each other.
    pub requests: Requests,
}
