//! The audit in SQL. Lines are added and read; nothing here changes or removes one.

use async_trait::async_trait;

use super::dialect::{Dialect, Param};
use super::failure::query_failure;
use super::record::Record;
use super::sql::{SqlStore, SqlUnit, assembled};
use super::{Audit, AuditWrites};
use crate::domain::audit::{AuditLine, AuditPlace, AuditQuery, Operation};
use crate::domain::org::OrgName;
use crate::error::Result;

/// The columns of a line.
const COLUMNS: &str = "at, msisdn, operation, org, process_id, subject, request_id";

fn row(line: &AuditLine) -> Vec<Param<'_>> {
    vec![
        line.at.into(),
        line.msisdn.map_or(Param::Int(None), Param::from),
        line.operation.as_str().into(),
        line.org.as_ref().map(OrgName::as_str).into(),
        line.process_id.as_deref().into(),
        line.subject.as_deref().into(),
        line.request_id.as_deref().into(),
    ]
}

impl<D: Dialect> SqlUnit<D> {
    /// Adds lines: one statement for up to 256 of them.
    pub(super) async fn lines_add(&mut self, lines: &[&AuditLine]) -> Result<()> {
        let rows: Vec<_> = lines.iter().map(|line| row(line)).collect();
        let statement = |given: &str| format!("INSERT INTO audit ({COLUMNS}) {given}");
        self.rows_of(&rows, statement).await.map(drop).map_err(query_failure)
    }
}

#[async_trait]
impl<D: Dialect> AuditWrites for SqlUnit<D> {
    async fn audit_add(&mut self, lines: &[AuditLine]) -> Result<()> {
        for line in lines {
            match &line.org {
                Some(org) => self.must_see(org)?,
                None => self.must_be_for_every_org()?,
            }
        }
        self.lines_add(&lines.iter().collect::<Vec<_>>()).await
    }
}

#[async_trait]
impl<D: Dialect> Audit for SqlStore<D> {
    async fn audit(&self, query: &AuditQuery, after: Option<AuditPlace>, limit: u32) -> Result<Vec<(AuditPlace, AuditLine)>> {
        let mut params = Vec::new();
        let mut conditions = Vec::new();
        let mut must = |condition: &str, param| {
            params.push(param);
            conditions.push(format!("{condition} ${}", params.len()));
        };
        if let Some(org) = &query.org {
            must("org =", org.as_str().into());
        }
        if let Some(msisdn) = query.msisdn {
            must("msisdn =", msisdn.into());
        }
        if let Some(since) = query.since {
            must("at >=", since.into());
        }
        if let Some(until) = query.until {
            must("at <", until.into());
        }
        // Of every time there is.
        let after = after.unwrap_or(AuditPlace { at: jiff::Timestamp::MIN, number: 0 });
        params.extend::<[Param<'_>; 3]>([after.at.into(), after.number.into(), i64::from(limit).into()]);
        let count = params.len();
        conditions.push(format!("(at, number) > (${}, ${})", count - 2, count - 1));
        let condition = conditions.join(" AND ");
        let sql = format!("SELECT number, {COLUMNS} FROM audit WHERE {condition} ORDER BY at, number LIMIT ${count}");
        let rows = self.read(assembled(sql), &params).await?;
        rows.iter().map(line::<D>).collect()
    }
}

fn line<D: Dialect>(row: &D::Row) -> Result<(AuditPlace, AuditLine)> {
    let record = Record::<D>::new(row, "audit");
    let at = record.instant("at")?;
    let line = AuditLine {
        at,
        operation: record.parsed("operation", Operation::parse)?,
        org: record.parsed_or_null("org", |text| OrgName::parse(text).ok())?,
        msisdn: record.int_or_null("msisdn")?.map(|_| record.msisdn("msisdn")).transpose()?,
        process_id: record.text_or_null("process_id")?,
        subject: record.text_or_null("subject")?,
        request_id: record.text_or_null("request_id")?,
    };
    Ok((AuditPlace { at, number: record.int("number")? }, line))
}
