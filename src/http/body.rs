//! Reading a JSON body: bounded, and validated with exact field paths, every failure of one body in one answer.

use std::ops::RangeInclusive;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequest, OptionalFromRequest, Request};
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

/// No body at all, which has no type either, is none; `curl -X POST` sends none.
impl<S: Send + Sync> OptionalFromRequest<S> for JsonObject {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>> {
        if !request.headers().contains_key(header::CONTENT_TYPE) && request.body().is_end_stream() {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
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

/// Reads a body that nobody wants, so that the caller comes to read the answer.
pub async fn discard(body: Body) {
    // Too long, too slow or broken off: the answer is the same.
    let _ = tokio::time::timeout(TIMEOUT, read(body)).await;
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

impl JsonObject {
    /// What `read` makes of the members; it gives `None` only where it has noted a violation.
    ///
    /// # Errors
    /// [`Kind::Invalid`] with a line for each violation, in the order of reading.
    pub fn read<'a, T>(&'a self, read: impl FnOnce(&mut Fields<'a>) -> Option<T>) -> Result<T> {
        let mut fields = Fields { members: &self.0, path: String::new(), violations: Vec::new() };
        let value = read(&mut fields);
        if !fields.violations.is_empty() {
            return Err(fields.violations.into());
        }
        value.ok_or_else(|| Error::because(Kind::Internal, "a body without violations that gives no value"))
    }
}

/// The members of an object, read one by one; what is wrong with them is collected in the order of reading.
///
/// `null` is the same as absent. Members that nobody asks for are ignored.
#[derive(Debug)]
pub struct Fields<'a> {
    members: &'a Map<String, Value>,
    /// What stands before the members' names in messages: nothing in the body itself, `MsisdnRanges[0].` in a range.
    path: String,
    violations: Vec<Violation>,
}

impl<'a> Fields<'a> {
    /// Notes that a member, or one inside of it (`msisdn.number`), breaks a rule.
    pub fn violation(&mut self, member: &str, tag: &'static str) {
        self.violations.push(Violation { field: format!("{}{}", self.path, pascal_case(member)), tag });
    }

    /// Notes a member that must be there and is not.
    pub fn require(&mut self, member: &str) {
        if self.get(member).is_none() {
            self.violation(member, "required");
        }
    }

    /// A text in the form that `parse` reads, which must be there; the error of `parse` names the rule.
    pub fn required<T>(&mut self, member: &str, parse: impl FnOnce(&str) -> Result<T, &'static str>) -> Option<T> {
        self.require(member);
        self.optional(member, parse)
    }

    /// A text in the form that `parse` reads, or `None`; the error of `parse` names the rule.
    pub fn optional<T>(&mut self, member: &str, parse: impl FnOnce(&str) -> Result<T, &'static str>) -> Option<T> {
        let parsed = self.get(member)?.as_str().ok_or("string").and_then(parse);
        parsed.map_err(|tag| self.violation(member, tag)).ok()
    }

    /// A truth value, or `None`.
    pub fn flag(&mut self, member: &str) -> Option<bool> {
        let flag = self.get(member)?.as_bool();
        if flag.is_none() {
            self.violation(member, "boolean");
        }
        flag
    }

    /// A whole number within a range, or `None`.
    pub fn integer(&mut self, member: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let value = self.get(member)?;
        let tag = match value.as_i64() {
            None => "number",
            Some(number) if number < i64::from(*range.start()) => "min",
            Some(number) => match u32::try_from(number).ok().filter(|number| range.contains(number)) {
                Some(number) => return Some(number),
                None => "max",
            },
        };
        self.violation(member, tag);
        None
    }

    /// Whatever stands there, or `None`.
    pub fn value(&self, member: &str) -> Option<&'a Value> {
        self.get(member)
    }

    /// A text as it stands, without a word on what is wrong with it: for the rules of members that are read before it.
    pub fn peek(&self, member: &str) -> Option<&'a str> {
        self.get(member)?.as_str()
    }

    /// What `read` makes of an object's members, or `None`.
    pub fn object<T>(&mut self, member: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let value = self.get(member)?;
        self.nested(member, value, read)
    }

    /// What `read` makes of each object of a list, or `None`. A list of more than `longest` is not even looked at.
    pub fn list<T>(&mut self, member: &str, longest: usize, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        match self.get(member)? {
            Value::Array(items) if items.len() <= longest => {
                let items = items.iter().enumerate();
                let values: Vec<_> = items.map(|(place, item)| self.nested(&format!("{member}[{place}]"), item, &mut read)).collect();
                values.into_iter().collect()
            }
            Value::Array(_) => {
                self.violation(member, "max");
                None
            }
            _ => {
                self.violation(member, "array");
                None
            }
        }
    }

    fn get(&self, member: &str) -> Option<&'a Value> {
        self.members.get(member).filter(|value| !value.is_null())
    }

    fn nested<T>(&mut self, name: &str, value: &'a Value, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let Value::Object(members) = value else {
            self.violation(name, "object");
            return None;
        };
        let path = format!("{}{}.", self.path, pascal_case(name));
        let mut inner = Self { members, path, violations: std::mem::take(&mut self.violations) };
        let value = read(&mut inner);
        self.violations = inner.violations;
        value
    }
}

/// `belongs_to` → `BelongsTo`, `msisdn.number` → `Msisdn.Number`: the published messages name fields that way.
pub fn pascal_case(path: &str) -> String {
    let mut word_begins = true;
    let mut pascal = String::with_capacity(path.len());
    for letter in path.chars() {
        if letter != '_' {
            pascal.push(if word_begins { letter.to_ascii_uppercase() } else { letter });
        }
        word_begins = matches!(letter, '_' | '.');
    }
    pascal
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn violations<T>(body: Value, read: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Vec<String> {
        let Value::Object(members) = body else { panic!("an object") };
        let failure = JsonObject(members).read(read).err();
        let lines = failure.map(|error| error.detail().replace("Error:Field validation for ", "").replace(" failed on the", ""));
        lines.unwrap_or_default().lines().map(str::to_owned).collect()
    }

    #[test]
    fn absent_null_wrong_type_and_wrong_form() {
        let refuse = |_: &str| Err::<(), _>("len");
        let required = |body| violations(body, |fields| fields.required("belongs_to", refuse));
        let optional = |body| violations(body, |fields| Some(fields.optional("belongs_to", refuse)));
        assert_eq!(required(json!({})), ["'BelongsTo' 'required' tag"]);
        assert_eq!(required(json!({"belongs_to": null})), ["'BelongsTo' 'required' tag"]);
        assert_eq!(required(json!({"belongs_to": 5})), ["'BelongsTo' 'string' tag"]);
        assert_eq!(required(json!({"belongs_to": "x"})), ["'BelongsTo' 'len' tag"]);
        assert_eq!(optional(json!({"belongs_to": null})), [""; 0]);
        assert_eq!(optional(json!({"belongs_to": "x"})), ["'BelongsTo' 'len' tag"]);
    }

    #[test]
    fn flags_and_numbers() {
        let read = |body| violations(body, |fields| Some((fields.flag("frozen"), fields.integer("scale", 1..=10))));
        for good in [json!({}), json!({"frozen": null, "scale": null}), json!({"frozen": false, "scale": 1}), json!({"scale": 10})] {
            assert_eq!(read(good), [""; 0]);
        }
        for (body, problem) in [
            (json!({"frozen": 1}), "'Frozen' 'boolean' tag"),
            (json!({"scale": "1"}), "'Scale' 'number' tag"),
            (json!({"scale": 1.5}), "'Scale' 'number' tag"),
            (json!({"scale": 0}), "'Scale' 'min' tag"),
            (json!({"scale": -1}), "'Scale' 'min' tag"),
            (json!({"scale": 11}), "'Scale' 'max' tag"),
            (json!({"scale": 4_294_967_297_u64}), "'Scale' 'max' tag"),
        ] {
            assert_eq!(read(body), [problem]);
        }
    }

    #[test]
    fn the_message_is_as_published() {
        let error = JsonObject(Map::new()).read(|fields| fields.required("imsi", |_| Ok(()))).unwrap_err();
        assert_eq!(error.detail(), "Error:Field validation for 'Imsi' failed on the 'required' tag");
    }

    #[test]
    fn objects_and_lists_give_their_path() {
        let digit = |text: &str| text.parse::<u8>().map_err(|_| "numeric");
        let read = |body| {
            violations(body, |fields| {
                fields.require("outer_list");
                let outer = fields.list("outer_list", 2, |item| item.object("inner_object", |inner| inner.required("last_name", digit)));
                let after = fields.required("after", digit);
                Some((outer?, after?))
            })
        };
        assert_eq!(read(json!({"outer_list": [{"inner_object": {"last_name": "1"}}], "after": "1"})), [""; 0]);
        assert_eq!(
            read(json!({"outer_list": [{"inner_object": {"last_name": "x"}}, {"inner_object": {}}], "after": "x"})),
            [
                "'OuterList[0].InnerObject.LastName' 'numeric' tag",
                "'OuterList[1].InnerObject.LastName' 'required' tag",
                "'After' 'numeric' tag"
            ]
        );
        assert_eq!(
            read(json!({"outer_list": [1, {"inner_object": []}]}))[..2],
            ["'OuterList[0]' 'object' tag", "'OuterList[1].InnerObject' 'object' tag"]
        );
        assert_eq!(read(json!({"outer_list": {}, "after": "1"})), ["'OuterList' 'array' tag"]);
        assert_eq!(read(json!({"outer_list": [0, 0, 0], "after": "1"})), ["'OuterList' 'max' tag"]);
        assert_eq!(read(json!({"outer_list": null, "after": "1"})), ["'OuterList' 'required' tag"]);
    }

    #[test]
    fn paths() {
        assert_eq!(pascal_case("imsi"), "Imsi");
        assert_eq!(pascal_case("subscriber_request_date"), "SubscriberRequestDate");
        assert_eq!(pascal_case("end_range.msisdn.number"), "EndRange.Msisdn.Number");
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
