//! Many rows at once, in SQL.

use std::collections::HashSet;

use async_trait::async_trait;
use sqlx::error::DatabaseError;

use super::dialect::{Dialect, Param, Table};
use super::failure::query_failure;
use super::inventory::{NUMBER, SIM, number_row, sim_rows};
use super::record::Record;
use super::sql::{SqlUnit, assembled, placeholders};
use super::{Added, Bulk};
use crate::domain::imsi::Imsi;
use crate::domain::inventory::NewNumber;
use crate::domain::listing::PortedNumber;
use crate::domain::msisdn::Msisdn;
use crate::error::{Error, Kind, Result};

const PORTED_NUMBERS: Table = Table { name: "ported_numbers", columns: &["msisdn", "operator", "nrn"] };

/// Keys that one statement asks for.
const KEYS: usize = 500;

impl<D: Dialect> SqlUnit<D> {
    /// Adds all the rows, or none if a key is taken.
    async fn load(&mut self, parts: &[(&Table, Vec<Vec<Param<'_>>>)]) -> Result<Added> {
        self.must_be_for_every_org()?;
        self.execute("SAVEPOINT load", &[]).await?;
        let mut added = Added::New;
        for (table, rows) in parts {
            match D::load(&mut self.tx, table, rows).await {
                Ok(()) => {}
                Err(error) if error.as_database_error().is_some_and(DatabaseError::is_unique_violation) => {
                    self.execute("ROLLBACK TO SAVEPOINT load", &[]).await?;
                    added = Added::Taken;
                    break;
                }
                Err(error) => return Err(query_failure(error)),
            }
        }
        self.execute("RELEASE SAVEPOINT load", &[]).await?;
        Ok(added)
    }

    /// Runs a statement for some keys after the other, which stand in it where `{}` does.
    async fn for_keys(&mut self, sql: &str, keys: &[Param<'_>]) -> Result<Vec<D::Row>> {
        let mut found = Vec::new();
        for keys in keys.chunks(KEYS) {
            found.extend(self.rows(assembled(sql.replace("{}", &placeholders(1, keys.len()))), keys).await?);
        }
        Ok(found)
    }
}

#[async_trait]
impl<D: Dialect> Bulk for SqlUnit<D> {
    async fn numbers_load(&mut self, numbers: &[&NewNumber]) -> Result<Added> {
        let rows = numbers.iter().map(|number| number_row(number)).collect();
        let sims = numbers.iter().flat_map(|number| sim_rows(number)).collect();
        self.load(&[(&NUMBER, rows), (&SIM, sims)]).await
    }

    async fn plan_for_loaded(&mut self) -> Result<()> {
        match D::ANALYZE {
            Some(statement) => self.execute(statement, &[]).await.map(drop),
            None => Ok(()),
        }
    }

    async fn msisdns_taken(&mut self, msisdns: &[Msisdn]) -> Result<HashSet<Msisdn>> {
        let keys: Vec<_> = msisdns.iter().map(|msisdn| Param::from(*msisdn)).collect();
        let rows = self.for_keys("SELECT msisdn FROM msisdns WHERE msisdn IN ({})", &keys).await?;
        rows.iter().map(|row| Record::<D>::new(row, "msisdns").msisdn("msisdn")).collect()
    }

    async fn imsis_taken(&mut self, imsis: &[&Imsi]) -> Result<HashSet<Imsi>> {
        let keys: Vec<_> = imsis.iter().map(|imsi| Param::from(*imsi)).collect();
        let rows = self.for_keys("SELECT imsi FROM imsis WHERE imsi IN ({})", &keys).await?;
        rows.iter().map(|row| Record::<D>::new(row, "imsis").imsi("imsi")).collect()
    }

    async fn ported_numbers_load(&mut self, numbers: &[PortedNumber]) -> Result<()> {
        let texts: Vec<_> = numbers.iter().map(|ported| (ported.msisdn, ported.operator.to_string(), ported.nrn.to_string())).collect();
        let rows = || texts.iter().map(|(msisdn, operator, nrn)| vec![(*msisdn).into(), operator.as_str().into(), nrn.as_str().into()]);
        if self.load(&[(&PORTED_NUMBERS, rows().collect())]).await? == Added::New {
            return Ok(());
        }
        let keys: Vec<_> = numbers.iter().map(|ported| Param::from(ported.msisdn)).collect();
        self.for_keys("DELETE FROM ported_numbers WHERE msisdn IN ({})", &keys).await?;
        match self.load(&[(&PORTED_NUMBERS, rows().collect())]).await? {
            Added::New => Ok(()),
            Added::Taken => Err(Error::new(Kind::Conflict, "somebody else changes the same ported numbers at this moment")),
        }
    }
}
