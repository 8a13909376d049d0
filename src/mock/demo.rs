//! The demo data: the static ones of the data set, and portabilities in every state.
//!
//! The portabilities are not rows written by hand: they are played through the use cases, at times before the present one, so that each has
//! the history, the dates and the references that it would have had.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};

use crate::central_node::{DonorPlan, Script, SimulatedNode, WillingDonors};
use crate::clock::Clock;
use crate::dataset::DataSet;
use crate::domain::audit::Actor;
use crate::domain::calendar::Calendar;
use crate::domain::cause::{CancelCause, DenyCause, NodeRefusal};
use crate::domain::contract_code::ContractCode;
use crate::domain::listing::Portability;
use crate::domain::msisdn::Msisdn;
use crate::domain::nrn::Nrn;
use crate::domain::operator::OperatorCode;
use crate::domain::order::Order;
use crate::domain::org::OrgName;
use crate::domain::portability::Answer;
use crate::domain::request::{AccessType, PortabilityRequest, RequestedNumber};
use crate::entitlement::stored::StoredTokens;
use crate::error::{Error, Kind, Result};
use crate::service::portability::Outcome;
use crate::service::portability::answer::{self, DonorCommand};
use crate::service::portability::submit;
use crate::service::{Requests, World, registry, settle};
use crate::store::{DueScope, MemoryDatabase, Store};

/// How long ago the stories begin that have ended: long enough for a window to have passed, whatever holidays there were.
const LONG_AGO: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How far the past is searched for an hour at which the Node was open, a step at a time.
const STEP: SignedDuration = SignedDuration::from_mins(30);

/// A database that holds the demo data as of `now`. It is one of their own, because the stories are of another time: whoever saw them in the
/// middle would let happen what is due since.
///
/// # Errors
/// Those of the store.
pub async fn play(now: Timestamp) -> Result<MemoryDatabase> {
    let database = MemoryDatabase::open().await?;
    let store = database.store();
    store.migrate().await?;
    registry::seed(&*store, &DataSet::demo()?).await?;
    let calendar = store.directory().await?.calendar;
    let stage = Stage::new(store, calendar, now);
    stage.play_what_has_ended().await?;
    stage.play_what_is_confirmed().await?;
    stage.play_what_is_requested().await?;
    stage.at(now);
    settle::settle(&stage.world, &DueScope::All, now).await?;
    database.forget_audit().await?;
    Ok(database)
}

/// A world whose clock the stories set.
struct Stage {
    world: World,
    clock: Arc<StoryClock>,
    calendar: Calendar,
    now: Timestamp,
}

struct StoryClock(Mutex<Timestamp>);

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Donors outside that do what their story wants, and otherwise accept.
struct StoryDonors(HashMap<Msisdn, DonorPlan>);

impl Script for StoryDonors {
    fn donor(&self, order: &Order, donor: OperatorCode) -> DonorPlan {
        self.0.get(&order.msisdn).copied().unwrap_or_else(|| WillingDonors.donor(order, donor))
    }

    fn refusal(&self, _msisdn: Msisdn) -> Option<NodeRefusal> {
        None
    }
}

/// A literal of this file that its type refuses: a defect that every test of the demo data meets.
fn defect(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::because(Kind::Internal, error)
}

fn msisdn(text: &str) -> Result<Msisdn> {
    Msisdn::parse(text).map_err(defect)
}

/// The last time at which `holds`, searched back from an instant.
fn last_time(from: Timestamp, holds: impl Fn(Timestamp) -> bool) -> Result<Timestamp> {
    let mut instant = from;
    while !holds(instant) {
        instant = instant.checked_sub(STEP).map_err(defect)?;
    }
    Ok(instant)
}

impl Stage {
    fn new(store: Arc<dyn Store>, calendar: Calendar, now: Timestamp) -> Self {
        let clock = Arc::new(StoryClock(Mutex::new(now)));
        let plans =
            [("666777102", DonorPlan::Answers(Answer::Deny(DenyCause::Ident), Duration::from_mins(30))), ("666777103", DonorPlan::Silent)];
        let plans = plans.into_iter().filter_map(|(number, plan)| Some((Msisdn::parse(number).ok()?, plan))).collect();
        let world = World {
            replica: None,
            entitlement: Arc::new(StoredTokens::new(store.clone())),
            central_node: Arc::new(SimulatedNode::new(Arc::new(StoryDonors(plans)))),
            clock: clock.clone(),
            store,
            requests: Requests::default(),
        };
        Self { world, clock, calendar, now }
    }

    /// Sets the story's time.
    fn at(&self, instant: Timestamp) {
        *self.clock.0.lock().unwrap_or_else(PoisonError::into_inner) = instant;
    }

    /// APOR, AREC by the donor, AREC by silence, ACAN, AREC by the Node.
    async fn play_what_has_ended(&self) -> Result<()> {
        let long_ago = self.now.checked_sub(LONG_AGO).map_err(defect)?;
        self.at(last_time(long_ago, |instant| self.calendar.is_open(instant))?);
        let numbers = [("666777101", "01"), ("666777102", "02"), ("666777103", "03"), ("666777104", "04")];
        let requests = numbers.map(|(number, code)| self.request("masmovil", "005", "741111", number, code));
        // Those that wait together cost the store as much as one.
        try_join_all(requests).await?;
        self.request("masmovil", "005", "960000", "666777108", "08").await?;
        let masmovil = self.org("masmovil").await?;
        answer::cancel(&self.world, &masmovil, msisdn("666777104")?, CancelCause::Abona).await?;
        Ok(())
    }

    /// ACON, as recipient and as donor.
    async fn play_what_is_confirmed(&self) -> Result<()> {
        let has_begun = |instant| self.calendar.is_open(instant) && self.calendar.schedule(instant).is_ok_and(|s| s.tv().start <= self.now);
        self.at(last_time(self.now, has_begun)?);
        self.request("masmovil", "005", "741111", "666777105", "05").await?;
        let accepted = self.request("simyo", "064", "930000", "666777020", "20").await?;
        let masmovil = self.org("masmovil").await?;
        for portability in accepted {
            if let Some(process) = portability.process_id {
                answer::by_donor(&self.world, &masmovil, process.as_str(), DonorCommand::Accept).await?;
            }
        }
        Ok(())
    }

    /// ASOL as recipient, ASOL that awaits this org's answer (from an org and from an operator outside), and AENV while the Node is closed.
    async fn play_what_is_requested(&self) -> Result<()> {
        self.at(last_time(self.now, |instant| self.calendar.is_open(instant))?);
        self.request("masmovil", "005", "741111", "666777106", "06").await?;
        self.request("euskaltel", "006", "750000", "666777021", "21").await?;
        let orange = OperatorCode::parse("004").map_err(defect)?;
        submit::submit_from_outside(&self.world, orange, &individual("004", "730000", "666777022", "22")?).await?;
        self.at(self.now);
        if !self.calendar.is_open(self.now) {
            self.request("masmovil", "005", "741111", "666777107", "07").await?;
        }
        Ok(())
    }

    async fn org(&self, name: &str) -> Result<Actor> {
        registry::org(&self.world, &OrgName::parse(name).map_err(defect)?).await.map(Actor::server)
    }

    async fn request(&self, org: &str, operator: &str, nrn: &str, number: &str, code: &str) -> Result<Vec<Portability>> {
        let org = self.org(org).await?;
        match submit::submit(&self.world, &org, individual(operator, nrn, number, code)?).await? {
            Outcome::Done(portabilities) => Ok(portabilities),
            Outcome::AlreadyDone => Ok(Vec::new()),
        }
    }
}

/// A request for one number, without subscriber: demo data hold nobody's.
fn individual(operator: &str, nrn: &str, number: &str, code: &str) -> Result<PortabilityRequest> {
    Ok(PortabilityRequest {
        access_type: AccessType::Individual,
        contract_code: ContractCode::parse(&format!("{operator}-DEMO-{code}")).map_err(defect)?,
        external_reference: Some(format!("DEMO_{number}")),
        numbers: vec![RequestedNumber { msisdn: msisdn(number)?, icc_id: None }],
        nrn_receptor: Nrn::parse(nrn).map_err(defect)?,
        subscriber: None,
        subscriber_request_date: None,
        window_date: None,
    })
}
