//! Bringing orders to the Central Node, and what they make of what it says.

use std::collections::HashMap;

use jiff::Timestamp;

use super::super::World;
use super::write::Lived;
use crate::central_node::{NodeReply, Submission, Verdict};
use crate::domain::directory::Directory;
use crate::domain::msisdn::Msisdn;
use crate::domain::operator::OperatorCode;
use crate::domain::order::{NumberFacts, Order, Party, by_donor, process_type};
use crate::domain::portability::{Command, Decision, Event, Refusal, decide};
use crate::error::{Error, Kind, Result};
use crate::store::UnitOfWork;

/// What is known of numbers, by number.
pub type Facts = HashMap<Msisdn, NumberFacts>;

/// Asks the store what is known of these numbers.
pub async fn facts(unit: &mut dyn UnitOfWork, msisdns: &[Msisdn]) -> Result<Facts> {
    let facts = unit.number_facts(msisdns).await?;
    Ok(facts.into_iter().map(|facts| (facts.msisdn, facts)).collect())
}

/// Who has a number to give: its operator of today, and the org of this server that holds it under that operator.
pub fn donor(directory: &Directory, facts: &NumberFacts) -> Option<Party> {
    let operator = facts.ported_to.or_else(|| directory.range_owner(facts.msisdn).map(|operator| operator.code))?;
    let holder = facts.holder.as_ref().filter(|(_, own)| *own == operator);
    Some(Party { operator, org: holder.map(|(org, _)| org.clone()) })
}

/// The Node has opened: what it decides on requests that waited for it, of which each has its orders together.
///
/// What finds no reference any more in its minute waits for a later one.
pub async fn open(world: &World, unit: &mut dyn UnitOfWork, mut requests: Vec<Vec<Order>>, now: Timestamp) -> Result<Vec<Lived>> {
    let directory = unit.directory_now().await?;
    let numbers: Vec<_> = requests.iter().flatten().map(|order| order.msisdn).collect();
    let facts = facts(unit, &numbers).await?;
    for order in requests.iter_mut().flatten() {
        // The number may have changed hands since the request was made.
        order.donor = facts.get(&order.msisdn).and_then(|facts| donor(&directory, facts));
    }
    let groups = processes(requests);
    let verdicts = ask(world, unit, &directory, &groups, &facts).await?;
    let mut lived = Vec::with_capacity(numbers.len());
    for (group, verdict) in groups.into_iter().zip(verdicts) {
        match verdict {
            Ok(verdict) => lived.extend(told(group, verdict, now)?),
            Err(error) if error.kind() == Kind::SequenceExhausted => lived.extend(put_off(group, &directory, now)?),
            Err(error) => return Err(error),
        }
    }
    Ok(lived)
}

/// What requests become: their orders by donor. Whoever brings some to the Node meets its counters in the same order; of those that share
/// one, the earlier request comes first.
fn processes(requests: Vec<Vec<Order>>) -> Vec<Vec<Order>> {
    let mut groups: Vec<_> = requests.into_iter().flat_map(by_donor).collect();
    groups.sort_by_key(|group| counted_under(group));
    groups
}

/// What the counters of a process go by.
fn counted_under(group: &[Order]) -> Option<(Option<OperatorCode>, OperatorCode, &'static str, Option<Timestamp>)> {
    let first = group.first()?;
    let kind = process_type(first.access_type, group.len()).as_str();
    Some((first.donor_operator(), first.recipient.operator, kind, first.porting.record().opens_at))
}

/// What the Node decides on requests, of which each has its orders together, as of the time they waited for, and what becomes of them by
/// `now`.
///
/// # Errors
/// [`Kind::SequenceExhausted`] where one of them finds no reference in this minute.
pub async fn submit(
    world: &World,
    unit: &mut dyn UnitOfWork,
    directory: &Directory,
    requests: Vec<Vec<Order>>,
    facts: &Facts,
    now: Timestamp,
) -> Result<Vec<Lived>> {
    let groups = processes(requests);
    let verdicts = ask(world, unit, directory, &groups, facts).await?;
    let mut lived = Vec::new();
    for (group, verdict) in groups.into_iter().zip(verdicts) {
        lived.extend(told(group, verdict?, now)?);
    }
    Ok(lived)
}

/// The orders of a process live through what the Node says.
fn told(group: Vec<Order>, verdict: Verdict, now: Timestamp) -> Result<Vec<Lived>> {
    let Verdict { process_id, replies } = verdict;
    let tell = |(mut order, reply): (Order, NodeReply)| {
        let command = match reply {
            NodeReply::Registered(registration) => {
                order.process_id.clone_from(&process_id);
                Command::Register(registration)
            }
            NodeReply::Refused(refusal) => Command::RefuseAtNode(refusal),
        };
        live(order, command, now)
    };
    group.into_iter().zip(replies).map(tell).collect()
}

/// The orders of a process wait for a later minute in which the Node takes requests.
fn put_off(group: Vec<Order>, directory: &Directory, now: Timestamp) -> Result<Vec<Lived>> {
    let wait = |mut order: Order| {
        let opens_at = order.porting.record().opens_at.ok_or_else(|| defect(Refusal::NotWaiting))?;
        let later = directory.calendar.next_minute(opens_at).map_err(|error| Error::because(Kind::Internal, error))?;
        let events = applied(&mut order, Command::WaitUntil(later), now)?;
        Ok(Lived { order, events })
    };
    group.into_iter().map(wait).collect()
}

/// The order lives through a decision of the Node, and what becomes of it by `now`.
fn live(mut order: Order, command: Command, now: Timestamp) -> Result<Lived> {
    let mut events = applied(&mut order, command, now)?;
    events.extend(order.pass_time(now).map_err(defect)?);
    Ok(Lived { order, events })
}

fn applied(order: &mut Order, command: Command, now: Timestamp) -> Result<Vec<Event>> {
    match decide(command, &order.porting, now) {
        Decision::Applied(transition) => Ok(order.apply(transition).into_iter().collect()),
        Decision::AlreadyDone => Err(defect(Refusal::NotWaiting)),
        Decision::Refused(refusal) => Err(defect(refusal)),
    }
}

/// A refusal that only a defect of ours can bring about.
pub fn defect(refusal: Refusal) -> Error {
    Error::because(Kind::Internal, refusal)
}

/// Submits processes, each of them orders of one donor; what the Node says to each.
async fn ask(
    world: &World,
    unit: &mut dyn UnitOfWork,
    directory: &Directory,
    groups: &[Vec<Order>],
    facts: &Facts,
) -> Result<Vec<Result<Verdict>>> {
    let submissions = groups.iter().map(|group| submission(group, facts)).collect::<Result<Vec<_>>>()?;
    world.central_node.submit(unit, directory, &submissions).await
}

fn submission<'a>(group: &'a [Order], facts: &'a Facts) -> Result<Submission<'a>> {
    let unknown = || Error::because(Kind::Internal, "an order without facts");
    let first = group.first().ok_or_else(unknown)?;
    let mut numbers = Vec::with_capacity(group.len());
    for order in group {
        numbers.push((order, facts.get(&order.msisdn).ok_or_else(unknown)?));
    }
    Ok(Submission {
        process_type: process_type(first.access_type, group.len()),
        recipient: &first.recipient,
        donor: first.donor_operator(),
        nrn: first.nrn_receptor,
        at: first.porting.record().opens_at.ok_or_else(|| defect(Refusal::NotWaiting))?,
        chosen_window: first.chosen_window,
        numbers,
    })
}
