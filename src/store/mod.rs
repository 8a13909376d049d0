//! The repository layer: the only place with SQL, one implementation for both databases.
//!
//! A read is one statement on one connection, without a transaction. Writes go through a unit of work, which *is* a transaction: it is
//! opened for the orgs it may touch, and dropping it undoes it.

mod connect;
mod dialect;
mod failure;
mod inventory;
mod operator_token;
mod record;
mod registry;
mod sql;

use async_trait::async_trait;
pub use connect::{DatabaseUrl, InvalidDatabaseUrl, PoolSettings, open};
use jiff::Timestamp;

use crate::domain::imsi::Imsi;
use crate::domain::inventory::{BelongsTo, Entry, NewNumber, Segment, Status};
use crate::domain::msisdn::Msisdn;
use crate::domain::operator_token::OperatorToken;
use crate::domain::org::{Org, OrgName, Tenancy};
use crate::error::Result;

/// A database of portero.
#[async_trait]
pub trait Store: Registry + Inventory + OperatorTokens {
    /// Opens a unit of work for the orgs of `tenancy`.
    async fn begin(&self, tenancy: Tenancy) -> Result<Box<dyn UnitOfWork>>;

    /// Brings the schema up to date; safe when several servers start at once.
    async fn migrate(&self) -> Result<()>;

    /// Whether the database answers and its schema is the one this binary knows.
    async fn is_ready(&self) -> Result<()>;

    /// Takes the database for this process alone until the store is closed; `false` where another process has it.
    async fn claim(&self) -> Result<bool>;

    /// Closes every connection.
    async fn close(&self);
}

/// Reading the registry: orgs.
#[async_trait]
pub trait Registry: Send + Sync {
    /// An org by its name.
    async fn org(&self, name: &OrgName) -> Result<Option<Org>>;

    /// A setting of the database, such as the mode it was first served in.
    async fn setting(&self, name: &str) -> Result<Option<String>>;

    /// Whether nothing at all has been stored yet.
    async fn is_empty(&self) -> Result<bool>;
}

/// Reading the inventory. Rows outside the tenancy do not exist.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// A number, with all its SIMs.
    async fn number(&self, tenancy: &Tenancy, msisdn: Msisdn) -> Result<Option<Entry>>;

    /// The number that has or had this SIM.
    async fn number_of_sim(&self, tenancy: &Tenancy, imsi: &Imsi) -> Result<Option<Entry>>;
}

/// Reading the built-in Entitlement Server's tokens.
#[async_trait]
pub trait OperatorTokens: Send + Sync {
    /// The number behind a token that has not expired at `now`.
    async fn number_of_token(&self, token: &OperatorToken, now: Timestamp) -> Result<Option<Msisdn>>;
}

/// What a write that must be unique came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Added {
    /// It is stored.
    New,
    /// Another row has that key.
    Taken,
}

/// A transaction, opened for a tenancy. Dropped without [`UnitOfWork::commit`], it leaves nothing behind.
#[async_trait]
pub trait UnitOfWork: InventoryWrites + RegistryWrites {
    /// Makes everything since the beginning durable.
    async fn commit(self: Box<Self>) -> Result<()>;
}

/// Changing the inventory.
#[async_trait]
pub trait InventoryWrites: Send {
    /// A number, kept from changing until the unit of work ends.
    async fn number_for_update(&mut self, msisdn: Msisdn) -> Result<Option<Entry>>;

    /// Adds a number, without its SIMs; the database decides a race.
    async fn number_add(&mut self, number: &NewNumber) -> Result<Added>;

    /// Sets what PATCH may change, and when the ownership was confirmed.
    async fn number_change(&mut self, msisdn: Msisdn, belongs_to: BelongsTo, status: Status, checked_at: Timestamp) -> Result<()>;

    /// Removes a number and frees its IMSIs.
    async fn number_remove(&mut self, msisdn: Msisdn) -> Result<()>;

    /// Adds a SIM in a slot: 0 is the current one. The database decides a race.
    async fn sim_add(&mut self, msisdn: Msisdn, slot: i64, imsi: &Imsi, segment: Segment, created_at: Timestamp) -> Result<Added>;

    /// Makes the current SIM, if any, one of the earlier ones.
    async fn sim_retire(&mut self, msisdn: Msisdn) -> Result<()>;

    /// Makes an earlier SIM the current one. There must be none at the moment.
    async fn sim_reinstate(&mut self, msisdn: Msisdn, imsi: &Imsi) -> Result<()>;
}

/// Changing the registry: the server's own work, never a caller's.
#[async_trait]
pub trait RegistryWrites: Send {
    /// Adds an org or replaces what is known of it.
    async fn org_put(&mut self, org: &Org) -> Result<()>;

    /// Stores or replaces a setting.
    async fn setting_put(&mut self, name: &str, value: &str) -> Result<()>;

    /// Stores or replaces an operator token. `expires_at` `None`: it never expires.
    async fn operator_token_put(&mut self, token: &OperatorToken, msisdn: Msisdn, expires_at: Option<Timestamp>) -> Result<()>;

    /// Removes everything but the settings.
    async fn clear(&mut self) -> Result<()>;
}
