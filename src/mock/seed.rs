//! What a world begins with.

use std::sync::Arc;

use jiff::Timestamp;

use super::demo;
use crate::dataset::DataSet;
use crate::error::Result;
use crate::service::registry;
use crate::store::Store;

/// What a world begins with.
#[derive(Debug, Clone, Default)]
pub enum Seed {
    /// The demo data: numbers, tokens, operators, and portabilities in every state.
    #[default]
    Demo,
    /// Nothing at all.
    Empty,
    /// A data set.
    Data(Arc<DataSet>),
}

impl Seed {
    /// The seed of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "demo" => Some(Self::Demo),
            "empty" => Some(Self::Empty),
            _ => None,
        }
    }

    /// Replaces everything a database holds, as of `now`.
    ///
    /// # Errors
    /// [`crate::error::Kind::Conflict`] where a data set contradicts itself; those of the store.
    pub async fn fill(&self, store: &Arc<dyn Store>, now: Timestamp) -> Result<()> {
        match self {
            Self::Demo => demo::seed(store, now).await,
            Self::Empty => registry::seed(&**store, &DataSet::default()).await,
            Self::Data(data) => registry::seed(&**store, data).await,
        }
    }
}
