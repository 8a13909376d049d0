//! The built-in Entitlement Server: stored tokens that expire, judged by the clock of the data.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{EntitlementError, EntitlementServer};
use crate::domain::msisdn::Msisdn;
use crate::domain::operator_token::OperatorToken;
use crate::store::Store;

/// Answers from the tokens of a store.
pub struct StoredTokens {
    store: Arc<dyn Store>,
}

impl StoredTokens {
    /// The Entitlement Server of a store's tokens.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }
}

#[async_trait]
impl EntitlementServer for StoredTokens {
    async fn msisdn(&self, token: &OperatorToken, now: Timestamp) -> Result<String, EntitlementError> {
        let number = self.store.number_of_token(token, now).await;
        let number = number.map_err(|error| EntitlementError::Stored { kind: error.kind(), story: error.story() })?;
        number.map(Msisdn::international).ok_or(EntitlementError::UnknownToken)
    }
}
