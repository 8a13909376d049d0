//! A data set as it stands in JSON, and its conversion: an error is the name of the member that is not valid.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use super::PortedNumber;
use crate::clock::truncated;
use crate::domain::imsi::Imsi;
use crate::domain::inventory::{BelongsTo, InternalPortability, NewNumber, Segment, Sim, Status};
use crate::domain::msisdn::Msisdn;
use crate::domain::nrn::Nrn;
use crate::domain::operator::{ChangeQuota, MultipleQuota, NumberRange, Operator, OperatorCode, OperatorName, OperatorStatus, QuotaGroup};
use crate::domain::operator_token::OperatorToken;
use crate::domain::org::OrgName;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSet {
    #[serde(default)]
    pub orgs: Vec<Org>,
    #[serde(default)]
    pub msisdns: Vec<Number>,
    #[serde(default)]
    pub operator_tokens: Vec<Token>,
    #[serde(default)]
    pub operators: Vec<RawOperator>,
    #[serde(default)]
    pub holidays: Vec<Date>,
    #[serde(default)]
    pub ported_numbers: Vec<RawPortedNumber>,
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
    pub fn convert(&self) -> Result<NewNumber, &'static str> {
        Ok(NewNumber {
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

/// An operator, with the members of `/operator`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawOperator {
    id: i64,
    operator: String,
    operator_code: String,
    nrn_range: Vec<RawNrnRange>,
    network_operator: String,
    msisdn_range: Vec<RawMsisdnRange>,
    individual_quota: String,
    multiple_quota: u32,
    change_quota: u32,
    status: String,
    status_date: Timestamp,
    backup: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNrnRange {
    id: i64,
    initial_nrn: u32,
    final_nrn: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMsisdnRange {
    id: i64,
    initial_msisdn: u64,
    final_msisdn: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawPortedNumber {
    msisdn: String,
    operator: String,
    nrn: String,
}

impl RawOperator {
    pub fn convert(&self) -> Result<Operator, &'static str> {
        let nrn = |range: &RawNrnRange| {
            let ends = (Nrn::from_number(range.initial_nrn).ok()?, Nrn::from_number(range.final_nrn).ok()?);
            NumberRange::new(range.id, ends.0, ends.1).ok()
        };
        let msisdn = |range: &RawMsisdnRange| {
            let end = |digits: u64| Msisdn::parse(&digits.to_string()).ok();
            NumberRange::new(range.id, end(range.initial_msisdn)?, end(range.final_msisdn)?).ok()
        };
        Ok(Operator {
            id: self.id,
            name: OperatorName::parse(&self.operator).map_err(|_| "operator")?,
            code: OperatorCode::parse(&self.operator_code).map_err(|_| "operator_code")?,
            nrn_ranges: self.nrn_range.iter().map(nrn).collect::<Option<_>>().ok_or("nrn_range")?,
            network_operator: OperatorCode::parse(&self.network_operator).map_err(|_| "network_operator")?,
            msisdn_ranges: self.msisdn_range.iter().map(msisdn).collect::<Option<_>>().ok_or("msisdn_range")?,
            individual_quota: QuotaGroup::parse(&self.individual_quota).ok_or("individual_quota")?,
            multiple_quota: MultipleQuota::new(self.multiple_quota).map_err(|_| "multiple_quota")?,
            change_quota: ChangeQuota::new(self.change_quota).map_err(|_| "change_quota")?,
            status: OperatorStatus::parse(&self.status).ok_or("status")?,
            status_date: truncated(self.status_date),
            backup: self.backup,
        })
    }
}

impl RawPortedNumber {
    pub fn convert(&self) -> Result<PortedNumber, &'static str> {
        Ok(PortedNumber {
            msisdn: Msisdn::parse(&self.msisdn).map_err(|_| "msisdn")?,
            operator: OperatorCode::parse(&self.operator).map_err(|_| "operator")?,
            nrn: Nrn::parse(&self.nrn).map_err(|_| "nrn")?,
        })
    }
}
