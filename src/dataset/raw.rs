//! A data set as it stands in JSON, and its conversion: an error is the name of the member that is not valid.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ClockReading;
use super::portings::{RawCounter, RawEvent, RawPortability, RawPorting, RawRequest};
use crate::clock::truncated;
use crate::domain::imsi::Imsi;
use crate::domain::inventory::{BelongsTo, InternalPortability, NewNumber, Segment, Sim, Status};
use crate::domain::listing::PortedNumber;
use crate::domain::msisdn::Msisdn;
use crate::domain::nrn::Nrn;
use crate::domain::operator::{ChangeQuota, MultipleQuota, NumberRange, Operator, OperatorCode, OperatorName, OperatorStatus, QuotaGroup};
use crate::domain::operator_token::{OperatorToken, StoredToken};
use crate::domain::org::OrgName;

/// A data set, as `portero seed` and `portero load` read it: instants are RFC 3339, to the microsecond
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DataSet {
    /// Absent: real time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) clock: Option<RawClock>,
    #[serde(default)]
    pub(super) orgs: Vec<Org>,
    #[serde(default)]
    pub(super) msisdns: Vec<Number>,
    #[serde(default)]
    pub(super) operator_tokens: Vec<Token>,
    #[serde(default)]
    pub(super) operators: Vec<RawOperator>,
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub(super) holidays: Vec<Date>,
    #[serde(default)]
    pub(super) ported_numbers: Vec<RawPortedNumber>,
    /// The earliest first.
    #[serde(default)]
    pub(super) portability_requests: Vec<RawRequest>,
    #[serde(default)]
    pub(super) portings: Vec<RawPorting>,
    /// In the order in which they arrived.
    #[serde(default)]
    pub(super) portabilities: Vec<RawPortability>,
    /// In the order in which they were noted.
    #[serde(default)]
    pub(super) portability_events: Vec<RawEvent>,
    #[serde(default)]
    pub(super) counters: Vec<RawCounter>,
}

/// What a world's clock showed
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DataSetClock)]
pub struct RawClock {
    #[schema(value_type = String)]
    now: Timestamp,
    #[serde(default)]
    frozen: bool,
    /// How many seconds pass in one, 1 if absent.
    #[serde(default = "real_speed")]
    #[schema(minimum = 1, maximum = 1_000_000)]
    scale: u32,
}

fn real_speed() -> u32 {
    1
}

/// An org
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DataSetOrg)]
pub struct Org {
    name: String,
    operator_code: String,
    nrn: String,
    home_system: String,
    tenant_id: i64,
    bit: i64,
    tier: i64,
}

/// A number of the inventory
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DataSetNumber)]
pub struct Number {
    msisdn: String,
    org: String,
    belongs_to: String,
    status: String,
    #[schema(value_type = String)]
    checked_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    internal_portability: Option<Origin>,
    #[serde(default)]
    imsis: Vec<RawSim>,
}

/// Where a number came from
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DataSetOrigin)]
struct Origin {
    org: String,
    belongs_to: String,
}

/// A SIM, the current one first in its list
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DataSetSim)]
struct RawSim {
    imsi: String,
    segment: String,
    #[schema(value_type = String)]
    created_at: Timestamp,
}

/// A token of the built-in Entitlement Server
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DataSetToken)]
#[expect(clippy::struct_field_names, reason = "the names in the file")]
pub struct Token {
    token: String,
    msisdn: String,
    /// Absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    expires_at: Option<Timestamp>,
}

fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl RawClock {
    pub fn convert(&self) -> Result<ClockReading, &'static str> {
        if !(1..=ClockReading::FASTEST).contains(&self.scale) {
            return Err("scale");
        }
        Ok(ClockReading { now: truncated(self.now), frozen: self.frozen, scale: self.scale })
    }
}

impl From<&ClockReading> for RawClock {
    fn from(clock: &ClockReading) -> Self {
        Self { now: clock.now, frozen: clock.frozen, scale: clock.scale }
    }
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
    pub fn convert(&self) -> Result<StoredToken, &'static str> {
        Ok(StoredToken {
            token: OperatorToken::parse(&self.token).map_err(|_| "token")?,
            msisdn: Msisdn::parse(&self.msisdn).map_err(|_| "msisdn")?,
            expires_at: self.expires_at.map(truncated),
        })
    }
}

/// An operator, with the members of `/operator`
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DataSetOperator)]
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
    #[schema(value_type = String)]
    status_date: Timestamp,
    backup: bool,
}

/// A range of NRNs
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DataSetNrnRange)]
struct RawNrnRange {
    id: i64,
    initial_nrn: u32,
    final_nrn: u32,
}

/// A range of numbers
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DataSetMsisdnRange)]
struct RawMsisdnRange {
    id: i64,
    initial_msisdn: u64,
    final_msisdn: u64,
}

/// A number that is not with its range's operator
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DataSetPortedNumber)]
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

impl From<&super::DataSet> for DataSet {
    fn from(data: &super::DataSet) -> Self {
        let archive = &data.archive;
        Self {
            clock: data.clock.as_ref().map(RawClock::from),
            orgs: data.orgs.iter().map(Org::from).collect(),
            msisdns: data.numbers.iter().map(Number::from).collect(),
            operator_tokens: data.operator_tokens.iter().map(Token::from).collect(),
            operators: data.operators.iter().map(RawOperator::from).collect(),
            holidays: data.holidays.clone(),
            ported_numbers: data.ported_numbers.iter().map(RawPortedNumber::from).collect(),
            portability_requests: archive.requests.iter().map(RawRequest::from).collect(),
            portings: archive.orders.iter().map(RawPorting::from).collect(),
            portabilities: archive.portabilities.iter().map(RawPortability::from).collect(),
            portability_events: archive.events.iter().map(RawEvent::from).collect(),
            counters: archive.counters.iter().map(|(name, value)| RawCounter { name: name.clone(), value: *value }).collect(),
        }
    }
}

impl From<&super::Org> for Org {
    fn from(org: &super::Org) -> Self {
        Self {
            name: org.name.to_string(),
            operator_code: org.operator_code.clone(),
            nrn: org.nrn.clone(),
            home_system: org.home_system.to_string(),
            tenant_id: org.tenant_id,
            bit: org.bit,
            tier: org.tier,
        }
    }
}

impl From<&NewNumber> for Number {
    fn from(number: &NewNumber) -> Self {
        let sim = |sim: &Sim| RawSim { imsi: sim.imsi.to_string(), segment: sim.segment.to_string(), created_at: sim.created_at };
        let origin = |origin: &InternalPortability| Origin { org: origin.org.to_string(), belongs_to: origin.belongs_to.to_string() };
        Self {
            msisdn: number.msisdn.to_string(),
            org: number.org.to_string(),
            belongs_to: number.belongs_to.to_string(),
            status: number.status.to_string(),
            checked_at: number.checked_at,
            internal_portability: number.internal_portability.as_ref().map(origin),
            imsis: number.sims.iter().map(sim).collect(),
        }
    }
}

impl From<&StoredToken> for Token {
    fn from(token: &StoredToken) -> Self {
        Self { token: token.token.expose().to_owned(), msisdn: token.msisdn.to_string(), expires_at: token.expires_at }
    }
}

impl From<&Operator> for RawOperator {
    fn from(operator: &Operator) -> Self {
        let nrn = |range: &NumberRange<Nrn>| RawNrnRange {
            id: range.id(),
            initial_nrn: range.initial().number(),
            final_nrn: range.last().number(),
        };
        let msisdn = |range: &NumberRange<Msisdn>| RawMsisdnRange {
            id: range.id(),
            initial_msisdn: range.initial().national(),
            final_msisdn: range.last().national(),
        };
        Self {
            id: operator.id,
            operator: operator.name.as_str().to_owned(),
            operator_code: operator.code.to_string(),
            nrn_range: operator.nrn_ranges.iter().map(nrn).collect(),
            network_operator: operator.network_operator.to_string(),
            msisdn_range: operator.msisdn_ranges.iter().map(msisdn).collect(),
            individual_quota: operator.individual_quota.to_string(),
            multiple_quota: operator.multiple_quota.per_day(),
            change_quota: operator.change_quota.per_day(),
            status: operator.status.to_string(),
            status_date: operator.status_date,
            backup: operator.backup,
        }
    }
}

impl From<&PortedNumber> for RawPortedNumber {
    fn from(ported: &PortedNumber) -> Self {
        Self { msisdn: ported.msisdn.to_string(), operator: ported.operator.to_string(), nrn: ported.nrn.to_string() }
    }
}
