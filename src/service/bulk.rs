//! Taking in many rows at once: all of them, or none.

use std::collections::HashSet;

use crate::dataset::csv::Known;
use crate::domain::audit::{AuditLine, Operation};
use crate::domain::inventory::NewNumber;
use crate::domain::listing::PortedNumber;
use crate::domain::org::Tenancy;
use crate::error::{Error, Kind, Result};
use crate::store::{Added, Insertion, Store, UnitOfWork};

/// Rows taken in at once: they are all that is in memory.
const BATCH: usize = 20_000;

/// Something read, and the line of the file it was read from.
pub type Numbered<T> = (u64, T);

/// What becomes of the rest of a file that has bad lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Nothing of it is taken in.
    Refused,
    /// It is taken in.
    Taken,
}

/// How many lines there were of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// That could be taken in.
    pub good: u64,
    /// That could not.
    pub bad: u64,
}

/// What lines of a database's files refer to.
///
/// # Errors
/// Those of the store.
pub async fn known(store: &dyn Store, now: jiff::Timestamp) -> Result<Known> {
    let orgs = store.orgs().await?.into_iter().map(|org| (org.name, org.home_system)).collect();
    let operators = store.directory().await?.operators.into_iter().map(|operator| operator.code).collect();
    Ok(Known { now, orgs, operators })
}

/// Takes in rows, in one transaction, which the audit says was at `now`; what is wrong is told with its line.
///
/// # Errors
/// Those of the lines and of the store; then nothing was taken in.
pub async fn take_in<T, E: From<Error>>(
    store: &dyn Store,
    lines: impl Iterator<Item = Result<Numbered<Result<T, String>>, E>>,
    rest: Rest,
    now: jiff::Timestamp,
    take: impl AsyncFn(&mut dyn UnitOfWork, Vec<Numbered<T>>) -> Result<Vec<Numbered<String>>>,
    mut complain: impl FnMut(Numbered<String>),
) -> Result<Count, E> {
    let mut unit = store.begin(Tenancy::Every).await?;
    let (mut batch, mut count) = (Vec::new(), Count::default());
    let mut lines = lines.fuse();
    loop {
        let line = lines.next().transpose()?;
        if batch.len() == BATCH || (line.is_none() && !batch.is_empty()) {
            let size = batch.len() as u64;
            let refused = take(&mut *unit, std::mem::take(&mut batch)).await?;
            count.good += size - refused.len() as u64;
            count.bad += refused.len() as u64;
            refused.into_iter().for_each(&mut complain);
        }
        match line {
            None => break,
            Some((line, Ok(row))) => batch.push((line, row)),
            Some((line, Err(reason))) => {
                count.bad += 1;
                complain((line, reason));
            }
        }
    }
    if count.bad == 0 || rest == Rest::Taken {
        unit.plan_for_loaded().await?;
        unit.waiting_orders_offered().await?;
        unit.audit_add(&[AuditLine::by_command(Operation::Import, now)]).await?;
        unit.commit().await?;
    }
    Ok(count)
}

/// Takes numbers of a file into the inventory; those that it cannot have, with why not.
///
/// # Errors
/// Those of `load`.
pub async fn numbers(unit: &mut dyn UnitOfWork, rows: Vec<Numbered<NewNumber>>) -> Result<Vec<Numbered<String>>> {
    let (lines, numbers): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let insertions = load(unit, &numbers).await?;
    let complaint = |insertion| match insertion {
        Insertion::Done => None,
        Insertion::NumberTaken => Some("msisdn is already in the inventory, or above"),
        Insertion::SimTaken => Some("a SIM is already a number's in the inventory, or above"),
    };
    Ok(lines.into_iter().zip(insertions).filter_map(|(line, insertion)| Some((line, complaint(insertion)?.to_owned()))).collect())
}

/// Takes numbers into the inventory, except those that it cannot have; what became of each. The first of two that exclude each
/// other is taken.
///
/// # Errors
/// [`Kind::Conflict`] where somebody else adds the same numbers at the same time; those of the store.
pub(super) async fn load(unit: &mut dyn UnitOfWork, numbers: &[NewNumber]) -> Result<Vec<Insertion>> {
    // Most often all of them are new, and nothing has to be looked up.
    if unit.numbers_load(&numbers.iter().collect::<Vec<_>>()).await? == Added::New {
        return Ok(vec![Insertion::Done; numbers.len()]);
    }
    let insertions = judge(unit, numbers).await?;
    let good: Vec<_> =
        numbers.iter().zip(&insertions).filter(|(_, insertion)| **insertion == Insertion::Done).map(|(number, _)| number).collect();
    match unit.numbers_load(&good).await? {
        Added::New => Ok(insertions),
        Added::Taken => Err(Error::new(Kind::Conflict, "somebody else adds the same numbers at this moment")),
    }
}

/// What would become of each number, in this order.
async fn judge(unit: &mut dyn UnitOfWork, numbers: &[NewNumber]) -> Result<Vec<Insertion>> {
    let msisdns: Vec<_> = numbers.iter().map(|number| number.msisdn).collect();
    let imsis: Vec<_> = numbers.iter().flat_map(|number| number.sims.iter().map(|sim| &sim.imsi)).collect();
    let mut taken_msisdns = unit.msisdns_taken(&msisdns).await?;
    let mut taken_imsis = unit.imsis_taken(&imsis).await?;
    let mut insertion = |number: &NewNumber| {
        let sims: HashSet<_> = number.sims.iter().map(|sim| sim.imsi.clone()).collect();
        if taken_msisdns.contains(&number.msisdn) {
            return Insertion::NumberTaken;
        }
        if sims.len() < number.sims.len() || !sims.is_disjoint(&taken_imsis) {
            return Insertion::SimTaken;
        }
        taken_msisdns.insert(number.msisdn);
        taken_imsis.extend(sims);
        Insertion::Done
    };
    Ok(numbers.iter().map(&mut insertion).collect())
}

/// Takes in numbers that have been ported. What is known of one already is replaced.
///
/// # Errors
/// Those of the store.
pub async fn ported_numbers(unit: &mut dyn UnitOfWork, rows: Vec<Numbered<PortedNumber>>) -> Result<Vec<Numbered<String>>> {
    // Of a number that is there twice the last line counts, as it would in two batches.
    let rows: std::collections::BTreeMap<_, _> = rows.into_iter().map(|(_, ported)| (ported.msisdn, ported)).collect();
    unit.ported_numbers_load(&rows.into_values().collect::<Vec<_>>()).await?;
    Ok(Vec::new())
}
