//! Data sets: what `seed` fills a mock's database with, and `load` a registry.
//!
//! A data set is a JSON file with the members `orgs`, `operators`, `holidays`, `ported_numbers`, `msisdns` and `operator_tokens`, each optional.
//! One that was made from a world has besides `clock`, `portability_requests`, `portings`, `portabilities`, `portability_events` and `counters`.

mod check;
pub mod csv;
mod portings;
mod raw;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::archive::Archive;
use crate::domain::inventory::NewNumber;
use crate::domain::listing::PortedNumber;
use crate::domain::operator::Operator;
use crate::domain::operator_token::StoredToken;
use crate::domain::org::Org;
use crate::error::{Error, Kind, Result};

pub use raw::DataSet as Written;

use portings::{RawEvent, RawPortability, RawPorting, RawRequest};

/// The data set that makes the published curls work as they stand.
const DEMO: &str = include_str!("demo.json");

/// A data set, read and valid.
#[derive(Debug, Clone, Default)]
pub struct DataSet {
    /// What the world's clock showed; `None`: real time.
    pub clock: Option<ClockReading>,
    /// The brands.
    pub orgs: Vec<Org>,
    /// The inventory.
    pub numbers: Vec<NewNumber>,
    /// What the built-in Entitlement Server knows.
    pub operator_tokens: Vec<StoredToken>,
    /// The operators of the Central Node.
    pub operators: Vec<Operator>,
    /// Days the Central Node does not work, besides the national holidays.
    pub holidays: Vec<Date>,
    /// Numbers that are not with their range's operator.
    pub ported_numbers: Vec<PortedNumber>,
    /// What became of requests for portability.
    pub archive: Archive,
}

/// What the clock of a world shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// The time.
    pub now: Timestamp,
    /// Whether it stands still.
    pub frozen: bool,
    /// How many seconds pass in one while it does not stand still, 1 to [`ClockReading::FASTEST`].
    pub scale: u32,
}

impl ClockReading {
    /// The fastest a clock runs.
    pub const FASTEST: u32 = 1_000_000;
}

impl DataSet {
    /// The demo data.
    ///
    /// # Errors
    /// None: a test reads them.
    pub fn demo() -> Result<Self> {
        Self::parse(DEMO)
    }

    /// Reads a data set.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with the path of the first member that is wrong.
    pub fn parse(json: &str) -> Result<Self> {
        Self::from_raw(serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(json)))
    }

    /// The same of a data set that is part of a larger JSON document.
    ///
    /// # Errors
    /// As for [`DataSet::parse`].
    pub fn read(json: &serde_json::Value) -> Result<Self> {
        Self::from_raw(serde_path_to_error::deserialize(json))
    }

    /// As it stands in JSON.
    #[must_use]
    pub fn written(&self) -> Written {
        self.into()
    }

    fn from_raw(raw: Result<raw::DataSet, serde_path_to_error::Error<serde_json::Error>>) -> Result<Self> {
        let raw = raw.map_err(|error| Error::new(Kind::Invalid, format!("data set, {}: {}", error.path(), error.inner())))?;
        let clock = |clock: raw::RawClock| {
            clock.convert().map_err(|member| Error::new(Kind::Invalid, format!("data set, clock.{member} is not valid")))
        };
        Ok(Self {
            clock: raw.clock.map(clock).transpose()?,
            orgs: converted("orgs", &raw.orgs, raw::Org::convert)?,
            numbers: converted("msisdns", &raw.msisdns, raw::Number::convert)?,
            operator_tokens: converted("operator_tokens", &raw.operator_tokens, raw::Token::convert)?,
            operators: converted("operators", &raw.operators, raw::RawOperator::convert)?,
            holidays: raw.holidays,
            ported_numbers: converted("ported_numbers", &raw.ported_numbers, raw::RawPortedNumber::convert)?,
            archive: Archive {
                requests: converted("portability_requests", &raw.portability_requests, RawRequest::convert)?,
                orders: converted("portings", &raw.portings, RawPorting::convert)?,
                portabilities: converted("portabilities", &raw.portabilities, RawPortability::convert)?,
                events: converted("portability_events", &raw.portability_events, RawEvent::convert)?,
                counters: raw.counters.into_iter().map(|counter| (counter.name, counter.value)).collect(),
            },
        })
    }
}

/// Converts the items of a list; the first that is wrong is named by its place.
fn converted<Raw, T>(list: &str, items: &[Raw], convert: impl Fn(&Raw) -> Result<T, &'static str>) -> Result<Vec<T>> {
    let named = |(index, item)| {
        convert(item).map_err(|member| Error::new(Kind::Invalid, format!("data set, {list}[{index}].{member} is not valid")))
    };
    items.iter().enumerate().map(named).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mangled::mangled;

    #[test]
    fn the_demo_data_are_valid() {
        let demo = DataSet::demo().unwrap();
        assert_eq!((demo.orgs.len(), demo.operators.len()), (9, 35));
        assert!(demo.numbers.iter().any(|number| number.msisdn.to_string() == "666777888"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |json| DataSet::parse(json).unwrap_err().detail().to_owned();
        assert!(wrong("{").starts_with("data set, "));
        assert!(wrong(r#"{"orgz": []}"#).contains("unknown field `orgz`"));
        assert!(wrong(r#"{"msisdns": [{"msisdn": 5}]}"#).contains("msisdns[0].msisdn"));
        let token = r#"{"operator_tokens": [{"token": "abcdefgh", "msisdn": "12"}]}"#;
        assert_eq!(wrong(token), "data set, operator_tokens[0].msisdn is not valid");
    }

    proptest! {
        /// What is read is written as something that is read as the same.
        #[test]
        fn any_text_is_answered(json in mangled(&[
            r#"{"clock":{"now":"2027-03-03T09:30:00Z","frozen":true,"scale":60},"holidays":["2027-05-03"],"counters":[{"name":"a","value":7}]}"#,
            r#"{"orgs":[{"name":"masmovil","operator_code":"005","nrn":"741111","home_system":"mas-stack","tenant_id":2,"bit":2,"tier":1}]}"#,
            r#"{"msisdns":[{"msisdn":"666777888","org":"yoigo","belongs_to":"heos","status":"OK","checked_at":"2025-01-15T10:30:00Z","imsis":[{"imsi":"214040119172971","segment":"B2C","created_at":"2025-01-15T10:30:00Z"}]}]}"#,
            r#"{"operator_tokens":[{"token":"abc123xyz456","msisdn":"666777888","expires_at":null}],"ported_numbers":[{"msisdn":"666777888","operator":"005","nrn":"741111"}]}"#,
        ])) {
            match DataSet::parse(&json) {
                Ok(data) => {
                    let written = serde_json::to_string(&data.written()).unwrap();
                    let again = serde_json::to_string(&DataSet::parse(&written).unwrap().written()).unwrap();
                    prop_assert_eq!(written, again);
                }
                Err(error) => prop_assert_eq!(error.kind(), Kind::Invalid),
            }
        }
    }
}
