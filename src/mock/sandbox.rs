//! Sandboxes: worlds of their own on one server, named by `X-Sandbox`.
//!
//! A sandbox is its own store, so that no table and no query knows of sandboxes and a reference server pays nothing for them. The sandbox
//! `default` is the server's database; every other one is an embedded database in memory, whichever database the server has.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{Mutex, OnceCell};

use super::clock::VirtualClock;
use super::demo;
use super::faults::Faults;
use super::journal::Journal;
use crate::central_node::{SimulatedNode, WillingDonors};
use crate::clock::Clock;
use crate::entitlement::stored::StoredTokens;
use crate::error::{Error, Kind, Result, Violation};
use crate::service::World;
use crate::store::{self, DatabaseUrl, PoolSettings, Store};

/// The sandbox of requests that name none.
pub const DEFAULT: &str = "default";

/// A world of its own: data, clock, donors, faults, journal.
pub struct Sandbox {
    /// Its name, 1 to 63 of `a-z 0-9 -`.
    pub name: String,
    /// What the APIs work on.
    pub world: World,
    /// The world's clock.
    pub clock: Arc<VirtualClock>,
    /// What goes wrong in it on purpose.
    pub faults: Faults,
    /// What was asked in it.
    pub journal: Journal,
}

impl Sandbox {
    /// A sandbox over a store.
    fn over(name: &str, store: Arc<dyn Store>, real: Arc<dyn Clock>) -> Self {
        let clock = Arc::new(VirtualClock::new(real));
        let world = World {
            entitlement: Arc::new(StoredTokens::new(store.clone())),
            central_node: Arc::new(SimulatedNode::new(Arc::new(WillingDonors))),
            clock: clock.clone(),
            store,
        };
        Self { name: name.to_owned(), world, clock, faults: Faults::default(), journal: Journal::default() }
    }
}

/// The sandboxes of a server.
pub struct Sandboxes {
    real: Arc<dyn Clock>,
    most: usize,
    /// Each is made by the first who names it, while the others wait for that one alone.
    made: Mutex<HashMap<String, Arc<OnceCell<Arc<Sandbox>>>>>,
    default: Arc<Sandbox>,
}

impl Sandboxes {
    /// The sandboxes of a server whose own database is `store`; at most `most`, the default one included.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, real: Arc<dyn Clock>, most: usize) -> Self {
        let default = Arc::new(Sandbox::over(DEFAULT, store, real.clone()));
        Self { real, most, made: Mutex::default(), default }
    }

    /// The sandbox of this name, made of the demo data if it is new.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for a bad name, [`Kind::Unavailable`] for a new one when there are as many as may be: a live one is never evicted.
    pub async fn named(&self, name: &str) -> Result<Arc<Sandbox>> {
        if name == DEFAULT {
            return Ok(self.default.clone());
        }
        if !is_name(name) {
            return Err(Violation { field: "X-Sandbox".to_owned(), tag: "sandbox" }.into());
        }
        let cell = self.cell(name).await?;
        cell.get_or_try_init(|| self.make(name)).await.cloned()
    }

    async fn cell(&self, name: &str) -> Result<Arc<OnceCell<Arc<Sandbox>>>> {
        let mut made = self.made.lock().await;
        if let Some(cell) = made.get(name) {
            return Ok(cell.clone());
        }
        if made.len() + 1 >= self.most {
            return Err(Error::because(Kind::Unavailable, format!("there are {} sandboxes already", self.most)));
        }
        Ok(made.entry(name.to_owned()).or_default().clone())
    }

    async fn make(&self, name: &str) -> Result<Arc<Sandbox>> {
        let settings = PoolSettings { pool_size: 1, pool_acquire_timeout: 3000, statement_cache: 100 };
        let store = store::open(&DatabaseUrl::Sqlite(None), &settings).await?;
        store.migrate().await?;
        demo::seed(&store, self.real.now()).await?;
        Ok(Arc::new(Sandbox::over(name, store, self.real.clone())))
    }
}

fn is_name(name: &str) -> bool {
    (1..=63).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
