//! Adding numbers, many at once: one transaction for all that wait, so that they share its statements and its way to the disk.

use std::collections::HashSet;

use async_trait::async_trait;
use sqlx::Pool;
use tracing::Instrument as _;

use super::dialect::{Dialect, Param, Table};
use super::failure::query_failure;
use super::inventory::{NUMBER, SIM, number_row, sim_rows};
use super::record::Record;
use super::registry::must_see;
use super::sql::{SqlStore, SqlUnit, span};
use super::{Additions, Insertion, UnitOfWork as _};
use crate::batch::transactions::Transact;
use crate::domain::audit::AuditLine;
use crate::domain::imsi::Imsi;
use crate::domain::inventory::NewNumber;
use crate::domain::msisdn::Msisdn;
use crate::domain::org::Tenancy;
use crate::error::Result;

/// Adds numbers.
pub struct Adder<D: Dialect> {
    pub(super) writers: Pool<D>,
}

/// A number, and the line that says who adds it.
pub struct Addition {
    number: NewNumber,
    line: AuditLine,
}

/// What two numbers cannot both have.
#[derive(PartialEq, Eq, Hash)]
pub enum Claim {
    /// A number is in the inventory once.
    Number(Msisdn),
    /// A SIM is one number's.
    Sim(Imsi),
}

impl<D: Dialect> Transact for Adder<D> {
    type Request = Addition;
    type Answer = Insertion;
    type Claim = Claim;

    fn claims(Addition { number, .. }: &Addition) -> Vec<Claim> {
        let sims = number.sims.iter().map(|sim| Claim::Sim(sim.imsi.clone()));
        sims.chain([Claim::Number(number.msisdn)]).collect()
    }

    async fn transact(&self, additions: &[&Addition]) -> Result<Vec<Result<Insertion>>> {
        let mut numbers: Vec<_> = additions.iter().map(|addition| &addition.number).collect();
        // Others lock them in this order too.
        numbers.sort_unstable_by_key(|number| number.msisdn);
        let tx = self.writers.begin_with(D::BEGIN_WRITE).await.map_err(query_failure)?;
        let mut unit = SqlUnit::<D> { tx, tenancy: Tenancy::Every };
        let new = unit.insert_numbers(&numbers).await?;
        let sims: Vec<_> = numbers.iter().filter(|number| new.contains(&number.msisdn)).copied().collect();
        let complete = unit.insert_sims(&sims).await?;
        unit.take_back(new.difference(&complete).copied().collect()).await?;
        if !complete.is_empty() {
            unit.offer_waiting_of(&complete.iter().copied().collect::<Vec<_>>()).await?;
            let done = additions.iter().filter(|addition| complete.contains(&addition.number.msisdn));
            unit.lines_add(&done.map(|addition| &addition.line).collect::<Vec<_>>()).await?;
            Box::new(unit).commit().await?;
        }
        Ok(additions.iter().map(|addition| Ok(insertion(addition.number.msisdn, &new, &complete))).collect())
    }
}

fn insertion(msisdn: Msisdn, new: &HashSet<Msisdn>, complete: &HashSet<Msisdn>) -> Insertion {
    match (new.contains(&msisdn), complete.contains(&msisdn)) {
        (false, _) => Insertion::NumberTaken,
        (true, false) => Insertion::SimTaken,
        (true, true) => Insertion::Done,
    }
}

impl<D: Dialect> SqlUnit<D> {
    /// Inserts numbers without SIMs; which of them were not there.
    async fn insert_numbers(&mut self, numbers: &[&NewNumber]) -> Result<HashSet<Msisdn>> {
        let rows: Vec<_> = numbers.iter().map(|number| number_row(number)).collect();
        let inserted = self.insert(&NUMBER, &rows, "msisdn").await?;
        Ok(inserted.into_iter().collect())
    }

    /// Inserts the SIMs of numbers; which of the numbers have got all theirs.
    async fn insert_sims(&mut self, numbers: &[&NewNumber]) -> Result<HashSet<Msisdn>> {
        let rows: Vec<_> = numbers.iter().flat_map(|number| sim_rows(number)).collect();
        let inserted = self.insert(&SIM, &rows, "imsi").await?;
        let has_all = |number: &&&NewNumber| inserted.iter().filter(|msisdn| **msisdn == number.msisdn).count() == number.sims.len();
        Ok(numbers.iter().filter(has_all).map(|number| number.msisdn).collect())
    }

    /// Inserts rows, but for those with whose `key` there is one; the numbers of those that were inserted.
    async fn insert(&mut self, table: &Table, rows: &[Vec<Param<'_>>], key: &str) -> Result<Vec<Msisdn>> {
        let statement = |given: &str| format!("INSERT INTO {} {given} ON CONFLICT ({key}) DO NOTHING RETURNING msisdn", table.target());
        let inserted = self.rows_of(rows, statement).await.map_err(query_failure)?;
        inserted.iter().map(|row| Record::<D>::new(row, "msisdns").msisdn("msisdn")).collect()
    }

    /// Removes numbers of this very transaction.
    async fn take_back(&mut self, msisdns: Vec<Msisdn>) -> Result<()> {
        for msisdn in msisdns {
            self.execute("DELETE FROM msisdns WHERE msisdn = $1", &[msisdn.into()]).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl<D: Dialect> Additions for SqlStore<D> {
    async fn number_insert(&self, tenancy: &Tenancy, number: NewNumber, line: AuditLine) -> Result<Insertion> {
        must_see(tenancy, &number.org)?;
        self.additions.ask(Addition { number, line }).instrument(span("db add")).await
    }
}
