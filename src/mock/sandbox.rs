//! A sandbox: a world of its own on a server that others use too.
//!
//! A sandbox is its own store, so that no table and no query knows of sandboxes and a reference server pays nothing for them.

use std::sync::Arc;

use jiff::{Span, Timestamp};
use tokio::sync::Mutex;

use super::clock::{ClockChange, Setting, VirtualClock};
use super::donors::Donors;
use super::faults::Faults;
use super::journal::Journal;
use super::seed::Seed;
use super::template::Templates;
use crate::central_node::SimulatedNode;
use crate::clock::Clock;
use crate::domain::msisdn::Msisdn;
use crate::domain::operator_token::OperatorToken;
use crate::domain::order::Order;
use crate::domain::org::Tenancy;
use crate::domain::portability::due_at;
use crate::entitlement::EntitlementServer;
use crate::entitlement::stored::StoredTokens;
use crate::error::{Error, Result};
use crate::service::{Requests, World, registry, settle};
use crate::store::{Claim, DueScope, Store, Take};

/// A world of its own: data, clock, donors, faults, journal.
pub struct Sandbox {
    /// Its name, 1 to 63 of `a-z 0-9 -`.
    pub name: String,
    /// When it was made, in real time.
    pub created_at: Timestamp,
    /// What the APIs work on.
    pub world: World,
    /// The world's clock.
    pub clock: Arc<VirtualClock>,
    /// The donors outside.
    pub donors: Arc<Donors>,
    /// What goes wrong in it on purpose.
    pub faults: Faults,
    /// What was asked in it.
    pub journal: Journal,
    /// Held while it begins again: two at once would each leave out what the other puts in.
    beginning: Mutex<()>,
}

/// What all sandboxes of a server share.
pub struct Surroundings {
    /// What their clocks go by.
    pub time: Arc<dyn Clock>,
    /// The Entitlement Server they ask; `None`: each has its own.
    pub entitlement: Option<Arc<dyn EntitlementServer>>,
    /// What new ones are copies of.
    pub templates: Templates,
}

impl Sandbox {
    /// The one over the server's own database, whose clock is set as it was left.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn over(name: &str, store: Arc<dyn Store>, around: &Surroundings, created_at: Timestamp) -> Result<Self> {
        let sandbox = Self::new(name, store.clone(), around, created_at);
        if let Some(setting) = Setting::kept(&*store).await? {
            sandbox.clock.set(setting);
        }
        Ok(sandbox)
    }

    /// A new one in memory.
    ///
    /// # Errors
    /// Those of [`registry::seed`] and [`VirtualClock::change`].
    pub async fn in_memory(name: &str, beginning: &Beginning, around: &Surroundings, created_at: Timestamp) -> Result<Self> {
        let start = beginning.clock(around)?;
        let database = around.templates.database(&beginning.seed, start.now()).await?;
        let sandbox = Self::new(name, database.store(), around, created_at);
        sandbox.clock.set(start.setting());
        Ok(sandbox)
    }

    fn new(name: &str, store: Arc<dyn Store>, around: &Surroundings, created_at: Timestamp) -> Self {
        let clock = Arc::new(VirtualClock::new(around.time.clone()));
        let donors = Arc::new(Donors::default());
        let world = World {
            replica: None,
            entitlement: around.entitlement.clone().unwrap_or_else(|| Arc::new(StoredTokens::new(store.clone()))),
            central_node: Arc::new(SimulatedNode::new(donors.clone())),
            clock: clock.clone(),
            store,
            requests: Requests::default(),
        };
        let (faults, journal) = (Faults::default(), Journal::default());
        Self { name: name.to_owned(), created_at, world, clock, donors, faults, journal, beginning: Mutex::default() }
    }

    /// Begins again: with this seed, its clock but for these changes, donors that were told nothing, without faults, and
    /// with an empty journal.
    ///
    /// # Errors
    /// Those of [`registry::seed`] and [`VirtualClock::change`]; then everything is as it was.
    pub async fn reset(&self, beginning: &Beginning, around: &Surroundings) -> Result<()> {
        let start = beginning.clock(around)?;
        let data = around.templates.data(&beginning.seed, start.now()).await?;
        let _alone = self.beginning.lock().await;
        // The new data must not be seen at the old time, at which more may be due.
        let before = self.clock.setting();
        self.clock.set(start.setting());
        if let Err(error) = registry::seed(&*self.world.store, &data).await {
            self.clock.set(before);
            return Err(error);
        }
        self.donors.clear();
        self.faults.clear();
        self.journal.clear();
        start.setting().keep(&*self.world.store).await
    }

    /// Changes the clock, and lets happen what is due then.
    ///
    /// # Errors
    /// Those of [`VirtualClock::change`] and of the store.
    pub async fn change_clock(&self, change: &ClockChange) -> Result<()> {
        // What readings have shown, without its being written, is not undone where the clock goes back.
        settle::pass(&self.world, self.clock.now()).await?;
        let setting = self.clock.change(change)?;
        setting.keep(&*self.world.store).await?;
        settle::pass(&self.world, self.clock.now()).await
    }

    /// Moves the clock forward to an instant, and lets happen what is due then.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn reach(&self, instant: Timestamp) -> Result<()> {
        let setting = self.clock.reach(instant);
        setting.keep(&*self.world.store).await?;
        settle::pass(&self.world, self.clock.now()).await
    }

    /// Lets everything happen that is ever due, one due time after the other; the clock goes on with it.
    ///
    /// # Errors
    /// Those of the store; what has happened then stays.
    pub async fn drain(&self) -> Result<()> {
        settle::pass(&self.world, self.clock.now()).await?;
        while let Some(due) = self.world.store.next_due().await? {
            self.reach(due).await?;
        }
        Ok(())
    }

    /// The orders of a process, with everything applied that is due.
    ///
    /// # Errors
    /// [`crate::error::Kind::NotFound`] where there is no such process.
    pub async fn process(&self, process_id: &str) -> Result<Vec<Order>> {
        settle::pass(&self.world, self.clock.now()).await?;
        let mut unit = self.world.store.begin(Tenancy::Every).await?;
        let orders = unit.orders_of_process(process_id).await?;
        if orders.is_empty() { Err(Error::not_found("Process")) } else { Ok(orders) }
    }

    /// The orders that time alone will change, the earliest first, at most so many, with everything applied that is due.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn agenda(&self, most: usize) -> Result<Vec<Order>> {
        settle::pass(&self.world, self.clock.now()).await?;
        let (ever, limit) = (Timestamp::MAX, u32::try_from(most).unwrap_or(u32::MAX));
        let mut unit = self.world.store.begin(Tenancy::Every).await?;
        let take = Take { scope: &DueScope::All, now: ever, claim: Claim::Wait, skip: 0, limit };
        let mut orders = unit.orders_due(take).await?;
        let requests = unit.requests_due(take).await?;
        orders.extend(unit.orders_waiting(&requests).await?);
        orders.sort_by_key(|order| (due_at(&order.porting), order.msisdn));
        orders.truncate(most);
        Ok(orders)
    }

    /// Stores an operator token; when it expires, or `None` where that is beyond the end of time.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn issue(&self, token: &OperatorToken, msisdn: Msisdn, ttl: Span) -> Result<Option<Timestamp>> {
        let calendar = self.world.store.directory().await?.calendar;
        let Ok(expires_at) = calendar.later(self.clock.now(), ttl) else { return Ok(None) };
        let mut unit = self.world.store.begin(Tenancy::Every).await?;
        unit.operator_token_put(token, msisdn, Some(expires_at)).await?;
        unit.commit().await?;
        Ok(Some(expires_at))
    }
}

/// How a world begins.
#[derive(Debug, Clone, Default)]
pub struct Beginning {
    /// With which data.
    pub seed: Seed,
    /// What is changed about the seed's time, which is real time if it has none of its own.
    pub clock: ClockChange,
}

impl Beginning {
    fn clock(&self, around: &Surroundings) -> Result<VirtualClock> {
        let clock = VirtualClock::new(around.time.clone());
        clock.change(&self.seed.clock())?;
        clock.change(&self.clock)?;
        Ok(clock)
    }
}
