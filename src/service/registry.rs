//! Orgs, and the data sets that fill a database.

use super::{World, inventory};
use crate::dataset::DataSet;
use crate::domain::inventory::NewNumber;
use crate::domain::org::{Org, OrgName, Tenancy};
use crate::error::{Error, Kind, Result};
use crate::store::{Store, UnitOfWork};

/// An org by its name.
///
/// # Errors
/// [`Kind::NotFound`] where this server does not know it.
pub async fn org(world: &World, name: &OrgName) -> Result<Org> {
    world.store.org(name).await?.ok_or_else(|| Error::not_found("Org"))
}

/// Replaces everything a database holds by a data set.
///
/// # Errors
/// [`Kind::Invalid`] or [`Kind::Conflict`] where the data set contradicts itself; then nothing has changed.
pub async fn seed(store: &dyn Store, data: &DataSet) -> Result<()> {
    check_orgs(data)?;
    let mut unit = store.begin(Tenancy::Every).await?;
    unit.clear().await?;
    put_registry(&mut *unit, data).await?;
    for number in &data.numbers {
        inventory::put(&mut *unit, number).await?;
    }
    for token in &data.operator_tokens {
        unit.operator_token_put(&token.token, token.msisdn, token.expires_at).await?;
    }
    unit.commit().await
}

/// A number is of an org that the data set has, for nothing else is there.
fn check_orgs(data: &DataSet) -> Result<()> {
    let is_unknown = |number: &NewNumber| !data.orgs.iter().any(|org| org.name == number.org);
    match data.numbers.iter().position(is_unknown) {
        Some(place) => Err(Error::new(Kind::Invalid, format!("data set, msisdns[{place}].org is not one of its orgs"))),
        None => Ok(()),
    }
}

/// Adds the registry data of a data set to what is there, replacing what has the same key.
///
/// # Errors
/// Those of the store; then nothing has changed.
pub async fn load(store: &dyn Store, data: &DataSet) -> Result<()> {
    let mut unit = store.begin(Tenancy::Every).await?;
    put_registry(&mut *unit, data).await?;
    unit.commit().await
}

async fn put_registry(unit: &mut dyn UnitOfWork, data: &DataSet) -> Result<()> {
    for org in &data.orgs {
        unit.org_put(org).await?;
    }
    for operator in &data.operators {
        unit.operator_put(operator).await?;
    }
    for day in &data.holidays {
        unit.holiday_put(*day).await?;
    }
    for number in &data.ported_numbers {
        unit.ported_number_put(number.msisdn, number.operator, number.nrn).await?;
    }
    Ok(())
}
