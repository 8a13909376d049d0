//! Whether what a data set refers to is in it, and nothing is in it twice: it is to be all that a database holds.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use super::DataSet;
use crate::domain::archive::Archive;
use crate::error::{Error, Kind, Result};

impl DataSet {
    /// Whether it may be all that a database holds.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with the path of the first member that refers to nothing, or is there twice.
    pub fn check(&self) -> Result<()> {
        let orgs: HashSet<_> = self.orgs.iter().map(|org| &org.name).collect();
        let archive = &self.archive;
        refer("msisdns", "org", self.numbers.iter().map(|number| Some(&number.org)), &orgs)?;
        refer("portability_requests", "org", archive.requests.iter().map(|request| request.org.as_ref()), &orgs)?;
        refer("portabilities", "org", archive.portabilities.iter().map(|portability| Some(&portability.org)), &orgs)?;
        differ("operators", "id", self.operators.iter().map(|operator| operator.id))?;
        let nrn_ranges = self.operators.iter().flat_map(|operator| operator.nrn_ranges.iter().map(|range| (operator.code, range.id())));
        differ("operators", "nrn_range.id", nrn_ranges)?;
        let ranges = self.operators.iter().flat_map(|operator| operator.msisdn_ranges.iter().map(|range| (operator.code, range.id())));
        differ("operators", "msisdn_range.id", ranges)?;
        let requests = differ("portability_requests", "id", archive.requests.iter().map(|request| &request.id))?;
        refer("portings", "request_id", archive.orders.iter().map(|order| Some(&order.request_id)), &requests)?;
        asked_for_as_a_whole(archive)?;
        let orders = differ("portings", "id", archive.orders.iter().map(|order| &order.id))?;
        refer("portabilities", "porting_id", archive.portabilities.iter().map(|portability| Some(&portability.order_id)), &orders)?;
        refer("portability_events", "porting_id", archive.events.iter().map(|archived| Some(&archived.order_id)), &orders)?;
        differ("portabilities", "id", archive.portabilities.iter().map(|portability| &portability.id))?;
        let roles = archive.portabilities.iter().map(|portability| (&portability.order_id, portability.recipient_rol));
        differ("portabilities", "recipient_rol", roles)?;
        differ("portability_events", "id", archive.events.iter().map(|archived| &archived.id))?;
        differ("counters", "name", archive.counters.iter().map(|(name, _)| name)).map(drop)
    }
}

/// All numbers of a request have its contract code.
fn asked_for_as_a_whole(archive: &Archive) -> Result<()> {
    let codes: HashMap<_, _> = archive.requests.iter().map(|request| (&request.id, request.contract_code.as_str())).collect();
    match archive.orders.iter().position(|order| codes.get(&order.request_id) != Some(&order.contract_code.as_str())) {
        None => Ok(()),
        Some(place) => Err(Error::new(Kind::Invalid, format!("data set, portings[{place}].contract_code is not that of its request"))),
    }
}

fn refer<T: Eq + Hash>(list: &str, member: &str, values: impl Iterator<Item = Option<T>>, known: &HashSet<T>) -> Result<()> {
    for (place, value) in values.enumerate() {
        if value.is_some_and(|value| !known.contains(&value)) {
            return Err(Error::new(Kind::Invalid, format!("data set, {list}[{place}].{member} is not in the data set")));
        }
    }
    Ok(())
}

fn differ<T: Eq + Hash>(list: &str, member: &str, values: impl Iterator<Item = T>) -> Result<HashSet<T>> {
    let mut seen = HashSet::new();
    for (place, value) in values.enumerate() {
        if !seen.insert(value) {
            return Err(Error::new(Kind::Invalid, format!("data set, {list}[{place}].{member} is there twice")));
        }
    }
    Ok(seen)
}
