//! Traces, as a receiver gets them over OTLP. The server is a process of its own, for what is traced is decided once for a process.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::routing::{any, post};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Attribute;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use prost::Message;

use crate::support::app::{client, serve_routes};
use crate::support::process::Served;
use crate::support::{Database, both_databases};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// A receiver of traces.
struct Receiver {
    url: String,
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Receiver {
    async fn start() -> Self {
        let spans = Arc::new(Mutex::new(Vec::new()));
        let received = spans.clone();
        let receive = post(move |body: Bytes| async move {
            let request = ExportTraceServiceRequest::decode(body).unwrap();
            let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
            received.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans));
        });
        Self { url: serve_routes(Router::new().route("/v1/traces", receive)).await, spans }
    }

    /// The spans so far of a trace.
    fn of_trace(&self, trace: &str) -> Vec<Span> {
        self.spans.lock().unwrap().iter().filter(|span| hex(&span.trace_id) == trace).cloned().collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn attribute(span: &Span, key: &str) -> String {
    let found = span.attributes.iter().find(|attribute| attribute.key == key);
    match found.and_then(|attribute| attribute.value.clone()?.value) {
        Some(Attribute::StringValue(text)) => text,
        Some(Attribute::IntValue(number)) => number.to_string(),
        other => panic!("{key}: {other:?} of {span:?}"),
    }
}

/// An Entitlement Server that knows no token; what it was told of the trace.
async fn entitlement_server() -> (String, Arc<Mutex<Vec<String>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    let answer = any(move |request: Request| async move {
        let parent = request.headers().get("traceparent").map(|value| value.to_str().unwrap().to_owned());
        heard.lock().unwrap().push(parent.unwrap_or_default());
        StatusCode::NOT_FOUND
    });
    (serve_routes(Router::new().fallback(answer)).await, told)
}

both_databases! {
    async fn a_request_is_part_of_its_callers_trace(database: Database) {
        let receiver = Receiver::start().await;
        let (entitlement, told) = entitlement_server().await;
        let served = Served::start(&["--database", &database.url, "--otlp-endpoint", &receiver.url, "--entitlement-url", &entitlement]);
        let ask = async |path: &str, traced: bool| {
            let request = client().get(format!("{}{path}", served.url)).bearer_auth(served.token());
            let request = if traced { request.header("traceparent", format!("00-{TRACE}-{CALLER}-01")) } else { request };
            request.send().await.unwrap().status().as_u16()
        };
        assert_eq!(ask("/v2/operatorToken/abc123xyz456", true).await, 404);
        let (text, line) = served.answered();
        assert_eq!(line["span"]["trace_id"], TRACE, "{text}");
        assert_eq!(ask("/v2/msisdns/666777888", true).await, 200);
        served.answered();
        // Who names no trace begins one.
        assert_eq!(ask("/v2/msisdns/666777888", false).await, 200);
        let own = served.answered().1["span"]["trace_id"].as_str().unwrap().to_owned();
        assert!(own.len() == 32 && own != TRACE, "{own}");
        served.terminate();
        // What is left to send is sent before it ends; meanwhile this runtime receives it.
        let ended = tokio::task::spawn_blocking(|| served.wait()).await.unwrap();
        assert_eq!(ended.0, Some(0));

        let spans = receiver.of_trace(TRACE);
        let named = |name: &str| spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name} in {spans:#?}"));
        let (request, question) = (named("getOperatorToken"), named("GetSubscriberDeviceInfo"));
        assert_eq!((hex(&request.parent_span_id).as_str(), request.kind()), (CALLER, SpanKind::Server));
        assert_eq!((&question.parent_span_id, question.kind()), (&request.span_id, SpanKind::Client));
        let parent = format!("00-{TRACE}-{}-01", hex(&question.span_id));
        assert_eq!(*told.lock().unwrap(), [parent]);
        for (key, value) in [("http.request.method", "GET"), ("http.route", "/v2/operatorToken/{operatorToken}"), ("http.response.status_code", "404")] {
            assert_eq!(attribute(request, key), value);
        }
        let (read, inside) = (named("db read"), named("getMsisdn"));
        assert!(spans.iter().any(|span| span.name == "db read" && span.parent_span_id == inside.span_id), "{read:?}");
        let all = format!("{:?}", receiver.spans.lock().unwrap());
        assert!(!all.contains("abc123xyz456") && !all.contains("666777888"), "{all}");
        let own = receiver.of_trace(&own);
        assert!(own.iter().any(|span| span.name == "getMsisdn" && span.parent_span_id.is_empty()), "{own:?}");
    }
}

/// Without a receiver that answers everything goes on, to the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_down() {
    let served = Served::start(&["--database", "sqlite::memory:", "--otlp-endpoint", "http://127.0.0.1:1"]);
    let ask = || client().get(format!("{}/v2/msisdns/666777888", served.url)).bearer_auth(served.token()).send();
    for _ in 0..20 {
        assert_eq!(ask().await.unwrap().status(), 200);
    }
    served.terminate();
    let (code, log) = served.wait();
    assert_eq!(code, Some(0));
    assert_eq!(log.iter().filter(|line| line.contains("traces are lost: their receiver does not answer")).count(), 1, "{log:?}");
    assert_eq!(log.iter().filter(|line| line.contains("\"answered\"")).count(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_trace_where_none_is_wanted() {
    let (entitlement, told) = entitlement_server().await;
    let served = Served::start(&["--database", "sqlite::memory:", "--entitlement-url", &entitlement, "--log", "trace"]);
    let request = client().get(format!("{}/v2/operatorToken/abc123xyz456", served.url)).bearer_auth(served.token());
    let answer = request.header("traceparent", format!("00-{TRACE}-{CALLER}-01")).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    let (text, line) = served.answered();
    assert!(line["span"]["trace_id"].is_null(), "{text}");
    assert_eq!(*told.lock().unwrap(), [""]);
}
