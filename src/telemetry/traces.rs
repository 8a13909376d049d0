//! Traces over OTLP (HTTP, protobuf), with the context of W3C Trace Context in and out.
//!
//! Spans that are exported have the target [`TARGET`] and the level `TRACE`: where traces are off, they are disabled where they stand, which costs
//! a comparison.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_http::{Bytes, HeaderExtractor, HeaderInjector, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use reqwest::header::HeaderMap;
use reqwest::{Client, Url};
use tokio::runtime::Handle;
use tracing::level_filters::LevelFilter;
use tracing::{Span, Subscriber, field};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// The target of spans that are exported.
pub const TARGET: &str = "portero::trace";

/// How long a receiver may take for a batch of spans, and for the last one when the server stops.
const PATIENCE: Duration = Duration::from_secs(3);
/// An answer to a batch says how many spans were rejected and why; what is longer than this many bytes is none.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Whether spans are exported: of the process, as its subscriber is.
static ON: AtomicBool = AtomicBool::new(false);

/// The export of spans, from a queue of bounded length: what does not fit is dropped.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

/// Why spans cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// The HTTP client cannot be made.
    #[error("no HTTP client for traces: {0}")]
    Client(#[from] reqwest::Error),
    /// The exporter cannot be made.
    #[error("no exporter of traces: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}

impl Traces {
    /// Exports to a receiver, by its base URL, to which `/v1/traces` is appended.
    ///
    /// # Errors
    /// [`TracesError`]: never because the receiver cannot be reached.
    pub fn to(receiver: &Url) -> Result<Self, TracesError> {
        let http = Client::builder().timeout(PATIENCE).build()?;
        let client = Sender { http, runtime: Handle::current(), failing: AtomicBool::new(false) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(PATIENCE)
            // What comes next is worth more than what could not be sent.
            .with_retry_policy(RetryPolicy::disabled())
            .with_endpoint(format!("{}/v1/traces", receiver.as_str().trim_end_matches('/')))
            .build()?;
        let resource = Resource::builder().with_service_name("portero").build();
        ON.store(true, Ordering::Relaxed);
        Ok(Self(SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build()))
    }

    /// What a subscriber needs to export spans.
    #[must_use]
    pub fn layer<S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync>(&self) -> Box<dyn Layer<S> + Send + Sync> {
        let layer = tracing_opentelemetry::layer().with_tracer(self.0.tracer("portero")).with_location(false).with_threads(false);
        layer.with_target(false).with_filter(Targets::new().with_target(TARGET, LevelFilter::TRACE)).boxed()
    }

    /// Exports what is left, patiently but not for ever.
    pub async fn end(self) {
        // What could not be exported is lost, which the log has said.
        let _ = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(PATIENCE)).await;
    }
}

/// The HTTP client of the exporter, which works in a thread of its own, outside the runtime.
#[derive(Debug)]
struct Sender {
    http: Client,
    runtime: Handle,
    failing: AtomicBool,
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let exchange = self.runtime.spawn(exchange(self.http.clone(), request));
        let outcome = exchange.await.map_err(HttpError::from).flatten();
        // Said once, not with every batch.
        let failing = !outcome.as_ref().is_ok_and(|answer| answer.status().is_success());
        if self.failing.swap(failing, Ordering::Relaxed) != failing {
            match &outcome {
                Ok(answer) => tracing::warn!(status = answer.status().as_u16(), "the receiver of traces answers"),
                Err(error) => tracing::warn!(%error, "traces are lost: their receiver does not answer"),
            }
        }
        outcome
    }
}

async fn exchange(http: Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let mut answer = http.execute(request.try_into()?).await?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_ANSWER {
            return Err("the receiver's answer is too long".into());
        }
    }
    Ok(Response::builder().status(answer.status()).body(body.into())?)
}

/// The span of a request that is answered: a part of the caller's trace, where its headers name one. A disabled one where traces are off.
#[must_use]
pub fn request(operation: &str, method: &str, route: &str, headers: &HeaderMap) -> Span {
    if !ON.load(Ordering::Relaxed) {
        return Span::none();
    }
    let span = tracing::trace_span!(
        target: TARGET,
        "request",
        otel.name = operation,
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = field::Empty,
    );
    // It fails for a span that has begun or is disabled, and this one is neither.
    let _ = span.set_parent(TraceContextPropagator::new().extract(&HeaderExtractor(headers)));
    span
}

/// The id of a span's trace, 32 hex digits.
#[must_use]
pub fn trace_id(span: &Span) -> Option<String> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let id = context.span().span_context().trace_id();
    Some(id.to_string())
}

/// A request was answered with this status.
pub fn answered(span: &Span, status: u16) {
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// The span of a question to another server, and the headers by which it becomes part of the trace.
#[must_use]
pub fn question(what: &str) -> (Span, HeaderMap) {
    let mut headers = HeaderMap::new();
    if !ON.load(Ordering::Relaxed) {
        return (Span::none(), headers);
    }
    let span = tracing::trace_span!(
        target: TARGET,
        "question",
        otel.name = what,
        otel.kind = "client",
        otel.status_code = field::Empty,
        http.response.status_code = field::Empty,
    );
    TraceContextPropagator::new().inject_context(&span.context(), &mut HeaderInjector(&mut headers));
    (span, headers)
}
