//! The body of a 200 answer to `GetSubscriberDeviceInfo`: JSON or a WAP provisioning document, and the number in it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::APP_ID;

/// TS.43 writes a value that is base64 with this in front.
const ENCODED: &str = "encodedValue=";
/// The most attributes of an element, and the most namespaces of a document, that are read: those of TS.43 have two, and none. The parser's time
/// grows with the square of the one, and more with the other, and nothing can interrupt it.
const MOST_ATTRIBUTES: usize = 64;
const MOST_NAMESPACES: usize = 16;
/// The only `OperationResult` that means success.
const SUCCESS: u16 = 1;

/// Why a body gives no number. It holds nothing but numbers: the body may repeat the token.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    #[error("the body is not UTF-8")]
    NotUtf8,
    #[error("unreadable JSON at line {line} column {column}")]
    Json { line: usize, column: usize },
    #[error("unreadable XML at line {line} column {column}")]
    Xml { line: u32, column: u32 },
    #[error("XML of too many attributes or namespaces")]
    Elaborate,
    #[error("the answer has nothing of application {APP_ID}")]
    NoApplication,
    #[error("the answer has no readable OperationResult")]
    NoResult,
    #[error("OperationResult {0}")]
    Refused(u16),
    #[error("the answer has no MSISDN")]
    NoMsisdn,
    #[error("the MSISDN is not a number of E.164")]
    BadMsisdn,
}

/// The number in a body. Whether it is XML or JSON is taken from how it begins, not from its label: no JSON text
/// begins as an XML document does.
pub(super) fn msisdn(body: &[u8]) -> Result<String, Unusable> {
    let text = str::from_utf8(body).map_err(|_| Unusable::NotUtf8)?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let application = if text.starts_with('<') { from_xml(text)? } else { from_json(text)? };
    application.msisdn()
}

#[derive(Deserialize)]
struct JsonAnswer {
    ap2015: Option<Application>,
}

/// What the answer says for the application asked for.
#[derive(Deserialize)]
struct Application {
    #[serde(rename = "OperationResult")]
    operation_result: Option<Value>,
    #[serde(rename = "MSISDN")]
    msisdn: Option<Value>,
}

/// A value with or without quotation marks: JSON has both, TS.43 speaks of values only.
#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Number(u64),
    Text(String),
}

impl Value {
    fn into_text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}

impl Application {
    fn msisdn(self) -> Result<String, Unusable> {
        let result = self.operation_result.map(Value::into_text);
        match result.and_then(|text| text.parse().ok()) {
            None => Err(Unusable::NoResult),
            Some(SUCCESS) => {
                let value = self.msisdn.ok_or(Unusable::NoMsisdn)?;
                e164(value.into_text()).ok_or(Unusable::BadMsisdn)
            }
            Some(other) => Err(Unusable::Refused(other)),
        }
    }
}

fn from_json(text: &str) -> Result<Application, Unusable> {
    let answer: JsonAnswer = serde_json::from_str(text).map_err(|error| Unusable::Json { line: error.line(), column: error.column() })?;
    answer.ap2015.ok_or(Unusable::NoApplication)
}

fn from_xml(text: &str) -> Result<Application, Unusable> {
    if is_elaborate(text) {
        return Err(Unusable::Elaborate);
    }
    // A document type, and with it every entity of the author's own, is refused by the parser's defaults.
    let document = roxmltree::Document::parse(text).map_err(|error| Unusable::Xml { line: error.pos().row, column: error.pos().col })?;
    let application = document
        .descendants()
        .filter(|node| node.has_tag_name("characteristic"))
        .filter(|node| node.attribute("type") == Some("APPLICATION"))
        .find(|node| parm(*node, "AppID") == Some(APP_ID))
        .ok_or(Unusable::NoApplication)?;
    let value = |name| parm(application, name).map(|text| Value::Text(text.to_owned()));
    Ok(Application { operation_result: value("OperationResult"), msisdn: value("MSISDN") })
}

/// Whether there may be more than is read: each attribute has a sign of equality, and each namespace is declared by its name.
fn is_elaborate(text: &str) -> bool {
    text.split('<').any(|tag| tag.matches('=').nth(MOST_ATTRIBUTES).is_some()) || text.matches("xmlns").nth(MOST_NAMESPACES).is_some()
}

/// The value of `<parm name="…" value="…"/>` directly inside a characteristic.
fn parm<'a>(characteristic: roxmltree::Node<'a, '_>, name: &str) -> Option<&'a str> {
    characteristic.children().filter(|node| node.has_tag_name("parm")).find(|node| node.attribute("name") == Some(name))?.attribute("value")
}

/// Decodes a number if need be; 1 to 15 digits, with or without `+`.
fn e164(value: String) -> Option<String> {
    let text = match value.strip_prefix(ENCODED) {
        Some(encoded) => String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?,
        None => value,
    };
    let digits = text.strip_prefix('+').unwrap_or(&text);
    let valid = (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    valid.then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::{Unusable, msisdn};
    use crate::mangled::mangled_bytes;

    fn json(members: &str) -> String {
        format!(r#"{{"Vers":{{"version":"1","validity":"172800"}},"ap2015":{{{members}}}}}"#)
    }

    fn xml(parms: &[(&str, &str)]) -> String {
        let parms = parms.iter().map(|(name, value)| format!(r#"<parm name="{name}" value="{value}"/>"#)).collect::<Vec<_>>().concat();
        format!(
            "<?xml version=\"1.0\"?>\n<wap-provisioningdoc version=\"1.1\">\
             <characteristic type=\"VERS\"><parm name=\"version\" value=\"1\"/></characteristic>\
             <characteristic type=\"APPLICATION\">{parms}</characteristic></wap-provisioningdoc>"
        )
    }

    #[test]
    fn a_usable_answer_gives_the_number_as_it_is_written() {
        let app = ("AppID", "ap2015");
        let success = ("OperationResult", "1");
        let plain = xml(&[app, success, ("MSISDN", "+34616210000")]);
        let bodies = [
            (json(r#""OperationResult":1,"MSISDN":"+34616210000""#), "+34616210000"),
            (json(r#""OperationResult":"1","MSISDN":"34616210000""#), "34616210000"),
            (json(r#""OperationResult":1,"MSISDN":34616210000"#), "34616210000"),
            (json(r#""MSISDN":"+447700900123","IMSI":"214040119172971","OperationResult":1,"x":[]"#), "+447700900123"),
            (json(r#""OperationResult":1,"MSISDN":"encodedValue=KzM0NjE2MjEwMDAw""#), "+34616210000"),
            (json(r#""OperationResult":1,"MSISDN":"encodedValue=MzQ2MTYyMTAwMDA=""#), "34616210000"),
            (json(r#""OperationResult":1,"MSISDN":"123456789012345""#), "123456789012345"),
            (format!("\u{feff} \r\n{}\n", json(r#""OperationResult":1,"MSISDN":"1""#)), "1"),
            (plain.clone(), "+34616210000"),
            (format!("\u{feff}\r\n{plain}\r\n"), "+34616210000"),
            (plain.replace("1.1\">", "1.1\" xmlns=\"urn:wap\">"), "+34616210000"),
            (xml(&[success, ("MSISDN", "encodedValue=KzM0NjE2MjEwMDAw"), app]), "+34616210000"),
            (xml(&[app, success, ("MSISDN", "&#43;34616210000")]), "+34616210000"),
        ];
        for (body, number) in bodies {
            assert_eq!(msisdn(body.as_bytes()).as_deref(), Ok(number), "{body}");
        }
    }

    #[test]
    fn another_application_beside_the_right_one_is_passed_over() {
        let other = r#"<characteristic type="APPLICATION"><parm name="AppID" value="ap2014"/><parm name="OperationResult" value="1"/><parm name="MSISDN" value="999"/></characteristic>"#;
        let ours = other.replace("ap2014", "ap2015").replace("999", "34616210000");
        let body = format!("<wap-provisioningdoc>{other}{ours}</wap-provisioningdoc>");
        assert_eq!(msisdn(body.as_bytes()).as_deref(), Ok("34616210000"));
        let elsewhere = ours.replace("APPLICATION", "VERS");
        for body in [other, &elsewhere] {
            let body = format!("<wap-provisioningdoc>{body}</wap-provisioningdoc>");
            assert_eq!(msisdn(body.as_bytes()), Err(Unusable::NoApplication), "{body}");
        }
    }

    #[test]
    fn a_result_other_than_1_is_a_refusal_whatever_else_is_there() {
        for result in [0, 2, 100, 101, 102, 103, 104, 65535] {
            let number = r#""MSISDN":"+34616210000""#;
            for body in [
                json(&format!(r#""OperationResult":{result},{number}"#)),
                json(&format!(r#""OperationResult":"{result}""#)),
                xml(&[("AppID", "ap2015"), ("OperationResult", &result.to_string())]),
            ] {
                assert_eq!(msisdn(body.as_bytes()), Err(Unusable::Refused(result)), "{body}");
            }
        }
    }

    #[test]
    fn what_is_missing_or_unreadable_is_named() {
        let success = |value: &str| json(&format!(r#""OperationResult":1,"MSISDN":{value}"#));
        let app = ("AppID", "ap2015");
        let bodies = [
            (r#"{"Vers":{}}"#.to_owned(), Unusable::NoApplication),
            (r#"{"ap2015":null}"#.to_owned(), Unusable::NoApplication),
            (r#"{"ap2014":{"OperationResult":1,"MSISDN":"1"}}"#.to_owned(), Unusable::NoApplication),
            (json(""), Unusable::NoResult),
            (json(r#""OperationResult":null,"MSISDN":"1""#), Unusable::NoResult),
            (json(r#""OperationResult":"","MSISDN":"1""#), Unusable::NoResult),
            (json(r#""OperationResult":"yes","MSISDN":"1""#), Unusable::NoResult),
            (json(r#""OperationResult":65536,"MSISDN":"1""#), Unusable::NoResult),
            (json(r#""OperationResult":1"#), Unusable::NoMsisdn),
            (success("null"), Unusable::NoMsisdn),
            (xml(&[("AppID", "ap2014"), ("MSISDN", "1")]), Unusable::NoApplication),
            (xml(&[("MSISDN", "1")]), Unusable::NoApplication),
            (xml(&[app, ("MSISDN", "1")]), Unusable::NoResult),
            (xml(&[app, ("OperationResult", "1")]), Unusable::NoMsisdn),
            (xml(&[app, ("OperationResult", "1"), ("MSISDN", "")]), Unusable::BadMsisdn),
            ("<html><body>Log in</body></html>".to_owned(), Unusable::NoApplication),
        ];
        for (body, cause) in bodies {
            assert_eq!(msisdn(body.as_bytes()), Err(cause), "{body}");
        }
    }

    #[test]
    fn what_is_no_number_of_e164_is_refused() {
        for value in [
            "",
            "+",
            "++34616210000",
            "34616210000+",
            "+34 616210000",
            " 34616210000",
            "34-616",
            "tel:+34616210000",
            "616a10000",
            "1234567890123456",
            "٣٤٦١٦",
            "encodedValue=",
            "encodedValue=***",
            "encodedValue=KzM0NjE2MjEwMDA",
            "encodedValue=MzQ2MTYyMTAwMDA",
            "encodedValue=/////w==",
            "encodedValue=aGVsbG8=",
            "encodedvalue=KzM0NjE2MjEwMDAw",
            "KzM0NjE2MjEwMDAw",
            "encodedValue=encodedValue=KzM0NjE2MjEwMDAw",
        ] {
            let body = json(&format!(r#""OperationResult":1,"MSISDN":"{value}""#));
            assert_eq!(msisdn(body.as_bytes()), Err(Unusable::BadMsisdn), "{value:?}");
        }
    }

    #[test]
    fn what_cannot_be_parsed_is_refused() {
        let number_in_a_list = json(r#""OperationResult":1,"MSISDN":["1"]"#);
        let fraction = json(r#""OperationResult":1.5"#);
        for body in ["", "null", "[]", "34616210000", "{", r#"{"ap2015":7}"#, &number_in_a_list, &fraction] {
            assert!(matches!(msisdn(body.as_bytes()), Err(Unusable::Json { .. })), "{body}");
        }
        for body in ["<", "<a>", "<a></b>", "<a>&unknown;</a>", "<a/>text", "<a b='1' b='2'/>"] {
            assert!(matches!(msisdn(body.as_bytes()), Err(Unusable::Xml { .. })), "{body}");
        }
        assert_eq!(msisdn(b"{\"ap2015\":\"\xff\"}"), Err(Unusable::NotUtf8));
    }

    #[test]
    fn a_parser_error_is_told_by_its_place_only() {
        for (body, cause) in [
            ("{\n\"ap2015\" abc123xyz456", "unreadable JSON at line 2 column 10"),
            ("<a>\n</abc123xyz456>", "unreadable XML at line 2 column 1"),
        ] {
            assert_eq!(msisdn(body.as_bytes()).unwrap_err().to_string(), cause);
        }
    }

    #[test]
    fn entities_of_the_authors_own_are_not_expanded() {
        let level = |level: u8| {
            let references = format!("&e{};", level - 1).repeat(10);
            format!(r#"<!ENTITY e{level} "{references}">"#)
        };
        let levels = (1..10).map(level).collect::<Vec<_>>().concat();
        let bomb = format!(r#"<!DOCTYPE b [<!ENTITY e0 "lol">{levels}]><b>&e9;</b>"#);
        let file = r#"<!DOCTYPE b [<!ENTITY e SYSTEM "file:///etc/hostname">]><b>&e;</b>"#;
        for body in [&bomb, file] {
            assert!(matches!(msisdn(body.as_bytes()), Err(Unusable::Xml { .. })), "{body}");
        }
    }

    /// 64 KiB of these would keep the parser at work for half a second and for minutes.
    #[test]
    fn what_takes_a_parser_long_is_not_parsed() {
        let attributes = |count: u32| format!("<a {}/>", (0..count).map(|place| format!("a{place}=''")).collect::<Vec<_>>().join(" "));
        let namespaces = |count: usize| {
            let opened: Vec<_> = (0..count).map(|place| format!("<a xmlns:a{place}='b'>")).collect();
            opened.concat() + &"</a>".repeat(count)
        };
        for (body, expected) in [
            (attributes(64), Unusable::NoApplication),
            (attributes(65), Unusable::Elaborate),
            (namespaces(16), Unusable::NoApplication),
            (namespaces(17), Unusable::Elaborate),
        ] {
            assert_eq!(msisdn(body.as_bytes()), Err(expected), "{body}");
        }
    }

    #[test]
    fn deep_nesting_ends_in_an_error() {
        let bodies = ["<a>".repeat(21_000), "[".repeat(65_000), r#"{"ap2015":"#.repeat(6_500)];
        for body in bodies {
            assert!(msisdn(body.as_bytes()).is_err(), "{}", &body[..20]);
        }
        let closed = format!("{}{}", "<a>".repeat(9_000), "</a>".repeat(9_000));
        assert_eq!(msisdn(closed.as_bytes()), Err(Unusable::NoApplication));
    }

    proptest! {
        #[test]
        fn any_number_in_any_dress_comes_back(number in r"\+?[0-9]{1,15}", encoded in any::<bool>()) {
            use base64::Engine;
            let value = if encoded {
                format!("encodedValue={}", base64::engine::general_purpose::STANDARD.encode(&number))
            } else {
                number.clone()
            };
            let bodies = [
                json(&format!(r#""OperationResult":1,"MSISDN":"{value}""#)),
                xml(&[("AppID", "ap2015"), ("OperationResult", "1"), ("MSISDN", &value)]),
            ];
            for body in bodies {
                prop_assert_eq!(msisdn(body.as_bytes()), Ok(number.clone()));
            }
        }

        #[test]
        fn any_text_is_answered(
            body in mangled_bytes(&[
                r#"{"Vers":{"version":"1"},"ap2015":{"OperationResult":1,"MSISDN":"+34616210000"}}"#,
                r#"{"ap2015":{"OperationResult":"1","MSISDN":"encodedValue=KzM0NjE2MjEwMDAw"}}"#,
                r#"<?xml version="1.0"?><d xmlns:x="u"><characteristic type="APPLICATION"><parm name="AppID" value="ap2015"/><parm name="OperationResult" value="1"/><parm name="MSISDN" value="+34616210000&#10;"/></characteristic></d>"#,
            ])
        ) {
            if let Ok(number) = msisdn(&body) {
                let digits = number.strip_prefix('+').unwrap_or(&number);
                prop_assert!((1..=15).contains(&digits.len()));
                prop_assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
            }
        }
    }
}
