//! Causes: why a porting was refused or cancelled.

use std::fmt;

use crate::domain::codes::codes;

codes! {
    /// Why a donor refuses. The donor may use these five and no other.
    pub enum DenyCause {
        /// The holder's document does not match the number, or the number or customer is unknown.
        Ident = "RECH_IDENT",
        /// The ICCID does not match the number (prepaid).
        Iccid = "RECH_ICCID",
        /// The number is being returned to its range owner.
        Bnume = "RECH_BNUME",
        /// Justified force majeure.
        Fmayo = "RECH_FMAYO",
        /// The SIM was reported lost or stolen.
        Perdi = "RECH_PERDI",
    }
}

codes! {
    /// Why a recipient cancels.
    pub enum CancelCause {
        /// The subscriber wishes so.
        Abona = "CANC_ABONA",
        /// Technical reasons.
        Tecni = "CANC_TECNI",
        /// The operator's error.
        Error = "CANC_ERROR",
    }
}

codes! {
    /// Why the Central Node refuses a request, in the order in which it checks.
    pub enum NodeRefusal {
        /// The number is not the donor's to give.
        Enume = "AREC ENUME",
        /// Another process is active for the number.
        Exist = "AREC EXIST",
        /// The NRN is none of the recipient's.
        Nrnre = "AREC NRNRE",
        /// The window's date or hour is not allowed.
        Horfv = "AREC HORFV",
        /// The recipient has used up its requests of the day.
        Cupo1 = "AREC CUPO1",
        /// The donor has used up its changes of the day.
        Cupo4 = "AREC CUPO4",
    }
}

impl NodeRefusal {
    /// Whether it refuses one number, and not the whole request that the number is part of.
    #[must_use]
    pub const fn is_of_number(self) -> bool {
        matches!(self, Self::Enume | Self::Exist)
    }
}

/// The code the Central Node gives when the donor's deadline passes without an answer.
const NO_REPLY: &str = "RECH_NORES";

/// What `cause_status` says of a porting or of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The donor refused.
    Denied(DenyCause),
    /// `RECH_NORES`: the donor did not answer in time. Set by the Central Node alone.
    NoReply,
    /// The recipient cancelled.
    Cancelled(CancelCause),
    /// The Central Node refused the request.
    Node(NodeRefusal),
}

impl Cause {
    /// The published code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Denied(cause) => cause.as_str(),
            Self::NoReply => NO_REPLY,
            Self::Cancelled(cause) => cause.as_str(),
            Self::Node(refusal) => refusal.as_str(),
        }
    }

    /// The cause with this code, spelled exactly; `None` for any other text.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        if code == NO_REPLY {
            return Some(Self::NoReply);
        }
        DenyCause::parse(code)
            .map(Self::Denied)
            .or_else(|| CancelCause::parse(code).map(Self::Cancelled))
            .or_else(|| NodeRefusal::parse(code).map(Self::Node))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("RECH_IDENT", Cause::Denied(DenyCause::Ident))]
    #[case("RECH_ICCID", Cause::Denied(DenyCause::Iccid))]
    #[case("RECH_BNUME", Cause::Denied(DenyCause::Bnume))]
    #[case("RECH_FMAYO", Cause::Denied(DenyCause::Fmayo))]
    #[case("RECH_PERDI", Cause::Denied(DenyCause::Perdi))]
    #[case("RECH_NORES", Cause::NoReply)]
    #[case("CANC_ABONA", Cause::Cancelled(CancelCause::Abona))]
    #[case("CANC_TECNI", Cause::Cancelled(CancelCause::Tecni))]
    #[case("CANC_ERROR", Cause::Cancelled(CancelCause::Error))]
    #[case("AREC ENUME", Cause::Node(NodeRefusal::Enume))]
    #[case("AREC EXIST", Cause::Node(NodeRefusal::Exist))]
    #[case("AREC NRNRE", Cause::Node(NodeRefusal::Nrnre))]
    #[case("AREC HORFV", Cause::Node(NodeRefusal::Horfv))]
    #[case("AREC CUPO1", Cause::Node(NodeRefusal::Cupo1))]
    #[case("AREC CUPO4", Cause::Node(NodeRefusal::Cupo4))]
    fn published_codes(#[case] code: &str, #[case] cause: Cause) {
        assert_eq!(Cause::parse(code), Some(cause));
        assert_eq!(cause.to_string(), code);
    }

    #[test]
    fn nothing_else_is_a_cause() {
        for text in ["", "string", "rech_ident", "RECH IDENT", "AREC_ENUME", "RECH_OTHER"] {
            assert_eq!(Cause::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn silence_is_no_cause_of_the_donor() {
        assert_eq!(DenyCause::parse("RECH_NORES"), None);
    }
}
