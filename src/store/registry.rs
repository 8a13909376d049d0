//! Orgs and settings in SQL.

use async_trait::async_trait;

use super::dialect::Dialect;
use super::reads::Lookup;
use super::record::Record;
use super::sql::{SqlStore, SqlUnit};
use super::{Registry, RegistryWrites};
use crate::domain::msisdn::Msisdn;
use crate::domain::operator_token::OperatorToken;
use crate::domain::org::{Org, OrgName, Tenancy};
use crate::error::{Error, Kind, Result};

/// Every org.
pub(super) const ORGS: &str = "SELECT name, operator_code, nrn, home_system, tenant_id, bit, tier FROM orgs ORDER BY name";

/// Orgs by their names.
static ORGS_BY_NAME: Lookup = Lookup {
    head: &["SELECT name AS asked, name, operator_code, nrn, home_system, tenant_id, bit, tier FROM orgs WHERE name IN ("],
    tail: ")",
};

/// Reads an org from a row that has the columns of `orgs`.
pub(super) fn org<D: Dialect>(row: &D::Row) -> Result<Org> {
    let record = Record::<D>::new(row, "orgs");
    Ok(Org {
        name: record.org_name("name")?,
        operator_code: record.text("operator_code")?,
        nrn: record.text("nrn")?,
        home_system: record.belongs_to("home_system")?,
        tenant_id: record.int("tenant_id")?,
        bit: record.int("bit")?,
        tier: record.int("tier")?,
    })
}

#[async_trait]
impl<D: Dialect> Registry for SqlStore<D> {
    async fn org(&self, name: &OrgName) -> Result<Option<Org>> {
        let rows = self.reads.rows(&ORGS_BY_NAME, name.as_str().into()).await?;
        rows.first().map(org::<D>).transpose()
    }

    async fn orgs(&self) -> Result<Vec<Org>> {
        let rows = self.read(ORGS, &[]).await?;
        rows.iter().map(org::<D>).collect()
    }

    async fn setting(&self, name: &str) -> Result<Option<String>> {
        let rows = self.read("SELECT value FROM settings WHERE name = $1", &[name.into()]).await?;
        rows.first().map(|row| Record::<D>::new(row, "settings").text("value")).transpose()
    }

    async fn is_empty(&self) -> Result<bool> {
        let rows = self.read("SELECT 1 FROM orgs LIMIT 1", &[]).await?;
        Ok(rows.is_empty())
    }
}

/// Refuses to write for an org that a tenancy does not see: a defect of ours, never a caller's.
pub(super) fn must_see(tenancy: &Tenancy, org: &OrgName) -> Result<()> {
    if tenancy.sees(org) {
        return Ok(());
    }
    Err(Error::because(Kind::Internal, format!("a unit of work for {tenancy:?} was asked to write for {org}")))
}

impl<D: Dialect> SqlUnit<D> {
    /// As the function of this name, for the unit of work's tenancy.
    pub(super) fn must_see(&self, org: &OrgName) -> Result<()> {
        must_see(&self.tenancy, org)
    }

    /// Refuses what only the server itself may do.
    pub(super) fn must_be_for_every_org(&self) -> Result<()> {
        if self.tenancy == Tenancy::Every {
            return Ok(());
        }
        Err(Error::because(Kind::Internal, format!("a unit of work for {:?} was asked to change the registry", self.tenancy)))
    }
}

/// Everything but what the database was served as, children first.
const CLEARED: [&str; 16] = [
    "DELETE FROM audit",
    "DELETE FROM settings WHERE name <> 'mode'",
    "DELETE FROM portability_events",
    "DELETE FROM portabilities",
    "DELETE FROM portings",
    "DELETE FROM portability_requests",
    "DELETE FROM counters",
    "DELETE FROM ported_numbers",
    "DELETE FROM holidays",
    "DELETE FROM msisdn_ranges",
    "DELETE FROM nrn_ranges",
    "DELETE FROM operators",
    "DELETE FROM operator_tokens",
    "DELETE FROM imsis",
    "DELETE FROM msisdns",
    "DELETE FROM orgs",
];

#[async_trait]
impl<D: Dialect> RegistryWrites for SqlUnit<D> {
    async fn org_put(&mut self, org: &Org) -> Result<()> {
        self.must_be_for_every_org()?;
        let params = [
            org.name.as_str().into(),
            org.operator_code.as_str().into(),
            org.nrn.as_str().into(),
            org.home_system.as_str().into(),
            org.tenant_id.into(),
            org.bit.into(),
            org.tier.into(),
        ];
        self.execute(
            "INSERT INTO orgs (name, operator_code, nrn, home_system, tenant_id, bit, tier) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (name) DO UPDATE SET operator_code = excluded.operator_code, nrn = excluded.nrn,
                 home_system = excluded.home_system, tenant_id = excluded.tenant_id, bit = excluded.bit, tier = excluded.tier",
            &params,
        )
        .await?;
        Ok(())
    }

    async fn setting_put(&mut self, name: &str, value: &str) -> Result<()> {
        self.must_be_for_every_org()?;
        self.execute(
            "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            &[name.into(), value.into()],
        )
        .await?;
        Ok(())
    }

    async fn operator_token_put(&mut self, token: &OperatorToken, msisdn: Msisdn, expires_at: Option<jiff::Timestamp>) -> Result<()> {
        self.must_be_for_every_org()?;
        self.execute(
            "INSERT INTO operator_tokens (token, msisdn, expires_at) VALUES ($1, $2, $3)
             ON CONFLICT (token) DO UPDATE SET msisdn = excluded.msisdn, expires_at = excluded.expires_at",
            &[token.expose().into(), msisdn.into(), expires_at.into()],
        )
        .await?;
        Ok(())
    }

    async fn clear(&mut self) -> Result<()> {
        self.must_be_for_every_org()?;
        // Who writes meanwhile would refer to what is being removed.
        if let Some(statement) = D::LOCK_OUT {
            self.execute(statement, &[]).await?;
        }
        for statement in CLEARED {
            self.execute(statement, &[]).await?;
        }
        Ok(())
    }
}
