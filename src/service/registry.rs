//! Orgs, and the data sets that fill a database.

use super::{World, bulk, inventory};
use crate::dataset::DataSet;
use crate::domain::archive::{Archive, ArchivedRequest};
use crate::domain::org::{Org, OrgName, Tenancy};
use crate::error::{Error, Kind, Result};
use crate::store::{NewRequest, Store, UnitOfWork};

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
    data.check()?;
    let mut unit = store.begin(Tenancy::Every).await?;
    unit.clear().await?;
    put_registry(&mut *unit, data).await?;
    bulk::load(&mut *unit, &data.numbers).await?.into_iter().try_for_each(inventory::inserted)?;
    for token in &data.operator_tokens {
        unit.operator_token_put(&token.token, token.msisdn, token.expires_at).await?;
    }
    put_archive(&mut *unit, &data.archive).await?;
    unit.commit().await
}

/// Everything that a database holds, as it is.
///
/// # Errors
/// Those of the store.
pub async fn export(store: &dyn Store) -> Result<DataSet> {
    let mut unit = store.snapshot().await?;
    let directory = unit.directory_now().await?;
    Ok(DataSet {
        clock: None,
        orgs: unit.orgs_now().await?,
        numbers: unit.numbers(None, u32::MAX).await?,
        operator_tokens: unit.operator_tokens().await?,
        operators: directory.operators,
        holidays: directory.calendar.further_holidays().collect(),
        ported_numbers: unit.ported_numbers(None, u32::MAX).await?,
        archive: unit.archive().await?,
    })
}

async fn put_archive(unit: &mut dyn UnitOfWork, archive: &Archive) -> Result<()> {
    let requests: Vec<_> = archive.requests.iter().map(new_request).collect();
    if unit.requests_add(&requests).await?.len() < requests.len() {
        return Err(contradiction("two requests of an org have the same contract_code"));
    }
    let orders: Vec<_> = archive.orders.iter().collect();
    if unit.orders_add(&orders).await?.len() < orders.len() {
        return Err(contradiction("a number is active in two portings"));
    }
    unit.portabilities_add(&archive.portabilities).await?;
    unit.events_add(&archive.events).await?;
    for (name, value) in &archive.counters {
        unit.counter_put(name, *value).await?;
    }
    Ok(())
}

fn new_request(request: &ArchivedRequest) -> NewRequest<'_> {
    NewRequest {
        id: &request.id,
        org: request.org.as_ref(),
        contract_code: &request.contract_code,
        digest: &request.digest,
        external_reference: request.external_reference.as_deref(),
        subscriber: request.subscriber.as_ref(),
        created_at: request.created_at,
    }
}

fn contradiction(text: &str) -> Error {
    Error::new(Kind::Conflict, format!("data set, {text}"))
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
    unit.operators_put(&data.operators).await?;
    for day in &data.holidays {
        unit.holiday_put(*day).await?;
    }
    unit.ported_numbers_put(&data.ported_numbers).await
}
