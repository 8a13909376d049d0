//! What the documents of the two APIs say of an operation, looked up by the route that a request took.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method};
use serde_json::Value;

use crate::error::Kind;
use crate::http::examples::DEFAULT;
use crate::http::{Document, documents};

/// The documented operations of both APIs.
#[derive(Debug)]
pub struct Operations {
    by_path: HashMap<String, HashMap<Method, Operation>>,
}

static PUBLISHED: LazyLock<Operations> = LazyLock::new(Operations::read);

/// A documented operation.
#[derive(Debug)]
pub struct Operation {
    /// Its `operationId`: `getMsisdn`.
    pub id: String,
    /// Its method and the template of its path: `GET /v2/msisdns/{msisdn}`.
    pub route: String,
    answers: BTreeMap<u16, Documented>,
}

/// An answer that an operation documents.
#[derive(Debug, Clone)]
pub struct Documented {
    /// The documented headers that have an example.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    unnamed: Option<Sample>,
    named: BTreeMap<String, Sample>,
}

/// What an example says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sample {
    /// Nothing: the answer has no body.
    Empty,
    /// A body of JSON.
    Json(Bytes),
    /// An envelope of this kind with this text.
    Failure(Kind, String),
}

impl Operations {
    /// Those of the documents that this server publishes, without the mock's own.
    #[must_use]
    pub fn published() -> &'static Self {
        &PUBLISHED
    }

    fn read() -> Self {
        let mut by_path: HashMap<String, HashMap<Method, Operation>> = HashMap::new();
        for document in documents() {
            for (path, method, operation) in operations_of(document) {
                by_path.entry(path).or_default().insert(method, operation);
            }
        }
        Self { by_path }
    }

    /// The operation that a routed request asks for. `HEAD` asks for that of `GET`.
    #[must_use]
    pub fn of(&self, request: &Request) -> Option<&Operation> {
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        self.by_path.get(request.extensions().get::<MatchedPath>()?.as_str())?.get(method)
    }

    /// Whether a route, of whatever method, is one of the APIs'.
    #[must_use]
    pub fn has_path(&self, path: &MatchedPath) -> bool {
        self.by_path.contains_key(path.as_str())
    }

    /// The operation of an id, or of a method and a path's template.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Operation> {
        self.all().find(|operation| operation.id == name || operation.route == name)
    }

    /// Every operation, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Operation> {
        self.by_path.values().flat_map(HashMap::values)
    }
}

impl Operation {
    /// The documented answers, by their status.
    #[must_use]
    pub fn answers(&self) -> &BTreeMap<u16, Documented> {
        &self.answers
    }
}

impl Documented {
    /// The example of a name; without a name, the one that stands for the answer.
    #[must_use]
    pub fn sample(&self, name: Option<&str>) -> Option<&Sample> {
        match name {
            Some(name) => self.named.get(name),
            None => self.unnamed.as_ref(),
        }
    }

    /// The names of its examples.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.named.keys().map(String::as_str)
    }
}

fn operations_of(document: &Document) -> Vec<(String, Method, Operation)> {
    // A document that cannot be written cannot be served either, which tests would see.
    let document = serde_json::to_value(&document.api).unwrap_or_default();
    let mut found = Vec::new();
    for (path, methods) in members(document.get("paths")) {
        for (method, operation) in members(Some(methods)) {
            let method = method.to_ascii_uppercase();
            let answers = members(operation.get("responses"));
            let answers = answers.filter_map(|(status, answer)| Some((status.parse().ok()?, documented(&document, status, answer))));
            let operation = Operation {
                id: operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned(),
                route: format!("{method} {path}"),
                answers: answers.collect(),
            };
            found.extend(Method::from_bytes(method.as_bytes()).map(|method| (path.clone(), method, operation)));
        }
    }
    found
}

fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// Follows a `$ref`, where the value is one.
fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let target = value.get("$ref").and_then(|reference| document.pointer(reference.as_str()?.strip_prefix('#')?));
    target.map_or(value, |target| resolved(document, target))
}

fn documented(document: &Value, status: &str, answer: &Value) -> Documented {
    let answer = resolved(document, answer);
    let headers = members(answer.get("headers")).filter_map(|(name, header)| {
        let example = header.get("example")?.as_str()?;
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(example).ok()?))
    });
    let headers = headers.collect();
    let Some(content) = answer.pointer("/content/application~1json") else {
        return Documented { headers, unnamed: Some(Sample::Empty), named: BTreeMap::new() };
    };
    let failure = status.starts_with(['4', '5']);
    let sample = |value: &Value| sample(value, failure);
    let named = members(content.get("examples"));
    let named = named.filter_map(|(name, example)| Some((name.clone(), sample(resolved(document, example).get("value")?))));
    let named: BTreeMap<_, _> = named.collect();
    let schema = content.get("schema").map(|schema| resolved(document, schema));
    let of_schema = schema.and_then(|schema| schema.get("example")).map(sample);
    let unnamed = named.get(DEFAULT).cloned().or(of_schema).or_else(|| named.values().next().cloned());
    Documented { headers, unnamed, named }
}

fn sample(value: &Value, failure: bool) -> Sample {
    let text = |member: &str| value.get(member).and_then(Value::as_str).unwrap_or_default();
    match Kind::ALL.iter().find(|kind| failure && kind.id() == text("id")) {
        Some(kind) => Sample::Failure(*kind, text("componentMsg").to_owned()),
        None => Sample::Json(value.to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_answer_has_a_sample() {
        let operations = Operations::published();
        assert_eq!(operations.all().count(), 20);
        for operation in operations.all() {
            assert!(operation.answers().len() >= 7, "{}", operation.id);
            for (status, documented) in operation.answers() {
                let what = format!("{} {status}", operation.id);
                match documented.sample(None).expect(&what) {
                    Sample::Empty => assert_eq!(*status, 204, "{what}"),
                    Sample::Json(_) => assert!((200..300).contains(status), "{what}"),
                    Sample::Failure(kind, _) => assert_eq!(kind.status(), *status, "{what}"),
                }
                let has_location = documented.headers.iter().any(|(name, _)| name == "location");
                assert_eq!(has_location, *status == 201, "{what}");
            }
        }
    }

    #[test]
    fn an_operation_is_found_by_its_id_and_by_its_route() {
        let operations = Operations::published();
        for name in ["getMsisdn", "GET /v2/msisdns/{msisdn}"] {
            assert_eq!(operations.named(name).unwrap().id, "getMsisdn");
        }
        for unknown in ["", "*", "getmsisdn", "/v2/msisdns/{msisdn}", "PUT /v2/msisdns/{msisdn}"] {
            assert!(operations.named(unknown).is_none(), "{unknown}");
        }
    }

    #[test]
    fn the_first_kind_of_a_status_stands_for_it() {
        let operations = Operations::published();
        let answers = operations.named("getMsisdn").unwrap().answers();
        for (status, kind) in [
            (400, Kind::Invalid),
            (401, Kind::Unauthenticated),
            (403, Kind::Forbidden),
            (404, Kind::NotFound),
            (500, Kind::Internal),
            (503, Kind::Unavailable),
        ] {
            assert!(matches!(answers[&status].sample(None), Some(Sample::Failure(found, _)) if *found == kind), "{status}");
        }
        assert_eq!(answers[&401].names().collect::<Vec<_>>(), ["MM0000010", "MM0000011"]);
        assert_eq!(answers[&200].names().collect::<Vec<_>>(), ["embedded", "plain", "prefixed"]);
    }
}
