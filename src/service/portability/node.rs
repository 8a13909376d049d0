//! Bringing orders to the Central Node, and writing down what it says.

use std::collections::HashMap;

use jiff::Timestamp;

use super::super::World;
use super::write::write;
use crate::central_node::{NodeReply, Submission, Verdict};
use crate::domain::directory::Directory;
use crate::domain::msisdn::Msisdn;
use crate::domain::order::{NumberFacts, Order, Party, by_donor, process_type};
use crate::domain::portability::{Command, Decision, Refusal, decide};
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

/// The Node has opened: it decides on the orders of one request that waited for it.
pub async fn open(world: &World, unit: &mut dyn UnitOfWork, mut orders: Vec<Order>, now: Timestamp) -> Result<()> {
    let directory = unit.directory_now().await?;
    let numbers: Vec<_> = orders.iter().map(|order| order.msisdn).collect();
    let facts = facts(unit, &numbers).await?;
    for order in &mut orders {
        // The number may have changed hands since the request was made.
        order.donor = facts.get(&order.msisdn).and_then(|facts| donor(&directory, facts));
    }
    submit(world, unit, &directory, orders, &facts, now).await?;
    Ok(())
}

/// Lets the Node decide on orders that wait for it, as of the time they waited for, and writes what becomes of them by `now`.
pub async fn submit(
    world: &World,
    unit: &mut dyn UnitOfWork,
    directory: &Directory,
    orders: Vec<Order>,
    facts: &Facts,
    now: Timestamp,
) -> Result<Vec<Order>> {
    let mut decided = Vec::with_capacity(orders.len());
    for group in by_donor(orders) {
        let verdict = ask(world, unit, directory, &group, facts).await?;
        for (mut order, reply) in group.into_iter().zip(verdict.replies) {
            let command = match reply {
                NodeReply::Registered(registration) => {
                    order.process_id.clone_from(&verdict.process_id);
                    Command::Register(registration)
                }
                NodeReply::Refused(refusal) => Command::RefuseAtNode(refusal),
            };
            let mut events: Vec<_> = match decide(command, &order.porting, now) {
                Decision::Applied(transition) => order.apply(transition).into_iter().collect(),
                Decision::AlreadyDone => return Err(defect(Refusal::NotWaiting)),
                Decision::Refused(refusal) => return Err(defect(refusal)),
            };
            events.extend(order.pass_time(now).map_err(defect)?);
            write(unit, &mut order, events, now).await?;
            decided.push(order);
        }
    }
    Ok(decided)
}

/// A refusal that only a defect of ours can bring about.
pub fn defect(refusal: Refusal) -> Error {
    Error::because(Kind::Internal, refusal)
}

/// Submits orders of one donor, which make up a process.
async fn ask(world: &World, unit: &mut dyn UnitOfWork, directory: &Directory, group: &[Order], facts: &Facts) -> Result<Verdict> {
    let unknown = || Error::because(Kind::Internal, "an order without facts");
    let first = group.first().ok_or_else(unknown)?;
    let at = first.porting.record().opens_at.ok_or_else(|| defect(Refusal::NotWaiting))?;
    let mut numbers = Vec::with_capacity(group.len());
    for order in group {
        numbers.push((order, facts.get(&order.msisdn).ok_or_else(unknown)?));
    }
    let submission = Submission {
        process_type: process_type(first.access_type, group.len()),
        recipient: &first.recipient,
        donor: first.donor_operator(),
        nrn: first.nrn_receptor,
        chosen_window: first.chosen_window,
        numbers,
    };
    world.central_node.submit(unit, directory, &submission, at).await
}
