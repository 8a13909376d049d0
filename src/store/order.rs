//! Orders in SQL: the writing side of portabilities.

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;

use super::dialect::{Dialect, Param};
use super::directory::{DIRECTORY, directory};
use super::failure::query_failure;
use super::order_row::{BirthColumns, LifeColumns, ORDER, order};
use super::portability::{due_condition, portability, portability_sql};
use super::record::Record;
use super::sql::{SqlUnit, assembled, joined, padded, pieces, placeholders};
use super::{Claim, NewRequest, OrderWrites, Take};
use crate::domain::archive::{ArchivedEvent, ArchivedPortability};
use crate::domain::cause::Cause;
use crate::domain::directory::Directory;
use crate::domain::listing::{Portability, PortedNumber};
use crate::domain::msisdn::Msisdn;
use crate::domain::operator::Operator;
use crate::domain::order::{NumberFacts, Order};
use crate::domain::org::OrgName;
use crate::error::{Error, Kind, Result};

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::because(Kind::Internal, error)
}

impl<D: Dialect> SqlUnit<D> {
    async fn orders(&mut self, condition: &[&'static str], params: &[Param<'_>]) -> Result<Vec<Order>> {
        let rows = self.rows(joined(&[&[ORDER], condition].concat()), params).await?;
        rows.iter().map(order::<D>).collect()
    }
}

/// Waiting orders whose number an org has now that they do not know of.
const OFFER: &str = "UPDATE portings SET donor_org = (SELECT m.org FROM msisdns m WHERE m.msisdn = portings.msisdn)
     WHERE state = 'AENV' AND EXISTS (SELECT 1 FROM msisdns m
        WHERE m.msisdn = portings.msisdn AND (portings.donor_org IS NULL OR portings.donor_org <> m.org))";

impl<D: Dialect> SqlUnit<D> {
    /// Offers waiting orders to the orgs that have their numbers now, if those are among some.
    pub(super) async fn offer_waiting_of(&mut self, msisdns: &[Msisdn]) -> Result<()> {
        let keys: Vec<Param<'_>> = padded(msisdns).map(|msisdn| (*msisdn).into()).collect();
        let sql = format!("{OFFER} AND msisdn IN ({})", placeholders(1, keys.len()));
        self.rows(assembled(sql), &keys).await.map(drop)
    }
}

#[async_trait]
impl<D: Dialect> OrderWrites for SqlUnit<D> {
    async fn requests_add(&mut self, requests: &[NewRequest<'_>]) -> Result<HashSet<String>> {
        let subscriber = |request: &NewRequest<'_>| request.subscriber.map(serde_json::to_string).transpose().map_err(internal);
        let subscribers = requests.iter().map(subscriber).collect::<Result<Vec<_>>>()?;
        // Concurrent units of work meet in the same order.
        let mut requests: Vec<_> = requests.iter().zip(&subscribers).collect();
        requests.sort_by_key(|(request, _)| (request.org, request.contract_code));
        let mut rows: Vec<Vec<Param<'_>>> = Vec::with_capacity(requests.len());
        for (request, subscriber) in requests {
            rows.push(vec![
                request.created_at.into(),
                request.id.into(),
                request.org.map(OrgName::as_str).into(),
                request.contract_code.into(),
                request.digest.into(),
                request.external_reference.into(),
                subscriber.as_deref().into(),
            ]);
        }
        let statement = |given: &str| {
            format!(
                "INSERT INTO portability_requests (created_at, id, org, contract_code, digest, external_reference, subscriber)
                 {given} ON CONFLICT (org, contract_code) DO NOTHING RETURNING id"
            )
        };
        let added = self.rows_of(&rows, statement).await.map_err(query_failure)?;
        added.iter().map(|row| Record::<D>::new(row, "portability_requests").text("id")).collect()
    }

    async fn requests_remove(&mut self, ids: &[&str]) -> Result<()> {
        for id in ids {
            self.execute("DELETE FROM portability_requests WHERE id = $1", &[(*id).into()]).await?;
        }
        Ok(())
    }

    async fn request_digest(&mut self, org: &OrgName, contract_code: &str) -> Result<Option<String>> {
        let sql = joined(&["SELECT digest FROM portability_requests WHERE org = $1 AND contract_code = $2"]);
        let rows = self.rows(sql, &[org.as_str().into(), contract_code.into()]).await?;
        rows.first().map(|row| Record::<D>::new(row, "portability_requests").text("digest")).transpose()
    }

    async fn number_facts(&mut self, msisdns: &[Msisdn]) -> Result<Vec<NumberFacts>> {
        let rows: Vec<_> = msisdns.iter().map(|msisdn| vec![Param::from(*msisdn)]).collect();
        // Looked up number by number: joined, a table would be read as a whole while Postgres has not counted how much is in it.
        let statement = |given: &str| {
            format!(
                "SELECT n.*, o.operator_code FROM (SELECT v.column1 AS msisdn,
                        (SELECT p.operator FROM ported_numbers p WHERE p.msisdn = v.column1) AS ported_to,
                        (SELECT m.org FROM msisdns m WHERE m.msisdn = v.column1) AS org,
                        (SELECT a.id FROM portings a WHERE a.msisdn = v.column1 AND a.state IN ('AENV', 'ASOL', 'ACON')) AS active_order
                   FROM ({given}) v) n LEFT JOIN orgs o ON o.name = n.org"
            )
        };
        let rows = self.rows_of(&rows, statement).await.map_err(query_failure)?;
        rows.iter().map(number_facts::<D>).collect()
    }

    async fn orders_add(&mut self, orders: &[&Order]) -> Result<HashSet<String>> {
        let columns: Vec<_> = orders.iter().map(|order| (LifeColumns::of(order), BirthColumns::of(order))).collect();
        let mut rows: Vec<_> = columns.iter().map(|(life, _)| life.params()).collect();
        for ((row, (_, birth)), order) in rows.iter_mut().zip(&columns).zip(orders) {
            row.extend(birth.params(order));
        }
        let (life, birth) = (LifeColumns::NAMES.join(", "), BirthColumns::NAMES);
        let statement = |given: &str| {
            format!(
                "INSERT INTO portings ({life}, {birth}) {given}
                 ON CONFLICT (msisdn) WHERE state IN ('AENV', 'ASOL', 'ACON') DO NOTHING RETURNING id"
            )
        };
        let added = self.rows_of(&rows, statement).await.map_err(query_failure)?;
        added.iter().map(|row| Record::<D>::new(row, "portings").text("id")).collect()
    }

    async fn orders_update(&mut self, orders: &[&Order]) -> Result<()> {
        let lives: Vec<_> = orders.iter().map(|order| LifeColumns::of(order)).collect();
        let mut rows: Vec<_> = lives.iter().map(LifeColumns::params).collect();
        for (row, order) in rows.iter_mut().zip(orders) {
            row.extend([Param::from(order.version), Param::from(order.id.as_str())]);
        }
        let changes: Vec<_> = (1..).zip(LifeColumns::NAMES).map(|(place, name)| format!("{name} = v.column{place}")).collect();
        let (changes, version, id) = (changes.join(", "), changes.len() + 1, changes.len() + 2);
        let statement = |given: &str| {
            format!(
                "UPDATE portings SET version = version + 1, {changes} FROM ({given}) v
                  WHERE id = v.column{id} AND version = v.column{version} RETURNING id"
            )
        };
        let written = self.rows_of(&rows, statement).await.map_err(update_failure)?;
        if written.len() < orders.len() {
            return Err(Error::because(Kind::Unavailable, format!("{} orders were changed meanwhile", orders.len() - written.len())));
        }
        Ok(())
    }

    async fn portabilities_add(&mut self, portabilities: &[ArchivedPortability]) -> Result<()> {
        let rows: Vec<Vec<Param<'_>>> = portabilities
            .iter()
            .map(|it| vec![it.id.as_str().into(), it.order_id.as_str().into(), it.org.as_str().into(), i64::from(it.recipient_rol).into()])
            .collect();
        let statement = |given: &str| format!("INSERT INTO portabilities (id, porting_id, org, recipient_rol) {given}");
        self.rows_of(&rows, statement).await.map_err(query_failure)?;
        Ok(())
    }

    async fn events_add(&mut self, events: &[ArchivedEvent]) -> Result<()> {
        let rows: Vec<Vec<Param<'_>>> = events
            .iter()
            .map(|it| {
                let cause = it.event.cause.map(Cause::as_str);
                vec![
                    it.event.at.into(),
                    it.order_id.as_str().into(),
                    it.id.as_str().into(),
                    it.event.message_type.as_str().into(),
                    cause.into(),
                ]
            })
            .collect();
        let statement = |given: &str| format!("INSERT INTO portability_events (at, porting_id, id, message_type, cause) {given}");
        self.rows_of(&rows, statement).await.map_err(query_failure)?;
        Ok(())
    }

    async fn orders_due(&mut self, take: Take<'_>) -> Result<Vec<Order>> {
        let (condition, mut params) = due_condition(take.scope, take.now);
        params.extend([take.limit, take.skip].map(|count| Param::from(i64::from(count))));
        let (limit, skip, lock) = (params.len() - 1, params.len(), lock::<D>(take.claim));
        let sql = format!("{ORDER} WHERE {condition} AND state <> 'AENV' ORDER BY due_at, msisdn LIMIT ${limit} OFFSET ${skip}{lock}");
        let rows = self.rows(assembled(sql), &params).await?;
        rows.iter().map(order::<D>).collect()
    }

    async fn requests_due(&mut self, take: Take<'_>) -> Result<Vec<String>> {
        let (condition, mut params) = due_condition(take.scope, take.now);
        let window = REQUESTS_WINDOW.saturating_add(take.skip);
        params.extend([take.limit, take.skip, window].map(|count| Param::from(i64::from(count))));
        let (limit, skip, window, lock) = (params.len() - 2, params.len() - 1, params.len(), lock::<D>(take.claim));
        let sql = format!(
            "SELECT id FROM portability_requests
              WHERE id IN (SELECT request_id FROM portings WHERE {condition} AND state = 'AENV' ORDER BY due_at LIMIT ${window})
              ORDER BY created_at, id LIMIT ${limit} OFFSET ${skip}{lock}"
        );
        let rows = self.rows(assembled(sql), &params).await?;
        rows.iter().map(|row| Record::<D>::new(row, "portability_requests").text("id")).collect()
    }

    async fn orders_waiting(&mut self, request_ids: &[String]) -> Result<Vec<Order>> {
        let mut orders = Vec::new();
        for piece in pieces(request_ids) {
            let ids = placeholders(1, piece.len());
            let sql = format!("{ORDER} WHERE request_id IN ({ids}) AND state = 'AENV' ORDER BY msisdn{}", D::FOR_UPDATE);
            let params: Vec<_> = piece.iter().map(|id| Param::from(id.as_str())).collect();
            let rows = self.rows(assembled(sql), &params).await?;
            orders.extend(rows.iter().map(order::<D>).collect::<Result<Vec<_>>>()?);
        }
        Ok(orders)
    }

    async fn waiting_orders_offered(&mut self) -> Result<()> {
        self.execute(OFFER, &[]).await.map(drop)
    }

    async fn orders_of_process(&mut self, process_id: &str) -> Result<Vec<Order>> {
        self.orders(&[" WHERE process_id = $1 ORDER BY msisdn", D::FOR_UPDATE], &[process_id.into()]).await
    }

    async fn orders_of_donor(&mut self, org: &OrgName, process_id: &str) -> Result<Vec<Order>> {
        let params = [process_id.into(), org.as_str().into()];
        self.orders(&[" WHERE process_id = $1 AND donor_org = $2 ORDER BY msisdn", D::FOR_UPDATE], &params).await
    }

    async fn order_of_recipient(&mut self, org: &OrgName, msisdn: Msisdn) -> Result<Option<Order>> {
        // The one that is active, else the one that arrived last.
        let condition = " WHERE id = (SELECT p.id FROM portings p JOIN portabilities v ON v.porting_id = p.id AND v.recipient_rol = 1
             WHERE p.msisdn = $1 AND v.org = $2
             ORDER BY CASE WHEN p.state IN ('AENV', 'ASOL', 'ACON') THEN 0 ELSE 1 END, v.number DESC LIMIT 1)";
        let orders = self.orders(&[condition, D::FOR_UPDATE], &[msisdn.into(), org.as_str().into()]).await?;
        Ok(orders.into_iter().next())
    }

    async fn portabilities_of(&mut self, org: &OrgName, order_ids: &[&str], now: Timestamp) -> Result<Vec<Portability>> {
        if order_ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut params = vec![Param::from(org.as_str()), now.into()];
        params.extend(padded(order_ids).map(|id| Param::from(*id)));
        let ids = placeholders(3, params.len() - 2);
        // By order, neither by org nor along the numbers: while Postgres remembers small tables, those ways look cheap to it, and are not.
        let sql = portability_sql(&format!("v.org || '' = $1 AND v.porting_id IN ({ids})"));
        let mut found = self.rows(assembled(sql), &params).await?.iter().map(portability::<D>).collect::<Result<Vec<_>>>()?;
        found.sort_by_key(|portability| portability.number);
        Ok(found)
    }

    async fn counter_take(&mut self, name: &str, count: u32, limit: u32) -> Result<Option<u32>> {
        if count > limit {
            return Ok(None);
        }
        let sql = joined(&["INSERT INTO counters (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET value = counters.value + $2 WHERE counters.value + $2 <= $3 RETURNING value"]);
        let rows = self.rows(sql, &[name.into(), i64::from(count).into(), i64::from(limit).into()]).await?;
        rows.first().map(|row| Record::<D>::new(row, "counters").int_as("value", |value| u32::try_from(value).ok())).transpose()
    }

    async fn counter_put(&mut self, name: &str, value: u32) -> Result<()> {
        self.execute("INSERT INTO counters (name, value) VALUES ($1, $2)", &[name.into(), i64::from(value).into()]).await?;
        Ok(())
    }

    async fn counter_back(&mut self, name: &str) -> Result<()> {
        self.execute("UPDATE counters SET value = value - 1 WHERE name = $1", &[name.into()]).await?;
        Ok(())
    }

    async fn directory_now(&mut self) -> Result<Directory> {
        directory::<D>(&self.rows(joined(&[DIRECTORY]), &[]).await?)
    }

    async fn numbers_ported(&mut self, ported: &[(&Order, Timestamp)]) -> Result<()> {
        let numbers: Vec<_> = ported.iter().map(|(order, _)| order.ported_number()).collect();
        self.ported_numbers_put(&numbers).await?;
        let (mut here, mut outside) = (Vec::new(), Vec::new());
        for (order, at) in ported {
            match &order.recipient.org {
                Some(org) => {
                    let donor = order.donor_org().map(OrgName::as_str);
                    here.push(vec![order.msisdn.into(), Param::from(*at), org.as_str().into(), donor.into()]);
                }
                None => outside.push(vec![order.msisdn.into(), Param::from(*at)]),
            }
        }
        // The right-hand sides are those before the update: from_system is the system that served the number at its donor.
        let moved = |given: &str| {
            format!(
                "UPDATE msisdns SET org = v.column3, belongs_to = (SELECT home_system FROM orgs WHERE name = v.column3), status = 'OK',
                    checked_at = v.column2, from_org = v.column4, from_system = CASE WHEN v.column4 IS NULL THEN NULL ELSE belongs_to END
                   FROM ({given}) v WHERE msisdn = v.column1"
            )
        };
        self.rows_of(&here, moved).await.map_err(query_failure)?;
        let left = |given: &str| {
            format!("UPDATE msisdns SET belongs_to = 'outside', checked_at = v.column2 FROM ({given}) v WHERE msisdn = v.column1")
        };
        self.rows_of(&outside, left).await.map_err(query_failure)?;
        Ok(())
    }

    async fn ported_numbers_put(&mut self, numbers: &[PortedNumber]) -> Result<()> {
        self.must_be_for_every_org()?;
        // A statement cannot replace what it has stored itself: of several of one number, the last counts.
        let numbers: BTreeMap<_, _> = numbers.iter().map(|it| (it.msisdn, (it.operator.to_string(), it.nrn.to_string()))).collect();
        let rows: Vec<Vec<Param<'_>>> =
            numbers.iter().map(|(msisdn, (operator, nrn))| vec![(*msisdn).into(), operator.as_str().into(), nrn.as_str().into()]).collect();
        let statement = |given: &str| {
            format!(
                "INSERT INTO ported_numbers (msisdn, operator, nrn) {given}
                 ON CONFLICT (msisdn) DO UPDATE SET operator = excluded.operator, nrn = excluded.nrn"
            )
        };
        self.rows_of(&rows, statement).await.map_err(query_failure)?;
        Ok(())
    }

    async fn operators_put(&mut self, operators: &[Operator]) -> Result<()> {
        self.put_operators(operators).await
    }

    async fn holiday_put(&mut self, day: Date) -> Result<()> {
        self.must_be_for_every_org()?;
        let day = day.to_string();
        self.execute("INSERT INTO holidays (day) VALUES ($1) ON CONFLICT (day) DO NOTHING", &[day.as_str().into()]).await?;
        Ok(())
    }
}

/// An order that became active again while its number found another process: the database has decided for that one.
fn update_failure(error: sqlx::Error) -> Error {
    let is_taken = error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation);
    if is_taken { Error::new(Kind::Conflict, "the number has another active process") } else { query_failure(error) }
}

/// Among so many waiting orders, those that have waited longest in the index, the earliest requests are looked for: a bound on what taking a
/// few costs while very many wait for one opening, and room for several workers beside each other.
const REQUESTS_WINDOW: u32 = 1_024;

/// How a claim locks.
fn lock<D: Dialect>(claim: Claim) -> &'static str {
    match claim {
        Claim::Wait => D::FOR_UPDATE,
        Claim::Skip => D::FOR_UPDATE_OF_FREE,
    }
}

fn number_facts<D: Dialect>(row: &D::Row) -> Result<NumberFacts> {
    let record = Record::<D>::new(row, "msisdns");
    let holder = match record.text_or_null("org")? {
        Some(_) => Some((record.org_name("org")?, record.operator("operator_code")?)),
        None => None,
    };
    let ported_to = record.text_or_null("ported_to")?.map(|_| record.operator("ported_to")).transpose()?;
    Ok(NumberFacts { msisdn: record.msisdn("msisdn")?, ported_to, holder, active_order: record.text_or_null("active_order")? })
}
