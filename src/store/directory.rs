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

/// Everything at once, as it is at one instant: what a row is, whose (of a holiday, which day), and the columns that it has.
pub(super) const DIRECTORY: &str =
    "SELECT 'operator' AS kind, code, id, network_operator, name, individual_quota, multiple_quota, change_quota, status, status_date, backup,
            CAST(NULL AS BIGINT) AS initial, CAST(NULL AS BIGINT) AS final FROM operators
      UNION ALL SELECT 'nrn_range', operator, id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, initial, final FROM nrn_ranges
      UNION ALL SELECT 'msisdn_range', operator, id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, initial, final FROM msisdn_ranges
      UNION ALL SELECT 'holiday', day, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM holidays
      ORDER BY code, id";

/// The directory that these rows make up.
pub(super) fn directory<D: Dialect>(rows: &[D::Row]) -> Result<Directory> {
    let (mut operators, mut nrns, mut msisdns, mut days) = (Vec::new(), Ranges::new(), Ranges::new(), Vec::new());
    for row in rows {
        let record = Record::<D>::new(row, "operators");
        match record.text("kind")?.as_str() {
            "operator" => operators.push(operator::<D>(row)?),
            "nrn_range" => {
                let nrn = |digits| Nrn::from_number(u32::try_from(digits).ok()?).ok();
                add_range(&mut nrns, &Record::<D>::new(row, "nrn_ranges"), nrn)?;
            }
            "msisdn_range" => {
                let msisdn = |digits| Msisdn::from_e164(u64::try_from(digits).ok()?).ok();
                add_range(&mut msisdns, &Record::<D>::new(row, "msisdn_ranges"), msisdn)?;
            }
            _ => days.push(Record::<D>::new(row, "holidays").parsed("code", |text| text.parse::<Date>().ok())?),
        }
    }
    for operator in &mut operators {
        let code = operator.code.to_string();
        operator.nrn_ranges = nrns.remove(&code).unwrap_or_default();
        operator.msisdn_ranges = msisdns.remove(&code).unwrap_or_default();
    }
    let calendar = Calendar::new(days).map_err(|error| Error::because(Kind::Internal, error))?;
    Ok(Directory { operators, calendar })
}

/// Ranges by operator, in the order of their ids.
type Ranges<T> = HashMap<String, Vec<NumberRange<T>>>;

fn add_range<D: Dialect, T: Copy + Ord>(ranges: &mut Ranges<T>, record: &Record<'_, D>, read: impl Fn(i64) -> Option<T>) -> Result<()> {
    let (initial, last) = (record.int_as("initial", &read)?, record.int_as("final", &read)?);
    let range = NumberRange::new(record.int("id")?, initial, last).map_err(|error| Error::because(Kind::Internal, error))?;
    ranges.entry(record.text("code")?).or_default().push(range);
    Ok(())
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
