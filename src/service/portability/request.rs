//! Requesting a portability.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::super::{World, settle};
use super::Outcome;
use super::node::{self, Facts};
use super::write::{Lived, write};
use crate::domain::audit::{Actor, Operation};
use crate::domain::calendar::WindowError;
use crate::domain::directory::Directory;
use crate::domain::iccid::Iccid;
use crate::domain::listing::Portability;
use crate::domain::msisdn::Msisdn;
use crate::domain::operator::OperatorCode;
use crate::domain::order::{Order, Party};
use crate::domain::org::{OrgName, Tenancy};
use crate::domain::portability::Porting;
use crate::domain::request::{AccessType, PortabilityRequest};
use crate::error::{Error, Kind, Result, Violation};
use crate::store::{Added, NewRequest, UnitOfWork};

/// Asks the Central Node for the numbers of a request.
///
/// The same request again changes nothing, whatever became of the first.
///
/// # Errors
/// [`Kind::Invalid`] for what depends on time, registry or earlier requests (`SubscriberRequestDate`, `WindowDate`, `MsisdnRanges` `onedonor`,
/// `ContractCode` `unique`).
pub async fn submit(world: &World, actor: &Actor, request: &PortabilityRequest) -> Result<Outcome> {
    let _command = world.command(&actor.org.name);
    let operator = OperatorCode::parse(&actor.org.operator_code).map_err(|error| Error::because(Kind::Internal, error))?;
    let now = world.clock.now();
    settle::numbers(world, msisdns(request), now).await?;
    let mut unit = world.store.begin(Tenancy::Every).await?;
    let recipient = Party { operator, org: Some(actor.org.name.clone()) };
    let Some(stored) = place(world, &mut *unit, &recipient, request, now).await? else { return Ok(Outcome::AlreadyDone) };
    let ids: Vec<_> = stored.iter().map(|order| order.id.as_str()).collect();
    let portabilities = unit.portabilities_of(&actor.org.name, &ids, now).await?;
    unit.audit_add(&actor.did_to(Operation::CreatePortability, &stored, now)).await?;
    unit.commit().await?;
    Ok(Outcome::Done(portabilities))
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
    let stored = place(world, &mut *unit, &Party { operator, org: None }, request, asked_at).await?.unwrap_or_default();
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

fn msisdns(request: &PortabilityRequest) -> Vec<Msisdn> {
    request.numbers.iter().map(|number| number.msisdn).collect()
}

/// Makes orders of a request and brings them to the Node; `None`: the request is a repeat, and nothing has to be done.
async fn place(
    world: &World,
    unit: &mut dyn UnitOfWork,
    recipient: &Party,
    request: &PortabilityRequest,
    now: Timestamp,
) -> Result<Option<Vec<Order>>> {
    let request_id = Uuid::new_v4().to_string();
    if record(unit, recipient.org.as_ref(), request, &request_id, now).await? == Outcome::AlreadyDone {
        return Ok(None);
    }
    let directory = unit.directory_now().await?;
    check_dates(&directory, request, now)?;
    let facts = node::facts(unit, &msisdns(request)).await?;
    let orders = orders(&directory, request, recipient, &facts, &request_id, now)?;
    check_donors(request.access_type, &orders)?;
    start(world, unit, &directory, orders, &facts, now).await.map(Some)
}

/// Stores the request, unless it is a repeat: then nothing has to be done.
async fn record(
    unit: &mut dyn UnitOfWork,
    org: Option<&OrgName>,
    request: &PortabilityRequest,
    id: &str,
    now: Timestamp,
) -> Result<Outcome> {
    let digest = digest(request)?;
    let contract_code = request.contract_code.as_str();
    let new = NewRequest {
        id,
        org,
        contract_code,
        digest: &digest,
        external_reference: request.external_reference.as_deref(),
        subscriber: request.subscriber.as_ref(),
        created_at: now,
    };
    if unit.request_add(&new).await? == Added::New {
        return Ok(Outcome::Done(Vec::new()));
    }
    let earlier = match org {
        Some(org) => unit.request_digest(org, contract_code).await?,
        None => None,
    };
    if earlier.as_ref() == Some(&digest) { Ok(Outcome::AlreadyDone) } else { Err(invalid("ContractCode", "unique")) }
}

/// A digest of what a request means, so that two spellings of one request have the same, and nothing personal can be read from it.
fn digest(request: &PortabilityRequest) -> Result<String> {
    let number = |number: &crate::domain::request::RequestedNumber| (number.msisdn.e164(), number.icc_id.as_ref().map(Iccid::to_string));
    let meaning = (
        request.access_type.as_str(),
        &request.external_reference,
        request.numbers.iter().map(number).collect::<Vec<_>>(),
        request.nrn_receptor.to_string(),
        &request.subscriber,
        request.subscriber_request_date.map(Timestamp::as_microsecond),
        request.window_date.map(Timestamp::as_microsecond),
    );
    let text = serde_json::to_vec(&meaning).map_err(|error| Error::because(Kind::Internal, error))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&text)))
}

fn invalid(field: &str, tag: &'static str) -> Error {
    Violation { field: field.to_owned(), tag }.into()
}

/// The rules of the two dates that depend on the time.
fn check_dates(directory: &Directory, request: &PortabilityRequest, now: Timestamp) -> Result<()> {
    let mut violations = Vec::new();
    let mut violation = |field: &str, tag| violations.push(Violation { field: field.to_owned(), tag });
    if request.subscriber_request_date.is_some_and(|date| date > now) {
        violation("SubscriberRequestDate", "lte");
    }
    if let Some(window) = request.window_date {
        let beyond_time = |error| Error::because(Kind::Internal, error);
        let schedule = directory.calendar.schedule(now).map_err(beyond_time)?;
        match directory.calendar.choose_window(schedule, window) {
            Ok(_) => {}
            Err(WindowError::Calendar(error)) => return Err(beyond_time(error)),
            Err(_) => violation("WindowDate", "window"),
        }
    }
    if violations.is_empty() { Ok(()) } else { Err(violations.into()) }
}

/// The orders of a request, sorted by number so that concurrent requests meet in the same order; each waits for the Node to open,
/// which for those it never hears of, and while it is open, is now.
fn orders(
    directory: &Directory,
    request: &PortabilityRequest,
    recipient: &Party,
    facts: &Facts,
    request_id: &str,
    now: Timestamp,
) -> Result<Vec<Order>> {
    let opening = directory.calendar.next_opening(now).map_err(|error| Error::because(Kind::Internal, error))?;
    let mut orders = Vec::with_capacity(request.numbers.len());
    for number in &request.numbers {
        let donor = facts.get(&number.msisdn).and_then(|facts| node::donor(directory, facts));
        let is_internal = donor.as_ref().is_some_and(|donor| donor.is_sibling_of(recipient));
        let sent = Porting::send(now, if is_internal { now } else { opening });
        orders.push(Order {
            id: Uuid::new_v4().to_string(),
            request_id: request_id.to_owned(),
            msisdn: number.msisdn,
            process_id: None,
            access_type: request.access_type,
            contract_code: request.contract_code.clone(),
            icc_id: number.icc_id,
            nrn_receptor: request.nrn_receptor,
            chosen_window: request.window_date,
            recipient: recipient.clone(),
            donor,
            porting: sent.porting,
            message_type: crate::domain::portability::MessageType::EnvioAlta,
            version: 0,
        });
    }
    orders.sort_by_key(|order| order.msisdn);
    Ok(orders)
}

/// A MULTIPLE request is for numbers of one donor.
fn check_donors(access_type: AccessType, orders: &[Order]) -> Result<()> {
    let mut donors: Vec<_> = orders.iter().filter_map(Order::donor_operator).collect();
    donors.sort_unstable();
    donors.dedup();
    if access_type == AccessType::Multiple && donors.len() > 1 { Err(invalid("MsisdnRanges", "onedonor")) } else { Ok(()) }
}

/// Brings orders to the Node where it is open, and leaves the others waiting for it.
async fn start(
    world: &World,
    unit: &mut dyn UnitOfWork,
    directory: &Directory,
    orders: Vec<Order>,
    facts: &Facts,
    now: Timestamp,
) -> Result<Vec<Order>> {
    let waits = |order: &Order| order.porting.record().opens_at.is_some_and(|opens_at| opens_at > now);
    let (waiting, ready): (Vec<_>, Vec<_>) = orders.into_iter().partition(waits);
    let mut lived = node::submit(world, unit, directory, ready, facts, now).await?;
    for mut order in waiting {
        let opens_at = order.porting.record().opens_at.unwrap_or(now);
        let events = order.apply(Porting::send(now, opens_at)).into_iter().collect();
        lived.push(Lived { order, events });
    }
    write(unit, lived, now).await
}
