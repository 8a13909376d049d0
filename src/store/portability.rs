//! Portabilities in SQL: the reading side.
//!
//! Lists show what time alone has brought by now, whether or not it has been written: each order is stored with what is foreseen of it.
//! Every reading tells in the same statement whether something else has to happen first (column `due`): the Node's decisions and, where a
//! reading shows more than the order itself, its transitions.

use std::sync::LazyLock;

use async_trait::async_trait;
use jiff::Timestamp;

use super::dialect::{Dialect, Param};
use super::directory::{DIRECTORY, directory};
use super::filter::{Bound, condition};
use super::reads::Lookup;
use super::record::Record;
use super::sql::{SqlStore, assembled, padded, placeholders};
use super::{Backlog, DueScope, ListScope, Listing, Portabilities, Reading, StoredOwnership};
use crate::domain::cause::Cause;
use crate::domain::contract_code::ContractCode;
use crate::domain::directory::Directory;
use crate::domain::iccid::Iccid;
use crate::domain::listing::{Notification, Portability, PortabilityDetail};
use crate::domain::msisdn::Msisdn;
use crate::domain::nrn::Nrn;
use crate::domain::org::OrgName;
use crate::domain::portability::{Event, MessageType, State};
use crate::domain::process_id::ProcessId;
use crate::domain::request::{AccessType, Subscriber};
use crate::error::{Error, Kind, Result};

/// A column as it is at `$2`, the present of every statement here: what was foreseen has happened by then, whether or not it has been written.
pub(super) fn settled(column: &str) -> String {
    format!(
        "CASE WHEN p.then_at <= $2 THEN p.then_{column} WHEN p.due_at <= $2 AND p.due_state IS NOT NULL THEN p.due_{column} ELSE p.{column} END"
    )
}

/// The columns of a portability.
static COLUMNS: LazyLock<String> = LazyLock::new(|| {
    let [cause, message_type, state] = ["cause", "message_type", "state"].map(settled);
    format!(
        "v.number, v.id, v.org, v.recipient_rol, p.access_type, {cause} AS cause, p.contract_code, p.registered_at, p.donor_operator,
        CASE WHEN v.recipient_rol = 1 THEN r.external_reference END AS external_reference, p.icc_id, {message_type} AS message_type, p.msisdn,
        p.nrn_receptor, p.process_id, p.recipient_operator, {state} AS state, COALESCE(p.window_at, p.chosen_window) AS window_date"
    )
});

const TABLES: &str = " FROM portabilities v JOIN portings p ON p.id = v.porting_id JOIN portability_requests r ON r.id = p.request_id";

/// A portability for those who know what they look for and have applied what the Node has to decide.
pub(super) fn portability_sql(condition: &str) -> String {
    format!("SELECT {}{TABLES} WHERE {condition}", *COLUMNS)
}

/// True where the Node has opened by `$2`, for a donor `$1`, and has to decide.
const OFFERED: &str = "EXISTS (SELECT 1 FROM portings d WHERE d.donor_org = $1 AND d.state = 'AENV' AND d.due_at <= $2)";

/// The same for either party `$1`.
const WAITING: &str = "EXISTS (SELECT 1 FROM portings d WHERE d.donor_org = $1 AND d.state = 'AENV' AND d.due_at <= $2)
        OR EXISTS (SELECT 1 FROM portings d WHERE d.recipient_org = $1 AND d.state = 'AENV' AND d.due_at <= $2)";

/// The same for the number `$3`.
const ASKED_FOR: &str = "EXISTS (SELECT 1 FROM portings d WHERE d.msisdn = $3 AND d.state = 'AENV' AND d.due_at <= $2)";

/// The orders due at `now` within a scope, as a condition on `portings` and its parameters.
pub(super) fn due_condition(scope: &DueScope, now: Timestamp) -> (String, Vec<Param<'_>>) {
    let mut params = vec![now.into()];
    let condition = match scope {
        DueScope::All => String::new(),
        DueScope::Numbers(msisdns) => {
            params.extend(padded(msisdns).map(|msisdn| Param::from(*msisdn)));
            let numbers = placeholders(2, params.len() - 1);
            format!(" AND msisdn IN ({numbers}) AND state IN ('AENV', 'ASOL', 'ACON')")
        }
        DueScope::Process(id) => {
            params.push(id.as_str().into());
            " AND process_id = $2".to_owned()
        }
        DueScope::Waiting(org) => {
            params.push(org.as_str().into());
            " AND state = 'AENV' AND (recipient_org = $2 OR donor_org = $2)".to_owned()
        }
        DueScope::Offered(org) => {
            params.push(org.as_str().into());
            " AND state = 'AENV' AND donor_org = $2".to_owned()
        }
    };
    (format!("due_at <= $1{condition}"), params)
}

/// When the active orders of numbers are due.
static DUE_OF_NUMBERS: Lookup =
    Lookup { head: &["SELECT msisdn AS asked, due_at FROM portings WHERE state IN ('AENV', 'ASOL', 'ACON') AND msisdn IN ("], tail: ")" };

/// Whether one of these orders is due at `now`.
fn due_by<D: Dialect>(rows: &[D::Row], now: Timestamp) -> Result<bool> {
    for row in rows {
        if Record::<D>::new(row, "portings").instant_or_null("due_at")?.is_some_and(|due_at| due_at <= now) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads a portability.
pub(super) fn portability<D: Dialect>(row: &D::Row) -> Result<Portability> {
    let record = Record::<D>::new(row, "portabilities");
    Ok(Portability {
        number: record.int("number")?,
        id: record.text("id")?,
        tenant: record.org_name("org")?,
        recipient_rol: record.int("recipient_rol")? == 1,
        access_type: record.parsed("access_type", AccessType::parse)?,
        cause_status: record.parsed_or_null("cause", Cause::parse)?,
        contract_code: record.parsed("contract_code", |text| ContractCode::parse(text).ok())?,
        create_date_nc: record.instant_or_null("registered_at")?,
        donor_operator: record.text_or_null("donor_operator")?.map(|_| record.operator("donor_operator")).transpose()?,
        external_reference: record.text_or_null("external_reference")?,
        icc_id: record.parsed_or_null("icc_id", |text| Iccid::parse(text).ok())?,
        message_type: record.parsed("message_type", MessageType::parse)?,
        msisdn: record.msisdn("msisdn")?,
        nrn_receptor: record.parsed("nrn_receptor", |text| Nrn::parse(text).ok())?,
        process_id: record.parsed_or_null("process_id", |text| ProcessId::parse(text).ok())?,
        recipient_operator: record.operator("recipient_operator")?,
        state: record.parsed("state", State::parse)?,
        window_date: record.instant_or_null("window_date")?,
    })
}

/// What the first row says of due transitions.
fn due<D: Dialect>(rows: &[D::Row], scope: impl FnOnce() -> DueScope) -> Result<Option<DueScope>> {
    let Some(first) = rows.first() else { return Ok(None) };
    Ok((Record::<D>::new(first, "portings").int("due")? == 1).then(scope))
}

/// Reads a list whose statement always has a row, of NULLs where there is nothing.
fn portabilities<D: Dialect>(rows: &[D::Row]) -> Result<Vec<Portability>> {
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        if Record::<D>::new(row, "portabilities").int_or_null("number")?.is_some() {
            found.push(portability::<D>(row)?);
        }
    }
    Ok(found)
}

/// The numbers of a list on which the Node has to decide first.
fn undecided<D: Dialect>(rows: &[D::Row]) -> Result<Option<DueScope>> {
    let mut numbers = Vec::new();
    for row in rows {
        let record = Record::<D>::new(row, "portabilities");
        if record.int_or_null("undecided")? == Some(1) {
            numbers.push(record.msisdn("msisdn")?);
        }
    }
    Ok(if numbers.is_empty() { None } else { Some(DueScope::Numbers(numbers)) })
}

/// Which of the Node's decisions may put something into a list or take something out of it, as a condition and as what to do about it.
///
/// They change everything that a filter may ask for. Without one, a decision brings to a list of all what the donor did not see before; it
/// changes what is there already, but not its place. What time alone brings after the decision was foreseen, and needs nothing.
fn what_must_be_decided(org: &OrgName, listing: &Listing) -> (&'static str, DueScope) {
    match &listing.scope {
        ListScope::Number(msisdn) => (ASKED_FOR, DueScope::Numbers(vec![*msisdn])),
        ListScope::All if listing.filter.is_none() => (OFFERED, DueScope::Offered(org.clone())),
        ListScope::All | ListScope::Process(_) => (WAITING, DueScope::Waiting(org.clone())),
    }
}

/// A statement that has at least one row, which says whether something has to be decided first, and besides the portabilities of `condition`.
fn with_due(due: &str, condition: &str, order: &str, limit: &str) -> String {
    let columns = &*COLUMNS;
    format!(
        "SELECT q.due, l.* FROM (SELECT CAST(CASE WHEN {due} THEN 1 ELSE 0 END AS BIGINT) AS due) q LEFT JOIN (SELECT {columns},
            p.reply_deadline, CAST(CASE WHEN p.state = 'AENV' AND p.due_at <= $2 THEN 1 ELSE 0 END AS BIGINT) AS undecided{TABLES}
          WHERE {condition} ORDER BY {order} {limit}) l ON TRUE"
    )
}

#[async_trait]
impl<D: Dialect> Portabilities for SqlStore<D> {
    async fn portabilities(&self, org: &OrgName, listing: &Listing, now: Timestamp) -> Result<Reading<Vec<Portability>>> {
        let mut params = vec![org.as_str().into(), now.into()];
        let mut conditions = vec!["v.org = $1".to_owned()];
        match &listing.scope {
            ListScope::All => {}
            ListScope::Process(id) => {
                params.push(Param::from(id.as_str()));
                conditions.push("p.process_id = $3".to_owned());
            }
            ListScope::Number(msisdn) => {
                params.push(Param::from(*msisdn));
                conditions.push("p.msisdn = $3".to_owned());
            }
        }
        if let Some(before) = listing.before {
            params.push(before.into());
            conditions.push(format!("v.number < ${}", params.len()));
        }
        let filter = listing.filter.as_ref().map(|predicate| condition::<D>(predicate, params.len() + 1));
        if let Some(filter) = &filter {
            params.extend(filter.values.iter().map(Bound::param));
            conditions.push(filter.sql.clone());
        }
        params.push(i64::from(listing.limit).into());
        let (undecided_here, first) = what_must_be_decided(org, listing);
        let sql = with_due(undecided_here, &conditions.join(" AND "), "v.number DESC", &format!("LIMIT ${}", params.len()));
        let rows = self.read(assembled(sql + " ORDER BY l.number DESC"), &params).await?;
        let due = match due::<D>(&rows, || first)? {
            None => undecided::<D>(&rows)?,
            first => first,
        };
        Ok(Reading { due, found: portabilities::<D>(&rows)? })
    }

    async fn portabilities_awaiting_answer(&self, org: &OrgName, now: Timestamp) -> Result<Reading<Vec<Portability>>> {
        let condition = "v.org = $1 AND v.recipient_rol = 0 AND p.donor_org = $1 AND p.state = 'ASOL' AND p.unsent_answer IS NULL AND p.reply_deadline > $2";
        let sql = with_due(OFFERED, condition, "p.reply_deadline, v.number", "");
        let rows = self.read(assembled(sql + " ORDER BY l.reply_deadline, l.number"), &[org.as_str().into(), now.into()]).await?;
        Ok(Reading { due: due::<D>(&rows, || DueScope::Offered(org.clone()))?, found: portabilities::<D>(&rows)? })
    }

    async fn portability(&self, org: &OrgName, id: &str, now: Timestamp) -> Result<Reading<Option<PortabilityDetail>>> {
        // The donor learns of a process when the Node has registered it, so not of its waiting before.
        let sql = format!(
            "SELECT {}, r.subscriber, e.id AS event_id, e.notification_code, e.message_type AS event_type, e.cause AS event_cause, e.at,
                    CAST(CASE WHEN p.due_at <= $2 THEN 1 ELSE 0 END AS BIGINT) AS due
               {TABLES} JOIN portability_events e ON e.porting_id = p.id
              WHERE v.org = $1 AND v.id = $3 AND (v.recipient_rol = 1 OR e.message_type <> 'ENVIO_ALTA') ORDER BY e.notification_code",
            *COLUMNS
        );
        let rows = self.read(assembled(sql), &[org.as_str().into(), now.into(), id.into()]).await?;
        let Some(first) = rows.first() else { return Ok(Reading { found: None, due: None }) };
        let portability = portability::<D>(first)?;
        let due = due::<D>(&rows, || DueScope::Numbers(vec![portability.msisdn]))?;
        let subscriber = subscriber::<D>(first)?;
        let history = rows.iter().map(notification::<D>).collect::<Result<_>>()?;
        let subscriber = if portability.recipient_rol { subscriber } else { subscriber.map(Subscriber::for_donor) };
        Ok(Reading { found: Some(PortabilityDetail { portability, history, subscriber }), due })
    }

    async fn ownership(&self, org: &OrgName, msisdn: Msisdn, now: Timestamp) -> Result<Reading<StoredOwnership>> {
        let sql = "SELECT n.operator, n.nrn, a.state,
                CASE WHEN a.recipient_org = $1 OR a.donor_org = $1 THEN a.process_id END AS process_id,
                CAST(CASE WHEN a.due_at <= $2 THEN 1 ELSE 0 END AS BIGINT) AS due
           FROM (SELECT $3 AS msisdn) x LEFT JOIN ported_numbers n ON n.msisdn = x.msisdn
                LEFT JOIN portings a ON a.msisdn = x.msisdn AND a.state IN ('AENV', 'ASOL', 'ACON')";
        let rows = self.read(sql, &[org.as_str().into(), now.into(), msisdn.into()]).await?;
        let Some(first) = rows.first() else { return Ok(Reading { found: StoredOwnership::default(), due: None }) };
        let record = Record::<D>::new(first, "ported_numbers");
        let ported_to = match record.text_or_null("operator")? {
            Some(_) => Some((record.operator("operator")?, record.parsed("nrn", |text| Nrn::parse(text).ok())?)),
            None => None,
        };
        let in_process = record.text_or_null("state")?.is_some();
        let process_id = record.parsed_or_null("process_id", |text| ProcessId::parse(text).ok())?;
        let due = due::<D>(&rows, || DueScope::Numbers(vec![msisdn]))?;
        Ok(Reading { found: StoredOwnership { ported_to, in_process, process_id }, due })
    }

    async fn directory(&self) -> Result<Directory> {
        directory::<D>(&self.read(DIRECTORY, &[]).await?)
    }

    async fn is_due(&self, scope: &DueScope, now: Timestamp) -> Result<bool> {
        if let DueScope::Numbers(numbers) = scope
            && let [number] = numbers.as_slice()
        {
            let rows = self.reads.rows(&DUE_OF_NUMBERS, (*number).into()).await?;
            return due_by::<D>(&rows, now);
        }
        let (condition, params) = due_condition(scope, now);
        let rows = self.read(assembled(format!("SELECT 1 FROM portings WHERE {condition} LIMIT 1")), &params).await?;
        Ok(!rows.is_empty())
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog> {
        // Both counts end at their limit, and run along an index whose condition theirs repeats.
        let sql = "SELECT 'due' AS what, COUNT(*) AS count, MIN(due_at) AS oldest
                     FROM (SELECT due_at FROM portings WHERE due_at <= $1 ORDER BY due_at LIMIT 10000) d
                    UNION ALL
                   SELECT state, COUNT(*), NULL
                     FROM (SELECT state FROM portings WHERE state IN ('AENV', 'ASOL', 'ACON') LIMIT 100000) a GROUP BY state";
        let mut backlog =
            Backlog { due: 0, oldest_due: None, active: [State::Aenv, State::Asol, State::Acon].map(|state| (state, 0)).into() };
        for row in &self.read(sql, &[now.into()]).await? {
            let record = Record::<D>::new(row, "portings");
            let (what, count) = (record.text("what")?, record.int_as("count", |count| u64::try_from(count).ok())?);
            if let Some((_, active)) = backlog.active.iter_mut().find(|(state, _)| state.as_str() == what) {
                *active = count;
            } else {
                (backlog.due, backlog.oldest_due) = (count, record.instant_or_null("oldest")?);
            }
        }
        Ok(backlog)
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        let rows = self.read("SELECT MIN(due_at) AS due_at FROM portings WHERE due_at IS NOT NULL", &[]).await?;
        rows.first().map_or(Ok(None), |row| Record::<D>::new(row, "portings").instant_or_null("due_at"))
    }
}

fn notification<D: Dialect>(row: &D::Row) -> Result<Notification> {
    let record = Record::<D>::new(row, "portability_events");
    let event = Event {
        message_type: record.parsed("event_type", MessageType::parse)?,
        cause: record.parsed_or_null("event_cause", Cause::parse)?,
        at: record.instant("at")?,
    };
    Ok(Notification { id: record.text("event_id")?, notification_code: record.int("notification_code")?, event })
}

/// Reads the subscriber of a request.
pub(super) fn subscriber<D: Dialect>(row: &D::Row) -> Result<Option<Subscriber>> {
    let Some(text) = Record::<D>::new(row, "portability_requests").text_or_null("subscriber")? else { return Ok(None) };
    // The parser's own text may repeat what is stored, which is personal: line and column alone.
    let unreadable =
        |error: serde_json::Error| format!("portability_requests.subscriber, line {}, column {}", error.line(), error.column());
    serde_json::from_str(&text).map(Some).map_err(|error| Error::because(Kind::Internal, unreadable(error)))
}
