//! Adding numbers, many at once: one transaction for all that wait, so that they share its statements and its way to the disk.

use std::collections::HashSet;

use async_trait::async_trait;
use sqlx::Pool;
use tracing::Instrument as _;

use super::dialect::{Dialect, Param};
use super::failure::query_failure;
use super::queue::{Batch, Ran, Waiting, fail_all, in_time};
use super::record::Record;
use super::registry::must_see;
use super::sql::{SqlStore, SqlUnit, assembled, placeholders, span};
use super::{Additions, Insertion, UnitOfWork as _};
use crate::domain::audit::AuditLine;
use crate::domain::imsi::Imsi;
use crate::domain::inventory::{NewNumber, Sim};
use crate::domain::msisdn::Msisdn;
use crate::domain::org::Tenancy;
use crate::error::{Error, Kind, Result};

/// How many transactions are under way at once: one can be written while the other waits for the disk.
pub const LANES: usize = 2;

const NUMBERS: &str = "INSERT INTO msisdns (msisdn, checked_at, org, belongs_to, status, from_org, from_system) VALUES ";
const SIMS: &str = "INSERT INTO imsis (msisdn, slot, imsi, segment, created_at) VALUES ";

/// Adds numbers.
pub struct Adder<D: Dialect> {
    pub(super) writers: Pool<D>,
}

/// A number, and the line that says who adds it.
pub struct Addition {
    number: NewNumber,
    line: AuditLine,
}

/// Numbers that wait to be added.
type Batched<D> = Vec<Waiting<Adder<D>>>;

impl<D: Dialect> Batch for Adder<D> {
    type Request = Addition;
    type Answer = Insertion;

    fn go_together(_: &Addition, _: &Addition) -> bool {
        true
    }

    async fn run(&self, mut batch: Vec<Waiting<Self>>) -> Ran {
        while !batch.is_empty() {
            let (distinct, later) = apart(batch);
            if self.add(distinct).await == Ran::Unreachable {
                fail_all(later, &Error::because(Kind::Unavailable, "the database could not be reached"));
                return Ran::Unreachable;
            }
            batch = later;
        }
        Ran::Done
    }
}

/// Those that want nothing that another one wants, in the order of their numbers, in which others lock them too; and the rest, whose turn
/// comes when it is known what has become of these.
fn apart<D: Dialect>(batch: Batched<D>) -> (Batched<D>, Batched<D>) {
    let (mut msisdns, mut imsis): (HashSet<Msisdn>, HashSet<Imsi>) = (HashSet::new(), HashSet::new());
    let (mut distinct, later): (Vec<_>, Vec<_>) = batch.into_iter().partition(|waiting| {
        let number = &waiting.request.number;
        let is_new = !msisdns.contains(&number.msisdn) && !number.sims.iter().any(|sim| imsis.contains(&sim.imsi));
        msisdns.insert(number.msisdn);
        imsis.extend(number.sims.iter().map(|sim| sim.imsi.clone()));
        is_new
    });
    distinct.sort_by_key(|waiting| waiting.request.number.msisdn);
    (distinct, later)
}

impl<D: Dialect> Adder<D> {
    /// Adds numbers that have nothing in common.
    async fn add(&self, batch: Vec<Waiting<Self>>) -> Ran {
        let additions: Vec<&Addition> = batch.iter().map(|waiting| &waiting.request).collect();
        match in_time(self.transact(&additions)).await {
            Ok(insertions) => {
                for (waiting, insertion) in batch.into_iter().zip(insertions) {
                    waiting.answer(Ok(insertion));
                }
                Ran::Done
            }
            // It is one number's, or a few's: the others are not to fail for it.
            Err(error) if error.kind() == Kind::Internal && batch.len() > 1 => {
                for waiting in batch {
                    let alone = in_time(self.transact(&[&waiting.request])).await.and_then(|insertions| {
                        insertions.into_iter().next().ok_or_else(|| Error::because(Kind::Internal, "a number without an outcome"))
                    });
                    waiting.answer(alone);
                }
                Ran::Done
            }
            Err(error) => {
                fail_all(batch, &error);
                if error.kind() == Kind::Unavailable { Ran::Unreachable } else { Ran::Done }
            }
        }
    }

    /// What becomes of each number, all in one transaction.
    async fn transact(&self, additions: &[&Addition]) -> Result<Vec<Insertion>> {
        let numbers: Vec<_> = additions.iter().map(|addition| &addition.number).collect();
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
        Ok(numbers.iter().map(|number| insertion(number.msisdn, &new, &complete)).collect())
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
        let rows = numbers.iter().map(|number| {
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
        });
        let inserted = self.insert(NUMBERS, rows.collect(), " ON CONFLICT (msisdn) DO NOTHING RETURNING msisdn").await?;
        Ok(inserted.into_iter().collect())
    }

    /// Inserts the SIMs of numbers; which of the numbers have got all theirs.
    async fn insert_sims(&mut self, numbers: &[&NewNumber]) -> Result<HashSet<Msisdn>> {
        let rows = numbers.iter().flat_map(|number| {
            let row = |(slot, sim)| sim_row(number.msisdn, slot, sim);
            number.slots().map(row).collect::<Vec<_>>()
        });
        let rows: Vec<_> = rows.collect();
        if rows.is_empty() {
            return Ok(numbers.iter().map(|number| number.msisdn).collect());
        }
        let inserted = self.insert(SIMS, rows, " ON CONFLICT (imsi) DO NOTHING RETURNING msisdn").await?;
        let has_all = |number: &&&NewNumber| inserted.iter().filter(|msisdn| **msisdn == number.msisdn).count() == number.sims.len();
        Ok(numbers.iter().filter(has_all).map(|number| number.msisdn).collect())
    }

    /// Inserts rows; the numbers of those that were inserted.
    async fn insert<const N: usize>(&mut self, head: &str, mut rows: Vec<[Param<'_>; N]>, tail: &str) -> Result<Vec<Msisdn>> {
        // Few lengths of list are few statements to prepare; a row that comes again is there already.
        let last = rows.last().copied();
        rows.extend(last.iter().cycle().take(rows.len().next_power_of_two() - rows.len()));
        let values: Vec<_> = (0..rows.len()).map(|row| format!("({})", placeholders(row * N + 1, N, "$"))).collect();
        let sql = [head, &values.join(", "), tail].concat();
        let inserted = self.rows(assembled(sql), &rows.concat()).await?;
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

fn sim_row(msisdn: Msisdn, slot: i64, sim: &Sim) -> [Param<'_>; 5] {
    [msisdn.into(), slot.into(), (&sim.imsi).into(), sim.segment.as_str().into(), sim.created_at.into()]
}

#[async_trait]
impl<D: Dialect> Additions for SqlStore<D> {
    async fn number_insert(&self, tenancy: &Tenancy, number: NewNumber, line: AuditLine) -> Result<Insertion> {
        must_see(tenancy, &number.org)?;
        self.additions.ask(Addition { number, line }).instrument(span("db add")).await
    }
}
