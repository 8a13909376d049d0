//! The Entitlement Server: whom an operator token belongs to.

pub mod measured;
pub mod stored;
pub mod ts43;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::operator_token::OperatorToken;
use crate::error::Kind;

/// Knows the subscriber behind an operator token.
#[async_trait]
pub trait EntitlementServer: Send + Sync {
    /// The number behind `token`, as the Entitlement Server writes it: 1 to 15 digits (E.164), with or without a
    /// leading `+`. It need not be a number of this country.
    ///
    /// `now` is the instant at which a token's expiry is judged, where the judging is done here; a remote server
    /// judges by its own clock.
    ///
    /// # Errors
    /// Why there is no number: see [`EntitlementError`].
    async fn msisdn(&self, token: &OperatorToken, now: Timestamp) -> Result<String, EntitlementError>;
}

/// Why the Entitlement Server gave no number.
///
/// No variant ever holds the token, nor anything the server wrote, which may repeat it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntitlementError {
    /// The server calls the request, and so the token, malformed (GSMA TS.43 §2.8.6: 400).
    #[error("the Entitlement Server refused the request as invalid")]
    InvalidRequest,
    /// The server does not know the token, or it has expired (401, 404, 511).
    #[error("the Entitlement Server does not know the operator token")]
    UnknownToken,
    /// The token does not entitle to this operation (403).
    #[error("the Entitlement Server does not allow the operation for the operator token")]
    Forbidden,
    /// The server could not be reached in time or gave an answer that cannot be used. The text is the cause, for
    /// the log only; `Display` leaves it out, so that it cannot reach a client by accident.
    #[error("the Entitlement Server gave no usable answer")]
    BadGateway(String),
    /// The tokens are stored here, and the store fails.
    #[error("{story}")]
    Stored {
        /// The failure's kind.
        kind: Kind,
        /// The failure's whole story, for the log.
        story: String,
    },
}
