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
    /// A data set.
    Data(Arc<DataSet>),
}

impl Seed {
    /// The seed of this name: `demo` or, for nothing at all, `empty`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "demo" => Some(Self::Demo),
            "empty" => Some(Self::Data(Arc::default())),
            _ => None,
        }
    }

    /// Replaces everything a database holds, as of `now`.
    ///
    /// # Errors
    /// Those of [`registry::seed`].
    pub async fn fill(&self, store: &dyn Store, now: Timestamp) -> Result<()> {
        match self {
            Self::Demo => registry::seed(store, &registry::export(&*demo::play(now).await?.store()).await?).await,
            Self::Data(data) => registry::seed(store, data).await,
        }
    }
}
