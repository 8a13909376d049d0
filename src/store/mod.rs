//! The repository layer: the only place with SQL, one implementation for both databases.
//!
//! A read is one statement on one connection, without a transaction. Writes go through a unit of work, which *is* a transaction: it is
//! opened for the orgs it may touch, and dropping it undoes it.

mod additions;
mod archive;
mod audit;
mod bulk;
mod connect;
mod dialect;
mod directory;
mod erasure;
mod failure;
mod filter;
mod inventory;
mod memory;
mod operator_token;
mod order;
mod order_row;
#[cfg(test)]
mod plans;
mod portability;
mod reads;
mod record;
mod registry;
mod sql;

use std::collections::HashSet;

use async_trait::async_trait;
pub use connect::{DatabaseUrl, InvalidDatabaseUrl, PoolSettings, open, open_standby};
use jiff::Timestamp;
pub use memory::{Image, MemoryDatabase};

use crate::domain::archive::{Archive, ArchivedEvent, ArchivedPortability};
use crate::domain::audit::{AuditLine, AuditPlace, AuditQuery};
use crate::domain::directory::Directory;
use crate::domain::filter::Predicate;
use crate::domain::imsi::Imsi;
use crate::domain::inventory::{BelongsTo, Entry, NewNumber, Segment, Status};
use crate::domain::listing::{Portability, PortabilityDetail, PortedNumber};
use crate::domain::msisdn::Msisdn;
use crate::domain::nrn::Nrn;
use crate::domain::operator::{Operator, OperatorCode};
use crate::domain::operator_token::{OperatorToken, StoredToken};
use crate::domain::order::{NumberFacts, Order};
use crate::domain::org::{Org, OrgName, Tenancy};
use crate::domain::portability::State;
use crate::domain::process_id::ProcessId;
use crate::domain::request::Subscriber;
use crate::error::Result;

/// A database of portero.
#[async_trait]
pub trait Store: Registry + Inventory + Additions + OperatorTokens + Portabilities + Audit {
    /// Opens a unit of work for the orgs of `tenancy`.
    async fn begin(&self, tenancy: Tenancy) -> Result<Box<dyn UnitOfWork>>;

    /// Opens a unit of work that reads everything as it is at one instant, and writes nothing.
    async fn snapshot(&self) -> Result<Box<dyn UnitOfWork>>;

    /// Brings the schema up to date; safe when several servers start at once.
    async fn migrate(&self) -> Result<()>;

    /// Whether the database answers and its schema is the one this binary knows.
    async fn is_ready(&self) -> Result<()>;

    /// How far its log has been written or, in a standby, applied; `None` for a database that has no standbys.
    async fn position(&self) -> Result<Option<Position>>;

    /// How many connections there are at present, and how many of them nobody uses.
    fn connections(&self) -> (u32, u32);

    /// Takes the database for this process alone until the store is closed; `false` where another process has it.
    async fn claim(&self) -> Result<bool>;

    /// Whether the claim still holds, or could be taken again: it ends with the connection that holds it. `true` where nothing was claimed.
    async fn keep_claim(&self) -> Result<bool>;

    /// Closes every connection.
    async fn close(&self);
}

/// A place in the log of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Whose log it is: a standby's is that of its primary.
    pub of: String,
    /// Bytes since its beginning: everything acknowledged so far lies before it.
    pub at: i64,
    /// Whether it is a standby's.
    pub is_standby: bool,
}

/// Reading the registry: orgs.
#[async_trait]
pub trait Registry: Send + Sync {
    /// An org by its name.
    async fn org(&self, name: &OrgName) -> Result<Option<Org>>;

    /// Every org, by name.
    async fn orgs(&self) -> Result<Vec<Org>>;

    /// A setting of the database, such as the mode it was first served in.
    async fn setting(&self, name: &str) -> Result<Option<String>>;

    /// Whether nothing at all has been stored yet.
    async fn is_empty(&self) -> Result<bool>;
}

/// Reading the inventory. Rows outside the tenancy do not exist.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// A number, with all its SIMs.
    async fn number(&self, tenancy: &Tenancy, msisdn: Msisdn, now: Timestamp) -> Result<Reading<Option<Entry>>>;

    /// The number that has or had this SIM.
    async fn number_of_sim(&self, tenancy: &Tenancy, imsi: &Imsi, now: Timestamp) -> Result<Reading<Option<Entry>>>;
}

/// Adding to the inventory, without a unit of work of one's own: what is added at the same time shares one.
#[async_trait]
pub trait Additions: Send + Sync {
    /// Adds a number with its SIMs for an org of the tenancy, durably, and the line that says who did; the database decides a race.
    async fn number_insert(&self, tenancy: &Tenancy, number: NewNumber, line: AuditLine) -> Result<Insertion>;
}

/// What became of a number that was to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Insertion {
    /// It is there, with its SIMs.
    Done,
    /// It was there already, in whatever org.
    NumberTaken,
    /// Another number has or had one of its SIMs; it is not there.
    SimTaken,
}

/// Reading the audit.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Lines that match, the earliest first, from the one after a place on, at most so many.
    async fn audit(&self, query: &AuditQuery, after: Option<AuditPlace>, limit: u32) -> Result<Vec<(AuditPlace, AuditLine)>>;
}

/// Reading the built-in Entitlement Server's tokens.
#[async_trait]
pub trait OperatorTokens: Send + Sync {
    /// The number behind a token that has not expired at `now`.
    async fn number_of_token(&self, token: &OperatorToken, now: Timestamp) -> Result<Option<Msisdn>>;
}

/// What was read, and whether a transition that was due then had still to be applied: then it must be, and the reading repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading<T> {
    /// What was read.
    pub found: T,
    /// What has to happen first, if anything.
    pub due: Option<DueScope>,
}

/// Whose due transitions are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DueScope {
    /// Every one.
    All,
    /// Those of some numbers, one at least.
    Numbers(Vec<Msisdn>),
    /// Those of a process, by its id as the caller wrote it.
    Process(String),
    /// The Node's decisions on what waits for it, where an org is a party.
    Waiting(OrgName),
    /// The same, where the org is the donor: it sees what it did not see before.
    Offered(OrgName),
}

/// Which portabilities of an org are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Of what.
    pub scope: ListScope,
    /// What must hold of them.
    pub filter: Option<Predicate>,
    /// Only those that arrived before this one ([`Portability::number`]).
    pub before: Option<i64>,
    /// How many at most.
    pub limit: u32,
}

/// Of what a listing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListScope {
    /// All of the org.
    All,
    /// Those of a process, by its id as the caller wrote it.
    Process(String),
    /// Those of a number.
    Number(Msisdn),
}

/// Reading portabilities and what they depend on.
#[async_trait]
pub trait Portabilities: Send + Sync {
    /// An org's portabilities, newest first.
    async fn portabilities(&self, org: &OrgName, listing: &Listing, now: Timestamp) -> Result<Reading<Vec<Portability>>>;

    /// Those where the org is donor and its answer is awaited, earliest deadline first.
    async fn portabilities_awaiting_answer(&self, org: &OrgName, now: Timestamp) -> Result<Reading<Vec<Portability>>>;

    /// One of an org's portabilities, with its history.
    async fn portability(&self, org: &OrgName, id: &str, now: Timestamp) -> Result<Reading<Option<PortabilityDetail>>>;

    /// The number's operator and NRN since its last porting, and the process that is active for it, if the org is one of its parties.
    async fn ownership(&self, org: &OrgName, msisdn: Msisdn, now: Timestamp) -> Result<Reading<StoredOwnership>>;

    /// What the Central Node publishes.
    async fn directory(&self) -> Result<Directory>;

    /// Whether a transition is due at `now` within a scope.
    async fn is_due(&self, scope: &DueScope, now: Timestamp) -> Result<bool>;

    /// What is left to do at `now`, counted up to a bound.
    async fn backlog(&self, now: Timestamp) -> Result<Backlog>;

    /// When the next transition is due.
    async fn next_due(&self) -> Result<Option<Timestamp>>;
}

/// What is left to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// Transitions that are due and not applied; 10,000 may be more.
    pub due: u64,
    /// When the oldest of them fell due.
    pub oldest_due: Option<Timestamp>,
    /// Portings that are not at their end, by state; 100,000 in all may be more.
    pub active: Vec<(State, u64)>,
}

/// What is stored of who holds a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredOwnership {
    /// Operator and NRN of its last porting.
    pub ported_to: Option<(OperatorCode, Nrn)>,
    /// Whether a process is active for it.
    pub in_process: bool,
    /// That process's id, if the org is one of its parties.
    pub process_id: Option<ProcessId>,
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
pub trait UnitOfWork: InventoryWrites + RegistryWrites + OrderWrites + AuditWrites + Exports + Bulk + Erasure {
    /// Makes everything since the beginning durable.
    async fn commit(self: Box<Self>) -> Result<()>;

    /// Undoes everything since the beginning and lets go of what it kept from changing, before it returns. Dropping it does so some time later.
    async fn undo(self: Box<Self>) -> Result<()>;
}

/// Noting who changes what, in the transaction of the change.
#[async_trait]
pub trait AuditWrites: Send {
    /// Adds lines. There is no way to change or remove one.
    async fn audit_add(&mut self, lines: &[AuditLine]) -> Result<()>;
}

/// Erasing personal data: the server's own work, for every org.
#[async_trait]
pub trait Erasure: Send {
    /// How many requests have a subscriber, and only portings that had ended for good before then.
    async fn subscribers_ended(&mut self, before: Timestamp) -> Result<u64>;

    /// Erases the subscribers of such requests and the digests made of them, at most so many, the earliest first; how many.
    async fn subscribers_erase(&mut self, before: Timestamp, limit: u32) -> Result<u64>;
}

/// Everything that is stored, to be stored elsewhere: the server's own work, for every org.
#[async_trait]
pub trait Exports: Send {
    /// The orgs, by name.
    async fn orgs_now(&mut self) -> Result<Vec<Org>>;

    /// The inventory, by number, from the one after another on, at most so many.
    async fn numbers(&mut self, after: Option<Msisdn>, limit: u32) -> Result<Vec<NewNumber>>;

    /// What the built-in Entitlement Server knows.
    async fn operator_tokens(&mut self) -> Result<Vec<StoredToken>>;

    /// The numbers that have been ported, by number, from the one after another on, at most so many.
    async fn ported_numbers(&mut self, after: Option<Msisdn>, limit: u32) -> Result<Vec<PortedNumber>>;

    /// The portabilities.
    async fn archive(&mut self) -> Result<Archive>;
}

/// Taking in many rows at once: the server's own work, for every org.
#[async_trait]
pub trait Bulk: Send {
    /// Adds numbers with their SIMs: all of them, or none if one of the keys is taken.
    async fn numbers_load(&mut self, numbers: &[&NewNumber]) -> Result<Added>;

    /// Lets the database plan for what has been loaded, which it otherwise finds out in its own time: until then it would read a large table as if
    /// it were a small one.
    async fn plan_for_loaded(&mut self) -> Result<()>;

    /// Which of these numbers are in the inventory.
    async fn msisdns_taken(&mut self, msisdns: &[Msisdn]) -> Result<HashSet<Msisdn>>;

    /// Which of these SIMs a number has or had.
    async fn imsis_taken(&mut self, imsis: &[&Imsi]) -> Result<HashSet<Imsi>>;

    /// Stores or replaces what is known of numbers that were ported, no two of them alike.
    async fn ported_numbers_load(&mut self, numbers: &[PortedNumber]) -> Result<()>;
}

/// Changing the inventory.
#[async_trait]
pub trait InventoryWrites: Send {
    /// A number, kept from changing until the unit of work ends.
    async fn number_for_update(&mut self, msisdn: Msisdn) -> Result<Option<Entry>>;

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

/// What is taken of what is due.
#[derive(Debug, Clone, Copy)]
pub struct Take<'a> {
    /// Of what.
    pub scope: &'a DueScope,
    /// Due by then.
    pub now: Timestamp,
    /// What is done with what another unit of work has.
    pub claim: Claim,
    /// So many of the earliest are left out.
    pub skip: u32,
    /// How many at most.
    pub limit: u32,
}

/// How due orders are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Waits for those that another unit of work has: for readers, who must see its outcome.
    Wait,
    /// Leaves them to it: for workers.
    Skip,
}

/// A request to be stored.
#[derive(Debug, Clone, Copy)]
pub struct NewRequest<'a> {
    /// Its identifier.
    pub id: &'a str,
    /// Who asks; `None`: an operator outside.
    pub org: Option<&'a OrgName>,
    /// Unique for the org.
    pub contract_code: &'a str,
    /// Of its meaning, by which a repeat is recognised.
    pub digest: &'a str,
    /// The recipient's own reference.
    pub external_reference: Option<&'a str>,
    /// Whose numbers they are.
    pub subscriber: Option<&'a Subscriber>,
    /// When it arrived.
    pub created_at: Timestamp,
}

/// Changing portabilities: the Central Node's work, which crosses orgs.
#[async_trait]
pub trait OrderWrites: Send {
    /// Stores requests, but for those with whose contract code the org has one already; the database decides a race. The ids of those that
    /// are stored.
    async fn requests_add(&mut self, requests: &[NewRequest<'_>]) -> Result<HashSet<String>>;

    /// Takes back requests of this very unit of work.
    async fn requests_remove(&mut self, ids: &[&str]) -> Result<()>;

    /// The digest of an org's request with a contract code.
    async fn request_digest(&mut self, org: &OrgName, contract_code: &str) -> Result<Option<String>>;

    /// What is known of each of these numbers.
    async fn number_facts(&mut self, msisdns: &[Msisdn]) -> Result<Vec<NumberFacts>>;

    /// Stores new orders as of version 1, but for those whose number has an active one already; the database decides a race. The ids of those
    /// that are stored.
    async fn orders_add(&mut self, orders: &[&Order]) -> Result<HashSet<String>>;

    /// Writes orders that have changed since they were read, each as of its next version.
    async fn orders_update(&mut self, orders: &[&Order]) -> Result<()>;

    /// Lets orgs see orders, in the order in which they arrive.
    async fn portabilities_add(&mut self, portabilities: &[ArchivedPortability]) -> Result<()>;

    /// Writes down what happened to orders, in the order in which it is noted.
    async fn events_add(&mut self, events: &[ArchivedEvent]) -> Result<()>;

    /// Orders registered at the Central Node that are due, the earliest first, kept from changing until the unit of work ends.
    async fn orders_due(&mut self, take: Take<'_>) -> Result<Vec<Order>>;

    /// Requests with orders that wait for the Central Node, which has opened, the earliest first: theirs is the lock that those who bring
    /// waiting orders to the Node hold, for it decides on a request as a whole.
    async fn requests_due(&mut self, take: Take<'_>) -> Result<Vec<String>>;

    /// The orders of requests that wait for the Central Node, kept from changing.
    async fn orders_waiting(&mut self, request_ids: &[String]) -> Result<Vec<Order>>;

    /// Orgs have numbers now for which orders may wait: when the Node opens, they are likely to be the donors, and so their readings must wait
    /// for the Node's decision. Who the donor is, is found out then.
    async fn waiting_orders_offered(&mut self) -> Result<()>;

    /// The orders of a process, kept from changing.
    async fn orders_of_process(&mut self, process_id: &str) -> Result<Vec<Order>>;

    /// The orders of a process for which an org is the donor, kept from changing.
    async fn orders_of_donor(&mut self, org: &OrgName, process_id: &str) -> Result<Vec<Order>>;

    /// An org's active order as recipient of a number, else its newest one, kept from changing.
    async fn order_of_recipient(&mut self, org: &OrgName, msisdn: Msisdn) -> Result<Option<Order>>;

    /// The portabilities that an org sees of these orders as of `now`, in the order they arrived.
    async fn portabilities_of(&mut self, org: &OrgName, order_ids: &[&str], now: Timestamp) -> Result<Vec<Portability>>;

    /// Counts so many more under a name, from 1: the last of them; `None` where that would exceed `limit`, and nothing was counted.
    async fn counter_take(&mut self, name: &str, count: u32, limit: u32) -> Result<Option<u32>>;

    /// Stores a count that nothing has counted yet.
    async fn counter_put(&mut self, name: &str, value: u32) -> Result<()>;

    /// Takes back one count.
    async fn counter_back(&mut self, name: &str) -> Result<()>;

    /// What the Central Node publishes.
    async fn directory_now(&mut self) -> Result<Directory>;

    /// The numbers of these orders are at other operators since then, and the inventory follows: to an org of this server or outside.
    async fn numbers_ported(&mut self, ported: &[(&Order, Timestamp)]) -> Result<()>;

    /// Stores or replaces what is known of numbers that were ported.
    async fn ported_numbers_put(&mut self, numbers: &[PortedNumber]) -> Result<()>;

    /// Stores or replaces operators with their ranges.
    async fn operators_put(&mut self, operators: &[Operator]) -> Result<()>;

    /// Stores a holiday, as `2026-12-24`.
    async fn holiday_put(&mut self, day: jiff::civil::Date) -> Result<()>;
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

    /// Removes everything but the setting `mode`.
    async fn clear(&mut self) -> Result<()>;
}
