//! The one way in which orders are written: their rows, their events, and what follows from them, in one transaction.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::archive::{ArchivedEvent, ArchivedPortability};
use crate::domain::cause::NodeRefusal;
use crate::domain::order::Order;
use crate::domain::org::OrgName;
use crate::domain::portability::{Event, MessageType, Porting};
use crate::error::{Error, Kind, Result};
use crate::store::UnitOfWork;

/// An order, and what has just happened to it.
#[derive(Debug)]
pub struct Lived {
    /// As it is now.
    pub order: Order,
    /// What has happened, in this order.
    pub events: Vec<Event>,
}

/// Writes orders that have lived, a few statements for all of them; the orders as they are stored then.
///
/// A new one whose number has become active in another process meanwhile is stored as refused (`AREC EXIST`, at `now`) instead:
/// the database decides, not what was read before.
pub async fn write(unit: &mut dyn UnitOfWork, mut lived: Vec<Lived>, now: Timestamp) -> Result<Vec<Order>> {
    let stored: Vec<_> = lived.iter().map(|it| &it.order).filter(|order| order.is_stored()).collect();
    unit.orders_update(&stored).await?;
    add(unit, &mut lived, now).await?;
    unit.portabilities_add(&lived.iter().flat_map(Lived::portabilities).collect::<Vec<_>>()).await?;
    unit.events_add(&lived.iter().flat_map(Lived::noted).collect::<Vec<_>>()).await?;
    unit.numbers_ported(&lived.iter().flat_map(Lived::ported).collect::<Vec<_>>()).await?;
    Ok(lived.into_iter().map(|Lived { order, .. }| Order { version: order.version + 1, ..order }).collect())
}

/// Stores those that are new.
async fn add(unit: &mut dyn UnitOfWork, lived: &mut [Lived], now: Timestamp) -> Result<()> {
    let new: Vec<_> = lived.iter().map(|it| &it.order).filter(|order| !order.is_stored()).collect();
    let added = unit.orders_add(&new).await?;
    let mut refused = Vec::new();
    for Lived { order, events } in lived.iter_mut().filter(|it| !it.order.is_stored() && !added.contains(&it.order.id)) {
        order.process_id = None;
        *events = order.apply(Porting::refuse(NodeRefusal::Exist, now)).into_iter().collect();
        refused.push(&*order);
    }
    if unit.orders_add(&refused).await?.len() < refused.len() {
        return Err(Error::because(Kind::Internal, "a refused order counts as active"));
    }
    Ok(())
}

impl Lived {
    /// What the parties see that they did not see before: the recipient what is new, and the donor what the Node has registered.
    fn portabilities(&self) -> impl Iterator<Item = ArchivedPortability> {
        let seen_by = |org: &OrgName, recipient_rol| ArchivedPortability {
            id: new_id(),
            order_id: self.order.id.clone(),
            org: org.clone(),
            recipient_rol,
        };
        let is_registered = self.events.iter().any(|event| event.message_type == MessageType::SolicitudAlta);
        let recipient = self.order.recipient.org.as_ref().filter(|_| !self.order.is_stored()).map(|org| seen_by(org, true));
        let donor = self.order.donor_org().filter(|_| is_registered).map(|org| seen_by(org, false));
        recipient.into_iter().chain(donor)
    }

    /// What happened, to be noted.
    fn noted(&self) -> impl Iterator<Item = ArchivedEvent> {
        self.events.iter().map(|event| ArchivedEvent { id: new_id(), order_id: self.order.id.clone(), event: *event })
    }

    /// The order and when its number was ported, if it was.
    fn ported(&self) -> impl Iterator<Item = (&Order, Timestamp)> {
        let ported = self.events.iter().filter(|event| event.message_type == MessageType::PortabilidadEfectiva);
        ported.map(|event| (&self.order, event.at))
    }
}

fn new_id() -> String {
    Uuid::new_v4().to_string()
}
