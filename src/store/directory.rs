//! What the Central Node publishes, in SQL.

use std::collections::HashMap;

use jiff::civil::Date;

use super::dialect::Dialect;
use super::record::Record;
use super::sql::SqlUnit;
use crate::domain::calendar::Calendar;
use crate::domain::directory::Directory;
use crate::domain::msisdn::Msisdn;
use crate::domain::nrn::Nrn;
use crate::domain::operator::{ChangeQuota, MultipleQuota, NumberRange, Operator, OperatorName, OperatorStatus, QuotaGroup};
use crate::error::{Error, Kind, Result};

pub(super) const OPERATORS: &str =
    "SELECT id, network_operator, code, name, individual_quota, multiple_quota, change_quota, status, status_date, backup
       FROM operators ORDER BY code";
pub(super) const NRN_RANGES: &str = "SELECT operator, id, initial, final FROM nrn_ranges ORDER BY operator, id";
pub(super) const MSISDN_RANGES: &str = "SELECT operator, id, initial, final FROM msisdn_ranges ORDER BY operator, id";
pub(super) const HOLIDAYS: &str = "SELECT day FROM holidays";

/// The rows of the four statements above.
pub(super) struct DirectoryRows<D: Dialect> {
    pub operators: Vec<D::Row>,
    pub nrn_ranges: Vec<D::Row>,
    pub msisdn_ranges: Vec<D::Row>,
    pub holidays: Vec<D::Row>,
}

impl<D: Dialect> DirectoryRows<D> {
    /// The directory they make up.
    pub fn directory(&self) -> Result<Directory> {
        let mut nrns = ranges::<D, _>(&self.nrn_ranges, "nrn_ranges", |digits| Nrn::from_number(u32::try_from(digits).ok()?).ok())?;
        let mut msisdns =
            ranges::<D, _>(&self.msisdn_ranges, "msisdn_ranges", |digits| Msisdn::from_e164(u64::try_from(digits).ok()?).ok())?;
        let mut operators = Vec::with_capacity(self.operators.len());
        for row in &self.operators {
            let mut operator = operator::<D>(row)?;
            let code = operator.code.to_string();
            operator.nrn_ranges = nrns.remove(&code).unwrap_or_default();
            operator.msisdn_ranges = msisdns.remove(&code).unwrap_or_default();
            operators.push(operator);
        }
        let day = |row| Record::<D>::new(row, "holidays").parsed("day", |text| text.parse::<Date>().ok());
        let days = self.holidays.iter().map(day).collect::<Result<Vec<_>>>()?;
        let calendar = Calendar::new(days).map_err(|error| Error::because(Kind::Internal, error))?;
        Ok(Directory { operators, calendar })
    }
}

/// The ranges of a table by operator, in the order of their ids.
fn ranges<D: Dialect, T: Copy + Ord>(
    rows: &[D::Row],
    table: &'static str,
    read: impl Fn(i64) -> Option<T>,
) -> Result<HashMap<String, Vec<NumberRange<T>>>> {
    let mut ranges = HashMap::<String, Vec<NumberRange<T>>>::new();
    for row in rows {
        let record = Record::<D>::new(row, table);
        let initial = record.int_as("initial", &read)?;
        let last = record.int_as("final", &read)?;
        let range = NumberRange::new(record.int("id")?, initial, last).map_err(|error| Error::because(Kind::Internal, error))?;
        ranges.entry(record.text("operator")?).or_default().push(range);
    }
    Ok(ranges)
}

/// An operator without its ranges.
fn operator<D: Dialect>(row: &D::Row) -> Result<Operator> {
    let record = Record::<D>::new(row, "operators");
    let quota = |number: i64| u32::try_from(number).ok();
    Ok(Operator {
        id: record.int("id")?,
        name: record.parsed("name", |text| OperatorName::parse(text).ok())?,
        code: record.operator("code")?,
        nrn_ranges: Vec::new(),
        network_operator: record.operator("network_operator")?,
        msisdn_ranges: Vec::new(),
        individual_quota: record.parsed("individual_quota", QuotaGroup::parse)?,
        multiple_quota: record.int_as("multiple_quota", |number| MultipleQuota::new(quota(number)?).ok())?,
        change_quota: record.int_as("change_quota", |number| ChangeQuota::new(quota(number)?).ok())?,
        status: record.parsed("status", OperatorStatus::parse)?,
        status_date: record.instant("status_date")?,
        backup: record.int("backup")? == 1,
    })
}

impl<D: Dialect> SqlUnit<D> {
    /// Replaces what is known of an operator.
    pub(super) async fn put_operator(&mut self, operator: &Operator) -> Result<()> {
        self.must_be_for_every_org()?;
        let (code, network_operator) = (operator.code.to_string(), operator.network_operator.to_string());
        let group = operator.individual_quota.to_string();
        let params = [
            operator.id.into(),
            network_operator.as_str().into(),
            code.as_str().into(),
            operator.name.as_str().into(),
            group.as_str().into(),
            i64::from(operator.multiple_quota.per_day()).into(),
            i64::from(operator.change_quota.per_day()).into(),
            operator.status.as_str().into(),
            operator.status_date.into(),
            i64::from(operator.backup).into(),
        ];
        self.execute(
            "INSERT INTO operators (id, network_operator, code, name, individual_quota, multiple_quota, change_quota, status, status_date, backup)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (code) DO UPDATE SET id = excluded.id, network_operator = excluded.network_operator, name = excluded.name,
                 individual_quota = excluded.individual_quota, multiple_quota = excluded.multiple_quota, change_quota = excluded.change_quota,
                 status = excluded.status, status_date = excluded.status_date, backup = excluded.backup",
            &params,
        )
        .await?;
        self.execute("DELETE FROM nrn_ranges WHERE operator = $1", &[code.as_str().into()]).await?;
        for range in &operator.nrn_ranges {
            let ends = [i64::from(range.initial().number()).into(), i64::from(range.last().number()).into()];
            let params = [code.as_str().into(), range.id().into(), ends[0], ends[1]];
            self.execute("INSERT INTO nrn_ranges (operator, id, initial, final) VALUES ($1, $2, $3, $4)", &params).await?;
        }
        self.execute("DELETE FROM msisdn_ranges WHERE operator = $1", &[code.as_str().into()]).await?;
        for range in &operator.msisdn_ranges {
            let params = [code.as_str().into(), range.id().into(), range.initial().into(), range.last().into()];
            self.execute("INSERT INTO msisdn_ranges (operator, id, initial, final) VALUES ($1, $2, $3, $4)", &params).await?;
        }
        Ok(())
    }
}
