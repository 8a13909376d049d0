//! Identity documents of subscribers.

use std::fmt;

use crate::domain::codes::codes;

codes! {
    /// The kinds of document the Central Node takes.
    pub enum DocumentType {
        /// A Spanish person's tax number.
        Nif = "NIF",
        /// A foreigner's identity number.
        Nie = "NIE",
        /// A company's tax number.
        Cif = "CIF",
        /// A passport.
        Pas = "PAS",
    }
}

/// A document whose check letter fits its type, in canonical form: capitals, no blanks, no dashes.
///
/// `Debug` shows the type only: documents do not belong in logs.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Document {
    kind: DocumentType,
    number: String,
}

/// Why a text is not a document of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Too short or too long.
    #[error("a {0} has {size} characters", size = size(*.0))]
    Length(DocumentType),
    /// A letter where a digit belongs, or the reverse, or a first letter that this type does not
    /// have.
    #[error("not written like a {0}")]
    Format(DocumentType),
    /// The check letter or digit does not fit.
    #[error("the check character of the {0} is wrong")]
    CheckCharacter(DocumentType),
}

/// The check letters of persons' numbers, by remainder modulo 23.
const PERSON_LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// The check letters of companies' numbers, by Luhn digit.
const COMPANY_LETTERS: &[u8; 10] = b"JABCDEFGHI";

/// The first letters of companies' numbers: the kinds of legal entity.
const COMPANY_KINDS: &[u8] = b"ABCDEFGHJNPQRSUVW";

/// Passports have no common form; this is more than the longest.
const PASSPORT_MAX: usize = 32;

/// How many characters a document has, in words.
const fn size(kind: DocumentType) -> &'static str {
    match kind {
        DocumentType::Pas => "1 to 32",
        DocumentType::Nif | DocumentType::Nie | DocumentType::Cif => "9",
    }
}

impl Document {
    /// Reads a document of this type. Small letters, and blanks and dashes anywhere, are accepted,
    /// as they are usual in print; a passport keeps its spelling but for the blanks around it.
    ///
    /// * NIF: 8 digits and a letter, or K, L or M, 7 digits and a letter.
    /// * NIE: X, Y or Z, 7 digits and a letter.
    /// * CIF: a letter of the kind of entity, 7 digits and a check digit or letter. Which kinds
    ///   have which is disputed, so either is accepted.
    /// * PAS: 1 to 32 characters, no control characters.
    ///
    /// # Errors
    /// Says which rule of [`DocumentError`] the text breaks.
    pub fn parse(kind: DocumentType, text: &str) -> Result<Self, DocumentError> {
        let number = if kind == DocumentType::Pas { passport(text)? } else { checked(kind, text)? };
        Ok(Self { kind, number })
    }

    /// Its type.
    #[must_use]
    pub const fn kind(&self) -> DocumentType {
        self.kind
    }

    /// Its number in canonical form.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({}, …)", self.kind)
    }
}

fn passport(text: &str) -> Result<String, DocumentError> {
    let number = text.trim();
    if number.is_empty() || number.chars().count() > PASSPORT_MAX {
        return Err(DocumentError::Length(DocumentType::Pas));
    }
    if number.chars().any(char::is_control) {
        return Err(DocumentError::Format(DocumentType::Pas));
    }
    Ok(number.to_owned())
}

/// The canonical form of a number with a check character.
fn checked(kind: DocumentType, text: &str) -> Result<String, DocumentError> {
    let number: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect();
    if number.chars().count() != 9 {
        return Err(DocumentError::Length(kind));
    }
    let &[first, ref middle @ .., check] = number.as_bytes() else {
        return Err(DocumentError::Format(kind));
    };
    if !middle.iter().all(u8::is_ascii_digit) {
        return Err(DocumentError::Format(kind));
    }
    let fits = match kind {
        DocumentType::Nif => person_check(nif_lead(first), middle, check),
        DocumentType::Nie => person_check(nie_lead(first), middle, check),
        DocumentType::Cif => company_check(first, middle, check),
        DocumentType::Pas => None,
    };
    match fits {
        Some(true) => Ok(number),
        Some(false) => Err(DocumentError::CheckCharacter(kind)),
        None => Err(DocumentError::Format(kind)),
    }
}

/// The digit that the first character of a NIF counts for: K, L and M (minors, Spaniards abroad,
/// foreigners without NIE) count for nothing.
fn nif_lead(first: u8) -> Option<u8> {
    match first {
        b'0'..=b'9' => Some(first - b'0'),
        b'K' | b'L' | b'M' => Some(0),
        _ => None,
    }
}

/// The digit that the first letter of a NIE counts for.
fn nie_lead(first: u8) -> Option<u8> {
    matches!(first, b'X'..=b'Z').then(|| first - b'X')
}

/// Whether the letter fits the eight digits; `None` when the first is not of this type.
fn person_check(lead: Option<u8>, middle: &[u8], check: u8) -> Option<bool> {
    let number = middle.iter().fold(u32::from(lead?), |sum, digit| sum * 10 + u32::from(digit - b'0'));
    Some(PERSON_LETTERS.get((number % 23) as usize) == Some(&check))
}

/// Whether the Luhn digit of the seven digits, or the letter that stands for it, is the check
/// character; `None` when the first letter is no kind of company.
fn company_check(first: u8, middle: &[u8], check: u8) -> Option<bool> {
    if !COMPANY_KINDS.contains(&first) {
        return None;
    }
    let sum: u8 = middle
        .iter()
        .enumerate()
        .map(|(place, digit)| {
            let digit = digit - b'0';
            let weighted = if place % 2 == 0 { digit * 2 } else { digit };
            weighted / 10 + weighted % 10
        })
        .sum();
    let luhn = (10 - sum % 10) % 10;
    Some(check == b'0' + luhn || COMPANY_LETTERS.get(usize::from(luhn)) == Some(&check))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mangled::mangled;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case(DocumentType::Nif, "11111111H 54362315K 09288205T 00000000T 99999999R 12345678Z 23414538D 77697094N")]
    #[case::special(DocumentType::Nif, "L1111111G M1234567L K1234567L")]
    #[case(DocumentType::Nie, "X1111111G X5253868R X2482300W Y2853959H X0631255C X0000000T Y0000000Z Z0000000M")]
    #[case(DocumentType::Cif, "A11111119 B58378431 B64717838 H27513647 J99216582 A13585625")]
    #[case::letters(DocumentType::Cif, "P2807900B Q2826000H S2833002E N0032484H W0032484H U12345674")]
    #[case(DocumentType::Pas, "AAA123456 x-1 ñandú")]
    fn valid(#[case] kind: DocumentType, #[case] numbers: &str) {
        for number in numbers.split(' ') {
            let document = Document::parse(kind, number).unwrap();
            assert_eq!((document.kind(), document.number()), (kind, number));
        }
    }

    #[rstest]
    #[case(DocumentType::Nif, "11111111T 54362315Z L1111111C 111111111")]
    #[case(DocumentType::Nie, "X1111111A X2482300A")]
    #[case(DocumentType::Cif, "A11111118 B64717839 J99216583 B1234567J N0032484D A1111111K")]
    fn wrong_check_character(#[case] kind: DocumentType, #[case] numbers: &str) {
        for number in numbers.split(' ') {
            assert_eq!(Document::parse(kind, number), Err(DocumentError::CheckCharacter(kind)), "{number}");
        }
    }

    #[rstest]
    #[case(DocumentType::Nif, "54362315 111111111H H")]
    #[case(DocumentType::Nie, "X2482300 X24823001W")]
    #[case(DocumentType::Cif, "J992165831 A")]
    #[case(DocumentType::Pas, "")]
    fn wrong_length(#[case] kind: DocumentType, #[case] numbers: &str) {
        for number in numbers.split(' ') {
            assert_eq!(Document::parse(kind, number), Err(DocumentError::Length(kind)), "{number}");
        }
    }

    #[rstest]
    #[case::nie_or_company(DocumentType::Nif, "X1111111G A11111119 1111A111H ñ111111HH 1١111111H")]
    #[case::nif_or_company(DocumentType::Nie, "11111111H L1111111G A11111119 X11X1111G")]
    #[case::person(DocumentType::Cif, "M1234567L O1234567L X1111111G 11111111H I11111119 T11111119")]
    fn not_of_this_type(#[case] kind: DocumentType, #[case] numbers: &str) {
        for number in numbers.split(' ') {
            assert_eq!(Document::parse(kind, number), Err(DocumentError::Format(kind)), "{number}");
        }
    }

    #[rstest]
    #[case(DocumentType::Nif, "54362315-k", "54362315K")]
    #[case(DocumentType::Nie, " x-5253868-r ", "X5253868R")]
    #[case(DocumentType::Cif, "p 2807900 b", "P2807900B")]
    #[case(DocumentType::Pas, " ab-12 34 ", "ab-12 34")]
    fn canonical_form(#[case] kind: DocumentType, #[case] text: &str, #[case] number: &str) {
        assert_eq!(Document::parse(kind, text).unwrap().number(), number);
    }

    #[test]
    fn passports_are_short_lines() {
        let passport = |text: &str| Document::parse(DocumentType::Pas, text);
        assert!(passport(&"9".repeat(32)).is_ok());
        assert_eq!(passport(&"9".repeat(33)), Err(DocumentError::Length(DocumentType::Pas)));
        assert_eq!(passport("  "), Err(DocumentError::Length(DocumentType::Pas)));
        assert_eq!(passport("1\n2"), Err(DocumentError::Format(DocumentType::Pas)));
    }

    #[test]
    fn errors_say_what_is_asked() {
        let message = |kind, text| Document::parse(kind, text).unwrap_err().to_string();
        assert_eq!(message(DocumentType::Nif, "1"), "a NIF has 9 characters");
        assert_eq!(message(DocumentType::Pas, ""), "a PAS has 1 to 32 characters");
    }

    #[test]
    fn the_number_does_not_reach_debug_output() {
        let document = Document::parse(DocumentType::Nif, "09288205T").unwrap();
        assert_eq!(format!("{document:?}"), "Document(NIF, …)");
    }

    proptest! {
        #[test]
        fn one_letter_fits_a_person(digits in "[0-9KLM][0-9]{7}", foreign in "[XYZ][0-9]{7}") {
            let fitting = |kind, body: &str| {
                ('A'..='Z').filter(|check| Document::parse(kind, &format!("{body}{check}")).is_ok()).count()
            };
            prop_assert_eq!(fitting(DocumentType::Nif, &digits), 1);
            prop_assert_eq!(fitting(DocumentType::Nie, &foreign), 1);
        }

        #[test]
        fn a_digit_and_a_letter_fit_a_company(body in "[ABCDEFGHJNPQRSUVW][0-9]{7}") {
            let fitting: String = ('0'..='Z')
                .filter(|check| Document::parse(DocumentType::Cif, &format!("{body}{check}")).is_ok())
                .collect();
            prop_assert_eq!(fitting.len(), 2);
            prop_assert!(fitting.starts_with(|c: char| c.is_ascii_digit()));
        }

        #[test]
        fn any_text_is_answered(text in mangled(&["09288205T", "X1234567L", "A58818501", "k-1234567-l", "PAB 123456"])) {
            for &kind in DocumentType::ALL {
                if let Ok(document) = Document::parse(kind, &text) {
                    prop_assert_eq!(Document::parse(kind, document.number()), Ok(document.clone()));
                }
            }
        }
    }
}
