//! Applying what is due: each transition as of the time it was due, chained until nothing is due.

use std::collections::HashMap;

use jiff::Timestamp;

use super::World;
use super::portability::node;
use super::portability::write::{Lived, write};
use crate::domain::msisdn::Msisdn;
use crate::domain::order::Order;
use crate::domain::org::Tenancy;
use crate::error::{Kind, Result};
use crate::store::{Claim, DueScope, Reading, Take, UnitOfWork};

/// Orders, or requests, applied in one transaction.
const BATCH: u32 = 256;

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
            // Rarely; and so it takes no room in what every reading needs.
            Some(scope) => Box::pin(settle(world, &scope, now)).await?,
        }
    }
}

/// Applies everything that is due at `now` within a scope, waiting for others who are at it.
///
/// # Errors
/// Those of the store and of the Node; what was applied before stays.
pub async fn settle(world: &World, scope: &DueScope, now: Timestamp) -> Result<()> {
    let take = Take { scope, now, claim: Claim::Wait, skip: 0, limit: BATCH };
    // Asked first, without a transaction: there is rarely anything.
    while world.store.is_due(scope, now).await? {
        batch(world, Due::Orders, take).await?;
        batch(world, Due::Requests, take).await?;
    }
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

/// Applies what is due anywhere, leaving out what others are at: a batch of orders and one of waiting requests. How much there was.
///
/// What cannot be applied stays, and does not stand in the way of the rest.
///
/// # Errors
/// As for [`settle`], where nothing could be applied.
pub async fn work(world: &World, now: Timestamp) -> Result<usize> {
    let orders = work_past_failures(world, Due::Orders, now).await;
    let requests = work_past_failures(world, Due::Requests, now).await;
    Ok(orders? + requests?)
}

/// Applies a batch. Where one of it fails, it is looked for by halves, and all the others that are due are applied.
async fn work_past_failures(world: &World, due: Due, now: Timestamp) -> Result<usize> {
    let mut take = Take { scope: &DueScope::All, now, claim: Claim::Skip, skip: 0, limit: BATCH };
    let mut applied = 0;
    let mut failure = None;
    loop {
        match batch(world, due, take).await {
            Ok(count) => {
                applied += count;
                if failure.is_none() || count == 0 {
                    break;
                }
                take.limit = BATCH;
            }
            // It passes by itself, for all of them.
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            Err(error) => {
                if take.limit == 1 {
                    tracing::error!(cause = error.story(), "a due transition cannot be applied");
                    take.skip += 1;
                }
                take.limit = (take.limit / 2).max(1);
                failure = Some(error);
            }
        }
    }
    match failure {
        Some(error) if applied == 0 => Err(error),
        _ => Ok(applied),
    }
}

/// What falls due.
#[derive(Debug, Clone, Copy)]
enum Due {
    /// What time alone brings.
    Orders,
    /// The Central Node's decision on requests that waited for it.
    Requests,
}

/// Applies what is taken of what is due, in one transaction; how much there was.
async fn batch(world: &World, due: Due, take: Take<'_>) -> Result<usize> {
    let mut unit = world.store.begin(Tenancy::Every).await?;
    match apply(world, &mut *unit, due, take).await {
        Ok(count) => unit.commit().await.map(|()| count),
        Err(error) => {
            // Now, or else the next batch finds the same orders still taken.
            unit.undo().await?;
            Err(error)
        }
    }
}

async fn apply(world: &World, unit: &mut dyn UnitOfWork, due: Due, take: Take<'_>) -> Result<usize> {
    let lived = match due {
        Due::Orders => elapse(unit.orders_due(take).await?, take.now)?,
        Due::Requests => open(world, unit, take).await?,
    };
    Ok(write(unit, lived, take.now).await?.len())
}

/// What time alone makes of orders.
fn elapse(orders: Vec<Order>, now: Timestamp) -> Result<Vec<Lived>> {
    let elapse = |mut order: Order| {
        let events = order.pass_time(now).map_err(node::defect)?;
        Ok(Lived { order, events })
    };
    orders.into_iter().map(elapse).collect()
}

/// What the Node makes of requests that waited for it.
async fn open(world: &World, unit: &mut dyn UnitOfWork, take: Take<'_>) -> Result<Vec<Lived>> {
    let requests = unit.requests_due(take).await?;
    let mut waiting: HashMap<_, Vec<_>> = HashMap::new();
    for order in unit.orders_waiting(&requests).await? {
        waiting.entry(order.request_id.clone()).or_default().push(order);
    }
    // None of a request wait any more where another server was at it first.
    let waiting: Vec<_> = requests.iter().filter_map(|request| waiting.remove(request)).collect();
    if waiting.is_empty() { Ok(Vec::new()) } else { node::open(world, unit, waiting, take.now).await }
}
