//! Orders in SQL: the writing side of portabilities.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;

use super::dialect::{Dialect, Param};
use super::directory::{DirectoryRows, HOLIDAYS, MSISDN_RANGES, NRN_RANGES, OPERATORS};
use super::failure::query_failure;
use super::portability::{due_condition, portability, portability_sql};
use super::record::Record;
use super::sql::{SqlUnit, assembled, joined, placeholders};
use super::{Added, Claim, DueScope, NewRequest, OrderWrites};
use crate::domain::calendar::Schedule;
use crate::domain::cause::Cause;
use crate::domain::contract_code::ContractCode;
use crate::domain::directory::Directory;
use crate::domain::iccid::Iccid;
use crate::domain::listing::Portability;
use crate::domain::msisdn::Msisdn;
use crate::domain::nrn::Nrn;
use crate::domain::operator::{Operator, OperatorCode};
use crate::domain::order::{NumberFacts, Order, Party};
use crate::domain::org::OrgName;
use crate::domain::portability::{Answer, Event, MessageType, Porting, Record as PortingRecord, Silence, State, UnsentAnswer, due_at};
use crate::domain::process_id::ProcessId;
use crate::domain::request::AccessType;
use crate::error::{Error, Kind, Result};

pub(super) const ORDER: &str = "SELECT id, request_id, msisdn, process_id, access_type, contract_code, icc_id, nrn_receptor, chosen_window,
        recipient_operator, recipient_org, donor_operator, donor_org, state, cause, message_type, opens_at, registered_at, tv_start, tv_end,
        window_at, cancel_limit, silence, reply_deadline, unsent_answer, unsent_at, version
   FROM portings";

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::because(Kind::Internal, error)
}

/// Reads an order.
pub(super) fn order<D: Dialect>(row: &D::Row) -> Result<Order> {
    let record = Record::<D>::new(row, "portings");
    let org = |column| record.parsed_or_null(column, |text| OrgName::parse(text).ok());
    let donor = match record.text_or_null("donor_operator")? {
        Some(_) => Some(Party { operator: record.operator("donor_operator")?, org: org("donor_org")? }),
        None => None,
    };
    Ok(Order {
        id: record.text("id")?,
        request_id: record.text("request_id")?,
        msisdn: record.msisdn("msisdn")?,
        process_id: record.parsed_or_null("process_id", |text| ProcessId::parse(text).ok())?,
        access_type: record.parsed("access_type", AccessType::parse)?,
        contract_code: record.parsed("contract_code", |text| ContractCode::parse(text).ok())?,
        icc_id: record.parsed_or_null("icc_id", |text| Iccid::parse(text).ok())?,
        nrn_receptor: record.parsed("nrn_receptor", |text| Nrn::parse(text).ok())?,
        chosen_window: record.instant_or_null("chosen_window")?,
        recipient: Party { operator: record.operator("recipient_operator")?, org: org("recipient_org")? },
        donor,
        porting: porting(&record)?,
        message_type: record.parsed("message_type", MessageType::parse)?,
        version: record.int("version")?,
    })
}

fn porting<D: Dialect>(record: &Record<'_, D>) -> Result<Porting> {
    let schedule = match record.instant_or_null("registered_at")? {
        Some(registered_at) => {
            let tv = record.instant("tv_start")?..record.instant("tv_end")?;
            Some(Schedule::restore(registered_at, tv, record.instant("window_at")?, record.instant("cancel_limit")?).map_err(internal)?)
        }
        None => None,
    };
    let unsent = match record.parsed_or_null("unsent_answer", Answer::parse)? {
        Some(answer) => Some(UnsentAnswer { answer, send_at: record.instant("unsent_at")? }),
        None => None,
    };
    Porting::restore(PortingRecord {
        state: record.parsed("state", State::parse)?,
        cause: record.parsed_or_null("cause", Cause::parse)?,
        opens_at: record.instant_or_null("opens_at")?,
        schedule,
        silence: record.parsed_or_null("silence", Silence::parse)?,
        reply_deadline: record.instant_or_null("reply_deadline")?,
        unsent,
    })
    .map_err(internal)
}

/// The columns that change in an order's life, ready to be bound.
struct LifeColumns {
    porting: PortingRecord,
    due_at: Option<Timestamp>,
    process_id: Option<String>,
    donor_operator: Option<String>,
    donor_org: Option<String>,
    message_type: MessageType,
}

impl LifeColumns {
    const NAMES: &str = "state, cause, opens_at, registered_at, tv_start, tv_end, window_at, cancel_limit, silence, reply_deadline,
        unsent_answer, unsent_at, due_at, process_id, donor_operator, donor_org, message_type";

    fn of(order: &Order) -> Self {
        Self {
            porting: order.porting.record(),
            due_at: due_at(&order.porting),
            process_id: order.process_id.as_ref().map(|id| id.as_str().to_owned()),
            donor_operator: order.donor_operator().map(|code| code.to_string()),
            donor_org: order.donor_org().map(|org| org.as_str().to_owned()),
            message_type: order.message_type,
        }
    }

    /// In the order of [`Self::NAMES`].
    fn params(&self) -> Vec<Param<'_>> {
        let schedule = self.porting.schedule.as_ref();
        vec![
            self.porting.state.as_str().into(),
            self.porting.cause.map(Cause::as_str).into(),
            self.porting.opens_at.into(),
            schedule.map(Schedule::registered_at).into(),
            schedule.map(|schedule| schedule.tv().start).into(),
            schedule.map(|schedule| schedule.tv().end).into(),
            schedule.map(Schedule::window).into(),
            schedule.map(Schedule::cancel_limit).into(),
            self.porting.silence.map(Silence::as_str).into(),
            self.porting.reply_deadline.into(),
            self.porting.unsent.map(|unsent| unsent.answer.as_str()).into(),
            self.porting.unsent.map(|unsent| unsent.send_at).into(),
            self.due_at.into(),
            self.process_id.as_deref().into(),
            self.donor_operator.as_deref().into(),
            self.donor_org.as_deref().into(),
            self.message_type.as_str().into(),
        ]
    }
}

impl<D: Dialect> SqlUnit<D> {
    async fn orders(&mut self, condition: &[&'static str], params: &[Param<'_>]) -> Result<Vec<Order>> {
        let rows = self.rows(joined(&[&[ORDER], condition].concat()), params).await?;
        rows.iter().map(order::<D>).collect()
    }
}

#[async_trait]
impl<D: Dialect> OrderWrites for SqlUnit<D> {
    async fn request_add(&mut self, request: &NewRequest<'_>) -> Result<Added> {
        let subscriber = request.subscriber.map(serde_json::to_string).transpose().map_err(internal)?;
        let params = [
            request.created_at.into(),
            request.id.into(),
            request.org.map(OrgName::as_str).into(),
            request.contract_code.into(),
            request.digest.into(),
            request.external_reference.into(),
            subscriber.as_deref().into(),
        ];
        let added = self
            .execute(
                "INSERT INTO portability_requests (created_at, id, org, contract_code, digest, external_reference, subscriber)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (org, contract_code) DO NOTHING",
                &params,
            )
            .await?;
        Ok(if added == 1 { Added::New } else { Added::Taken })
    }

    async fn request_digest(&mut self, org: &OrgName, contract_code: &str) -> Result<Option<String>> {
        let sql = joined(&["SELECT digest FROM portability_requests WHERE org = $1 AND contract_code = $2"]);
        let rows = self.rows(sql, &[org.as_str().into(), contract_code.into()]).await?;
        rows.first().map(|row| Record::<D>::new(row, "portability_requests").text("digest")).transpose()
    }

    async fn number_facts(&mut self, msisdns: &[Msisdn]) -> Result<Vec<NumberFacts>> {
        let sql = [
            "SELECT v.column1 AS msisdn, p.operator AS ported_to, m.org, o.operator_code, a.id AS active_order FROM (VALUES ",
            &placeholders(1, msisdns.len(), "($)"),
            ") v LEFT JOIN ported_numbers p ON p.msisdn = v.column1 LEFT JOIN msisdns m ON m.msisdn = v.column1
                 LEFT JOIN orgs o ON o.name = m.org LEFT JOIN portings a ON a.msisdn = v.column1 AND a.state IN ('AENV', 'ASOL', 'ACON')",
        ];
        let params: Vec<_> = msisdns.iter().map(|msisdn| Param::from(*msisdn)).collect();
        let rows = self.rows(assembled(sql.concat()), &params).await?;
        rows.iter().map(number_facts::<D>).collect()
    }

    async fn order_add(&mut self, order: &Order) -> Result<Added> {
        let life = LifeColumns::of(order);
        let (recipient_operator, nrn) = (order.recipient.operator.to_string(), order.nrn_receptor.to_string());
        let icc_id = order.icc_id.as_ref().map(Iccid::to_string);
        let mut params = life.params();
        params.extend::<[Param<'_>; 11]>([
            order.id.as_str().into(),
            order.request_id.as_str().into(),
            order.msisdn.into(),
            order.access_type.as_str().into(),
            order.contract_code.as_str().into(),
            icc_id.as_deref().into(),
            nrn.as_str().into(),
            order.chosen_window.into(),
            recipient_operator.as_str().into(),
            order.recipient.org.as_ref().map(OrgName::as_str).into(),
            1_i64.into(),
        ]);
        let sql = [
            "INSERT INTO portings (",
            LifeColumns::NAMES,
            ", id, request_id, msisdn, access_type, contract_code, icc_id, nrn_receptor, chosen_window, recipient_operator, recipient_org, version)
             VALUES (",
            &placeholders(1, params.len(), "$"),
            ") ON CONFLICT (msisdn) WHERE state IN ('AENV', 'ASOL', 'ACON') DO NOTHING RETURNING id",
        ];
        let rows = self.rows(assembled(sql.concat()), &params).await?;
        Ok(if rows.is_empty() { Added::Taken } else { Added::New })
    }

    async fn order_update(&mut self, order: &Order) -> Result<()> {
        let life = LifeColumns::of(order);
        let mut params = life.params();
        let next = params.len() + 1;
        params.extend::<[Param<'_>; 2]>([order.id.as_str().into(), order.version.into()]);
        let sql = [
            "UPDATE portings SET (version, ",
            LifeColumns::NAMES,
            ") = (SELECT version + 1, ",
            &placeholders(1, next - 1, "$"),
            &format!(") WHERE id = ${next} AND version = ${} RETURNING id", next + 1),
        ];
        let rows = D::rows(&mut self.tx, assembled(sql.concat()), &params).await.map_err(update_failure)?;
        if rows.is_empty() {
            return Err(Error::because(Kind::Unavailable, format!("order {} was changed meanwhile", order.id)));
        }
        Ok(())
    }

    async fn portability_add(&mut self, id: &str, order_id: &str, org: &OrgName, recipient_rol: bool) -> Result<()> {
        let params = [id.into(), order_id.into(), org.as_str().into(), i64::from(recipient_rol).into()];
        self.execute("INSERT INTO portabilities (id, porting_id, org, recipient_rol) VALUES ($1, $2, $3, $4)", &params).await?;
        Ok(())
    }

    async fn event_add(&mut self, id: &str, order_id: &str, event: &Event) -> Result<()> {
        let params =
            [event.at.into(), order_id.into(), id.into(), event.message_type.as_str().into(), event.cause.map(Cause::as_str).into()];
        self.execute("INSERT INTO portability_events (at, porting_id, id, message_type, cause) VALUES ($1, $2, $3, $4, $5)", &params)
            .await?;
        Ok(())
    }

    async fn orders_due(&mut self, scope: &DueScope, now: Timestamp, claim: Claim, limit: u32) -> Result<Vec<Order>> {
        let (condition, mut params) = due_condition(scope, now);
        params.push(i64::from(limit).into());
        let (last, lock) = (params.len(), lock::<D>(claim));
        let sql = format!("{ORDER} WHERE {condition} AND state <> 'AENV' ORDER BY due_at, msisdn LIMIT ${last}{lock}");
        let rows = self.rows(assembled(sql), &params).await?;
        rows.iter().map(order::<D>).collect()
    }

    async fn requests_due(&mut self, scope: &DueScope, now: Timestamp, claim: Claim, limit: u32) -> Result<Vec<String>> {
        let (condition, mut params) = due_condition(scope, now);
        params.push(i64::from(limit).into());
        let (last, lock) = (params.len(), lock::<D>(claim));
        let sql = format!(
            "SELECT id FROM portability_requests WHERE id IN (SELECT request_id FROM portings WHERE {condition} AND state = 'AENV')
              ORDER BY created_at, id LIMIT ${last}{lock}"
        );
        let rows = self.rows(assembled(sql), &params).await?;
        rows.iter().map(|row| Record::<D>::new(row, "portability_requests").text("id")).collect()
    }

    async fn orders_waiting(&mut self, request_id: &str) -> Result<Vec<Order>> {
        self.orders(&[" WHERE request_id = $1 AND state = 'AENV' ORDER BY msisdn", D::FOR_UPDATE], &[request_id.into()]).await
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

    async fn portabilities_of(&mut self, org: &OrgName, order_ids: &[&str]) -> Result<Vec<Portability>> {
        if order_ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids = placeholders(2, order_ids.len(), "$");
        let sql = portability_sql(&format!("v.org = $1 AND v.porting_id IN ({ids}) ORDER BY v.number"));
        let mut params = vec![Param::from(org.as_str())];
        params.extend(order_ids.iter().map(|id| Param::from(*id)));
        let rows = self.rows(assembled(sql), &params).await?;
        rows.iter().map(portability::<D>).collect()
    }

    async fn counter_next(&mut self, name: &str, limit: u32) -> Result<Option<u32>> {
        if limit == 0 {
            return Ok(None);
        }
        let sql = joined(&["INSERT INTO counters (name, value) VALUES ($1, 1)
             ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 WHERE counters.value < $2 RETURNING value"]);
        let rows = self.rows(sql, &[name.into(), i64::from(limit).into()]).await?;
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
        let rows = DirectoryRows::<D> {
            operators: self.rows(joined(&[OPERATORS]), &[]).await?,
            nrn_ranges: self.rows(joined(&[NRN_RANGES]), &[]).await?,
            msisdn_ranges: self.rows(joined(&[MSISDN_RANGES]), &[]).await?,
            holidays: self.rows(joined(&[HOLIDAYS]), &[]).await?,
        };
        rows.directory()
    }

    async fn number_ported(&mut self, order: &Order, at: Timestamp) -> Result<()> {
        self.ported_number_put(order.msisdn, order.recipient.operator, order.nrn_receptor).await?;
        let Some(recipient) = &order.recipient.org else {
            let sql = "UPDATE msisdns SET belongs_to = 'outside', checked_at = $2 WHERE msisdn = $1";
            self.execute(sql, &[order.msisdn.into(), at.into()]).await?;
            return Ok(());
        };
        // The right-hand sides are those before the update: from_system is the system that served the number at its donor.
        let sql =
            "UPDATE msisdns SET org = $2, belongs_to = (SELECT home_system FROM orgs WHERE name = $2), status = 'OK', checked_at = $3,
                from_org = $4, from_system = CASE WHEN $4 IS NULL THEN NULL ELSE belongs_to END
             WHERE msisdn = $1";
        let donor = order.donor_org().map(OrgName::as_str);
        self.execute(sql, &[order.msisdn.into(), recipient.as_str().into(), at.into(), donor.into()]).await?;
        Ok(())
    }

    async fn ported_number_put(&mut self, msisdn: Msisdn, operator: OperatorCode, nrn: Nrn) -> Result<()> {
        self.must_be_for_every_org()?;
        let (operator, nrn) = (operator.to_string(), nrn.to_string());
        self.execute(
            "INSERT INTO ported_numbers (msisdn, operator, nrn) VALUES ($1, $2, $3)
             ON CONFLICT (msisdn) DO UPDATE SET operator = excluded.operator, nrn = excluded.nrn",
            &[msisdn.into(), operator.as_str().into(), nrn.as_str().into()],
        )
        .await?;
        Ok(())
    }

    async fn operator_put(&mut self, operator: &Operator) -> Result<()> {
        self.put_operator(operator).await
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
