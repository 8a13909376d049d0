//! MSISDN: a mobile subscriber's telephone number.

use std::fmt;

/// The country code of Spain (ITU-T E.164).
const COUNTRY_CODE: u64 = 34;
/// Ten to the number of digits of a Spanish national number.
const NATIONAL_SPAN: u64 = 1_000_000_000;

/// A Spanish mobile number, kept in one canonical form: its E.164 digits without the `+`, as a number (`34666777888`).
///
/// Displayed as the nine national digits (`666777888`), which is the form the published answers use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Msisdn(u64);

/// The text is not a Spanish mobile number in one of the accepted forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number is nine digits beginning with 6 or 7, alone or after 34, +34 or 0034")]
pub struct InvalidMsisdn;

impl Msisdn {
    /// Reads `666777888`, `34666777888`, `+34666777888` or `0034666777888`: all name the same number.
    ///
    /// # Errors
    /// [`InvalidMsisdn`] for anything else; blanks, dots and dashes inside are refused too.
    pub fn parse(text: &str) -> Result<Self, InvalidMsisdn> {
        let national = match text.len() {
            9 => text,
            11 => text.strip_prefix("34").ok_or(InvalidMsisdn)?,
            12 => text.strip_prefix("+34").ok_or(InvalidMsisdn)?,
            13 => text.strip_prefix("0034").ok_or(InvalidMsisdn)?,
            _ => return Err(InvalidMsisdn),
        };
        if !national.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidMsisdn);
        }
        let national = national.parse::<u64>().map_err(|_| InvalidMsisdn)?;
        Self::from_e164(COUNTRY_CODE * NATIONAL_SPAN + national)
    }

    /// Reads the canonical form, `34666777888`.
    ///
    /// # Errors
    /// [`InvalidMsisdn`] where the digits are not those of a Spanish mobile number.
    pub fn from_e164(digits: u64) -> Result<Self, InvalidMsisdn> {
        let is_spanish = digits / NATIONAL_SPAN == COUNTRY_CODE;
        let is_mobile = matches!(digits % NATIONAL_SPAN / (NATIONAL_SPAN / 10), 6 | 7);
        (is_spanish && is_mobile).then_some(Self(digits)).ok_or(InvalidMsisdn)
    }

    /// The E.164 digits as a number: `34666777888`.
    #[must_use]
    pub fn e164(self) -> u64 {
        self.0
    }

    /// The nine national digits as a number: `666777888`.
    #[must_use]
    pub fn national(self) -> u64 {
        self.0 % NATIONAL_SPAN
    }

    /// With the international prefix: `+34666777888`.
    #[must_use]
    pub fn international(self) -> String {
        format!("+{}", self.0)
    }
}

impl fmt::Display for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:09}", self.national())
    }
}

/// Masked but for the last three digits, because `Debug` is what ends up in logs.
impl fmt::Debug for Msisdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Msisdn(******{:03})", self.0 % 1000)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mangled::mangled;

    #[test]
    fn every_accepted_form_names_the_same_number() {
        for form in ["666777888", "34666777888", "+34666777888", "0034666777888"] {
            assert_eq!(Msisdn::parse(form).map(Msisdn::e164), Ok(34_666_777_888), "{form}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let refused = [
            "",
            "66677788",
            "6667778889",
            "866777888",
            "566777888",
            "966777888",
            "666 777 888",
            "666.777.888",
            "666-777-888",
            "+666777888",
            "35666777888",
            "+33666777888",
            "0033666777888",
            "++3466677788",
            "+34 66677788",
            "66677788a",
            "６66777888",
            " 666777888",
            "-66777888",
            "+66777888",
        ];
        for text in refused {
            assert_eq!(Msisdn::parse(text), Err(InvalidMsisdn), "{text:?}");
        }
    }

    #[test]
    fn shown_without_prefix_and_masked_in_debug() {
        let number = Msisdn::parse("666777888").unwrap();
        assert_eq!(number.to_string(), "666777888");
        assert_eq!(number.international(), "+34666777888");
        assert_eq!(format!("{number:?}"), "Msisdn(******888)");
    }

    proptest! {
        #[test]
        fn display_parses_back(national in 600_000_000_u64..800_000_000) {
            let number = Msisdn::parse(&national.to_string()).unwrap();
            prop_assert_eq!(Msisdn::parse(&number.to_string()), Ok(number));
            prop_assert_eq!(Msisdn::parse(&number.international()), Ok(number));
            prop_assert_eq!(Msisdn::from_e164(number.e164()), Ok(number));
        }

        #[test]
        fn any_text_is_answered(text in mangled(&["666777888", "34666777888", "+34766777888", "0034666777888"])) {
            if let Ok(number) = Msisdn::parse(&text) {
                prop_assert!(text.is_ascii() && text.ends_with(&number.to_string()));
                prop_assert_eq!(Msisdn::parse(&number.international()), Ok(number));
            }
        }
    }
}
