//! The inventory's use cases.

use jiff::Timestamp;

use super::World;
use super::settle::{self, settled};
use crate::domain::audit::{Actor, Operation};
use crate::domain::imsi::Imsi;
use crate::domain::inventory::{Change, Entry, NewNumber, Swap};
use crate::domain::msisdn::Msisdn;
use crate::domain::operator_token::OperatorToken;
use crate::domain::org::Tenancy;
use crate::entitlement::EntitlementError;
use crate::error::{Error, Kind, Result};
use crate::store::{Added, Insertion, UnitOfWork};

/// Adds a number with its first SIM to an org; its home system serves it.
///
/// # Errors
/// [`Kind::Conflict`] where the number is in an org already, or another number has or had the IMSI; the owner is not named.
pub async fn add(world: &World, actor: &Actor, msisdn: Msisdn, imsi: &Imsi) -> Result<Entry> {
    let now = world.clock.now();
    let number = NewNumber::of(&actor.org, msisdn, imsi, now);
    settle::numbers(world, vec![msisdn], now).await?;
    let line = actor.did(Operation::AddMsisdn, msisdn, now);
    inserted(world.store.number_insert(&Tenancy::of(&actor.org.name), number.clone(), line).await?)?;
    Ok(number.held_by(&actor.org))
}

/// What became of an insertion, to who asked for it.
pub(super) fn inserted(insertion: Insertion) -> Result<()> {
    match insertion {
        Insertion::Done => Ok(()),
        Insertion::NumberTaken => Err(Error::new(Kind::Conflict, "Msisdn is already in the inventory")),
        Insertion::SimTaken => Err(imsi_taken()),
    }
}

fn imsi_taken() -> Error {
    Error::new(Kind::Conflict, "Imsi belongs to another msisdn")
}

/// Makes `imsi` the number's current SIM; the earlier ones are kept.
///
/// # Errors
/// [`Kind::NotFound`] where the org does not hold the number, [`Kind::Conflict`] where another number has or had the IMSI.
pub async fn swap_sim(world: &World, actor: &Actor, msisdn: Msisdn, imsi: &Imsi) -> Result<()> {
    let now = world.clock.now();
    let mut unit = open(world, actor, msisdn, now).await?;
    let entry = held(&mut *unit, msisdn).await?;
    match entry.swap_to(imsi) {
        Swap::Nothing => return Ok(()),
        Swap::Again => {
            unit.sim_retire(msisdn).await?;
            unit.sim_reinstate(msisdn, imsi).await?;
        }
        Swap::New(segment) => {
            unit.sim_retire(msisdn).await?;
            if unit.sim_add(msisdn, 0, imsi, segment, now).await? == Added::Taken {
                return Err(imsi_taken());
            }
        }
    }
    unit.number_change(msisdn, entry.belongs_to, entry.status, now).await?;
    unit.audit_add(&[actor.did(Operation::SwapSim, msisdn, now)]).await?;
    unit.commit().await
}

/// Changes which system serves a number, its status, or both.
///
/// # Errors
/// [`Kind::NotFound`] where the org does not hold the number, [`Kind::Conflict`] where the present status does not allow the change.
pub async fn change(world: &World, actor: &Actor, msisdn: Msisdn, change: Change) -> Result<()> {
    let now = world.clock.now();
    let mut unit = open(world, actor, msisdn, now).await?;
    let entry = held(&mut *unit, msisdn).await?;
    let changed = entry.changed(change).map_err(|refusal| Error::new(Kind::Conflict, format!("Status: {refusal}")))?;
    let Some((belongs_to, status)) = changed else { return Ok(()) };
    unit.number_change(msisdn, belongs_to, status, now).await?;
    unit.audit_add(&[actor.did(Operation::ChangeMsisdn, msisdn, now)]).await?;
    unit.commit().await
}

/// Removes a number from the org and frees its IMSIs.
///
/// # Errors
/// [`Kind::NotFound`] where the org does not hold the number.
pub async fn remove(world: &World, actor: &Actor, msisdn: Msisdn) -> Result<()> {
    let now = world.clock.now();
    let mut unit = open(world, actor, msisdn, now).await?;
    held(&mut *unit, msisdn).await?;
    unit.number_remove(msisdn).await?;
    unit.audit_add(&[actor.did(Operation::DeleteMsisdn, msisdn, now)]).await?;
    unit.commit().await
}

/// A unit of work on one number of an org, with every transition of the number applied that is due.
async fn open(world: &World, actor: &Actor, msisdn: Msisdn, now: Timestamp) -> Result<Box<dyn UnitOfWork>> {
    settle::numbers(world, vec![msisdn], now).await?;
    world.store.begin(Tenancy::of(&actor.org.name)).await
}

async fn held(unit: &mut dyn UnitOfWork, msisdn: Msisdn) -> Result<Entry> {
    unit.number_for_update(msisdn).await?.ok_or_else(|| Error::not_found("Msisdn"))
}

/// The number itself.
///
/// # Errors
/// [`Kind::NotFound`] where it is not in the inventory, or in that of an org outside the tenancy.
pub async fn by_msisdn(world: &World, tenancy: &Tenancy, msisdn: Msisdn) -> Result<Entry> {
    let entry = settled(world, |now| world.store.number(tenancy, msisdn, now)).await?;
    entry.ok_or_else(|| Error::not_found("Msisdn"))
}

/// The number that has or had a SIM.
///
/// # Errors
/// [`Kind::NotFound`] as for [`by_msisdn`].
pub async fn by_imsi(world: &World, tenancy: &Tenancy, imsi: &Imsi) -> Result<Entry> {
    let entry = settled(world, |now| world.store.number_of_sim(tenancy, imsi, now)).await?;
    entry.ok_or_else(|| Error::not_found("Imsi"))
}

/// The number behind an operator token, asked of the Entitlement Server (GSMA TS.43).
///
/// # Errors
/// [`Kind::NotFound`] where the token is unknown or expired, or its number not the tenancy's; what else the Entitlement Server
/// answers becomes 400, 403 or 502.
pub async fn by_operator_token(world: &World, tenancy: &Tenancy, token: &OperatorToken) -> Result<Entry> {
    let unknown = || Error::not_found("Operator token");
    let digits = world.entitlement.msisdn(token, world.clock.now()).await.map_err(entitlement_failure)?;
    // A number of another country is a number, but none of this inventory.
    let msisdn = Msisdn::parse(&digits).map_err(|_| unknown())?;
    let entry = settled(world, |now| world.store.number(tenancy, msisdn, now)).await?;
    entry.ok_or_else(unknown)
}

fn entitlement_failure(failure: EntitlementError) -> Error {
    match failure {
        EntitlementError::UnknownToken => Error::not_found("Operator token"),
        EntitlementError::InvalidRequest => Error::new(Kind::RefusedUpstream, "the Entitlement Server refused the operator token"),
        EntitlementError::Forbidden => Error::new(Kind::Forbidden, "the Entitlement Server does not allow this for the operator token"),
        EntitlementError::Stored { kind, story } => Error::because(kind, story),
        EntitlementError::BadGateway(cause) => Error::because(Kind::BadGateway, cause),
    }
}
