//! Everything that can go wrong for a caller, without HTTP: one type, and the catalogue of its kinds.
//!
//! A failure has two texts that never mix: [`Error::detail`], which is safe to show, and its cause, which is for the log alone
//! and for that reason has no way into an answer.

use std::error::Error as StdError;
use std::fmt;

/// What a fallible operation of this server returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Cause = Box<dyn StdError + Send + Sync>;

/// Declares the kinds of failure with their status, stable id and fixed sentence, in one place.
macro_rules! catalogue {
    ($($(#[$meta:meta])* $kind:ident = $status:literal, $id:literal, $msg:literal;)+) => {
        /// A kind of failure. Its id is stable: clients may switch on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind { $($(#[$meta])* $kind,)+ }

        impl Kind {
            /// Every kind, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// The status of the answer: an HTTP status code.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$kind => $status,)+ }
            }

            /// The stable id, `MM` and seven digits. `MM0000001` is published.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$kind => $id,)+ }
            }

            /// The fixed sentence of the id.
            #[must_use]
            pub const fn msg(self) -> &'static str {
                match self { $(Self::$kind => $msg,)+ }
            }
        }
    };
}

catalogue! {
    /// A field or parameter breaks a rule of its form.
    Invalid = 400, "MM0000001", "Invalid inbound entity";
    /// The body is not JSON.
    Unreadable = 400, "MM0000002", "Unreadable inbound body";
    /// The Entitlement Server calls the operator token's request wrong.
    RefusedUpstream = 400, "MM0000003", "Refused by the Entitlement Server";
    /// No bearer token.
    Unauthenticated = 401, "MM0000010", "Authentication required";
    /// A bearer token that does not hold.
    InvalidToken = 401, "MM0000011", "Invalid access token";
    /// The token does not allow this.
    Forbidden = 403, "MM0000020", "Access denied";
    /// No such object, or not the caller's.
    NotFound = 404, "MM0000030", "Not found";
    /// No such path.
    UnknownRoute = 404, "MM0000031", "Unknown route";
    /// The path does not know this method.
    MethodNotAllowed = 405, "MM0000040", "Method not allowed";
    /// The caller did not send its body in time.
    SlowRequest = 408, "MM0000050", "Request not received in time";
    /// The present state does not allow this.
    Conflict = 409, "MM0000060", "Conflict with the present state";
    /// A body over the limit.
    TooLarge = 413, "MM0000070", "Inbound entity too large";
    /// A body that is not `application/json`.
    UnsupportedMediaType = 415, "MM0000080", "Unsupported media type";
    /// The token asks more often than it may.
    RateLimited = 429, "MM0000130", "Too many requests";
    /// A request whose line and headers are over the limit.
    HeadTooLarge = 431, "MM0000140", "Request header fields too large";
    /// Any other refusal of the HTTP layer.
    BadRequest = 400, "MM0000090", "Bad request";
    /// A defect of this server, or an unexpected answer of its database.
    Internal = 500, "MM0000100", "Internal server error";
    /// The Entitlement Server failed.
    BadGateway = 502, "MM0000110", "Bad gateway";
    /// The database cannot be reached, or the server is overloaded or stopping.
    Unavailable = 503, "MM0000120", "Service unavailable";
    /// The answer was not ready in time.
    TimedOut = 503, "MM0000121", "Request timed out";
    /// The process ids of this minute are used up.
    SequenceExhausted = 503, "MM0000122", "No process id left in this minute";
    /// There are as many sandboxes as there may be.
    SandboxesFull = 503, "MM0000123", "No room for another sandbox";
    /// A health check fails.
    NotReady = 503, "MM0000124", "Not ready";
}

/// A failure: its kind, what may be shown of it, and its cause for the log.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    detail: String,
    cause: Option<Cause>,
    retry_after: u32,
    quotes_request: bool,
}

impl Error {
    /// A failure with a text that is safe to show.
    ///
    /// For kinds of status 500 and above the text is replaced by the kind's own sentence: a caller never learns a cause.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let detail = if kind.status() >= 500 { format!("{}, please try again later", kind.msg()) } else { detail.into() };
        Self { kind, detail, cause: None, retry_after: 1, quotes_request: false }
    }

    /// A failure whose cause goes to the log.
    pub fn because(kind: Kind, cause: impl Into<Cause>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(kind, kind.msg()) }
    }

    /// A health check fails: the check is named, for it is no cause; what it met goes to the log.
    pub fn not_ready(check: &'static str, cause: impl Into<Cause>) -> Self {
        Self { detail: check.to_owned(), ..Self::because(Kind::NotReady, cause) }
    }

    /// A failure whose text quotes what the caller sent: shown to the caller, and kept out of the log, for it may be somebody's.
    pub fn quoting(kind: Kind, detail: impl Into<String>) -> Self {
        Self { quotes_request: true, ..Self::new(kind, detail) }
    }

    /// No such object, or not the caller's: `what` names the kind of object, never its owner.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Kind::NotFound, format!("{what} not found"))
    }

    /// The same, to be tried again after so many seconds. Matters for statuses 429 and 503.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after: seconds, ..self }
    }

    /// Seconds after which to try again what failed for a passing reason.
    #[must_use]
    pub fn seconds_to_retry(&self) -> u32 {
        self.retry_after
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What exactly was wrong, safe to show.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What went wrong, for the person at a terminal: the causes where there are any, else the detail.
    #[must_use]
    pub fn plainly(&self) -> String {
        if self.cause.is_none() { self.detail.clone() } else { self.causes().join(": ") }
    }

    /// The causes, from the outside in; one that only repeats the one before is left out.
    fn causes(&self) -> Vec<String> {
        let mut causes: Vec<String> = Vec::new();
        let mut next = self.cause.as_deref().map(|cause| cause as &dyn StdError);
        while let Some(cause) = next {
            let text = cause.to_string();
            if !causes.last().is_some_and(|last| last.ends_with(&text)) {
                causes.push(text);
            }
            next = cause.source();
        }
        causes
    }

    /// The whole story for the log: the detail and every cause below it, from the outside in.
    #[must_use]
    pub fn story(&self) -> String {
        let shown = if self.quotes_request { format!("{} (as quoted to the caller)", self.kind.msg()) } else { self.detail.clone() };
        std::iter::once(shown).chain(self.causes()).collect::<Vec<_>>().join(": ")
    }
}

/// The detail: what may be shown. The causes are for [`Error::story`].
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl StdError for Error {}

/// One field that breaks one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field's path in the style of the published sample: `MsisdnRanges[0].InitialRange.Msisdn.Number`.
    pub field: String,
    /// The rule's name: `required`, `len`, `oneof` …
    pub tag: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error:Field validation for '{}' failed on the '{}' tag", self.field, self.tag)
    }
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Self {
        Self::new(Kind::Invalid, violation.to_string())
    }
}

/// Several violations make one failure, a line each, in the order given.
impl From<Vec<Violation>> for Error {
    fn from(violations: Vec<Violation>) -> Self {
        let lines: Vec<_> = violations.iter().map(Violation::to_string).collect();
        Self::new(Kind::Invalid, lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_well_formed() {
        let ids: HashSet<_> = Kind::ALL.iter().map(|kind| kind.id()).collect();
        assert_eq!(ids.len(), Kind::ALL.len());
        for id in ids {
            assert!(id.len() == 9 && id.starts_with("MM") && id[2..].bytes().all(|b| b.is_ascii_digit()), "{id}");
        }
    }

    #[test]
    fn the_published_kind_is_as_published() {
        assert_eq!((Kind::Invalid.status(), Kind::Invalid.id(), Kind::Invalid.msg()), (400, "MM0000001", "Invalid inbound entity"));
        let violation = Violation { field: "Imsi".into(), tag: "required" };
        assert_eq!(Error::from(violation).detail(), "Error:Field validation for 'Imsi' failed on the 'required' tag");
    }

    #[test]
    fn a_server_failure_shows_no_cause() {
        let error = Error::because(Kind::Internal, "secret table is missing");
        assert_eq!(error.detail(), "Internal server error, please try again later");
        assert_eq!(error.story(), "Internal server error, please try again later: secret table is missing");
        assert_eq!(Error::new(Kind::BadGateway, "a secret").detail(), "Bad gateway, please try again later");
    }

    #[test]
    fn what_the_caller_sent_is_shown_and_not_logged() {
        let error = Error::quoting(Kind::Invalid, "unknown field 'Martina'");
        assert_eq!(error.detail(), "unknown field 'Martina'");
        assert_eq!(error.story(), "Invalid inbound entity (as quoted to the caller)");
    }

    #[test]
    fn several_violations_are_a_line_each() {
        let violation = |field: &str, tag| Violation { field: field.into(), tag };
        let error = Error::from(vec![violation("A", "required"), violation("B[0].C", "len")]);
        assert_eq!(
            error.detail(),
            "Error:Field validation for 'A' failed on the 'required' tag\nError:Field validation for 'B[0].C' failed on the 'len' tag"
        );
    }
}
