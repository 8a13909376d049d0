//! The bodies of the Portability API, field by field. What depends on the time, the registry or earlier requests is the service's to check.

mod ranges;
pub mod schema;
pub mod subscriber;
#[cfg(test)]
mod tests;

use jiff::Timestamp;

use crate::domain::contract_code::{ContractCode, ContractCodeError};
use crate::domain::instant;
use crate::domain::nrn::Nrn;
use crate::domain::operator::OperatorCode;
use crate::domain::org::Org;
use crate::domain::request::{AccessType, PortabilityRequest};
use crate::error::Result;
use crate::http::body::JsonObject;

/// The longest `external_reference`, in characters.
const MAX_EXTERNAL_REFERENCE: usize = 64;

/// Reads the body of a request for portability by this org.
///
/// # Errors
/// [`crate::error::Kind::Invalid`] with a line for each violation, in the order of the published members.
pub fn request(body: &JsonObject, org: &Org) -> Result<PortabilityRequest> {
    body.read(|fields| {
        let access_type = fields.required("access_type", |word| AccessType::parse(word).ok_or("oneof"));
        let contract_code = fields.required("contract_code", |text| contract_code(text, org));
        let external_reference = fields.optional("external_reference", |text| line(text, MAX_EXTERNAL_REFERENCE));
        let numbers = ranges::read(fields, access_type);
        let nrn_receptor = fields.required("nrn_receptor", |text| Nrn::parse(text).map_err(|_| "nrn"));
        // Its value says nothing new: it is the org's own operator or an error.
        fields.optional("recipient_operator", |text| own_operator(text, org));
        let subscriber = fields.object("subscriber", |fields| Some(subscriber::read(fields)));
        let subscriber_request_date = fields.optional("subscriber_request_date", date_time);
        let window_date = fields.optional("window_date", date_time);
        Some(PortabilityRequest {
            access_type: access_type?,
            contract_code: contract_code?,
            external_reference,
            numbers: numbers?,
            nrn_receptor: nrn_receptor?,
            subscriber,
            subscriber_request_date,
            window_date,
        })
    })
}

/// Reads `{"cause": …}`, one of the causes that `parse` knows.
///
/// # Errors
/// [`crate::error::Kind::Invalid`].
pub fn cause<C>(body: &JsonObject, parse: impl FnOnce(&str) -> Option<C>) -> Result<C> {
    body.read(|fields| fields.required("cause", |code| parse(code).ok_or("oneof")))
}

fn contract_code(text: &str, org: &Org) -> Result<ContractCode, &'static str> {
    let code = ContractCode::parse(text).map_err(|error| match error {
        ContractCodeError::Length => "len",
        ContractCodeError::Character => "contract_code",
        ContractCodeError::Operator => "startswith",
    })?;
    if code.operator().to_string() == org.operator_code { Ok(code) } else { Err("startswith") }
}

fn own_operator(text: &str, org: &Org) -> Result<(), &'static str> {
    let code = OperatorCode::parse(text).map_err(|_| "operator_code")?;
    if code.to_string() == org.operator_code { Ok(()) } else { Err("eq") }
}

/// An instant, as RFC 3339 writes it.
pub fn date_time(text: &str) -> Result<Timestamp, &'static str> {
    instant::parse(text).ok_or("datetime")
}

/// A text of one line, at most so many characters long.
fn line(text: &str, longest: usize) -> Result<String, &'static str> {
    if text.chars().count() > longest {
        return Err("max");
    }
    if text.chars().any(char::is_control) {
        return Err("printable");
    }
    Ok(text.to_owned())
}
