//! The built-in Entitlement Server's tokens in SQL.

use async_trait::async_trait;
use jiff::Timestamp;

use super::OperatorTokens;
use super::dialect::Dialect;
use super::record::Record;
use super::sql::SqlStore;
use crate::domain::msisdn::Msisdn;
use crate::domain::operator_token::OperatorToken;
use crate::error::Result;

#[async_trait]
impl<D: Dialect> OperatorTokens for SqlStore<D> {
    async fn number_of_token(&self, token: &OperatorToken, now: Timestamp) -> Result<Option<Msisdn>> {
        let sql = "SELECT msisdn FROM operator_tokens WHERE token = $1 AND (expires_at IS NULL OR expires_at > $2)";
        let rows = self.read(sql, &[token.expose().into(), now.into()]).await?;
        rows.first().map(|row| Record::<D>::new(row, "operator_tokens").msisdn("msisdn")).transpose()
    }
}
