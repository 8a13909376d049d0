//! The donor's answer, and the recipient's cancellation.

use jiff::Timestamp;

use super::super::{World, settle};
use super::write::{Lived, write};
use super::{Outcome, node};
use crate::domain::audit::{Actor, Operation};
use crate::domain::cause::{CancelCause, DenyCause};
use crate::domain::directory::Directory;
use crate::domain::msisdn::Msisdn;
use crate::domain::order::{NumberFacts, Order};
use crate::domain::org::{OrgName, Tenancy};
use crate::domain::portability::{Command, Decision, Refusal, decide};
use crate::error::{Error, Kind, Result};
use crate::store::{DueScope, UnitOfWork};

/// What a donor says to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DonorCommand {
    /// It lets the numbers go.
    Accept,
    /// It refuses.
    Deny(DenyCause),
    /// It takes its answer back.
    RestartReply,
}

impl From<DonorCommand> for Command {
    fn from(command: DonorCommand) -> Self {
        match command {
            DonorCommand::Accept => Self::Accept,
            DonorCommand::Deny(cause) => Self::Deny(cause),
            DonorCommand::RestartReply => Self::RestartReply,
        }
    }
}

impl From<DonorCommand> for Operation {
    fn from(command: DonorCommand) -> Self {
        match command {
            DonorCommand::Accept => Self::AcceptPortability,
            DonorCommand::Deny(_) => Self::DenyPortability,
            DonorCommand::RestartReply => Self::RestartReply,
        }
    }
}

/// Does what the donor says to every number of the process for which this org is the donor and which allows it.
///
/// # Errors
/// [`Kind::NotFound`] where the org is not donor in such a process, [`Kind::Conflict`] where no number allows it.
pub async fn by_donor(world: &World, actor: &Actor, process_id: &str, command: DonorCommand) -> Result<Outcome> {
    let _command = world.command(&actor.org.name);
    let now = world.clock.now();
    // What has no id yet may be this process.
    settle::settle(world, &DueScope::Offered(actor.org.name.clone()), now).await?;
    settle::settle(world, &DueScope::Process(process_id.to_owned()), now).await?;
    if command == DonorCommand::RestartReply {
        settle_numbers(world, &actor.org.name, process_id, now).await?;
    }
    let mut unit = world.store.begin(Tenancy::Every).await?;
    let mut orders = unit.orders_of_donor(&actor.org.name, process_id).await?;
    if orders.is_empty() {
        return Err(Error::not_found("Process"));
    }
    if command == DonorCommand::RestartReply {
        leave_out_lost(&mut *unit, &mut orders).await?;
    }
    conclude(unit, actor, command.into(), orders, &command.into(), now).await
}

/// The numbers of the process may have been in others since, which time alone has ended.
async fn settle_numbers(world: &World, donor: &OrgName, process_id: &str, now: Timestamp) -> Result<()> {
    let mut unit = world.store.begin(Tenancy::Every).await?;
    let numbers: Vec<_> = unit.orders_of_donor(donor, process_id).await?.iter().map(|order| order.msisdn).collect();
    unit.undo().await?;
    if numbers.is_empty() { Ok(()) } else { settle::numbers(world, numbers, now).await }
}

/// A number that has found another process, or has gone elsewhere in one, cannot come back to this one.
async fn leave_out_lost(unit: &mut dyn UnitOfWork, orders: &mut Vec<Order>) -> Result<()> {
    let numbers: Vec<_> = orders.iter().map(|order| order.msisdn).collect();
    let (directory, facts) = (unit.directory_now().await?, node::facts(unit, &numbers).await?);
    orders.retain(|order| facts.get(&order.msisdn).is_some_and(|facts| can_come_back(&directory, order, facts)));
    Ok(())
}

/// Whether the donor could still give the number in this process: no other is active, its operator has it, and no other org does.
fn can_come_back(directory: &Directory, order: &Order, facts: &NumberFacts) -> bool {
    let is_busy = facts.active_order.as_ref().is_some_and(|active| *active != order.id);
    let donor = node::donor(directory, facts);
    let same_operator = donor.as_ref().map(|donor| donor.operator) == order.donor_operator();
    let elsewhere = donor.and_then(|donor| donor.org).is_some_and(|org| Some(&org) != order.donor_org());
    !is_busy && same_operator && !elsewhere
}

/// Cancels the org's port-in of a number: the active one, else the newest.
///
/// # Errors
/// [`Kind::NotFound`] where the org has none, [`Kind::Conflict`] where it cannot be cancelled.
pub async fn cancel(world: &World, actor: &Actor, msisdn: Msisdn, cause: CancelCause) -> Result<Outcome> {
    let _command = world.command(&actor.org.name);
    let now = world.clock.now();
    settle::numbers(world, vec![msisdn], now).await?;
    let mut unit = world.store.begin(Tenancy::Every).await?;
    let order = unit.order_of_recipient(&actor.org.name, msisdn).await?.ok_or_else(|| Error::not_found("Portability"))?;
    conclude(unit, actor, Operation::CancelPortability, vec![order], &Command::Cancel(cause), now).await
}

/// Carries a command out on each order that allows it: done if any changed, already done if none changed but one already was so.
async fn conclude(
    mut unit: Box<dyn UnitOfWork>,
    actor: &Actor,
    operation: Operation,
    orders: Vec<Order>,
    command: &Command,
    now: Timestamp,
) -> Result<Outcome> {
    let mut changed = Vec::new();
    let mut already = false;
    let mut refusal = None;
    for mut order in orders {
        match decide(command.clone(), &order.porting, now) {
            Decision::Applied(transition) => {
                let events = order.apply(transition).into_iter().collect();
                changed.push(Lived { order, events });
            }
            Decision::AlreadyDone => already = true,
            Decision::Refused(why) => refusal = Some(why),
        }
    }
    if changed.is_empty() {
        return if already { Ok(Outcome::AlreadyDone) } else { Err(conflict(refusal)) };
    }
    let changed = write(&mut *unit, changed, now).await?;
    let ids: Vec<_> = changed.iter().map(|order| order.id.as_str()).collect();
    let portabilities = unit.portabilities_of(&actor.org.name, &ids, now).await?;
    unit.audit_add(&actor.did_to(operation, &changed, now)).await?;
    unit.commit().await?;
    Ok(Outcome::Done(portabilities))
}

fn conflict(refusal: Option<Refusal>) -> Error {
    match refusal {
        // Another server changed it between settling and locking: the next try sees it.
        Some(Refusal::Unsettled(due)) => Error::because(Kind::Unavailable, format!("a transition due at {due} came between")),
        Some(refusal) => Error::new(Kind::Conflict, refusal.to_string()),
        None => Error::new(Kind::Conflict, "the number is in another process, or has gone elsewhere"),
    }
}
