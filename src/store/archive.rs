//! Everything that a database holds, in SQL: to be written elsewhere.

use async_trait::async_trait;

use super::Exports;
use super::dialect::{Dialect, Param};
use super::order_row::{ORDER, order};
use super::record::Record;
use super::registry::ORGS;
use super::sql::{SqlUnit, joined};
use crate::domain::archive::{Archive, ArchivedEvent, ArchivedPortability, ArchivedRequest};
use crate::domain::cause::Cause;
use crate::domain::inventory::NewNumber;
use crate::domain::listing::PortedNumber;
use crate::domain::msisdn::Msisdn;
use crate::domain::nrn::Nrn;
use crate::domain::operator_token::{OperatorToken, StoredToken};
use crate::domain::org::{Org, OrgName};
use crate::domain::portability::{Event, MessageType};
use crate::error::{Error, Kind, Result};

const NUMBERS: &str =
    "SELECT m.msisdn, m.org, m.belongs_to, m.status, m.checked_at, m.from_org, m.from_system, s.imsi, s.segment, s.created_at, s.slot
   FROM (SELECT * FROM msisdns WHERE msisdn > $1 ORDER BY msisdn LIMIT $2) m LEFT JOIN imsis s ON s.msisdn = m.msisdn ORDER BY m.msisdn";

const PORTED_NUMBERS: &str = "SELECT msisdn, operator, nrn FROM ported_numbers WHERE msisdn > $1 ORDER BY msisdn LIMIT $2";

#[async_trait]
impl<D: Dialect> Exports for SqlUnit<D> {
    async fn orgs_now(&mut self) -> Result<Vec<Org>> {
        let rows = self.every(ORGS).await?;
        rows.iter().map(super::registry::org::<D>).collect()
    }

    async fn numbers(&mut self, after: Option<Msisdn>, limit: u32) -> Result<Vec<NewNumber>> {
        let rows = self.following(NUMBERS, after, limit).await?;
        let msisdn = |row: &D::Row| Record::<D>::new(row, "msisdns").int("msisdn").ok();
        rows.chunk_by(|one, other| msisdn(one) == msisdn(other)).map(number::<D>).collect()
    }

    async fn operator_tokens(&mut self) -> Result<Vec<StoredToken>> {
        let rows = self.every("SELECT token, msisdn, expires_at FROM operator_tokens ORDER BY token").await?;
        rows.iter().map(token::<D>).collect()
    }

    async fn ported_numbers(&mut self, after: Option<Msisdn>, limit: u32) -> Result<Vec<PortedNumber>> {
        let rows = self.following(PORTED_NUMBERS, after, limit).await?;
        rows.iter().map(ported_number::<D>).collect()
    }

    async fn archive(&mut self) -> Result<Archive> {
        let requests = "SELECT created_at, id, org, contract_code, digest, external_reference, subscriber FROM portability_requests ORDER BY created_at, id";
        let requests = self.every(requests).await?;
        let orders = self.rows(joined(&[ORDER, " ORDER BY request_id, msisdn"]), &[]).await?;
        let portabilities = self.every("SELECT id, porting_id, org, recipient_rol FROM portabilities ORDER BY number").await?;
        let events =
            self.every("SELECT id, porting_id, at, message_type, cause FROM portability_events ORDER BY notification_code").await?;
        let counters = self.every("SELECT name, value FROM counters ORDER BY name").await?;
        Ok(Archive {
            requests: requests.iter().map(request::<D>).collect::<Result<_>>()?,
            orders: orders.iter().map(order::<D>).collect::<Result<_>>()?,
            portabilities: portabilities.iter().map(portability::<D>).collect::<Result<_>>()?,
            events: events.iter().map(event::<D>).collect::<Result<_>>()?,
            counters: counters.iter().map(counter::<D>).collect::<Result<_>>()?,
        })
    }
}

impl<D: Dialect> SqlUnit<D> {
    /// Rows of every org.
    async fn every(&mut self, sql: &'static str) -> Result<Vec<D::Row>> {
        self.must_be_for_every_org()?;
        self.rows(joined(&[sql]), &[]).await
    }

    /// Rows of the numbers after another one, or of all.
    async fn following(&mut self, sql: &'static str, after: Option<Msisdn>, limit: u32) -> Result<Vec<D::Row>> {
        self.must_be_for_every_org()?;
        let after = after.map_or(Param::Int(Some(0)), Param::from);
        self.rows(joined(&[sql]), &[after, i64::from(limit).into()]).await
    }
}

fn number<D: Dialect>(rows: &[D::Row]) -> Result<NewNumber> {
    let Some(first) = rows.first() else { return Err(Error::because(Kind::Internal, "a number without rows")) };
    let record = Record::<D>::new(first, "msisdns");
    Ok(NewNumber {
        msisdn: record.msisdn("msisdn")?,
        org: record.org_name("org")?,
        belongs_to: record.belongs_to("belongs_to")?,
        status: record.status("status")?,
        checked_at: record.instant("checked_at")?,
        internal_portability: super::inventory::origin(&record)?,
        sims: super::inventory::sims::<D>(rows)?,
    })
}

fn token<D: Dialect>(row: &D::Row) -> Result<StoredToken> {
    let record = Record::<D>::new(row, "operator_tokens");
    Ok(StoredToken {
        token: record.parsed("token", |text| OperatorToken::parse(text).ok())?,
        msisdn: record.msisdn("msisdn")?,
        expires_at: record.instant_or_null("expires_at")?,
    })
}

fn ported_number<D: Dialect>(row: &D::Row) -> Result<PortedNumber> {
    let record = Record::<D>::new(row, "ported_numbers");
    Ok(PortedNumber {
        msisdn: record.msisdn("msisdn")?,
        operator: record.operator("operator")?,
        nrn: record.parsed("nrn", |text| Nrn::parse(text).ok())?,
    })
}

fn request<D: Dialect>(row: &D::Row) -> Result<ArchivedRequest> {
    let record = Record::<D>::new(row, "portability_requests");
    Ok(ArchivedRequest {
        id: record.text("id")?,
        org: record.parsed_or_null("org", |text| OrgName::parse(text).ok())?,
        contract_code: record.text("contract_code")?,
        digest: record.text("digest")?,
        external_reference: record.text_or_null("external_reference")?,
        subscriber: super::portability::subscriber::<D>(row)?,
        created_at: record.instant("created_at")?,
    })
}

fn portability<D: Dialect>(row: &D::Row) -> Result<ArchivedPortability> {
    let record = Record::<D>::new(row, "portabilities");
    Ok(ArchivedPortability {
        id: record.text("id")?,
        order_id: record.text("porting_id")?,
        org: record.org_name("org")?,
        recipient_rol: record.int("recipient_rol")? == 1,
    })
}

fn event<D: Dialect>(row: &D::Row) -> Result<ArchivedEvent> {
    let record = Record::<D>::new(row, "portability_events");
    Ok(ArchivedEvent {
        id: record.text("id")?,
        order_id: record.text("porting_id")?,
        event: Event {
            message_type: record.parsed("message_type", MessageType::parse)?,
            cause: record.parsed_or_null("cause", Cause::parse)?,
            at: record.instant("at")?,
        },
    })
}

fn counter<D: Dialect>(row: &D::Row) -> Result<(String, u32)> {
    let record = Record::<D>::new(row, "counters");
    Ok((record.text("name")?, record.int_as("value", |value| u32::try_from(value).ok())?))
}
