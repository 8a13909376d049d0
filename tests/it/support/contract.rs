//! Every answer against the committed documents: its status is documented, its body is what the document says, and no member of it
//! is undocumented. An answer of 400 and above is the envelope, whatever the document says.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use jiff::Timestamp;
use portero::error::Kind;
use regex::Regex;
use reqwest::Method;
use serde_json::{Map, Value};

use super::Answer;
use super::database::root;

/// The committed documents.
pub static DOCUMENTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let mut files: Vec<_> = std::fs::read_dir(root().join("openapi")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()).collect()
});

/// Panics where an answer is not what the documents promise.
pub fn check(method: &Method, path: &str, answer: &Answer) {
    let what = format!("{method} {path} answered {}: {}", answer.status, answer.body);
    assert!(!answer.header("x-request-id").is_empty(), "no X-Request-Id: {what}");
    if answer.status >= 400 {
        check_envelope(answer, &what);
    }
    let path = path.split('?').next().unwrap_or_default();
    let Some((document, operation)) = operation(method, path) else { return };
    let documented = &operation["responses"][answer.status.to_string()];
    assert!(!documented.is_null(), "undocumented status: {what}");
    let content = &resolved(document, documented)["content"];
    if content.is_null() {
        assert_eq!(answer.body, "", "undocumented body: {what}");
        return;
    }
    assert_eq!(answer.header("content-type"), "application/json", "{what}");
    let body = answer.json();
    let mut problems = Vec::new();
    Schemas { document }.judge(&content["application/json"]["schema"], &body, "body", &mut problems);
    assert!(problems.is_empty(), "{}\n{what}", problems.join("\n"));
}

/// Panics where an answer of 400 and above is not the envelope.
fn check_envelope(answer: &Answer, what: &str) {
    assert_eq!(answer.header("content-type"), "application/json", "{what}");
    let envelope = answer.json();
    let members: Vec<_> = envelope.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["componentMsg", "id", "msg", "sentryCode", "status"], "{what}");
    let kind = Kind::ALL.iter().find(|kind| envelope["id"] == kind.id()).unwrap_or_else(|| panic!("unknown id: {what}"));
    assert_eq!((&envelope["status"], &envelope["msg"]), (&answer.status.into(), &kind.msg().into()), "{what}");
    assert_eq!(kind.status(), answer.status, "{what}");
    assert!(!envelope["componentMsg"].as_str().unwrap().is_empty(), "{what}");
    let event = envelope["sentryCode"].as_str().unwrap();
    assert!(event.len() == 32 && event.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()), "{what}");
}

/// The operation that a document has for a request.
fn operation(method: &Method, path: &str) -> Option<(&'static Value, &'static Value)> {
    DOCUMENTS.iter().find_map(|document| {
        let paths = document["paths"].as_object().unwrap();
        // A path without parameters comes before one with them.
        let mut fitting: Vec<_> = paths.iter().filter(|(template, _)| fits(template, path)).collect();
        fitting.sort_by_key(|(template, _)| template.matches('{').count());
        let (_, operations) = fitting.first()?;
        Some((document, operations.get(method.as_str().to_lowercase())?))
    })
}

fn fits(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given || (wanted.starts_with('{') && !given.is_empty()) => {}
            _ => return false,
        }
    }
}

/// Follows a `$ref` of a document's value, where it is one.
fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    value.get("$ref").map_or(value, |reference| resolved(document, target(document, reference)))
}

/// Where a `$ref` leads.
fn target<'d>(document: &'d Value, reference: &Value) -> &'d Value {
    let pointer = reference.as_str().and_then(|reference| reference.strip_prefix('#'));
    let pointer = pointer.unwrap_or_else(|| panic!("{reference} leads out of the document"));
    document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

/// JSON Schema 2020-12, in the part that the documents use. A keyword it does not know fails the test, so that nothing goes unchecked.
pub struct Schemas<'d> {
    /// Where `$ref`s lead.
    pub document: &'d Value,
}

impl Schemas<'_> {
    /// Appends what is wrong with a value.
    pub fn judge(&self, schema: &Value, value: &Value, at: &str, problems: &mut Vec<String>) {
        if *schema == Value::Bool(false) {
            problems.push(format!("{at} is undocumented"));
            return;
        }
        let schema_members = schema.as_object().unwrap_or_else(|| panic!("{at}: {schema} is no schema"));
        for (keyword, rule) in schema_members {
            if let Some(problem) = self.keyword(keyword, rule, schema_members, value, at, problems) {
                problems.push(format!("{at}: {problem}: {value}"));
            }
        }
    }

    fn passes(&self, schema: &Value, value: &Value) -> bool {
        let mut problems = Vec::new();
        self.judge(schema, value, "", &mut problems);
        problems.is_empty()
    }

    fn keyword(
        &self,
        keyword: &str,
        rule: &Value,
        schema: &Map<String, Value>,
        value: &Value,
        at: &str,
        problems: &mut Vec<String>,
    ) -> Option<String> {
        let holds = match keyword {
            "description" | "example" | "examples" | "title" | "default" | "deprecated" | "readOnly" => true,
            "$ref" => {
                self.judge(target(self.document, rule), value, at, problems);
                true
            }
            "type" => rule.as_array().map_or_else(|| is_of_type(value, rule), |types| types.iter().any(|rule| is_of_type(value, rule))),
            "enum" => rule.as_array().unwrap().contains(value),
            "const" => rule == value,
            "oneOf" => rule.as_array().unwrap().iter().filter(|schema| self.passes(schema, value)).count() == 1,
            "anyOf" => rule.as_array().unwrap().iter().any(|schema| self.passes(schema, value)),
            "properties" | "additionalProperties" => {
                self.members(keyword, rule, schema, value, at, problems);
                true
            }
            "propertyNames" => value.as_object().is_none_or(|members| members.keys().all(|name| self.passes(rule, &name.as_str().into()))),
            "required" => value
                .as_object()
                .is_none_or(|members| rule.as_array().unwrap().iter().all(|name| members.contains_key(name.as_str().unwrap()))),
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.judge(rule, item, &format!("{at}[{index}]"), problems);
                }
                true
            }
            "pattern" => value.as_str().is_none_or(|text| pattern(rule.as_str().unwrap()).is_match(text)),
            "format" => is_of_format(value, rule.as_str().unwrap()),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 >= rule.as_u64().unwrap()),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 <= rule.as_u64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
            "minProperties" => value.as_object().is_none_or(|members| members.len() as u64 >= rule.as_u64().unwrap()),
            other => panic!("the keyword {other} of a document is not checked yet: add it here"),
        };
        (!holds).then(|| format!("breaks {keyword} {rule}"))
    }

    /// The members of an object; one that the schema does not name is undocumented unless the schema allows it.
    fn members(&self, keyword: &str, rule: &Value, schema: &Map<String, Value>, value: &Value, at: &str, problems: &mut Vec<String>) {
        let Some(members) = value.as_object() else { return };
        let named = schema.get("properties");
        for (name, member) in members {
            let at = format!("{at}.{name}");
            match (keyword, named.and_then(|named| named.get(name))) {
                ("properties", Some(schema)) => self.judge(schema, member, &at, problems),
                ("properties", None) if !schema.contains_key("additionalProperties") => problems.push(format!("{at} is undocumented")),
                ("additionalProperties", None) => self.judge(rule, member, &at, problems),
                _ => {}
            }
        }
    }
}

/// A regular expression, made once: lists ask for the same few thousands of times.
fn pattern(text: &str) -> Regex {
    static MADE: LazyLock<Mutex<HashMap<String, Regex>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap();
    made.entry(text.to_owned()).or_insert_with(|| Regex::new(text).unwrap()).clone()
}

fn is_of_type(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    }
}

fn is_of_format(value: &Value, format: &str) -> bool {
    match format {
        "date-time" => value.as_str().is_none_or(|text| text.len() == 20 && text.ends_with('Z') && text.parse::<Timestamp>().is_ok()),
        "int32" => value.as_i64().is_none_or(|number| i32::try_from(number).is_ok()),
        "int64" | "double" | "uri" | "email" => true,
        other => panic!("the format {other} of a document is not checked yet: add it here"),
    }
}
