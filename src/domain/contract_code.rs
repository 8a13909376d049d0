//! The code of the contract by which a subscriber asks for a porting.

use std::fmt;

use crate::domain::operator::OperatorCode;

/// A contract code (*codigoContrato*): 11 characters of `[A-Za-z0-9_-]`, the first three the
/// recipient operator's code. Operator 005 numbers its own: `00528902840`; others use letters too:
/// `299-TRAC_12`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContractCode {
    text: String,
    operator: OperatorCode,
}

/// Why a text is not a contract code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContractCodeError {
    /// Not 11 characters.
    #[error("a contract code has 11 characters")]
    Length,
    /// A character other than `[A-Za-z0-9_-]`.
    #[error("a contract code has letters, digits, '-' and '_' only")]
    Character,
    /// The first three characters are no operator code.
    #[error("a contract code begins with the recipient operator's 3-digit code")]
    Operator,
}

impl ContractCode {
    /// Reads a contract code. Whose it is, is for the caller to compare with
    /// [`ContractCode::operator`].
    ///
    /// # Errors
    /// Says which rule of [`ContractCodeError`] the text breaks.
    pub fn parse(text: &str) -> Result<Self, ContractCodeError> {
        if text.chars().count() != 11 {
            return Err(ContractCodeError::Length);
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return Err(ContractCodeError::Character);
        }
        let operator = text.get(..3).and_then(|code| OperatorCode::parse(code).ok()).ok_or(ContractCodeError::Operator)?;
        Ok(Self { text: text.to_owned(), operator })
    }

    /// The operator the code begins with.
    #[must_use]
    pub const fn operator(&self) -> OperatorCode {
        self.operator
    }

    /// The code as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for ContractCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mangled::mangled;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::published_sample("00528902840", "005")]
    #[case::letters("299-TRAC_12", "299")]
    #[case::small_letters("501abcdefgh", "501")]
    fn accepted(#[case] text: &str, #[case] operator: &str) {
        let code = ContractCode::parse(text).unwrap();
        assert_eq!((code.as_str(), code.operator().to_string().as_str()), (text, operator));
        assert_eq!(code.to_string(), text);
    }

    #[rstest]
    #[case::empty("", ContractCodeError::Length)]
    #[case::short("0052890284", ContractCodeError::Length)]
    #[case::long("005289028400", ContractCodeError::Length)]
    #[case::blank("005 8902840", ContractCodeError::Character)]
    #[case::dot("005.8902840", ContractCodeError::Character)]
    #[case::accent("005ñ8902840", ContractCodeError::Character)]
    #[case::no_operator("A0528902840", ContractCodeError::Operator)]
    #[case::dash_first("-0528902840", ContractCodeError::Operator)]
    fn refused(#[case] text: &str, #[case] error: ContractCodeError) {
        assert_eq!(ContractCode::parse(text), Err(error));
    }

    proptest! {
        #[test]
        fn kept_as_given(text in "[0-9]{3}[A-Za-z0-9_-]{8}") {
            prop_assert_eq!(ContractCode::parse(&text).unwrap().to_string(), text);
        }

        #[test]
        fn any_text_is_answered(text in mangled(&["00528902840", "299-TRAC_12"])) {
            prop_assert!(ContractCode::parse(&text).map_or(true, |code| code.as_str() == text));
        }
    }
}
