//! `audit`: who changed what, as JSON lines.

use std::io::{BufWriter, Write as _};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::CommandError;
use crate::config::DatabaseConfig;
use crate::domain::audit::{AuditLine, AuditQuery};
use crate::domain::instant;
use crate::domain::msisdn::{InvalidMsisdn, Msisdn};
use crate::domain::org::{InvalidOrgName, OrgName};
use crate::store::{self, Store};

/// Lines read at once: they are all that is in memory.
const PAGE: u32 = 1_000;

#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Only what was done for this org.
    #[arg(long, value_name = "ORG", value_parser = org)]
    org: Option<OrgName>,
    /// Only what was done to this number.
    #[arg(long, value_name = "NUMBER", value_parser = msisdn)]
    msisdn: Option<Msisdn>,
    /// Only from then on, such as `2026-03-01T00:00:00Z`.
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    since: Option<Timestamp>,
    /// Only before then.
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    until: Option<Timestamp>,
    /// So many lines at most.
    #[arg(long, value_name = "N", default_value_t = u32::MAX, hide_default_value = true)]
    limit: u32,
    #[command(flatten)]
    database: DatabaseConfig,
}

fn org(text: &str) -> Result<OrgName, InvalidOrgName> {
    OrgName::parse(text)
}

fn msisdn(text: &str) -> Result<Msisdn, InvalidMsisdn> {
    Msisdn::parse(text)
}

fn instant(text: &str) -> Result<Timestamp, &'static str> {
    instant::parse(text).ok_or("an instant is written as 2026-03-01T00:00:00Z")
}

/// A line as it is printed.
#[derive(Serialize)]
struct Shown<'l> {
    at: Timestamp,
    operation: &'static str,
    org: Option<&'l str>,
    msisdn: Option<String>,
    process_id: Option<&'l str>,
    sub: Option<&'l str>,
    request_id: Option<&'l str>,
}

impl<'l> From<&'l AuditLine> for Shown<'l> {
    fn from(line: &'l AuditLine) -> Self {
        Self {
            at: line.at,
            operation: line.operation.as_str(),
            org: line.org.as_ref().map(OrgName::as_str),
            msisdn: line.msisdn.map(|msisdn| msisdn.to_string()),
            process_id: line.process_id.as_deref(),
            sub: line.subject.as_deref(),
            request_id: line.request_id.as_deref(),
        }
    }
}

impl AuditArgs {
    pub async fn run(self) -> Result<(), CommandError> {
        let store = store::open(&self.database.database, &self.database.pool).await?;
        let printed = self.print(&*store).await;
        store.close().await;
        printed
    }

    async fn print(self, store: &dyn Store) -> Result<(), CommandError> {
        let query = AuditQuery { org: self.org, msisdn: self.msisdn, since: self.since, until: self.until };
        let failed = |error| CommandError::File("standard output".into(), error);
        let mut stdout = BufWriter::new(std::io::stdout());
        let (mut left, mut after) = (self.limit, None);
        while left > 0 {
            let lines = store.audit(&query, after, left.min(PAGE)).await?;
            let Some((last, _)) = lines.last() else { break };
            after = Some(*last);
            left = left.saturating_sub(u32::try_from(lines.len()).unwrap_or(left));
            for (_, line) in &lines {
                writeln!(stdout, "{}", serde_json::to_string(&Shown::from(line))?).map_err(failed)?;
            }
        }
        stdout.flush().map_err(failed)
    }
}
