//! What a world begins with.

use std::sync::Arc;

use super::clock::{ClockChange, Setting, VirtualClock};
use super::demo;
use crate::clock::Clock;
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

    /// How the clock of its world is set at first, if not to real time.
    #[must_use]
    pub fn clock(&self) -> ClockChange {
        match self {
            Self::Demo => ClockChange::default(),
            Self::Data(data) => data.clock.as_ref().map(ClockChange::from).unwrap_or_default(),
        }
    }

    /// What it is by this clock.
    ///
    /// # Errors
    /// Those of [`VirtualClock::change`] and of the store.
    pub async fn made(&self, real: Arc<dyn Clock>) -> Result<Made> {
        let clock = VirtualClock::new(real);
        let setting = clock.change(&self.clock())?;
        let data = match self {
            Self::Demo => Arc::new(registry::export(&*demo::play(clock.now()).await?.store()).await?),
            Self::Data(data) => data.clone(),
        };
        Ok(Made { data, setting })
    }
}

/// What a world begins with, ready to be written.
#[derive(Debug)]
pub struct Made {
    data: Arc<DataSet>,
    setting: Setting,
}

impl Made {
    /// Replaces everything a database holds, and how its clock is set.
    ///
    /// # Errors
    /// Those of [`registry::seed`].
    pub async fn fill(&self, store: &dyn Store) -> Result<()> {
        registry::seed(store, &self.data).await?;
        self.setting.keep(store).await
    }
}
