//! An Entitlement Server whose answers are counted and timed.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{EntitlementError, EntitlementServer};
use crate::clock::Stopwatch;
use crate::domain::operator_token::OperatorToken;
use crate::telemetry::metrics::Metrics;

/// Measures what another one does.
pub struct Measured<S> {
    server: S,
    metrics: Arc<Metrics>,
}

impl<S> Measured<S> {
    /// Measures `server`.
    #[must_use]
    pub fn new(server: S, metrics: Arc<Metrics>) -> Self {
        Self { server, metrics }
    }
}

#[async_trait]
impl<S: EntitlementServer> EntitlementServer for Measured<S> {
    async fn msisdn(&self, token: &OperatorToken, now: Timestamp) -> Result<String, EntitlementError> {
        let started = Stopwatch::start();
        let answer = self.server.msisdn(token, now).await;
        let outcome = match &answer {
            Ok(_) => "found",
            Err(EntitlementError::InvalidRequest) => "invalid_request",
            Err(EntitlementError::UnknownToken) => "unknown_token",
            Err(EntitlementError::Forbidden) => "forbidden",
            Err(EntitlementError::BadGateway(_)) => "bad_gateway",
            Err(EntitlementError::Stored { .. }) => "store",
        };
        self.metrics.upstream(outcome, started.elapsed());
        answer
    }
}
