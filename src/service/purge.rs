//! Erasing personal data that nobody needs any more.

use jiff::Timestamp;

use crate::domain::audit::{AuditLine, Operation};
use crate::domain::org::Tenancy;
use crate::error::Result;
use crate::store::Store;

/// Subscribers erased in one transaction, so that no one who writes waits long.
const BATCH: u32 = 1_000;

/// How many requests have a subscriber, and only portings that had ended for good before then.
///
/// # Errors
/// Those of the store.
pub async fn count(store: &dyn Store, before: Timestamp) -> Result<u64> {
    store.snapshot().await?.subscribers_ended(before).await
}

/// Erases the subscribers of these requests, and the digests that were made of them; how many. What was erased before a failure stays so.
///
/// # Errors
/// Those of the store.
pub async fn erase(store: &dyn Store, before: Timestamp, now: Timestamp) -> Result<u64> {
    let mut erased = 0;
    loop {
        let mut unit = store.begin(Tenancy::Every).await?;
        let batch = unit.subscribers_erase(before, BATCH).await?;
        if batch == 0 {
            return Ok(erased);
        }
        if erased == 0 {
            unit.audit_add(&[AuditLine::by_command(Operation::Purge, now)]).await?;
        }
        unit.commit().await?;
        erased += batch;
    }
}
