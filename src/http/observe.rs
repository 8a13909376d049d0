//! Around every request: its id, its one log line, its measures, its trace, and the error envelope with its event id.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::{Instrument, field};
use uuid::Uuid;

use super::envelope::{self, Envelope};
use super::operations::Operations;
use crate::clock::Stopwatch;
use crate::domain::audit::RequestId;
use crate::error::{Error, Kind};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::traces;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the layer needs.
#[derive(Debug)]
pub struct Watch {
    /// What is measured of each operation.
    pub operations: Operations,
    /// What is measured besides.
    pub metrics: Arc<Metrics>,
    /// How many requests may be in flight; others are refused.
    pub most: i64,
}

/// A request that is being answered, or whose caller has gone.
struct InFlight<'w>(&'w Metrics);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.dec();
    }
}

impl Watch {
    /// Whether there is room for one more: there always is for a probe, by which others learn that there is none.
    fn has_room(&self, before: i64, request: &Request) -> bool {
        before < self.most || matches!(request.uri().path(), "/health/live" | "/health/ready" | "/metrics")
    }
}

/// The layer.
pub async fn observe(State(watch): State<Arc<Watch>>, mut request: Request, next: Next) -> Response {
    let started = Stopwatch::start();
    let in_flight = (watch.metrics.in_flight.inc(), InFlight(&watch.metrics));
    let operation = watch.operations.asked(&request);
    let request_id = sane_request_id(request.headers()).unwrap_or_else(|| Uuid::new_v4().simple().to_string());
    request.extensions_mut().insert(RequestId(request_id.as_str().into()));
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let trace = traces::request(operation.id(), request.method().as_str(), &route, request.headers());
    let span = tracing::info_span!(
        parent: &trace,
        "request",
        request_id,
        method = %request.method(),
        route,
        trace_id = traces::trace_id(&trace),
        sub = field::Empty,
        org = field::Empty,
    );
    let mut response = if watch.has_room(in_flight.0, &request) {
        // Both are entered: what is traced looks for its parent among the spans that are entered, and does not see the log's.
        next.run(request).instrument(span.clone()).instrument(trace.clone()).await
    } else {
        watch.metrics.shed.inc();
        Error::because(Kind::Unavailable, "too many requests in flight").into_response()
    };
    let _entered = span.enter();
    let failure = response.status().as_u16().ge(&400).then(|| envelope::failure_of(&mut response));
    let event_id = failure.as_ref().map(|error| report(error, &route));
    let (status, took) = (response.status().as_u16(), started.elapsed());
    operation.answered(status, took);
    traces::answered(&trace, status);
    log(status, failure.as_deref(), event_id.as_deref(), took);
    if let (Some(error), Some(event_id)) = (failure, event_id) {
        envelope::seal(&mut response, error, event_id);
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
}

/// A whole answer, from its first line to the last byte of the envelope, to what was no request yet.
pub fn refusal(error: Error) -> Vec<u8> {
    let (error, request_id) = (Arc::new(error), Uuid::new_v4().simple().to_string());
    let _entered = tracing::info_span!("request", request_id, method = "-", route = "-").entered();
    let event_id = report(&error, "-");
    let status = error.kind().status();
    log(status, Some(&error), Some(&event_id), Duration::ZERO);
    let envelope = serde_json::to_string(&Envelope::new(&error, event_id)).unwrap_or_default();
    let (reason, length) = (error.kind().msg(), envelope.len());
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         x-request-id: {request_id}\r\n\r\n"
    );
    (head + &envelope).into_bytes()
}

/// The caller's request id, if it is one that may stand in a log line: 1 to 128 of `A-Z a-z 0-9 . _ -`.
fn sane_request_id(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    let sane = (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    sane.then(|| text.to_owned())
}

/// A new event id; what is the server's own fault goes to Sentry under it, where one is configured.
fn report(error: &Arc<Error>, route: &str) -> String {
    let event_id = Uuid::new_v4();
    if error.kind().status() >= 500 {
        sentry::capture_event(sentry::protocol::Event {
            event_id,
            level: sentry::Level::Error,
            message: Some(error.story()),
            transaction: Some(route.to_owned()),
            ..Default::default()
        });
    }
    event_id.simple().to_string()
}

/// The one line of a request, readable alone. Personal data never reach it: paths are templates, bodies are not logged.
fn log(status: u16, failure: Option<&Error>, event_id: Option<&str>, took: Duration) {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    match failure {
        Some(error) if status >= 500 => {
            tracing::error!(status, micros, id = error.kind().id(), sentry_code = event_id, cause = error.story(), "answered");
        }
        Some(error) => tracing::info!(status, micros, id = error.kind().id(), sentry_code = event_id, cause = error.story(), "answered"),
        None => tracing::info!(status, micros, "answered"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids() {
        let with = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, HeaderValue::from_static(value));
            sane_request_id(&headers)
        };
        assert_eq!(with("ci-run_7.a").as_deref(), Some("ci-run_7.a"));
        for insane in ["", "a b", "a\tb", "\"quoted\"", "{}"] {
            assert_eq!(with(insane), None, "{insane:?}");
        }
        assert_eq!(sane_request_id(&HeaderMap::new()), None);
    }
}
