//! Data sets: what `seed` fills a mock's database with, and `load` a registry.
//!
//! A data set is a JSON file with the members `orgs`, `msisdns` and `operator_tokens`, each optional.

use jiff::Timestamp;
use serde::Deserialize;

use crate::clock::truncated;
use crate::domain::imsi::Imsi;
use crate::domain::inventory::{BelongsTo, InternalPortability, NewNumber, Segment, Sim, Status};
use crate::domain::msisdn::Msisdn;
use crate::domain::operator_token::OperatorToken;
use crate::domain::org::{Org, OrgName};
use crate::error::{Error, Kind, Result};

/// The data set that makes the published curls work as they stand.
const DEMO: &str = include_str!("demo.json");

/// A data set, read and valid.
#[derive(Debug, Clone, Default)]
pub struct DataSet {
    /// The brands.
    pub orgs: Vec<Org>,
    /// The inventory.
    pub numbers: Vec<NewNumber>,
    /// What the built-in Entitlement Server knows.
    pub operator_tokens: Vec<Token>,
}

/// An operator token.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token.
    pub token: OperatorToken,
    /// The number behind it.
    pub msisdn: Msisdn,
    /// When it expires; `None`: never.
    pub expires_at: Option<Timestamp>,
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
        let mut json = serde_json::Deserializer::from_str(json);
        let raw: raw::DataSet = serde_path_to_error::deserialize(&mut json)
            .map_err(|error| Error::new(Kind::Invalid, format!("data set, {}: {}", error.path(), error.inner())))?;
        Ok(Self {
            orgs: converted("orgs", &raw.orgs, raw::Org::convert)?,
            numbers: converted("msisdns", &raw.msisdns, raw::Number::convert)?,
            operator_tokens: converted("operator_tokens", &raw.operator_tokens, raw::Token::convert)?,
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

/// The data set as it stands in JSON.
mod raw {
    use super::{
        BelongsTo, Deserialize, Imsi, InternalPortability, Msisdn, OperatorToken, OrgName, Segment, Sim, Status, Timestamp, truncated,
    };

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct DataSet {
        #[serde(default)]
        pub orgs: Vec<Org>,
        #[serde(default)]
        pub msisdns: Vec<Number>,
        #[serde(default)]
        pub operator_tokens: Vec<Token>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Org {
        name: String,
        operator_code: String,
        nrn: String,
        home_system: String,
        tenant_id: i64,
        bit: i64,
        tier: i64,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Number {
        msisdn: String,
        org: String,
        belongs_to: String,
        status: String,
        checked_at: Timestamp,
        internal_portability: Option<Origin>,
        #[serde(default)]
        imsis: Vec<RawSim>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Origin {
        org: String,
        belongs_to: String,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct RawSim {
        imsi: String,
        segment: String,
        created_at: Timestamp,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(clippy::struct_field_names, reason = "the names in the file")]
    pub struct Token {
        token: String,
        msisdn: String,
        expires_at: Option<Timestamp>,
    }

    fn is_digits(text: &str, length: usize) -> bool {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
    }

    impl Org {
        pub fn convert(&self) -> Result<super::Org, &'static str> {
            if !is_digits(&self.operator_code, 3) {
                return Err("operator_code");
            }
            if !is_digits(&self.nrn, 6) {
                return Err("nrn");
            }
            Ok(super::Org {
                name: OrgName::parse(&self.name).map_err(|_| "name")?,
                operator_code: self.operator_code.clone(),
                nrn: self.nrn.clone(),
                home_system: BelongsTo::parse(&self.home_system).ok_or("home_system")?,
                tenant_id: self.tenant_id,
                bit: self.bit,
                tier: self.tier,
            })
        }
    }

    impl Number {
        pub fn convert(&self) -> Result<super::NewNumber, &'static str> {
            Ok(super::NewNumber {
                msisdn: Msisdn::parse(&self.msisdn).map_err(|_| "msisdn")?,
                org: OrgName::parse(&self.org).map_err(|_| "org")?,
                belongs_to: BelongsTo::parse(&self.belongs_to).ok_or("belongs_to")?,
                status: Status::parse(&self.status).ok_or("status")?,
                checked_at: truncated(self.checked_at),
                internal_portability: self.internal_portability.as_ref().map(Origin::convert).transpose()?,
                sims: self.imsis.iter().map(RawSim::convert).collect::<Result<_, _>>()?,
            })
        }
    }

    impl Origin {
        fn convert(&self) -> Result<InternalPortability, &'static str> {
            Ok(InternalPortability {
                org: OrgName::parse(&self.org).map_err(|_| "internal_portability.org")?,
                belongs_to: BelongsTo::parse(&self.belongs_to).ok_or("internal_portability.belongs_to")?,
            })
        }
    }

    impl RawSim {
        fn convert(&self) -> Result<Sim, &'static str> {
            Ok(Sim {
                imsi: Imsi::parse(&self.imsi).map_err(|_| "imsis")?,
                segment: Segment::parse(&self.segment).ok_or("imsis")?,
                created_at: truncated(self.created_at),
            })
        }
    }

    impl Token {
        pub fn convert(&self) -> Result<super::Token, &'static str> {
            Ok(super::Token {
                token: OperatorToken::parse(&self.token).map_err(|_| "token")?,
                msisdn: Msisdn::parse(&self.msisdn).map_err(|_| "msisdn")?,
                expires_at: self.expires_at.map(truncated),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_data_are_valid() {
        let demo = DataSet::demo().unwrap();
        assert_eq!(demo.orgs.len(), 8);
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
}
