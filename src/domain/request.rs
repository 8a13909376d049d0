//! What a recipient asks the Central Node for, in good form.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::codes::codes;
use super::contract_code::ContractCode;
use super::iccid::Iccid;
use super::msisdn::Msisdn;
use super::nrn::Nrn;

codes! {
    /// How many numbers, of how many donors, a request is for (published).
    pub enum AccessType {
        /// Exactly one number.
        Individual = "INDIVIDUAL",
        /// Any number of them, all of one donor.
        Multiple = "MULTIPLE",
        /// Any number of them, of several donors: one process for each donor.
        Mixed = "MIXED",
    }
}

/// A number to be ported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedNumber {
    /// The number.
    pub msisdn: Msisdn,
    /// The SIM it has at the donor, where the recipient knows it.
    pub icc_id: Option<Iccid>,
}

/// A request for portability, in good form: what is right at any time and for any registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortabilityRequest {
    /// How many numbers, of how many donors.
    pub access_type: AccessType,
    /// The contract the subscriber signed with the recipient. Unique per request and org.
    pub contract_code: ContractCode,
    /// The recipient's own reference.
    pub external_reference: Option<String>,
    /// The numbers, 1 to 1,000, none twice.
    pub numbers: Vec<RequestedNumber>,
    /// The NRN the numbers are to be routed to.
    pub nrn_receptor: Nrn,
    /// Whose numbers they are.
    pub subscriber: Option<Subscriber>,
    /// When the subscriber asked.
    pub subscriber_request_date: Option<Timestamp>,
    /// The window the recipient chose; `None`: the Node's default.
    pub window_date: Option<Timestamp>,
}

/// Whose numbers they are: personal data, and for that reason without `Debug` that shows any.
///
/// Every published member is always written, `null` where it was not sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriber {
    /// Where the subscriber lives.
    pub addresses: Vec<Address>,
    /// The document's number.
    pub document: Option<String>,
    /// NIF, NIE, CIF or PAS.
    pub document_type: Option<String>,
    /// The recipient's own identifier.
    pub id: Option<String>,
    /// Electronic mail.
    pub email: Option<String>,
    /// A number to call.
    pub msisdn: Option<ContactNumber>,
    /// First name, or the company's name.
    pub name: Option<String>,
    /// Nationality.
    pub nationality: Option<String>,
    /// Second surname, as the published name has it.
    pub second_name: Option<String>,
    /// Surname.
    pub surname: Option<String>,
}

impl Subscriber {
    /// What a donor may know: document, type, names and nationality.
    #[must_use]
    pub fn for_donor(self) -> Self {
        Self { addresses: Vec::new(), email: None, id: None, msisdn: None, ..self }
    }
}

impl std::fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Subscriber(…)")
    }
}

/// An address of a subscriber.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the published members say what they are")]
pub struct Address {
    pub address: Option<String>,
    pub city: Option<String>,
    pub country: Option<String>,
    pub postal_code: Option<String>,
    pub province: Option<String>,
    pub r#type: Option<String>,
}

/// A subscriber's number, checked for shape only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the published members say what they are")]
pub struct ContactNumber {
    pub country_code: String,
    pub number: String,
}
