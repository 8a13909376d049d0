//! Portabilities as they are stored, to be stored elsewhere as they were.

use jiff::Timestamp;

use super::order::Order;
use super::org::OrgName;
use super::portability::Event;
use super::request::Subscriber;

/// Everything that is stored of portabilities. What refers to something comes after it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Archive {
    /// What recipients asked for, the earliest first.
    pub requests: Vec<ArchivedRequest>,
    /// The numbers they asked for.
    pub orders: Vec<Order>,
    /// Which orgs see which of them, in the order in which they arrived.
    pub portabilities: Vec<ArchivedPortability>,
    /// What happened to them, in the order in which it was noted.
    pub events: Vec<ArchivedEvent>,
    /// What was counted: references and quotas.
    pub counters: Vec<(String, u32)>,
}

/// What a recipient asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedRequest {
    /// Its identifier.
    pub id: String,
    /// Who asks; `None`: an operator outside.
    pub org: Option<OrgName>,
    /// Unique for the org.
    pub contract_code: String,
    /// Of its meaning, by which a repeat is recognised.
    pub digest: String,
    /// The recipient's own reference.
    pub external_reference: Option<String>,
    /// Whose numbers they are.
    pub subscriber: Option<Subscriber>,
    /// When it arrived.
    pub created_at: Timestamp,
}

/// An order as one org sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedPortability {
    /// Its identifier.
    pub id: String,
    /// The order.
    pub order_id: String,
    /// The org.
    pub org: OrgName,
    /// Whether the org is the recipient; otherwise it is the donor.
    pub recipient_rol: bool,
}

/// Something that happened to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedEvent {
    /// Its identifier.
    pub id: String,
    /// The order.
    pub order_id: String,
    /// What happened.
    pub event: Event,
}
