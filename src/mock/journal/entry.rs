//! An entry of the journal: as it is kept, and as it is shown.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::envelope::Sealed;
use crate::mock::faults::rule::Drop;
use crate::mock::faults::{Effect, Fault};
use crate::mock::operations::Operation;

/// How much of a body is kept, in bytes.
pub const MOST_OF_A_BODY: usize = 64 << 10;
/// What an entry takes besides its texts, roughly, in bytes.
const OVERHEAD: usize = 512;

/// An entry.
#[derive(Debug)]
pub struct Entry {
    /// Its place: 1 is the first since the server started, and no id is given twice.
    pub id: u64,
    /// What it takes.
    pub bytes: usize,
    /// What happened.
    pub facts: Facts,
}

/// What happened.
#[derive(Debug, Clone)]
pub struct Facts {
    /// When the request came, by the sandbox's clock.
    pub at: Timestamp,
    /// When it really came.
    pub real_at: Timestamp,
    /// Its method.
    pub method: String,
    /// Its path, without secrets.
    pub path: String,
    /// Its query, without secrets.
    pub query: Option<String>,
    /// The operation that it asked for, if there is one.
    pub operation: Option<&'static Operation>,
    /// What was sent, as far as it was read.
    pub request: Message,
    /// The status and what was answered, unless the caller went away before.
    pub response: Option<(u16, Message)>,
    /// Why it was refused.
    pub refusal: Option<Sealed>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// How long it took.
    pub took: Duration,
    /// The fault that it met.
    pub fault: Option<Fault>,
}

/// Headers and a body.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// The headers, without secrets.
    pub headers: Vec<(String, String)>,
    /// The body's beginning: [`MOST_OF_A_BODY`] at most.
    pub body: Bytes,
    /// The length of the whole body, in bytes.
    pub length: usize,
}

impl Message {
    /// A message with a body of which this is the beginning.
    #[must_use]
    pub fn of(headers: Vec<(String, String)>, body: Bytes, length: usize) -> Self {
        Self { headers, body, length }
    }

    /// The body as JSON, where it is JSON and there is all of it.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        (self.body.len() == self.length).then(|| serde_json::from_slice(&self.body).ok())?
    }

    fn bytes(&self) -> usize {
        self.body.len() + self.headers.iter().map(|(name, value)| name.len() + value.len() + OVERHEAD / 8).sum::<usize>()
    }
}

impl Facts {
    /// What it takes to keep them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = self.path.len() + self.query.as_ref().map_or(0, String::len);
        OVERHEAD + texts + self.request.bytes() + self.response.as_ref().map_or(0, |(_, message)| message.bytes())
    }

    /// The status of the answer, unless the caller got none.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        let unanswered = self.fault.is_some_and(|fault| matches!(fault.effect, Effect::Drop(Drop::Before | Drop::After)));
        self.response.as_ref().map(|(status, _)| *status).filter(|_| !unanswered)
    }
}

/// A request that was made of the APIs, and what was answered
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JournalEntry)]
pub struct EntryView<'a> {
    /// Its place: ids grow, and none is given twice.
    id: u64,
    /// When it came, by the sandbox's clock (RFC 3339, to the microsecond).
    at: String,
    /// When it really came (RFC 3339, to the microsecond).
    real_at: String,
    method: &'a str,
    /// The path as it was sent, without operator tokens.
    path: &'a str,
    /// The query as it was sent, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    query: Option<&'a str>,
    /// The id of the operation that it asked for. Absent where there is none at this path and method.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    operation: Option<&'a str>,
    /// What was sent.
    request: MessageView<'a>,
    /// The status of the answer. Absent where the caller got none: it went away, or a fault closed the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 100, maximum = 599)]
    status: Option<u16>,
    /// What was answered, or would have been.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    response: Option<MessageView<'a>>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refusal: Option<RefusalView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    request_id: Option<&'a str>,
    /// How long it took, in microseconds.
    micros: u64,
    /// The fault that it met.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    fault: Option<FaultView>,
}

/// Headers and a body
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JournalMessage)]
pub struct MessageView<'a> {
    /// The headers; those of one name are joined by commas, secrets are redacted.
    headers: BTreeMap<&'a str, &'a str>,
    /// The body: JSON where it is JSON, else a text. Absent where it is empty, or was not read.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
    /// The body's length in bytes, as far as it was read.
    length: usize,
    /// Whether the body is cut off here, for its length.
    truncated: bool,
}

/// Why a request was refused
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JournalRefusal)]
pub struct RefusalView<'a> {
    /// The envelope's `id`.
    #[schema(pattern = "^MM[0-9]{7}$")]
    id: &'static str,
    /// The envelope's `componentMsg`.
    component_msg: &'a str,
    /// The envelope's `sentryCode`.
    sentry_code: &'a str,
}

/// The fault that a request met
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = JournalFault)]
pub struct FaultView {
    /// The place of its rule in the list, from 0.
    rule: usize,
    /// How long it delayed the request, in milliseconds.
    delay: u64,
    /// The status that it gave the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    status: Option<u16>,
    /// When it closed the connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    drop: Option<Drop>,
}

impl<'a> From<&'a Entry> for EntryView<'a> {
    fn from(entry: &'a Entry) -> Self {
        let facts = &entry.facts;
        Self {
            id: entry.id,
            at: facts.at.to_string(),
            real_at: facts.real_at.to_string(),
            method: &facts.method,
            path: &facts.path,
            query: facts.query.as_deref(),
            operation: facts.operation.map(|operation| operation.id.as_str()),
            request: (&facts.request).into(),
            status: facts.status(),
            response: facts.response.as_ref().map(|(_, message)| message.into()),
            refusal: facts.refusal.as_ref().map(|sealed| RefusalView {
                id: sealed.error.kind().id(),
                component_msg: sealed.error.detail(),
                sentry_code: &sealed.event_id,
            }),
            request_id: facts.request_id.as_deref(),
            micros: u64::try_from(facts.took.as_micros()).unwrap_or(u64::MAX),
            fault: facts.fault.map(FaultView::from),
        }
    }
}

impl<'a> From<&'a Message> for MessageView<'a> {
    fn from(message: &'a Message) -> Self {
        let text = || String::from_utf8_lossy(&message.body).into_owned();
        Self {
            headers: message.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            body: (!message.body.is_empty()).then(|| message.json().unwrap_or_else(|| Value::String(text()))),
            length: message.length,
            truncated: message.length > message.body.len(),
        }
    }
}

impl From<Fault> for FaultView {
    fn from(fault: Fault) -> Self {
        let (status, drop) = match fault.effect {
            Effect::None => (None, None),
            Effect::Failure(kind) => (Some(kind.status()), None),
            Effect::Drop(drop) => (None, Some(drop)),
        };
        Self { rule: fault.rule, delay: u64::try_from(fault.delay.as_millis()).unwrap_or(u64::MAX), status, drop }
    }
}

#[cfg(test)]
impl Facts {
    /// `GET /v2/msisdns/666777888`, answered 200.
    pub(super) fn example() -> Self {
        Self {
            at: "2026-11-18T09:30:00Z".parse().unwrap(),
            real_at: "2026-11-18T09:30:00Z".parse().unwrap(),
            method: "GET".to_owned(),
            path: "/v2/msisdns/666777888".to_owned(),
            query: None,
            operation: crate::mock::operations::Operations::published().named("getMsisdn"),
            request: Message::default(),
            response: Some((200, Message::default())),
            refusal: None,
            request_id: None,
            took: Duration::ZERO,
            fault: None,
        }
    }
}
