//! The one way in which an order is written: its row, its events, and what follows from them, in one transaction.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::cause::NodeRefusal;
use crate::domain::order::Order;
use crate::domain::portability::{Event, MessageType, Porting};
use crate::error::{Error, Kind, Result};
use crate::store::{Added, UnitOfWork};

/// Writes an order that has lived through `events`.
///
/// A new one whose number has become active in another process meanwhile is stored as refused (`AREC EXIST`, at `now`) instead:
/// the database decides, not what was read before.
pub async fn write(unit: &mut dyn UnitOfWork, order: &mut Order, mut events: Vec<Event>, now: Timestamp) -> Result<()> {
    if order.is_stored() {
        unit.order_update(order).await?;
    } else {
        if unit.order_add(order).await? == Added::Taken {
            order.process_id = None;
            events = order.apply(Porting::refuse(NodeRefusal::Exist, now)).into_iter().collect();
            if unit.order_add(order).await? == Added::Taken {
                return Err(Error::because(Kind::Internal, "a refused order counts as active"));
            }
        }
        if let Some(org) = &order.recipient.org {
            unit.portability_add(&new_id(), &order.id, org, true).await?;
        }
    }
    order.version += 1;
    for event in &events {
        unit.event_add(&new_id(), &order.id, event).await?;
        match event.message_type {
            // From here on the donor knows.
            MessageType::SolicitudAlta => {
                if let Some(org) = order.donor_org() {
                    unit.portability_add(&new_id(), &order.id, org, false).await?;
                }
            }
            MessageType::PortabilidadEfectiva => unit.number_ported(order, event.at).await?,
            _ => {}
        }
    }
    Ok(())
}

fn new_id() -> String {
    Uuid::new_v4().to_string()
}
