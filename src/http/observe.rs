//! Around every request: its id, its one log line, and the error envelope with its event id.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument, field};
use uuid::Uuid;

use super::envelope;
use crate::clock::Stopwatch;
use crate::error::Error;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The layer.
pub async fn observe(request: Request, next: Next) -> Response {
    let started = Stopwatch::start();
    let request_id = sane_request_id(request.headers()).unwrap_or_else(|| Uuid::new_v4().simple().to_string());
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!(
        "request",
        request_id,
        method = %request.method(),
        route,
        sub = field::Empty,
        org = field::Empty,
    );
    let mut response = next.run(request).instrument(span.clone()).await;
    let _entered = span.enter();
    let failure = response.status().as_u16().ge(&400).then(|| envelope::failure_of(&mut response));
    let event_id = failure.as_ref().map(|error| report(error, &route));
    log(&response, failure.as_deref(), event_id.as_deref(), started.elapsed());
    if let (Some(error), Some(event_id)) = (failure, event_id) {
        envelope::seal(&mut response, error, event_id);
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    response
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
fn log(response: &Response, failure: Option<&Error>, event_id: Option<&str>, took: std::time::Duration) {
    let status = response.status().as_u16();
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
