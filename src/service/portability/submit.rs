//! Requesting portabilities: those that are asked for at the same time share a transaction.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::super::{World, settle};
use super::Outcome;
use super::request::{Ask, Placed, msisdns, place};
use crate::batch::Queue;
use crate::batch::transactions::{Transact, Transactions};
use crate::domain::audit::{Actor, Operation};
use crate::domain::contract_code::ContractCode;
use crate::domain::listing::Portability;
use crate::domain::msisdn::Msisdn;
use crate::domain::operator::OperatorCode;
use crate::domain::order::Party;
use crate::domain::org::{OrgName, Tenancy};
use crate::domain::request::PortabilityRequest;
use crate::error::{Error, Kind, Result};
use crate::store::UnitOfWork;

/// Asks the Central Node for the numbers of a request.
///
/// The same request again changes nothing, whatever became of the first.
///
/// # Errors
/// [`Kind::Invalid`] for what depends on time, registry or earlier requests (`SubscriberRequestDate`, `WindowDate`, `MsisdnRanges` `onedonor`,
/// `ContractCode` `unique`).
pub async fn submit(world: &World, actor: &Actor, request: PortabilityRequest) -> Result<Outcome> {
    let _command = world.command(&actor.org.name);
    let operator = OperatorCode::parse(&actor.org.operator_code).map_err(|error| Error::because(Kind::Internal, error))?;
    let submission = Submission { world: world.clone(), actor: actor.clone(), operator, request };
    if submission.request.numbers.len() == 1 {
        return world.requests.0.ask(submission).await;
    }
    // Many numbers take the time they need, and a transaction of their own.
    Submitter.transact_one(&submission).await
}

/// An operator outside asks for one number of an org of this server; what the org sees of it then.
///
/// It asks now or, while the Node is closed, did so when the Node was open last: what is waiting elsewhere concerns no donor yet.
///
/// # Errors
/// [`Kind::Conflict`] where the Node refuses, so that the org sees nothing; [`Kind::Invalid`] for dates, as for [`submit`].
pub async fn submit_from_outside(world: &World, operator: OperatorCode, request: &PortabilityRequest) -> Result<Portability> {
    let now = world.clock.now();
    settle::numbers(world, msisdns(request), now).await?;
    let mut unit = world.store.begin(Tenancy::Every).await?;
    let calendar = unit.directory_now().await?.calendar;
    let asked_at = calendar.last_open(now).map_err(|error| Error::because(Kind::Internal, error))?;
    let ask = Ask { recipient: Party { operator, org: None }, request };
    let stored = place(world, &mut *unit, &[ask], asked_at).await?.pop().transpose()?.flatten().unwrap_or_default();
    let order = stored.first().ok_or_else(|| Error::because(Kind::Internal, "a request without orders"))?;
    if let Some(refusal) = order.porting.cause() {
        return Err(Error::new(Kind::Conflict, format!("the Central Node refuses the request: {refusal}")));
    }
    let donor = order.donor_org().ok_or_else(|| Error::not_found("Msisdn in an org of this server"))?;
    let seen = unit.portabilities_of(donor, &[&order.id], now).await?.pop();
    let seen = seen.ok_or_else(|| Error::because(Kind::Internal, "a registered porting that its donor does not see"))?;
    unit.commit().await?;
    Ok(seen)
}

/// Where the requests of a world wait for each other.
#[derive(Clone)]
pub struct Requests(Arc<Queue<Transactions<Submitter>>>);

impl Default for Requests {
    fn default() -> Self {
        Self(Transactions::queue(Submitter))
    }
}

/// Submits requests of one world.
struct Submitter;

/// A request, and whose it is.
struct Submission {
    world: World,
    actor: Actor,
    operator: OperatorCode,
    request: PortabilityRequest,
}

impl Submission {
    fn ask(&self) -> Ask<'_> {
        Ask { recipient: Party { operator: self.operator, org: Some(self.actor.org.name.clone()) }, request: &self.request }
    }
}

/// What two requests cannot both have: the later one is told what it would be told after the other.
#[derive(PartialEq, Eq, Hash)]
enum Claim {
    /// A number is in one process.
    Number(Msisdn),
    /// A contract code is one request's of its org.
    Contract(OrgName, ContractCode),
}

impl Transact for Submitter {
    type Request = Submission;
    type Answer = Outcome;
    type Claim = Claim;

    fn claims(Submission { actor, request, .. }: &Submission) -> Vec<Claim> {
        let contract = Claim::Contract(actor.org.name.clone(), request.contract_code.clone());
        msisdns(request).into_iter().map(Claim::Number).chain([contract]).collect()
    }

    async fn transact(&self, submissions: &[&Submission]) -> Result<Vec<Result<Outcome>>> {
        let Some(world) = submissions.first().map(|first| &first.world) else { return Ok(Vec::new()) };
        let now = world.clock.now();
        settle::numbers(world, submissions.iter().flat_map(|it| msisdns(&it.request)).collect(), now).await?;
        let mut unit = world.store.begin(Tenancy::Every).await?;
        let asks: Vec<_> = submissions.iter().map(|it| it.ask()).collect();
        let placed = place(world, &mut *unit, &asks, now).await?;
        if placed.iter().any(|placed| matches!(placed, Ok(Some(_)))) {
            let outcomes = told(&mut *unit, submissions, placed, now).await?;
            unit.commit().await?;
            return Ok(outcomes);
        }
        Ok(placed.into_iter().map(|placed| placed.map(|_| Outcome::AlreadyDone)).collect())
    }
}

/// What each is told, and who did it.
async fn told(unit: &mut dyn UnitOfWork, submissions: &[&Submission], placed: Vec<Placed>, now: Timestamp) -> Result<Vec<Result<Outcome>>> {
    let mut seen = Vec::new();
    for org in submissions.iter().map(|it| &it.actor.org.name).collect::<BTreeSet<_>>() {
        let own = submissions.iter().zip(&placed).filter(|(it, _)| it.actor.org.name == *org);
        let orders = own.filter_map(|(_, placed)| placed.as_ref().ok()?.as_ref()).flatten();
        seen.extend(unit.portabilities_of(org, &orders.map(|order| order.id.as_str()).collect::<Vec<_>>(), now).await?);
    }
    let done = submissions.iter().zip(&placed).filter_map(|(it, placed)| Some((it, placed.as_ref().ok()?.as_ref()?)));
    let lines: Vec<_> = done.flat_map(|(it, orders)| it.actor.did_to(Operation::CreatePortability, orders, now)).collect();
    unit.audit_add(&lines).await?;
    let outcome = |(it, placed): (&&Submission, Placed)| {
        let Some(_) = placed? else { return Ok(Outcome::AlreadyDone) };
        let is_own =
            |portability: &Portability| portability.tenant == it.actor.org.name && portability.contract_code == it.request.contract_code;
        Ok(Outcome::Done(seen.extract_if(.., |portability| is_own(portability)).collect()))
    };
    Ok(submissions.iter().zip(placed).map(outcome).collect())
}
