//! The `Prefer` header (RFC 7240): a caller asks for one of an operation's documented answers, or for a slow one.
//!
//! | preference | forces |
//! |---|---|
//! | `code=404` | the documented answer of that status, its body from the document's examples |
//! | `example=NAME` | the example of that name, of that status or of whichever has it |
//! | `delay=1500` | the answer, forced or not, so many milliseconds later; at most 60,000 |
//!
//! They may be combined, by commas (`code=404, delay=1500`), semicolons or several headers. Other preferences are ignored, as the RFC says;
//! of two of the same name the first counts. A token is needed as always; a forced answer looks at nothing else and stores nothing.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::operations::{Operation, Sample};
use crate::error::{Error, Kind, Result};

/// The header that says what a caller prefers (RFC 7240).
pub(super) const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// The longest delay.
const LONGEST: Duration = Duration::from_mins(1);

/// What a caller prefers, of what can be preferred here; as written.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Preferences {
    code: Option<String>,
    example: Option<String>,
    delay: Option<String>,
}

impl Preferences {
    /// Those of a request, or `None` where it has none of ours.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut preferences = Self::default();
        for line in headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok()) {
            for preference in separated(line, ',') {
                // What follows a semicolon belongs to the preference before it; after one of ours it is taken for another of ours.
                let mut parts = separated(preference, ';');
                if parts.next().is_some_and(|first| preferences.take(first)) {
                    for part in parts {
                        preferences.take(part);
                    }
                }
            }
        }
        (preferences != Self::default()).then_some(preferences)
    }

    /// Takes `name=value`, unless there is one of that name already; says whether the name is one of ours.
    fn take(&mut self, preference: &str) -> bool {
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        let place = match name.trim().to_ascii_lowercase().as_str() {
            "code" => &mut self.code,
            "example" => &mut self.example,
            "delay" => &mut self.delay,
            _ => return false,
        };
        place.get_or_insert_with(|| unquoted(value.trim()));
        true
    }

    /// How long to wait before the answer.
    ///
    /// # Errors
    /// [`Kind::BadRequest`] for what is no such time.
    pub fn delay(&self) -> Result<Duration> {
        let Some(delay) = &self.delay else { return Ok(Duration::ZERO) };
        let delay = number::<u32>(delay).map(|millis| Duration::from_millis(millis.into()));
        delay.filter(|delay| *delay <= LONGEST).ok_or_else(|| Error::new(Kind::BadRequest, "Prefer: delay is 0 to 60000 milliseconds"))
    }

    /// The answer that is forced, or `None` where the operation is to answer itself.
    ///
    /// # Errors
    /// [`Kind::BadRequest`] for an answer that the operation does not document; the text lists those that it does.
    pub fn forced(&self, operation: &Operation) -> Result<Option<Response>> {
        let example = self.example.as_deref();
        let answers = operation.answers();
        let found = match &self.code {
            None if example.is_none() => return Ok(None),
            None => answers.iter().find_map(|(status, answer)| Some((*status, answer, answer.sample(example)?))),
            Some(code) => {
                let answer = number(code).and_then(|code: u16| answers.get_key_value(&code));
                let (status, answer) = answer.ok_or_else(|| undocumented_code(operation, code))?;
                answer.sample(example).map(|sample| (*status, answer, sample))
            }
        };
        let (status, answer, sample) = found.ok_or_else(|| self.undocumented_example(operation))?;
        let mut response = match sample {
            Sample::Empty => Body::empty().into_response(),
            Sample::Json(body) => ([(header::CONTENT_TYPE, "application/json")], body.clone()).into_response(),
            Sample::Failure(kind, detail) => Error::new(*kind, detail).into_response(),
        };
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().extend(answer.headers.iter().cloned());
        Ok(Some(response))
    }

    fn undocumented_example(&self, operation: &Operation) -> Error {
        let of_code = |status: &u16| self.code.as_deref().is_none_or(|code| number(code) == Some(*status));
        let answers = operation.answers().iter().filter(|(status, _)| of_code(status));
        let names: Vec<_> = answers.flat_map(|(status, answer)| answer.names().map(move |name| format!("{name} ({status})"))).collect();
        let names = if names.is_empty() { "no named example".to_owned() } else { names.join(", ") };
        Error::new(Kind::BadRequest, format!("Prefer: example is not one of {}'s there, which are: {names}", operation.id))
    }

    /// Says in an answer which preferences were applied.
    pub fn confirm(&self, response: &mut Response) {
        let applied = [("code", &self.code), ("example", &self.example), ("delay", &self.delay)];
        let applied: Vec<_> = applied.iter().filter_map(|(name, value)| Some(format!("{name}={}", quoted(value.as_deref()?)))).collect();
        if let Ok(value) = HeaderValue::from_str(&applied.join(", ")) {
            response.headers_mut().insert(PREFERENCE_APPLIED, value);
        }
    }
}

fn undocumented_code(operation: &Operation, code: &str) -> Error {
    let codes: Vec<_> = operation.answers().keys().map(u16::to_string).collect();
    let code: String = code.chars().take(10).collect();
    Error::quoting(
        Kind::BadRequest,
        format!("Prefer: code={code} is not documented for {}, which answers {}", operation.id, codes.join(", ")),
    )
}

/// A number of digits alone: `parse` would take a sign too.
fn number<N: std::str::FromStr>(text: &str) -> Option<N> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// The parts between separators that do not stand in a quoted string.
fn separated(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |letter| {
        if escaped {
            escaped = false;
            return false;
        }
        match letter {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            letter if letter == separator => return !quoted,
            _ => {}
        }
        false
    })
}

/// A word: a token as it stands, a quoted string without quotes and escapes.
fn unquoted(word: &str) -> String {
    let Some(quoted) = word.strip_prefix('"').and_then(|word| word.strip_suffix('"')) else { return word.to_owned() };
    let mut letters = quoted.chars();
    let mut text = String::with_capacity(quoted.len());
    while let Some(letter) = letters.next() {
        text.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    text
}

/// A text as a token where it is one (RFC 9110 §5.6.2), else as a quoted string.
fn quoted(text: &str) -> String {
    let is_token = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    if is_token { text.to_owned() } else { format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mangled::mangled;

    fn of(lines: &[&str]) -> Option<Preferences> {
        Preferences::of(&lines.iter().map(|line| (PREFER, HeaderValue::from_str(line).unwrap())).collect())
    }

    fn preferred(code: &str, example: &str, delay: &str) -> Preferences {
        let given = |text: &str| (text != "-").then(|| text.to_owned());
        Preferences { code: given(code), example: given(example), delay: given(delay) }
    }

    #[test]
    fn forms() {
        let all = || Some(preferred("200", "APOR", "5"));
        for (lines, expected) in [
            (&["code=404"][..], Some(preferred("404", "-", "-"))),
            (&["code=200, example=APOR, delay=5"], all()),
            (&["code=200;example=APOR;delay=5"], all()),
            (&["code=200 ; example=APOR,delay=5"], all()),
            (&["code=200", "example=APOR", "delay=5"], all()),
            (&["respond-async, Code = 200,, EXAMPLE=\"APOR\", wait=9,delay=\"5\""], all()),
            (&["code=200, code=404", "code=500"], Some(preferred("200", "-", "-"))),
            (&["code=200; code=404"], Some(preferred("200", "-", "-"))),
            (&["example=\"a, b; \\\"c\\\" \\\\\""], Some(preferred("-", "a, b; \"c\" \\", "-"))),
            (&["respond-async; code=404"], None),
            (&["return=minimal", "codes=404", "handling=\"code=404, code=404\""], None),
            (&["code"], Some(preferred("", "-", "-"))),
            (&[""], None),
            (&[], None),
        ] {
            assert_eq!(of(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn delays() {
        let delay = |text: &str| of(&[&format!("delay={text}")]).unwrap().delay().map_err(|error| error.kind());
        assert_eq!(delay("0"), Ok(Duration::ZERO));
        assert_eq!(delay("1500"), Ok(Duration::from_millis(1500)));
        assert_eq!(delay("60000"), Ok(LONGEST));
        for wrong in ["60001", "-1", "+5", "1.5", "1s", "", "99999999999999999999"] {
            assert_eq!(delay(wrong), Err(Kind::BadRequest), "{wrong}");
        }
        assert_eq!(preferred("404", "-", "-").delay().unwrap(), Duration::ZERO);
    }

    #[test]
    fn what_was_applied_is_said() {
        let confirmed = |lines: &[&str]| {
            let mut response = Response::new(Body::empty());
            of(lines).unwrap().confirm(&mut response);
            response.headers()[PREFERENCE_APPLIED].to_str().unwrap().to_owned()
        };
        assert_eq!(confirmed(&["delay=5; code=404", "x=y"]), "code=404, delay=5");
        assert_eq!(confirmed(&["example=\"a \\\"b\\\"\""]), "example=\"a \\\"b\\\"\"");
    }

    proptest! {
        #[test]
        fn any_text_is_answered(line in mangled(&["code=404, example=\"a, b; \\\"c\\\" \\\\\", delay=1500", "respond-async; wait=9, Code=\"200\";delay=5"])) {
            let Ok(line) = HeaderValue::from_str(&line) else { return Ok(()) };
            let Some(preferences) = Preferences::of(&HeaderMap::from_iter([(PREFER, line)])) else { return Ok(()) };
            prop_assert!(preferences.delay().map_or(true, |delay| delay <= LONGEST));
            let mut response = Response::new(Body::empty());
            preferences.confirm(&mut response);
            let applied = response.headers()[PREFERENCE_APPLIED].clone();
            prop_assert_eq!(Preferences::of(&HeaderMap::from_iter([(PREFER, applied)])), Some(preferences));
        }

        #[test]
        fn what_is_quoted_is_unquoted(text in "[ -~]*") {
            prop_assert_eq!(unquoted(&quoted(&text)), text);
        }
    }
}
