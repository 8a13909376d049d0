//! The inventory in SQL.

use async_trait::async_trait;
use jiff::Timestamp;

use super::dialect::{Dialect, Param, Table};
use super::reads::Lookup;
use super::record::Record;
use super::sql::{SqlStore, SqlUnit, joined};
use super::{Added, DueScope, Inventory, InventoryWrites, Reading};
use crate::domain::imsi::Imsi;
use crate::domain::inventory::{BelongsTo, Entry, InternalPortability, NewNumber, Segment, Sim, Status};
use crate::domain::msisdn::Msisdn;
use crate::domain::org::{OrgName, Tenancy};
use crate::error::{Error, Kind, Result};

/// A number with its org, a row for each SIM.
const ENTRY: &str = "SELECT m.msisdn, m.belongs_to, m.status, m.checked_at, m.from_org, m.from_system,
        o.name, o.operator_code, o.nrn, o.home_system, o.tenant_id, o.bit, o.tier,
        s.imsi, s.segment, s.created_at, s.slot";

/// When a transition of the number's active order is due, if ever. Those who share a statement each have a time of their own to compare it
/// with.
const DUE: &str = ", (SELECT d.due_at FROM portings d WHERE d.msisdn = m.msisdn AND d.state IN ('AENV', 'ASOL', 'ACON')) AS due_at";

const TABLES: &str = " FROM msisdns m JOIN orgs o ON o.name = m.org LEFT JOIN imsis s ON s.msisdn = m.msisdn";

const BY_MSISDN: &str = " WHERE m.msisdn = $1";

/// Numbers.
static NUMBERS: Lookup = Lookup { head: &[ENTRY, DUE, ", m.msisdn AS asked", TABLES, " WHERE m.msisdn IN ("], tail: ")" };

/// The numbers that have or had SIMs.
static NUMBERS_OF_SIMS: Lookup =
    Lookup { head: &[ENTRY, DUE, ", i.imsi AS asked", TABLES, " JOIN imsis i ON i.msisdn = m.msisdn WHERE i.imsi IN ("], tail: ")" };

/// Reads one entry from its rows; one that the tenancy does not see does not exist.
fn entry<D: Dialect>(rows: &[D::Row], tenancy: &Tenancy) -> Result<Option<Entry>> {
    let Some(first) = rows.first() else { return Ok(None) };
    let record = Record::<D>::new(first, "msisdns");
    let org = super::registry::org::<D>(first)?;
    if !tenancy.sees(&org.name) {
        return Ok(None);
    }
    Ok(Some(Entry {
        msisdn: record.msisdn("msisdn")?,
        belongs_to: record.belongs_to("belongs_to")?,
        status: record.status("status")?,
        checked_at: record.instant("checked_at")?,
        internal_portability: origin(&record)?,
        sims: sims::<D>(rows)?,
        org,
    }))
}

/// Where an entry came from.
pub(super) fn origin<D: Dialect>(record: &Record<'_, D>) -> Result<Option<InternalPortability>> {
    let Some(org) = record.parsed_or_null("from_org", |text| OrgName::parse(text).ok())? else { return Ok(None) };
    Ok(Some(InternalPortability { org, belongs_to: record.belongs_to("from_system")? }))
}

/// The SIMs of an entry's rows: the current one first, the rest newest first.
pub(super) fn sims<D: Dialect>(rows: &[D::Row]) -> Result<Vec<Sim>> {
    let mut sims = Vec::with_capacity(rows.len());
    for row in rows {
        let record = Record::<D>::new(row, "imsis");
        if let Some(slot) = record.int_or_null("slot")? {
            let sim = Sim { imsi: record.imsi("imsi")?, segment: record.segment("segment")?, created_at: record.instant("created_at")? };
            sims.push((slot, sim));
        }
    }
    sims.sort_by_key(|(slot, sim)| (*slot != 0, std::cmp::Reverse((sim.created_at, *slot))));
    Ok(sims.into_iter().map(|(_, sim)| sim).collect())
}

/// Reads one entry, and whether a transition of its number is due at `now`, whoever may see it.
fn reading<D: Dialect>(rows: &[D::Row], tenancy: &Tenancy, now: Timestamp) -> Result<Reading<Option<Entry>>> {
    let Some(first) = rows.first() else { return Ok(Reading { found: None, due: None }) };
    let record = Record::<D>::new(first, "msisdns");
    let is_due = record.instant_or_null("due_at")?.is_some_and(|due_at| due_at <= now);
    let due = if is_due { Some(DueScope::Numbers(vec![record.msisdn("msisdn")?])) } else { None };
    Ok(Reading { found: entry::<D>(rows, tenancy)?, due })
}

/// What is written of a number.
pub(super) const NUMBER: Table =
    Table { name: "msisdns", columns: &["msisdn", "checked_at", "org", "belongs_to", "status", "from_org", "from_system"] };

/// Its values.
pub(super) fn number_row(number: &NewNumber) -> [Param<'_>; 7] {
    let origin = number.internal_portability.as_ref();
    [
        number.msisdn.into(),
        number.checked_at.into(),
        number.org.as_str().into(),
        number.belongs_to.as_str().into(),
        number.status.as_str().into(),
        origin.map(|origin| origin.org.as_str()).into(),
        origin.map(|origin| origin.belongs_to.as_str()).into(),
    ]
}

/// What is written of a SIM.
pub(super) const SIM: Table = Table { name: "imsis", columns: &["msisdn", "slot", "imsi", "segment", "created_at"] };

/// The values of each of a number's.
pub(super) fn sim_rows(number: &NewNumber) -> impl Iterator<Item = [Param<'_>; 5]> {
    let msisdn = number.msisdn;
    number
        .slots()
        .map(move |(slot, sim)| [msisdn.into(), slot.into(), (&sim.imsi).into(), sim.segment.as_str().into(), sim.created_at.into()])
}

#[async_trait]
impl<D: Dialect> Inventory for SqlStore<D> {
    async fn number(&self, tenancy: &Tenancy, msisdn: Msisdn, now: Timestamp) -> Result<Reading<Option<Entry>>> {
        let rows = self.reads.rows(&NUMBERS, msisdn.into()).await?;
        reading::<D>(&rows, tenancy, now)
    }

    async fn number_of_sim(&self, tenancy: &Tenancy, imsi: &Imsi, now: Timestamp) -> Result<Reading<Option<Entry>>> {
        let rows = self.reads.rows(&NUMBERS_OF_SIMS, imsi.as_str().into()).await?;
        reading::<D>(&rows, tenancy, now)
    }
}

#[async_trait]
impl<D: Dialect> InventoryWrites for SqlUnit<D> {
    async fn number_for_update(&mut self, msisdn: Msisdn) -> Result<Option<Entry>> {
        // The lock is a statement of its own: one that waits for another transaction still sees the SIMs as they were before the wait.
        self.rows(joined(&["SELECT msisdn FROM msisdns WHERE msisdn = $1", D::FOR_UPDATE]), &[msisdn.into()]).await?;
        let rows = self.rows(joined(&[ENTRY, TABLES, BY_MSISDN]), &[msisdn.into()]).await?;
        entry::<D>(&rows, &self.tenancy)
    }

    async fn number_change(&mut self, msisdn: Msisdn, belongs_to: BelongsTo, status: Status, checked_at: Timestamp) -> Result<()> {
        let params = [msisdn.into(), belongs_to.as_str().into(), status.as_str().into(), checked_at.into()];
        self.execute("UPDATE msisdns SET belongs_to = $2, status = $3, checked_at = $4 WHERE msisdn = $1", &params).await?;
        Ok(())
    }

    async fn number_remove(&mut self, msisdn: Msisdn) -> Result<()> {
        self.execute("DELETE FROM msisdns WHERE msisdn = $1", &[msisdn.into()]).await?;
        Ok(())
    }

    async fn sim_add(&mut self, msisdn: Msisdn, slot: i64, imsi: &Imsi, segment: Segment, created_at: Timestamp) -> Result<Added> {
        let params: [Param<'_>; 5] = [msisdn.into(), slot.into(), imsi.into(), segment.as_str().into(), created_at.into()];
        let added = self
            .execute(
                "INSERT INTO imsis (msisdn, slot, imsi, segment, created_at) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (imsi) DO NOTHING",
                &params,
            )
            .await?;
        Ok(if added == 1 { Added::New } else { Added::Taken })
    }

    async fn sim_retire(&mut self, msisdn: Msisdn) -> Result<()> {
        self.execute(
            "UPDATE imsis SET slot = (SELECT MAX(slot) + 1 FROM imsis WHERE msisdn = $1) WHERE msisdn = $1 AND slot = 0",
            &[msisdn.into()],
        )
        .await?;
        Ok(())
    }

    async fn sim_reinstate(&mut self, msisdn: Msisdn, imsi: &Imsi) -> Result<()> {
        let touched = self.execute("UPDATE imsis SET slot = 0 WHERE msisdn = $1 AND imsi = $2", &[msisdn.into(), imsi.into()]).await?;
        if touched != 1 {
            return Err(Error::because(Kind::Internal, format!("{touched} rows of imsis for a SIM that was just read")));
        }
        Ok(())
    }
}
