//! The inventory of numbers: which org holds a number, which system serves it, which SIMs it has.

use jiff::Timestamp;

use super::codes::codes;
use super::imsi::Imsi;
use super::msisdn::Msisdn;
use super::org::{Org, OrgName};

codes! {
    /// The back-office system that serves a number (`belongs_to`).
    pub enum BelongsTo {
        /// Not known.
        Unknown = "unknown",
        /// Mas Stack.
        MasStack = "mas-stack",
        /// Heos.
        Heos = "heos",
        /// Euskaltel's network stack.
        Ektnet = "ektnet",
        /// Salesforce.
        Salesforce = "salesforce",
        /// Qvantel.
        Qvantel = "qvantel",
        /// The number has left the group.
        Outside = "outside",
        /// Qvantel, prepaid.
        QvantelPrepaid = "qvantel-prepaid",
        /// Telecable's network stack.
        Tcnet = "tcnet",
        /// R.
        R = "r",
        /// Xena.
        Xena = "xena",
        /// OSP stack.
        OspStack = "osp-stack",
        /// Simyo stack.
        SimyoStack = "simyo-stack",
    }
}

codes! {
    /// Where an entry is in its own life (`status`).
    pub enum Status {
        /// In service.
        Ok = "OK",
        /// Marked as deleted, still readable.
        Deleted = "Deleted",
        /// On its way to another system.
        Migrating = "Migrating",
        /// Arrived in another system.
        Migrated = "Migrated",
    }
}

codes! {
    /// The kind of customer a SIM belongs to (`segment`).
    pub enum Segment {
        /// A business.
        B2b = "B2B",
        /// A consumer.
        B2c = "B2C",
    }
}

/// A SIM that a number has or had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sim {
    /// The identity stored in it.
    pub imsi: Imsi,
    /// The kind of customer.
    pub segment: Segment,
    /// When the number first got it.
    pub created_at: Timestamp,
}

/// Where a number came from when its last completed porting was between two orgs of this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InternalPortability {
    /// The org that gave it.
    pub org: OrgName,
    /// The system that served it there.
    pub belongs_to: BelongsTo,
}

/// A number of the inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The number.
    pub msisdn: Msisdn,
    /// The org that holds it. A number is in one org at most.
    pub org: Org,
    /// The system that serves it.
    pub belongs_to: BelongsTo,
    /// Where the entry is in its life.
    pub status: Status,
    /// When the ownership was last confirmed.
    pub checked_at: Timestamp,
    /// Set when the number came from another org of this server.
    pub internal_portability: Option<InternalPortability>,
    /// The SIMs: the current one first, the rest newest first. Empty only in a broken database.
    pub sims: Vec<Sim>,
}

/// A number that is to enter the inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNumber {
    /// The number.
    pub msisdn: Msisdn,
    /// The org that is to hold it.
    pub org: OrgName,
    /// The system that serves it.
    pub belongs_to: BelongsTo,
    /// Where the entry is in its life.
    pub status: Status,
    /// When the ownership was confirmed.
    pub checked_at: Timestamp,
    /// Where it came from.
    pub internal_portability: Option<InternalPortability>,
    /// Its SIMs, the current one first.
    pub sims: Vec<Sim>,
}

impl NewNumber {
    /// A number with its first SIM, as an org adds it: its home system serves it, to a consumer.
    #[must_use]
    pub fn of(org: &Org, msisdn: Msisdn, imsi: &Imsi, now: Timestamp) -> Self {
        Self {
            msisdn,
            org: org.name.clone(),
            belongs_to: org.home_system,
            status: Status::Ok,
            checked_at: now,
            internal_portability: None,
            sims: vec![Sim { imsi: imsi.clone(), segment: Segment::B2c, created_at: now }],
        }
    }

    /// Its SIMs with their slots: 0 is the current one's; of the others, the newest has the highest.
    pub fn slots(&self) -> impl Iterator<Item = (i64, &Sim)> {
        let earlier = (1..i64::try_from(self.sims.len()).unwrap_or(i64::MAX)).rev();
        std::iter::once(0).chain(earlier).zip(&self.sims)
    }

    /// The entry it becomes.
    #[must_use]
    pub fn held_by(self, org: &Org) -> Entry {
        Entry {
            msisdn: self.msisdn,
            org: org.clone(),
            belongs_to: self.belongs_to,
            status: self.status,
            checked_at: self.checked_at,
            internal_portability: self.internal_portability,
            sims: self.sims,
        }
    }
}

/// What an entry is to become; what is `None` stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The system that is to serve the number. Never restricted.
    pub belongs_to: Option<BelongsTo>,
    /// The status it is to get.
    pub status: Option<Status>,
}

/// The present status does not allow the one asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the status cannot go from {from} to {to}")]
pub struct IllegalStatus {
    /// The present status.
    pub from: Status,
    /// The status asked for.
    pub to: Status,
}

/// What a SIM swap comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// The IMSI is the current one already.
    Nothing,
    /// One of the number's earlier IMSIs becomes the current one again.
    Again,
    /// A new IMSI, of this segment (that of the SIM it replaces).
    New(Segment),
}

impl Entry {
    /// The entry after `change`, confirmed `now`; `None` where nothing would change.
    ///
    /// # Errors
    /// [`IllegalStatus`]: `Migrated` never goes back to `Migrating`, and `Deleted` goes to `OK` alone.
    pub fn changed(&self, change: Change) -> Result<Option<(BelongsTo, Status)>, IllegalStatus> {
        let belongs_to = change.belongs_to.unwrap_or(self.belongs_to);
        let status = change.status.unwrap_or(self.status);
        if !self.status.may_become(status) {
            return Err(IllegalStatus { from: self.status, to: status });
        }
        let unchanged = belongs_to == self.belongs_to && status == self.status;
        Ok((!unchanged).then_some((belongs_to, status)))
    }

    /// What making `imsi` the current one comes to.
    #[must_use]
    pub fn swap_to(&self, imsi: &Imsi) -> Swap {
        match self.sims.iter().position(|sim| sim.imsi == *imsi) {
            Some(0) => Swap::Nothing,
            Some(_) => Swap::Again,
            None => Swap::New(self.sims.first().map_or(Segment::B2c, |sim| sim.segment)),
        }
    }
}

impl Status {
    /// Whether an entry of this status may get the status `next`. The same status is no change and always allowed.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Migrated, Self::Migrating) => false,
            (Self::Deleted, next) => matches!(next, Self::Deleted | Self::Ok),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(status: Status, imsis: &[&str]) -> Entry {
        let sim = |imsi: &&str| Sim { imsi: Imsi::parse(imsi).unwrap(), segment: Segment::B2b, created_at: Timestamp::UNIX_EPOCH };
        Entry {
            msisdn: Msisdn::parse("666777888").unwrap(),
            org: Org {
                name: OrgName::parse("masmovil").unwrap(),
                operator_code: "005".into(),
                nrn: "741111".into(),
                home_system: BelongsTo::MasStack,
                tenant_id: 2,
                bit: 2,
                tier: 1,
            },
            belongs_to: BelongsTo::MasStack,
            status,
            checked_at: Timestamp::UNIX_EPOCH,
            internal_portability: None,
            sims: imsis.iter().map(sim).collect(),
        }
    }

    #[test]
    fn every_pair_of_statuses() {
        use Status::{Deleted, Migrated, Migrating};
        let refused = [(Migrated, Migrating), (Deleted, Migrating), (Deleted, Migrated)];
        for &from in Status::ALL {
            for &to in Status::ALL {
                let change = Change { belongs_to: None, status: Some(to) };
                let expected = match (from, to) {
                    pair if refused.contains(&pair) => Err(IllegalStatus { from, to }),
                    (from, to) if from == to => Ok(None),
                    _ => Ok(Some((BelongsTo::MasStack, to))),
                };
                assert_eq!(entry(from, &["214040000000000"]).changed(change), expected, "{from} to {to}");
            }
        }
    }

    #[test]
    fn the_system_is_never_restricted() {
        for &status in Status::ALL {
            for &system in BelongsTo::ALL {
                let change = Change { belongs_to: Some(system), status: None };
                let expected = (system != BelongsTo::MasStack).then_some((system, status));
                assert_eq!(entry(status, &[]).changed(change), Ok(expected));
            }
        }
    }

    #[test]
    fn swapping() {
        let entry = entry(Status::Ok, &["214040000000000", "214040000000001"]);
        let swap_to = |imsi| entry.swap_to(&Imsi::parse(imsi).unwrap());
        assert_eq!(swap_to("214040000000000"), Swap::Nothing);
        assert_eq!(swap_to("214040000000001"), Swap::Again);
        assert_eq!(swap_to("214040000000002"), Swap::New(Segment::B2b));
    }

    #[test]
    fn words_read_back() {
        for &system in BelongsTo::ALL {
            assert_eq!(BelongsTo::parse(system.as_str()), Some(system));
        }
        assert_eq!(BelongsTo::parse("Mas-Stack"), None);
    }
}
