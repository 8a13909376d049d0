//! A world in memory, without a server, in which commands and jumps of the clock are played.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use portero::central_node::{DonorPlan, Script, SimulatedNode};
use portero::clock::Clock;
use portero::dataset::DataSet;
use portero::domain::audit::Actor;
use portero::domain::cause::{CancelCause, DenyCause, NodeRefusal};
use portero::domain::contract_code::ContractCode;
use portero::domain::imsi::Imsi;
use portero::domain::listing::{Portability, PortabilityDetail};
use portero::domain::msisdn::Msisdn;
use portero::domain::nrn::Nrn;
use portero::domain::operator::OperatorCode;
use portero::domain::order::Order;
use portero::domain::org::{Org, OrgName, Tenancy};
use portero::domain::portability::Answer;
use portero::domain::request::{AccessType, PortabilityRequest, RequestedNumber};
use portero::entitlement::stored::StoredTokens;
use portero::error::{Error, Kind};
use portero::service::portability::answer::{self, DonorCommand};
use portero::service::portability::{read, submit};
use portero::service::{Requests, World, inventory, operators, registry, settle};
use portero::store::{DueScope, ListScope, Listing};

use crate::support::clock::ManualClock;
use crate::support::database::open;
use crate::support::portings::madrid;

/// The orgs that act.
pub const ORGS: [&str; 3] = ["masmovil", "yoigo", "euskaltel"];
/// The numbers that move: of masmovil, of yoigo, of euskaltel, and of an operator outside twice.
pub const NUMBERS: [&str; 5] = ["666777888", "666777001", "666777005", "634443600", "634443601"];

/// What somebody does.
#[derive(Debug, Clone)]
pub enum Act {
    /// An org asks for numbers.
    Request { org: usize, numbers: Vec<usize>, days_later: i64 },
    /// An operator outside asks for the first number, while an org has it: what moves between operators outside is seen by nobody here.
    RequestOutside,
    /// A donor speaks to the process of one of the portabilities that its org sees as the donor.
    Donor { org: usize, which: usize, command: DonorCommand },
    /// A recipient cancels.
    Cancel { org: usize, number: usize, cause: CancelCause },
    /// An org takes a number into its inventory.
    Add { org: usize, number: usize },
    /// An org removes a number from its inventory.
    Remove { org: usize, number: usize },
}

/// How far the clock goes before an act.
#[derive(Debug, Clone, Copy)]
pub enum Pause {
    /// So many minutes.
    Minutes(i64),
    /// To the next change that is due, or so many microseconds before or after it.
    NearDue(i64),
}

/// What the test itself did to the inventory, at which time.
#[derive(Debug, Clone)]
pub struct Written {
    /// When.
    pub at: Timestamp,
    /// Of which number.
    pub number: Msisdn,
    /// The org that added it; `None`: removed.
    pub org: Option<OrgName>,
}

/// A world with its clock, and what was done in it.
pub struct Stage {
    /// What the use cases work on.
    pub world: World,
    clock: Arc<ManualClock>,
    contracts: usize,
    sims: usize,
    /// Writes of the inventory.
    pub written: Vec<Written>,
}

/// Donors outside: one accepts in the middle of Tv, the other refuses at its end or never answers.
struct Donors;

impl Script for Donors {
    fn refusal(&self, _msisdn: Msisdn) -> Option<NodeRefusal> {
        None
    }

    fn donor(&self, order: &Order, _donor: OperatorCode) -> DonorPlan {
        match order.msisdn.to_string().as_str() {
            "634443601" if order.contract_code.as_str().ends_with('7') => DonorPlan::Silent,
            "634443601" => DonorPlan::Answers(Answer::Deny(DenyCause::Iccid), Duration::from_hours(5)),
            _ => DonorPlan::Answers(Answer::Accept, Duration::from_mins(90)),
        }
    }
}

pub fn msisdn(text: &str) -> Msisdn {
    Msisdn::parse(text).unwrap()
}

pub fn org_name(text: &str) -> OrgName {
    OrgName::parse(text).unwrap()
}

/// What a command that fails may fail with.
fn allowed<T>(outcome: Result<T, Error>) -> Option<T> {
    match outcome {
        Ok(done) => Some(done),
        Err(error) if matches!(error.kind(), Kind::Conflict | Kind::NotFound | Kind::Invalid) => None,
        Err(error) => panic!("{}", error.story()),
    }
}

impl Stage {
    /// The demo's registry and inventory, on a Thursday evening.
    pub async fn new() -> Self {
        let store = open("sqlite::memory:").await;
        store.migrate().await.unwrap();
        registry::seed(&*store, &DataSet::demo().unwrap()).await.unwrap();
        let clock = Arc::new(ManualClock::default());
        clock.set(madrid("2025-12-04T19:30:00"));
        let world = World {
            replica: None,
            entitlement: Arc::new(StoredTokens::new(store.clone())),
            central_node: Arc::new(SimulatedNode::new(Arc::new(Donors))),
            clock: clock.clone(),
            store,
            requests: Requests::default(),
        };
        Self { world, clock, contracts: 0, sims: 0, written: Vec::new() }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// When the clock will stand after a pause.
    pub async fn after(&self, pause: Pause) -> Timestamp {
        let now = self.now();
        let then = match pause {
            Pause::Minutes(minutes) => now + SignedDuration::from_mins(minutes),
            // Everything due may have been left undone: then the next due is in the past.
            Pause::NearDue(micros) => self.world.store.next_due().await.unwrap().unwrap_or(now) + SignedDuration::from_micros(micros),
        };
        then.max(now)
    }

    /// Sets the clock.
    pub fn at(&self, then: Timestamp) {
        self.clock.set(then);
    }

    /// Applies all that is due, at each time at which something is, up to an instant.
    pub async fn live_until(&self, then: Timestamp) {
        while let Some(due) = self.world.store.next_due().await.unwrap().filter(|due| *due <= then) {
            self.at(due.max(self.now()));
            settle::settle(&self.world, &DueScope::All, self.now()).await.unwrap();
        }
        self.at(then);
    }

    pub async fn actor(&self, name: &str) -> Actor {
        Actor::server(self.org(name).await)
    }

    pub async fn org(&self, name: &str) -> Org {
        registry::org(&self.world, &org_name(name)).await.unwrap()
    }

    /// Does something, allowed or not.
    pub async fn act(&mut self, act: &Act) {
        match act {
            Act::Request { org, numbers, days_later } => self.request(ORGS[*org], numbers, *days_later).await,
            Act::RequestOutside => self.request_outside().await,
            Act::Donor { org, which, command } => self.answer(ORGS[*org], *which, *command).await,
            Act::Cancel { org, number, cause } => {
                drop(allowed(answer::cancel(&self.world, &self.actor(ORGS[*org]).await, msisdn(NUMBERS[*number]), *cause).await));
            }
            Act::Add { org, number } => self.add(ORGS[*org], msisdn(NUMBERS[*number])).await,
            Act::Remove { org, number } => {
                let number = msisdn(NUMBERS[*number]);
                if allowed(inventory::remove(&self.world, &self.actor(ORGS[*org]).await, number).await).is_some() {
                    self.written.push(Written { at: self.now(), number, org: None });
                }
            }
        }
    }

    async fn request(&mut self, org: &str, numbers: &[usize], days_later: i64) {
        let actor = self.actor(org).await;
        let calendar = self.world.store.directory().await.unwrap().calendar;
        let default = calendar.schedule(self.now()).unwrap().window();
        let window = (days_later > 0).then(|| default + SignedDuration::from_hours(24 * days_later));
        let request = self.body(&actor.org.operator_code, &actor.org.nrn, numbers, window);
        let done = allowed(submit::submit(&self.world, &actor, request.clone()).await);
        if done.is_some() {
            let again = submit::submit(&self.world, &actor, request).await.unwrap();
            assert_eq!(again, portero::service::portability::Outcome::AlreadyDone);
        }
    }

    async fn request_outside(&mut self) {
        let number = msisdn(NUMBERS[0]);
        let holder = inventory::by_msisdn(&self.world, &Tenancy::Every, number).await.unwrap().org;
        let owner = operators::owner(&self.world, &holder, number).await.unwrap().current;
        if owner.to_string() == holder.operator_code {
            let request = self.body("004", "730000", &[0], None);
            allowed(submit::submit_from_outside(&self.world, OperatorCode::parse("004").unwrap(), &request).await);
        }
    }

    fn body(&mut self, operator: &str, nrn: &str, numbers: &[usize], window_date: Option<Timestamp>) -> PortabilityRequest {
        self.contracts += 1;
        PortabilityRequest {
            access_type: if numbers.len() == 1 { AccessType::Individual } else { AccessType::Mixed },
            contract_code: ContractCode::parse(&format!("{operator}{:08}", self.contracts)).unwrap(),
            external_reference: None,
            numbers: numbers.iter().map(|number| RequestedNumber { msisdn: msisdn(NUMBERS[*number]), icc_id: None }).collect(),
            nrn_receptor: Nrn::parse(nrn).unwrap(),
            subscriber: None,
            subscriber_request_date: None,
            window_date,
        }
    }

    async fn answer(&self, org: &str, which: usize, command: DonorCommand) {
        let mut given = self.seen_by(org).await;
        given.retain(|one| !one.recipient_rol);
        // The latest request first: an order that does not depend on when it was written down.
        given.sort_by_key(|one| std::cmp::Reverse((one.contract_code.as_str()[3..].to_owned(), one.msisdn)));
        if given.is_empty() {
            return;
        }
        let process = given[which % given.len()].process_id.clone().unwrap();
        drop(allowed(answer::by_donor(&self.world, &self.actor(org).await, process.as_str(), command).await));
    }

    async fn add(&mut self, org: &str, number: Msisdn) {
        self.sims += 1;
        let imsi = Imsi::parse(&format!("2140490002{:05}", self.sims)).unwrap();
        if allowed(inventory::add(&self.world, &self.actor(org).await, number, &imsi).await).is_some() {
            self.written.push(Written { at: self.now(), number, org: Some(org_name(org)) });
        }
    }

    /// The portabilities that an org sees.
    pub async fn seen_by(&self, org: &str) -> Vec<Portability> {
        let listing = Listing { scope: ListScope::All, filter: None, before: None, limit: 1_000 };
        read::list(&self.world, &self.org(org).await, &listing).await.unwrap()
    }

    /// All portabilities of all orgs, with their histories.
    pub async fn details(&self) -> Vec<PortabilityDetail> {
        let mut details = Vec::new();
        for name in ORGS {
            let org = self.org(name).await;
            for one in self.seen_by(name).await {
                details.push(read::by_id(&self.world, &org, &one.id).await.unwrap());
            }
        }
        details
    }
}
