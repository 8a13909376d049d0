//! What the Central Node publishes, in SQL.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use super::dialect::{Dialect, Param};
use super::failure::query_failure;
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
    /// Replaces what is known of operators; of one that is there twice, the last counts.
    pub(super) async fn put_operators(&mut self, operators: &[Operator]) -> Result<()> {
        self.must_be_for_every_org()?;
        let operators: BTreeMap<String, &Operator> = operators.iter().map(|operator| (operator.code.to_string(), operator)).collect();
        let texts: Vec<_> =
            operators.values().map(|operator| (operator.network_operator.to_string(), operator.individual_quota.to_string())).collect();
        let rows = operators.iter().zip(&texts).map(|((code, operator), (network_operator, group))| {
            vec![
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
            ]
        });
        let upsert = |given: &str| {
            format!(
                "INSERT INTO operators (id, network_operator, code, name, individual_quota, multiple_quota, change_quota, status, status_date, backup)
                 {given}
                 ON CONFLICT (code) DO UPDATE SET id = excluded.id, network_operator = excluded.network_operator, name = excluded.name,
                     individual_quota = excluded.individual_quota, multiple_quota = excluded.multiple_quota,
                     change_quota = excluded.change_quota, status = excluded.status, status_date = excluded.status_date,
                     backup = excluded.backup"
            )
        };
        self.rows_of(&rows.collect::<Vec<_>>(), upsert).await.map_err(query_failure)?;
        let nrn_ranges = operators.iter().flat_map(|(code, operator)| {
            let ends = |range: &NumberRange<Nrn>| {
                (range.id(), i64::from(range.initial().number()).into(), i64::from(range.last().number()).into())
            };
            operator.nrn_ranges.iter().map(move |range| range_row(code, ends(range)))
        });
        self.put_ranges("nrn_ranges", &operators, nrn_ranges.collect()).await?;
        let msisdn_ranges = operators.iter().flat_map(|(code, operator)| {
            let ends = |range: &NumberRange<Msisdn>| (range.id(), range.initial().into(), range.last().into());
            operator.msisdn_ranges.iter().map(move |range| range_row(code, ends(range)))
        });
        self.put_ranges("msisdn_ranges", &operators, msisdn_ranges.collect()).await
    }

    /// Replaces the ranges of operators in one of the tables of ranges.
    async fn put_ranges(&mut self, table: &str, operators: &BTreeMap<String, &Operator>, rows: Vec<Vec<Param<'_>>>) -> Result<()> {
        let codes: Vec<_> = operators.keys().map(|code| vec![code.as_str().into()]).collect();
        self.rows_of(&codes, |given| format!("DELETE FROM {table} WHERE operator IN ({given})")).await.map_err(query_failure)?;
        let insert = |given: &str| format!("INSERT INTO {table} (operator, id, initial, final) {given}");
        self.rows_of(&rows, insert).await.map_err(query_failure).map(drop)
    }
}

/// An operator's range: its id, its first and its last.
fn range_row<'a>(operator: &'a str, (id, initial, last): (i64, Param<'a>, Param<'a>)) -> Vec<Param<'a>> {
    vec![operator.into(), id.into(), initial, last]
}
