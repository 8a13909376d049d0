//! Reading a JSON body: bounded, and validated with exact field paths, every failure of one body in one answer.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;
use serde_json::{Map, Value};

use crate::error::{Error, Kind, Result, Violation};

/// The largest body, in bytes.
const LIMIT: usize = 1 << 20;
/// How much beyond the limit is read and thrown away, so that the caller comes to read the answer.
const DRAINED: usize = 16 << 20;
/// How long a caller may take to send a body.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A body that is a JSON object.
#[derive(Debug)]
pub struct JsonObject(pub Map<String, Value>);

impl<S: Send + Sync> FromRequest<S> for JsonObject {
    type Rejection = Error;

    async fn from_request(request: Request, _state: &S) -> Result<Self> {
        if !is_json(request.headers()) {
            return Err(Error::new(Kind::UnsupportedMediaType, "the body must be sent as Content-Type: application/json"));
        }
        if refused_before_sending(request.headers()) {
            return Err(too_large());
        }
        let bytes = tokio::time::timeout(TIMEOUT, read(request.into_body()))
            .await
            .map_err(|_| Error::new(Kind::SlowRequest, "the body did not arrive in time"))??;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(Error::new(Kind::Unreadable, "the body is not a JSON object")),
            Err(error) => {
                // Line and column alone: the parser's own text may repeat what was sent.
                let (line, column) = (error.line(), error.column());
                Err(Error::new(Kind::Unreadable, format!("the body is not JSON (line {line}, column {column})")))
            }
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// A caller that waits for `100 Continue` has not sent its large body yet and need not.
fn refused_before_sending(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    headers.contains_key(header::EXPECT) && length.is_some_and(|length| length > LIMIT)
}

fn too_large() -> Error {
    Error::new(Kind::TooLarge, format!("the body has more than {LIMIT} bytes"))
}

async fn read(mut body: Body) -> Result<Bytes> {
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Error::new(Kind::BadRequest, "the body ended early"))?;
        let Some(data) = frame.data_ref() else { continue };
        length += data.len();
        if length > LIMIT + DRAINED {
            break;
        }
        if length <= LIMIT {
            bytes.extend_from_slice(data);
        }
    }
    if length > LIMIT { Err(too_large()) } else { Ok(bytes.into()) }
}

/// The members of an object, read one by one; what is wrong with them is collected in field order.
///
/// `null` is the same as absent. Members that nobody asks for are ignored.
#[derive(Debug)]
pub struct Fields<'a> {
    members: &'a Map<String, Value>,
    violations: Vec<Violation>,
}

impl<'a> Fields<'a> {
    /// Starts reading a body.
    pub fn of(body: &'a JsonObject) -> Self {
        Self { members: &body.0, violations: Vec::new() }
    }

    /// Notes that a member breaks a rule.
    pub fn violation(&mut self, member: &str, tag: &'static str) {
        self.violations.push(Violation { field: pascal_case(member), tag });
    }

    /// A text, or `None` where it is absent or not a text.
    pub fn text(&mut self, member: &str) -> Option<&'a str> {
        match self.members.get(member) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                self.violation(member, "string");
                None
            }
        }
    }

    /// A text that must be there, in the form that `parse` reads; its error names the rule.
    pub fn required<T>(&mut self, member: &str, parse: impl FnOnce(&str) -> Result<T, &'static str>) -> Option<T> {
        let before = self.violations.len();
        let value = self.optional(member, parse);
        if value.is_none() && self.violations.len() == before {
            self.violation(member, "required");
        }
        value
    }

    /// A text in the form that `parse` reads, or `None`; its error names the rule.
    pub fn optional<T>(&mut self, member: &str, parse: impl FnOnce(&str) -> Result<T, &'static str>) -> Option<T> {
        match parse(self.text(member)?) {
            Ok(value) => Some(value),
            Err(tag) => {
                self.violation(member, tag);
                None
            }
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with a line for each violation.
    pub fn finish(self) -> Result<()> {
        if self.violations.is_empty() { Ok(()) } else { Err(self.violations.into()) }
    }
}

/// `belongs_to` → `BelongsTo`: the published messages name fields that way.
fn pascal_case(member: &str) -> String {
    let capitalised = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    member.split('_').map(capitalised).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn violations(body: Value, read: impl FnOnce(&mut Fields<'_>)) -> String {
        let Value::Object(members) = body else { panic!("an object") };
        let body = JsonObject(members);
        let mut fields = Fields::of(&body);
        read(&mut fields);
        fields.finish().err().map(|error| error.detail().to_owned()).unwrap_or_default()
    }

    #[test]
    fn absent_null_wrong_type_and_wrong_form() {
        let refuse = |_: &str| Err::<(), _>("len");
        let required = |body| violations(body, |fields| assert_eq!(fields.required("belongs_to", refuse), None));
        let optional = |body| violations(body, |fields| assert_eq!(fields.optional("belongs_to", refuse), None));
        let message = |tag| format!("Error:Field validation for 'BelongsTo' failed on the '{tag}' tag");
        assert_eq!(required(json!({})), message("required"));
        assert_eq!(required(json!({"belongs_to": null})), message("required"));
        assert_eq!(required(json!({"belongs_to": 5})), message("string"));
        assert_eq!(required(json!({"belongs_to": "x"})), message("len"));
        assert_eq!(optional(json!({"belongs_to": null})), "");
        assert_eq!(optional(json!({"belongs_to": "x"})), message("len"));
    }

    #[test]
    fn paths() {
        assert_eq!(pascal_case("imsi"), "Imsi");
        assert_eq!(pascal_case("subscriber_request_date"), "SubscriberRequestDate");
    }

    #[test]
    fn media_types() {
        let is_json = |kind: &str| is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().unwrap())]));
        for json in ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"] {
            assert!(is_json(json), "{json}");
        }
        for other in ["text/json", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json"] {
            assert!(!is_json(other), "{other}");
        }
        assert!(!super::is_json(&HeaderMap::new()));
    }
}
