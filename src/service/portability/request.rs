//! What becomes of requests for portabilities.

use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::super::World;
use super::node::{self, Facts};
use super::write::{Lived, write};
use crate::domain::calendar::WindowError;
use crate::domain::directory::Directory;
use crate::domain::iccid::Iccid;
use crate::domain::msisdn::Msisdn;
use crate::domain::order::{Order, Party};
use crate::domain::portability::Porting;
use crate::domain::request::{AccessType, PortabilityRequest};
use crate::error::{Error, Kind, Result, Violation};
use crate::store::{NewRequest, UnitOfWork};

/// A request, and who makes it.
pub struct Ask<'a> {
    pub recipient: Party,
    pub request: &'a PortabilityRequest,
}

/// What became of a request: its orders, or nothing where it is a repeat.
pub type Placed = Result<Option<Vec<Order>>>;

/// Makes orders of requests that have no number in common, and brings them to the Node; what became of each. A request that fails has left
/// nothing.
pub async fn place(world: &World, unit: &mut dyn UnitOfWork, asks: &[Ask<'_>], now: Timestamp) -> Result<Vec<Placed>> {
    let ids: Vec<_> = asks.iter().map(|_| Uuid::new_v4().to_string()).collect();
    let recorded = record(unit, asks, &ids, now).await?;
    let directory = unit.directory_now().await?;
    let facts = node::facts(unit, &asks.iter().flat_map(|ask| msisdns(ask.request)).collect::<Vec<_>>()).await?;
    let (mut placed, mut failed, mut orders) = (Vec::new(), Vec::new(), Vec::new());
    for ((ask, id), recorded) in asks.iter().zip(&ids).zip(recorded) {
        let made = match recorded {
            Ok(Recorded::New) => orders_of(&directory, ask, &facts, id, now).map(Some).inspect_err(|_| failed.push(id.as_str())),
            Ok(Recorded::Repeat) => Ok(None),
            Err(error) => Err(error),
        };
        placed.push(made.map(|made| made.map(|made| orders.push(made))));
    }
    unit.requests_remove(&failed).await?;
    let mut stored = start(world, unit, &directory, orders, &facts, now).await?;
    let of = |(placed, id): (Result<Option<()>>, &String)| placed.map(|made| made.map(|()| stored.remove(id).unwrap_or_default()));
    Ok(placed.into_iter().zip(&ids).map(of).collect())
}

pub fn msisdns(request: &PortabilityRequest) -> Vec<Msisdn> {
    request.numbers.iter().map(|number| number.msisdn).collect()
}

/// Whether a request is new to its org.
enum Recorded {
    New,
    Repeat,
}

/// Stores requests, but for repeats and those whose contract code is taken.
async fn record(unit: &mut dyn UnitOfWork, asks: &[Ask<'_>], ids: &[String], now: Timestamp) -> Result<Vec<Result<Recorded>>> {
    let digests = asks.iter().map(|ask| digest(ask.request)).collect::<Result<Vec<_>>>()?;
    let mut requests = Vec::with_capacity(asks.len());
    for ((Ask { recipient, request }, id), digest) in asks.iter().zip(ids).zip(&digests) {
        requests.push(NewRequest {
            id,
            org: recipient.org.as_ref(),
            contract_code: request.contract_code.as_str(),
            digest,
            external_reference: request.external_reference.as_deref(),
            subscriber: request.subscriber.as_ref(),
            created_at: now,
        });
    }
    let added = unit.requests_add(&requests).await?;
    let mut recorded = Vec::with_capacity(asks.len());
    for request in &requests {
        let is_new = added.contains(request.id);
        recorded.push(if is_new { Ok(Recorded::New) } else { repeated(unit, request).await? });
    }
    Ok(recorded)
}

/// What a request is whose contract code its org has used before.
async fn repeated(unit: &mut dyn UnitOfWork, request: &NewRequest<'_>) -> Result<Result<Recorded>> {
    let earlier = match request.org {
        Some(org) => unit.request_digest(org, request.contract_code).await?,
        None => None,
    };
    let is_same = earlier.as_deref() == Some(request.digest);
    Ok(if is_same { Ok(Recorded::Repeat) } else { Err(invalid("ContractCode", "unique")) })
}

/// The orders of a request, if it keeps the rules that depend on time and registry.
fn orders_of(directory: &Directory, ask: &Ask<'_>, facts: &Facts, id: &str, now: Timestamp) -> Result<Vec<Order>> {
    check_dates(directory, ask.request, now)?;
    let orders = orders(directory, ask.request, &ask.recipient, facts, id, now)?;
    check_donors(ask.request.access_type, &orders)?;
    Ok(orders)
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

/// The orders of a request, sorted by number; each waits for the Node to open, which for those it never hears of, and while it is open, is
/// now.
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

/// Brings the orders of requests to the Node where it is open, and leaves the others waiting for it; what is stored, by request.
async fn start(
    world: &World,
    unit: &mut dyn UnitOfWork,
    directory: &Directory,
    requests: Vec<Vec<Order>>,
    facts: &Facts,
    now: Timestamp,
) -> Result<HashMap<String, Vec<Order>>> {
    let waits = |order: &Order| order.porting.record().opens_at.is_some_and(|opens_at| opens_at > now);
    let (waiting, ready): (Vec<_>, Vec<_>) = requests.into_iter().map(|orders| orders.into_iter().partition::<Vec<_>, _>(waits)).unzip();
    let mut lived = node::submit(world, unit, directory, ready, facts, now).await?;
    for mut order in waiting.into_iter().flatten() {
        let opens_at = order.porting.record().opens_at.unwrap_or(now);
        let events = order.apply(Porting::send(now, opens_at)).into_iter().collect();
        lived.push(Lived { order, events });
    }
    // Concurrent requests meet in the same order.
    lived.sort_by_key(|it| it.order.msisdn);
    let mut stored: HashMap<String, Vec<Order>> = HashMap::new();
    for order in write(unit, lived, now).await? {
        stored.entry(order.request_id.clone()).or_default().push(order);
    }
    Ok(stored)
}
