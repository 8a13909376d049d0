//! NRN: the number by which networks route calls to a ported subscriber.

use std::fmt;

/// A Network Routing Number: six digits, leading zeros included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nrn(u32);

/// The text or number is not an NRN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an NRN has 6 digits")]
pub struct NrnError;

impl Nrn {
    /// Reads exactly six ASCII digits (published pattern `^[\d]{6,6}$`).
    ///
    /// # Errors
    /// Any other text.
    pub fn parse(text: &str) -> Result<Self, NrnError> {
        if text.len() != 6 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NrnError);
        }
        text.parse().map(Self).map_err(|_| NrnError)
    }

    /// The NRN written as this number, which is how the published operator object gives it.
    ///
    /// # Errors
    /// Numbers of more than six digits.
    pub const fn from_number(number: u32) -> Result<Self, NrnError> {
        if number > 999_999 {
            return Err(NrnError);
        }
        Ok(Self(number))
    }

    /// The NRN as a number: `741111`.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Nrn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mangled::mangled;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("741111", 741_111)]
    #[case("000042", 42)]
    #[case("000000", 0)]
    #[case("999999", 999_999)]
    fn accepted(#[case] text: &str, #[case] number: u32) {
        let nrn = Nrn::parse(text).unwrap();
        assert_eq!((nrn.number(), nrn.to_string().as_str()), (number, text));
        assert_eq!(Nrn::from_number(number), Ok(nrn));
    }

    #[rstest]
    #[case("")]
    #[case("74111")]
    #[case("7411111")]
    #[case("74111a")]
    #[case("+74111")]
    #[case(" 74111")]
    #[case("٧٤١")]
    fn refused(#[case] text: &str) {
        assert_eq!(Nrn::parse(text), Err(NrnError));
    }

    #[test]
    fn seven_digits_are_refused_as_a_number() {
        assert_eq!(Nrn::from_number(1_000_000), Err(NrnError));
    }

    proptest! {
        #[test]
        fn the_text_is_the_canonical_form(text in "[0-9]{6}") {
            prop_assert_eq!(Nrn::parse(&text).unwrap().to_string(), text);
        }

        #[test]
        fn any_text_is_answered(text in mangled(&["741111", "000042"])) {
            prop_assert!(Nrn::parse(&text).map_or(true, |nrn| nrn.to_string() == text));
        }
    }
}
