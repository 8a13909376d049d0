//! Which entries of a journal are meant, and whether there are as many as there should be.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Reading;
use super::entry::{Entry, Facts};
use super::redact;
use crate::error::{Error, Kind, Violation};
use crate::mock::operations::Operations;

/// How many requests that nearly match are named.
const NEAR_MISSES: usize = 3;
/// The most headers that are looked for: no request has more.
const MOST_HEADERS: usize = 100;

/// Which requests are meant: those of which everything given holds
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = JournalMatch)]
pub struct Match {
    /// The operation: its id, or its method and path.
    #[schema(nullable = false, example = "createPortability")]
    pub operation: Option<String>,
    /// The method.
    #[schema(nullable = false, example = "POST")]
    pub method: Option<String>,
    /// The path as it was sent; a segment in braces (`{org}`) stands for any.
    #[schema(nullable = false, example = "/v1/orgs/{orgs}/portabilities")]
    pub path: Option<String>,
    /// The status of the answer.
    #[schema(nullable = false, minimum = 100, maximum = 599, example = 201)]
    pub status: Option<u16>,
    /// Headers of the request, 100 at most. Of one whose value is a secret only that it was sent.
    #[serde(default)]
    pub header: BTreeMap<String, String>,
    /// What the request's body has at least: members may be left out, items of lists may not.
    #[schema(value_type = Option<Object>, example = json!({"contract_code": "00528902840"}))]
    pub body: Option<Value>,
}

/// How many requests there should be: a number, or bounds of which either may be left out
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(untagged, deny_unknown_fields)]
#[schema(as = JournalCount)]
pub enum Count {
    /// Exactly so many.
    Exactly(usize),
    /// Within bounds.
    Within {
        /// At least so many; 0 where it is absent.
        #[serde(default)]
        #[schema(nullable = false)]
        at_least: Option<usize>,
        /// At most so many; any number where it is absent.
        #[serde(default)]
        #[schema(nullable = false)]
        at_most: Option<usize>,
    },
}

impl Count {
    fn holds(self, found: usize) -> bool {
        match self {
            Self::Exactly(count) => found == count,
            Self::Within { at_least, at_most } => at_least.is_none_or(|least| found >= least) && at_most.is_none_or(|most| found <= most),
        }
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Exactly(count) => write!(f, "exactly {count}"),
            Self::Within { at_least: Some(least), at_most: Some(most) } => write!(f, "{least} to {most}"),
            Self::Within { at_least, at_most: None } => write!(f, "at least {}", at_least.unwrap_or(0)),
            Self::Within { at_least: None, at_most: Some(most) } => write!(f, "at most {most}"),
        }
    }
}

impl Match {
    /// What is wrong with it: an operation that does not exist would never match, and so hide a slip of the pen; nor would more headers than a
    /// request has, each of which is looked for in every entry.
    ///
    /// # Errors
    /// The field, named within `within`.
    pub fn validate(&self, within: &str, operations: &Operations) -> Result<(), Violation> {
        match &self.operation {
            Some(name) if operations.named(name).is_none() => Err(Violation { field: format!("{within}Operation"), tag: "oneof" }),
            _ if self.header.len() > MOST_HEADERS => Err(Violation { field: format!("{within}Header"), tag: "max" }),
            _ => Ok(()),
        }
    }

    /// Whether a request is meant.
    #[must_use]
    pub fn fits(&self, facts: &Facts) -> bool {
        self.misses(facts).is_empty()
    }

    /// In what a request is another one than is meant.
    fn misses(&self, facts: &Facts) -> Vec<String> {
        let mut misses = Vec::new();
        if let Some(name) = &self.operation
            && !facts.operation.is_some_and(|operation| operation.id == *name || operation.route == *name)
        {
            misses.push(format!("operation is {}", facts.operation.map_or("none", |operation| &operation.id)));
        }
        if let Some(method) = &self.method
            && !method.eq_ignore_ascii_case(&facts.method)
        {
            misses.push(format!("method is {}", facts.method));
        }
        if let Some(path) = &self.path
            && !path_fits(path, &facts.path)
        {
            misses.push(format!("path is {}", facts.path));
        }
        if let Some(status) = self.status
            && facts.status() != Some(status)
        {
            misses.push(format!("status is {}", facts.status().map_or("none".to_owned(), |status| status.to_string())));
        }
        misses.extend(self.header.iter().filter_map(|(name, value)| header_misses(name, value, facts)));
        if let Some(expected) = &self.body {
            misses.extend(body_misses(expected, facts));
        }
        misses
    }
}

fn path_fits(pattern: &str, path: &str) -> bool {
    let pattern = redact::path(pattern);
    let (wanted, given): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    let fits = |(wanted, given): (&&str, &&str)| wanted == given || (wanted.starts_with('{') && wanted.ends_with('}') && !given.is_empty());
    wanted.len() == given.len() && wanted.iter().zip(&given).all(fits)
}

fn header_misses(name: &str, expected: &str, facts: &Facts) -> Option<String> {
    let sent = facts.request.headers.iter().find(|(sent, _)| sent.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
    match sent {
        Some(value) if value == expected || redact::is_secret(name) => None,
        Some(value) => Some(format!("header {name} is '{value}'")),
        None => Some(format!("header {name} is absent")),
    }
}

fn body_misses(expected: &Value, facts: &Facts) -> Option<String> {
    match facts.request.json() {
        Some(body) => different(expected, &body).map(|difference| format!("body{difference}")),
        None => Some("body is no JSON, or was not read".to_owned()),
    }
}

/// The first place at which a value is not what is expected, which is put into words only once it is found: names may be long, and many.
fn different(expected: &Value, actual: &Value) -> Option<String> {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => expected.iter().find_map(|(name, expected)| match actual.get(name) {
            Some(actual) => different(expected, actual).map(|difference| format!(".{name}{difference}")),
            None => Some(format!(".{name} is absent")),
        }),
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            let mut items = expected.iter().zip(actual).enumerate();
            items.find_map(|(place, (expected, actual))| different(expected, actual).map(|difference| format!("[{place}]{difference}")))
        }
        (expected, actual) => (expected != actual).then(|| format!(" is {actual}")),
    }
}

/// Counts the requests that are meant.
///
/// # Errors
/// [`Kind::Conflict`] where there are not as many as there should be; the text names those that came nearest.
pub fn verify(reading: &Reading, wanted: &Match, count: Count) -> Result<usize, Error> {
    let mut misses: Vec<_> = reading.entries.iter().map(|entry| (wanted.misses(&entry.facts), &**entry)).collect();
    let found = misses.iter().filter(|(misses, _)| misses.is_empty()).count();
    if count.holds(found) {
        return Ok(found);
    }
    misses.retain(|(misses, _)| !misses.is_empty());
    // Of those that are equally near, the newest first.
    misses.sort_by_key(|(misses, entry)| (misses.len(), std::cmp::Reverse(entry.id)));
    let mut text = format!("expected {count} that match, found {found} among {} requests", reading.entries.len());
    if reading.forgotten > 0 {
        text.extend([" (", &reading.forgotten.to_string(), " older ones are forgotten)"]);
    }
    text.extend(misses.iter().take(NEAR_MISSES).map(|(misses, entry)| near_miss(misses, entry)));
    Err(Error::quoting(Kind::Conflict, text))
}

fn near_miss(misses: &[String], entry: &Entry) -> String {
    let refusal = entry.facts.refusal.as_ref().map(|sealed| format!("; refused: {}", sealed.error.detail()));
    format!("\n#{} {} {}: {}{}", entry.id, entry.facts.method, entry.facts.path, misses.join(", "), refusal.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::mock::journal::entry::Message;

    /// `POST /v2/orgs/masmovil/msisdns/666777888` with a body, answered 201, and the example of [`Facts`].
    fn reading() -> Reading {
        let body = json!({"imsi": "214049", "list": [{"a": 1, "b": 2}]}).to_string();
        let headers = vec![("x-run".to_owned(), "7".to_owned()), ("authorization".to_owned(), redact::REDACTED.to_owned())];
        let length = body.len();
        let post = Facts {
            method: "POST".to_owned(),
            path: "/v2/orgs/masmovil/msisdns/666777888".to_owned(),
            operation: Operations::published().named("addMsisdn"),
            request: Message::of(headers, body.into(), length),
            response: Some((201, Message::default())),
            ..Facts::example()
        };
        let entries = [Facts::example(), post].into_iter().zip(1..);
        let entries = entries.map(|(facts, id)| Arc::new(Entry { id, bytes: 0, facts })).collect();
        Reading { entries, forgotten: 0 }
    }

    fn found(wanted: Value) -> Vec<u64> {
        let wanted: Match = serde_json::from_value(wanted).unwrap();
        reading().entries.iter().filter(|entry| wanted.fits(&entry.facts)).map(|entry| entry.id).collect()
    }

    #[test]
    fn what_is_given_must_hold() {
        for (wanted, expected) in [
            (json!({}), &[1, 2][..]),
            (json!({"operation": "getMsisdn"}), &[1]),
            (json!({"operation": "POST /v2/orgs/{org}/msisdns/{msisdn}"}), &[2]),
            (json!({"method": "post"}), &[2]),
            (json!({"method": "PUT"}), &[]),
            (json!({"path": "/v2/msisdns/666777888"}), &[1]),
            (json!({"path": "/v2/msisdns/{any}"}), &[1]),
            (json!({"path": "/v2/msisdns"}), &[]),
            (json!({"path": "/v2/msisdns/666777888/x"}), &[]),
            (json!({"status": 201}), &[2]),
            (json!({"status": 200, "operation": "addMsisdn"}), &[]),
            (json!({"header": {"X-Run": "7"}}), &[2]),
            (json!({"header": {"X-Run": "8"}}), &[]),
            (json!({"header": {"Authorization": "whatever"}}), &[2]),
            (json!({"body": {}}), &[2]),
            (json!({"body": {"imsi": "214049"}}), &[2]),
            (json!({"body": {"imsi": 214_049}}), &[]),
            (json!({"body": {"list": [{"b": 2}]}}), &[2]),
            (json!({"body": {"list": []}}), &[]),
            (json!({"body": {"list": [{"b": 3}]}}), &[]),
            (json!({"body": {"other": null}}), &[]),
        ] {
            assert_eq!(found(wanted.clone()), expected, "{wanted}");
        }
    }

    #[test]
    fn more_headers_than_a_request_has() {
        let wanted =
            |count: u32| Match { header: (0..count).map(|place| (place.to_string(), String::new())).collect(), ..Match::default() };
        assert_eq!(wanted(100).validate("", Operations::published()), Ok(()));
        let violation = Violation { field: "Match.Header".to_owned(), tag: "max" };
        assert_eq!(wanted(101).validate("Match.", Operations::published()), Err(violation));
    }

    #[test]
    fn counts() {
        let count = |text: &str| serde_json::from_str::<Count>(text).unwrap();
        for (text, shown, holds) in [
            ("1", "exactly 1", [false, true, false]),
            (r#"{"at_least": 1}"#, "at least 1", [false, true, true]),
            (r#"{"at_most": 1}"#, "at most 1", [true, true, false]),
            (r#"{"at_least": 1, "at_most": 1}"#, "1 to 1", [false, true, false]),
            ("{}", "at least 0", [true, true, true]),
        ] {
            assert_eq!(count(text).to_string(), shown);
            assert_eq!([0, 1, 2].map(|found| count(text).holds(found)), holds, "{text}");
        }
        assert!(serde_json::from_str::<Count>(r#"{"atleast": 1}"#).is_err());
    }

    #[test]
    fn the_nearest_are_named() {
        let wanted: Match = serde_json::from_value(json!({"operation": "addMsisdn", "status": 409, "body": {"list": [{"b": 3}]}})).unwrap();
        let error = verify(&reading(), &wanted, Count::Exactly(1)).unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict);
        assert_eq!(
            error.detail(),
            "expected exactly 1 that match, found 0 among 2 requests\n\
             #2 POST /v2/orgs/masmovil/msisdns/666777888: status is 201, body.list[0].b is 2\n\
             #1 GET /v2/msisdns/666777888: operation is getMsisdn, status is 200, body is no JSON, or was not read"
        );
        let forgetful = Reading { forgotten: 5, ..reading() };
        let error = verify(&forgetful, &Match::default(), Count::Exactly(1)).unwrap_err();
        assert_eq!(error.detail(), "expected exactly 1 that match, found 2 among 2 requests (5 older ones are forgotten)");
        assert_eq!(verify(&reading(), &Match::default(), Count::Exactly(2)).unwrap(), 2);
    }
}
