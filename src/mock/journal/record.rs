//! Recording: around everything, so that the journal has what the caller got, to the last byte.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt;
use jiff::Timestamp;

use super::entry::{Facts, MOST_OF_A_BODY, Message};
use super::redact;
use crate::clock::{Clock, Stopwatch};
use crate::http::envelope::Sealed;
use crate::mock::faults::Fault;
use crate::mock::faults::cut::{Cut, cut};
use crate::mock::operations::{Operation, Operations};
use crate::mock::sandbox::Sandbox;

/// What recording needs.
pub struct Recorder {
    /// Real time.
    pub real: Arc<dyn Clock>,
}

/// A request that is being recorded. Layers further in find it among the request's extensions and add what only they know.
#[derive(Debug)]
pub struct Recording {
    method: String,
    path: String,
    query: Option<String>,
    headers: Vec<(String, String)>,
    operation: Option<&'static Operation>,
    started: Stopwatch,
    real_at: Timestamp,
    body: Mutex<Captured>,
    whose: OnceLock<Whose>,
    fault: OnceLock<Fault>,
}

struct Whose {
    sandbox: Arc<Sandbox>,
    at: Timestamp,
}

impl std::fmt::Debug for Whose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sandbox.name)
    }
}

/// A body as it passes by.
#[derive(Debug, Default)]
struct Captured {
    beginning: Vec<u8>,
    length: usize,
}

impl Captured {
    fn take(&mut self, data: &[u8]) {
        self.length += data.len();
        let room = MOST_OF_A_BODY - self.beginning.len();
        self.beginning.extend(data.iter().take(room));
    }
}

impl Recording {
    fn of(request: &Request, real_at: Timestamp) -> Self {
        Self {
            method: request.method().as_str().to_owned(),
            path: redact::path(request.uri().path()),
            query: request.uri().query().map(redact::query),
            headers: redact::headers(request.headers()),
            operation: Operations::published().of(request),
            started: Stopwatch::start(),
            real_at,
            body: Mutex::default(),
            whose: OnceLock::new(),
            fault: OnceLock::new(),
        }
    }

    /// Says in whose journal the request belongs. Without, it is in none.
    pub fn belongs_to(&self, sandbox: &Arc<Sandbox>) {
        let at = sandbox.world.clock.now();
        let _ = self.whose.set(Whose { sandbox: sandbox.clone(), at });
    }

    /// Says which fault the request meets.
    pub fn meets(&self, fault: Fault) {
        let _ = self.fault.set(fault);
    }

    fn finish(&self, answer: Option<Answer>) {
        let Some(whose) = self.whose.get() else { return };
        let body = std::mem::take(&mut *self.body.lock().unwrap_or_else(PoisonError::into_inner));
        let (response, refusal, request_id) = match answer {
            None => (None, None, None),
            Some(answer) => (Some((answer.status, answer.message)), answer.refusal, answer.request_id),
        };
        whose.sandbox.journal.add(Facts {
            at: whose.at,
            real_at: self.real_at,
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            operation: self.operation,
            request: Message::of(self.headers.clone(), body.beginning.into(), body.length),
            response,
            refusal,
            request_id,
            took: self.started.elapsed(),
            fault: self.fault.get().copied(),
        });
    }
}

struct Answer {
    status: u16,
    message: Message,
    refusal: Option<Sealed>,
    request_id: Option<String>,
}

impl Answer {
    fn of(status: u16, headers: &HeaderMap, body: &Bytes, refusal: Option<&Sealed>) -> Self {
        let kept =
            if body.len() > MOST_OF_A_BODY { Bytes::copy_from_slice(body.get(..MOST_OF_A_BODY).unwrap_or_default()) } else { body.clone() };
        let request_id = headers.get("x-request-id").and_then(|id| Some(id.to_str().ok()?.to_owned()));
        Self { status, message: Message::of(redact::headers(headers), kept, body.len()), refusal: refusal.cloned(), request_id }
    }
}

/// Records a request whose caller goes away before the answer: then the server drops what it was doing.
struct Unfinished(Option<Arc<Recording>>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(recording) = self.0.take() {
            recording.finish(None);
        }
    }
}

/// The layer.
pub async fn record(State(recorder): State<Arc<Recorder>>, mut request: Request, next: Next) -> Response {
    if !is_of_the_apis(&request) {
        return next.run(request).await;
    }
    let recording = Arc::new(Recording::of(&request, recorder.real.now()));
    request.extensions_mut().insert(recording.clone());
    let mut unfinished = Unfinished(Some(recording.clone()));
    let response = next.run(captured(request, &recording)).await;
    // The APIs' answers are in memory: nothing is waited for here.
    let (head, body) = response.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    unfinished.0 = None;
    recording.finish(Some(Answer::of(head.status.as_u16(), &head.headers, &body, head.extensions.get())));
    match head.extensions.get::<Cut>().copied() {
        Some(how) => cut(head, &body, how),
        None => Response::from_parts(head, Body::from(body)),
    }
}

/// Whether a request is of interest: one to an operation, or one that misses them all. The server's own pages are of none.
fn is_of_the_apis(request: &Request) -> bool {
    match request.extensions().get::<MatchedPath>() {
        Some(path) => Operations::published().has_path(path),
        None => !request.uri().path().starts_with("/_mock") && request.uri().path() != "/favicon.ico",
    }
}

fn captured(request: Request, recording: &Arc<Recording>) -> Request {
    let recording = recording.clone();
    request.map(|body| {
        if body.is_end_stream() {
            return body;
        }
        Body::new(body.map_frame(move |frame| {
            if let Some(data) = frame.data_ref() {
                recording.body.lock().unwrap_or_else(PoisonError::into_inner).take(data);
            }
            frame
        }))
    })
}
