//! ICCID: the serial number of a SIM card.

use std::fmt;

/// The identifier of a SIM card, as the Central Node takes it: 19 digits beginning 89, the last one
/// a Luhn check digit (ITU-T E.118).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Iccid(u64);

/// Why a text is not an ICCID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IccidError {
    /// Neither 19 nor 20 characters.
    #[error("an ICCID has 19 digits, or 20 characters as printed on the card")]
    Length,
    /// A character that is no digit, other than a filler in the 20th place.
    #[error("an ICCID has digits only, but for an F in the 20th place")]
    NotADigit,
    /// The major industry identifier is not that of telecommunications.
    #[error("an ICCID begins with 89")]
    Prefix,
    /// The 19th digit is not the Luhn digit of the 18 before it.
    #[error("the check digit is wrong")]
    CheckDigit,
}

impl Iccid {
    /// Reads 19 digits, or the 20 characters printed on cards, whose last one (a digit or the
    /// filler `F`) the Central Node does not take: it is cut off.
    ///
    /// # Errors
    /// Says which rule of [`IccidError`] the text breaks.
    pub fn parse(text: &str) -> Result<Self, IccidError> {
        let (digits, filler) = match text.len() {
            19 => (text, None),
            20 => text.split_at_checked(19).map(|(digits, filler)| (digits, Some(filler))).ok_or(IccidError::NotADigit)?,
            _ => return Err(IccidError::Length),
        };
        if let Some(filler) = filler
            && !filler.bytes().all(|byte| byte.is_ascii_digit() || byte.eq_ignore_ascii_case(&b'F'))
        {
            return Err(IccidError::NotADigit);
        }
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(IccidError::NotADigit);
        }
        if !digits.starts_with("89") {
            return Err(IccidError::Prefix);
        }
        if !luhn_valid(digits) {
            return Err(IccidError::CheckDigit);
        }
        digits.parse().map(Self).map_err(|_| IccidError::NotADigit)
    }
}

/// Whether the last digit is the Luhn digit (ISO/IEC 7812-1) of those before it.
fn luhn_valid(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            let weighted = if place % 2 == 1 { digit * 2 } else { digit };
            weighted / 10 + weighted % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

impl fmt::Display for Iccid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:019}", self.0)
    }
}

impl fmt::Debug for Iccid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iccid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mangled::mangled;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::published_sample("8934221507160508791", "8934221507160508791")]
    #[case::twentieth_digit("89342215071605087917", "8934221507160508791")]
    #[case::filler("8934221507160508791F", "8934221507160508791")]
    #[case::small_filler("8934221507160508791f", "8934221507160508791")]
    #[case::foreign_issuer("8944501234567890124", "8944501234567890124")]
    fn accepted(#[case] text: &str, #[case] canonical: &str) {
        assert_eq!(Iccid::parse(text).unwrap().to_string(), canonical);
    }

    #[rstest]
    #[case::empty("", IccidError::Length)]
    #[case::short("893422150716050879", IccidError::Length)]
    #[case::long("893422150716050879100", IccidError::Length)]
    #[case::other_filler("8934221507160508791A", IccidError::NotADigit)]
    #[case::letter("8934221507160508X91", IccidError::NotADigit)]
    #[case::filler_in_19("893422150716050879F", IccidError::NotADigit)]
    #[case::blank("8934 22150716050879", IccidError::NotADigit)]
    #[case::plus_sign("+934221507160508791", IccidError::NotADigit)]
    #[case::many_bytes_a_character("893422150716050879é", IccidError::NotADigit)]
    #[case::other_digits("٨٩٣٤٢٢١٥٠٧", IccidError::NotADigit)]
    #[case::prefix("8834221507160508791", IccidError::Prefix)]
    #[case::check_digit("8934221507160508792", IccidError::CheckDigit)]
    fn refused(#[case] text: &str, #[case] error: IccidError) {
        assert_eq!(Iccid::parse(text), Err(error));
    }

    proptest! {
        #[test]
        fn exactly_one_check_digit_fits(body in "89[0-9]{16}") {
            let valid = (0..10).filter(|check| Iccid::parse(&format!("{body}{check}")).is_ok()).count();
            prop_assert_eq!(valid, 1);
        }

        #[test]
        fn one_wrong_digit_is_noticed(body in "89[0-9]{16}", place in 2_usize..18, other in 1_u8..10) {
            let right = (0..10).map(|check| format!("{body}{check}")).find(|text| Iccid::parse(text).is_ok()).unwrap();
            let mut wrong = right.into_bytes();
            wrong[place] = (wrong[place] - b'0' + other) % 10 + b'0';
            prop_assert_eq!(Iccid::parse(&String::from_utf8(wrong).unwrap()), Err(IccidError::CheckDigit));
        }

        #[test]
        fn any_text_is_answered(text in mangled(&["8934221507160508791", "89342215071605087917", "8934221507160508791F"])) {
            if let Ok(iccid) = Iccid::parse(&text) {
                prop_assert_eq!(Iccid::parse(&iccid.to_string()), Ok(iccid));
                prop_assert!(text.starts_with(&iccid.to_string()));
            }
        }
    }
}
