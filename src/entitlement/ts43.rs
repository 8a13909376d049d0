//! Client of a GSMA TS.43 Entitlement Server, in the part of an application server that has an operator token.

mod answer;
#[cfg(test)]
mod stub;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::header::{ACCEPT, AsHeaderName, DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument as _;

use super::{EntitlementError, EntitlementServer};
use crate::domain::operator_token::OperatorToken;
use crate::telemetry::traces;

/// "Application authentication" among the applications of TS.43.
const APP_ID: &str = "ap2015";
/// TS.43 wants a terminal even of a server; GSMA RCC.14 §2.4 allows 4, 10 and 20 characters.
const TERMINAL_VENDOR: &str = "PRTR";
const TERMINAL_MODEL: &str = "portero";
const SOFTWARE_VERSION: &str = env!("CARGO_PKG_VERSION");

const ACCEPTED: &str = "application/json, text/vnd.wap.connectivity-xml";
/// An answer has a few hundred bytes; what is longer than this many is none.
const MAX_BODY: usize = 64 * 1024;
/// How often a question is asked again at most, when the answer is 503.
const RETRIES: u32 = 2;

/// How an Entitlement Server is reached.
#[derive(Debug, Clone)]
pub struct Ts43Config {
    /// Where the server takes requests, `http` or `https`; path and query are kept, credentials are not allowed.
    pub base_url: Url,
    /// `requestor_id`: who asks, as agreed with the server's operator (usually a UUID).
    pub requestor_id: String,
    /// `entitlement_version`: the TS.43 version both sides speak, such as `12.0`.
    pub entitlement_version: String,
    /// `access_token`: the `OAuth` 2.0 token of server-to-server requests, where the server wants one.
    pub access_token: Option<AccessToken>,
    /// The time one question may take in all, retries and pauses included.
    pub budget: Duration,
    /// The pause before the first retry; each further one is twice as long.
    pub backoff: Duration,
}

impl Ts43Config {
    /// A server without access token, asked for at most 3 s, retried after 100 ms.
    #[must_use]
    pub fn new(base_url: Url, requestor_id: String, entitlement_version: String) -> Self {
        Self {
            base_url,
            requestor_id,
            entitlement_version,
            access_token: None,
            budget: Duration::from_secs(3),
            backoff: Duration::from_millis(100),
        }
    }
}

/// An `OAuth` 2.0 access token; its `Debug` hides it.
#[derive(Clone)]
pub struct AccessToken(String);

impl From<String> for AccessToken {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AccessToken(redacted)")
    }
}

/// A [`Ts43Config`] no client can be made of.
#[derive(Debug, thiserror::Error)]
pub enum Ts43ConfigError {
    /// The scheme of the base URL is neither `http` nor `https`.
    #[error("the URL of the Entitlement Server must begin with http:// or https://")]
    Scheme,
    /// The base URL has a user or a password, which would show wherever the URL is shown.
    #[error("the URL of the Entitlement Server must not contain a user or password")]
    Credentials,
    /// The HTTP client, or the TLS in it, cannot be set up.
    #[error("no HTTP client for the Entitlement Server")]
    Client(#[source] reqwest::Error),
}

/// Asks a remote Entitlement Server over HTTP.
#[derive(Debug)]
pub struct Ts43Client {
    http: Client,
    config: Ts43Config,
}

impl Ts43Client {
    /// A client for the server of `config`; it connects at the first question.
    ///
    /// # Errors
    /// [`Ts43ConfigError`] when the base URL or the system's TLS set-up cannot be used.
    pub fn new(config: Ts43Config) -> Result<Self, Ts43ConfigError> {
        let url = &config.base_url;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Ts43ConfigError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Ts43ConfigError::Credentials);
        }
        let http = Client::builder()
            .user_agent(format!(
                "PRD-TS43 term-{TERMINAL_VENDOR}/{TERMINAL_MODEL} portero/{SOFTWARE_VERSION} OS-none/0"
            ))
            // The query holds the token: it goes to the configured server and to nobody else.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(Ts43ConfigError::Client)?;
        Ok(Self { http, config })
    }

    /// GSMA TS.43 §2.8: the parameters of `GetSubscriberDeviceInfo` with an operator token.
    fn question(&self, token: &OperatorToken) -> Url {
        let mut url = self.config.base_url.clone();
        let mut query = url.query_pairs_mut();
        query
            .append_pair("app", APP_ID)
            .append_pair("operation", "GetSubscriberDeviceInfo")
            .append_pair("operator_token", token.expose())
            .append_pair("requestor_id", &self.config.requestor_id)
            .append_pair("entitlement_version", &self.config.entitlement_version)
            .append_pair("vers", "1")
            .append_pair("terminal_vendor", TERMINAL_VENDOR)
            .append_pair("terminal_model", TERMINAL_MODEL)
            .append_pair("terminal_sw_version", SOFTWARE_VERSION);
        if let Some(AccessToken(access_token)) = &self.config.access_token {
            query.append_pair("access_token", access_token);
        }
        drop(query);
        url
    }

    /// Asks until there is an answer other than 503, the retries are used up, or the next one would come too late.
    async fn ask(&self, question: &Url, deadline: Instant) -> Result<String, EntitlementError> {
        let mut retries = 0;
        loop {
            let response = self.send(question.clone()).await?;
            let pause = sleep(pause(response.headers(), self.config.backoff, retries));
            let again = response.status() == StatusCode::SERVICE_UNAVAILABLE && retries < RETRIES && pause.deadline() < deadline;
            if !again {
                return judge(response).await;
            }
            drop(response);
            pause.await;
            retries += 1;
        }
    }

    async fn send(&self, question: Url) -> Result<Response, EntitlementError> {
        let (span, headers) = traces::question("GetSubscriberDeviceInfo");
        let request = self.http.get(question).header(ACCEPT, ACCEPTED).headers(headers);
        let response = request.send().instrument(span.clone()).await.map_err(transport)?;
        traces::answered(&span, response.status().as_u16());
        Ok(response)
    }
}

#[async_trait]
impl EntitlementServer for Ts43Client {
    async fn msisdn(&self, token: &OperatorToken, _now: Timestamp) -> Result<String, EntitlementError> {
        let deadline = sleep(self.config.budget).deadline();
        let question = self.question(token);
        match timeout_at(deadline, self.ask(&question, deadline)).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(EntitlementError::BadGateway(format!("no answer within {:?}", self.config.budget))),
        }
    }
}

/// GSMA TS.43 table 13 and §2.8.6: what a status means, and the number when it is 200.
async fn judge(response: Response) -> Result<String, EntitlementError> {
    match response.status() {
        StatusCode::OK => {
            let body = body(response).await?;
            answer::msisdn(&body).map_err(|cause| EntitlementError::BadGateway(cause.to_string()))
        }
        StatusCode::BAD_REQUEST => Err(EntitlementError::InvalidRequest),
        StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND | StatusCode::NETWORK_AUTHENTICATION_REQUIRED => {
            Err(EntitlementError::UnknownToken)
        }
        StatusCode::FORBIDDEN => Err(EntitlementError::Forbidden),
        other => Err(EntitlementError::BadGateway(format!("status {}", other.as_u16()))),
    }
}

/// Reads the body as it comes and stops at the first byte too many.
async fn body(mut response: Response) -> Result<Vec<u8>, EntitlementError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(transport)? {
        if body.len() + chunk.len() > MAX_BODY {
            let cause = format!("body of more than {MAX_BODY} bytes");
            return Err(EntitlementError::BadGateway(cause));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The pause before asking again: what the server asks for, but never less than our own back-off, which doubles
/// with every retry there was.
fn pause(headers: &HeaderMap, backoff: Duration, retries: u32) -> Duration {
    let own = backoff.saturating_mul(2_u32.saturating_pow(retries));
    retry_after(headers).map_or(own, |asked| asked.max(own))
}

/// `Retry-After` (RFC 9110 §10.2.3) in seconds or as a date. The date is compared with the answer's own `Date`, so
/// that the two clocks need not agree.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let asked = headers.get(RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let wait = http_date(headers, RETRY_AFTER)?.duration_since(http_date(headers, DATE)?);
    Duration::try_from(wait).ok()
}

fn http_date(headers: &HeaderMap, name: impl AsHeaderName) -> Option<Timestamp> {
    let text = headers.get(name)?.to_str().ok()?;
    Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp())
}

/// The causes from the outermost to the innermost, without the URL, whose query holds the tokens.
fn transport(error: reqwest::Error) -> EntitlementError {
    let error = error.without_url();
    let mut cause = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        cause.push_str(": ");
        cause.push_str(&inner.to_string());
        source = inner.source();
    }
    EntitlementError::BadGateway(cause)
}
