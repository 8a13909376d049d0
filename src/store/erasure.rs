//! Erasing personal data, in SQL.

use async_trait::async_trait;
use jiff::Timestamp;

use super::Erasure;
use super::dialect::{Dialect, Param};
use super::record::Record;
use super::sql::{SqlUnit, joined};
use crate::error::Result;

/// Requests with a subscriber whose portings had all ended by `$1`, and cannot begin anew: a refusal can be taken back until the window.
const ENDED: &str =
    "subscriber IS NOT NULL AND created_at < $1 AND NOT EXISTS (SELECT 1 FROM portings p WHERE p.request_id = portability_requests.id
    AND (p.state NOT IN ('AREC', 'ACAN', 'APOR') OR p.window_at >= $1 OR p.chosen_window >= $1
         OR EXISTS (SELECT 1 FROM portability_events e WHERE e.porting_id = p.id AND e.at >= $1)))";

#[async_trait]
impl<D: Dialect> Erasure for SqlUnit<D> {
    async fn subscribers_ended(&mut self, before: Timestamp) -> Result<u64> {
        self.must_be_for_every_org()?;
        let sql = joined(&["SELECT COUNT(*) AS requests FROM portability_requests WHERE ", ENDED]);
        let rows = self.rows(sql, &[before.into()]).await?;
        let Some(row) = rows.first() else { return Ok(0) };
        Record::<D>::new(row, "portability_requests").int_as("requests", |count| u64::try_from(count).ok())
    }

    async fn subscribers_erase(&mut self, before: Timestamp, limit: u32) -> Result<u64> {
        self.must_be_for_every_org()?;
        let chosen = [
            "UPDATE portability_requests SET subscriber = NULL, digest = '' WHERE id IN (SELECT id FROM portability_requests WHERE ",
            ENDED,
        ];
        let sql = joined(&[&chosen[..], &[" ORDER BY created_at LIMIT $2) RETURNING id"]].concat());
        let params: [Param<'_>; 2] = [before.into(), i64::from(limit).into()];
        let erased = self.rows(sql, &params).await?;
        Ok(erased.len() as u64)
    }
}
