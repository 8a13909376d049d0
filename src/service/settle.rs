//! Applying what is due: each transition as of the time it was due, chained until nothing is due.

use jiff::Timestamp;

use super::World;
use super::portability::node;
use super::portability::write::write;
use crate::domain::msisdn::Msisdn;
use crate::domain::order::Order;
use crate::domain::org::Tenancy;
use crate::error::Result;
use crate::store::{Claim, DueScope, Reading, UnitOfWork};

/// Orders applied in one transaction.
const BATCH: u32 = 100;

/// Reads until nothing that concerns the reading is due.
///
/// The first reading usually is the only one: it says itself whether something is due.
///
/// # Errors
/// Those of the reading, and those of [`settle`].
pub async fn settled<T, Answer>(world: &World, read: impl Fn(Timestamp) -> Answer) -> Result<T>
where
    Answer: Future<Output = Result<Reading<T>>>,
{
    let now = world.clock.now();
    loop {
        let reading = read(now).await?;
        match reading.due {
            None => return Ok(reading.found),
            Some(scope) => settle(world, &scope, now).await?,
        }
    }
}

/// Applies everything that is due at `now` within a scope, waiting for others who are at it.
///
/// # Errors
/// Those of the store and of the Node; what was applied before stays.
pub async fn settle(world: &World, scope: &DueScope, now: Timestamp) -> Result<()> {
    // Asked first, without a transaction: there is rarely anything.
    if !world.store.is_due(scope, now).await? {
        return Ok(());
    }
    while batch(world, scope, now, Claim::Wait).await? > 0 {}
    Ok(())
}

/// Applies everything that is due at `now`, one due time after the other: whatever happens at one has happened when the next comes.
///
/// # Errors
/// As for [`settle`].
pub async fn pass(world: &World, now: Timestamp) -> Result<()> {
    while let Some(due) = world.store.next_due().await?.filter(|due| *due <= now) {
        settle(world, &DueScope::All, due).await?;
    }
    Ok(())
}

/// Applies what is due for some numbers.
///
/// # Errors
/// As for [`settle`].
pub async fn numbers(world: &World, msisdns: Vec<Msisdn>, now: Timestamp) -> Result<()> {
    settle(world, &DueScope::Numbers(msisdns), now).await
}

/// Applies a batch of what is due anywhere, leaving out what others are at; how much there was.
///
/// # Errors
/// As for [`settle`]; then none of the batch is applied.
pub async fn work(world: &World, now: Timestamp) -> Result<usize> {
    batch(world, &DueScope::All, now, Claim::Skip).await
}

/// Applies up to [`BATCH`] due orders, and as many waiting requests, in one transaction, the earliest first; how many there were.
async fn batch(world: &World, scope: &DueScope, now: Timestamp, claim: Claim) -> Result<usize> {
    let mut unit = world.store.begin(Tenancy::Every).await?;
    let orders = unit.orders_due(scope, now, claim, BATCH).await?;
    let requests = unit.requests_due(scope, now, claim, BATCH).await?;
    let count = orders.len() + requests.len();
    if count > 0 {
        apply(world, &mut *unit, orders, requests, now).await?;
        unit.commit().await?;
    }
    Ok(count)
}

/// Applies what is due of orders and requests that the unit of work has taken.
async fn apply(world: &World, unit: &mut dyn UnitOfWork, orders: Vec<Order>, requests: Vec<String>, now: Timestamp) -> Result<()> {
    for mut order in orders {
        let events = order.pass_time(now).map_err(node::defect)?;
        write(unit, &mut order, events, now).await?;
    }
    for request in requests {
        // None wait any more where another server was at it first.
        let waiting = unit.orders_waiting(&request).await?;
        if !waiting.is_empty() {
            node::open(world, unit, waiting, now).await?;
        }
    }
    Ok(())
}
