//! The operator token of GSMA TS.43: proof, for a short while, of who holds a subscription.

use std::fmt;
use std::ops::RangeInclusive;

use jiff::Timestamp;

use super::msisdn::Msisdn;

/// An opaque operator token: 8 to 512 characters of `[A-Za-z0-9._~+/=-]`.
///
/// GSMA TS.43 leaves the format open; this is the alphabet of bearer tokens (RFC 6750 §2.1). Whoever has the
/// token can learn the subscriber's number, so `Debug` hides it, there is no `Display`, and [`expose`](Self::expose)
/// marks every place that reads it.
#[derive(Clone, PartialEq, Eq)]
pub struct OperatorToken(String);

/// A token of the built-in Entitlement Server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// The token.
    pub token: OperatorToken,
    /// The number behind it.
    pub msisdn: Msisdn,
    /// When it expires; `None`: never.
    pub expires_at: Option<Timestamp>,
}

/// The text is not an operator token. It does not say what the text was: it may be a token with a typing error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an operator token has 8 to 512 characters of A-Z a-z 0-9 . _ ~ + / = -")]
pub struct InvalidOperatorToken;

impl OperatorToken {
    /// The number of characters a token may have.
    pub const LENGTH: RangeInclusive<usize> = 8..=512;

    /// Takes a text, already percent-decoded, as a token.
    ///
    /// # Errors
    /// [`InvalidOperatorToken`] when the length or a character is not allowed.
    pub fn parse(text: &str) -> Result<Self, InvalidOperatorToken> {
        if Self::LENGTH.contains(&text.len()) && text.bytes().all(is_token_character) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidOperatorToken)
        }
    }

    /// The token itself: for the Entitlement Server and the store, never for a log or an answer.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OperatorToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OperatorToken(redacted)")
    }
}

const fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b'-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::{InvalidOperatorToken, OperatorToken};
    use crate::mangled::mangled;

    #[test]
    fn tokens_are_judged_by_length_and_alphabet() {
        let longest = "x".repeat(512);
        for good in ["abc123xyz456", "12345678", "Az09._~+/=-", &longest] {
            assert_eq!(OperatorToken::parse(good).unwrap().expose(), good);
        }
        let too_long = "x".repeat(513);
        let bad = [
            "",
            "1234567",
            &too_long,
            "abc 12345",
            " abc12345",
            "abc12345\n",
            "abc%2F123",
            "abc12345?",
            "abc12345#",
            "abc12345&",
            "abc12345:",
            "abc12345ñ",
            "ñññññññññ",
            "abc12345\0",
            "abc@12345",
            "abc`12345",
            "abc[12345",
            "abc{12345",
        ];
        for text in bad {
            assert_eq!(OperatorToken::parse(text), Err(InvalidOperatorToken), "{text:?}");
        }
    }

    #[test]
    fn debug_hides_the_token() {
        let token = OperatorToken::parse("abc123xyz456").unwrap();
        assert_eq!(format!("{token:?}"), "OperatorToken(redacted)");
    }

    proptest! {
        #[test]
        fn every_text_of_the_alphabet_is_kept_as_it_is(text in "[A-Za-z0-9._~+/=-]{8,512}") {
            let token = OperatorToken::parse(&text).unwrap();
            prop_assert_eq!(token.expose(), text);
        }

        #[test]
        fn any_text_is_answered(text in mangled(&["abc123xyz456", "Az09._~+/=-"])) {
            prop_assert!(OperatorToken::parse(&text).map_or(true, |token| token.expose() == text));
        }

        #[test]
        fn a_foreign_character_anywhere_is_refused(
            head in "[a-z]{4,9}", foreign in "[^A-Za-z0-9._~+/=-]", tail in "[a-z]{4,9}"
        ) {
            let text = format!("{head}{foreign}{tail}");
            prop_assert_eq!(OperatorToken::parse(&text), Err(InvalidOperatorToken));
        }
    }
}
