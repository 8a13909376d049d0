//! IMSI: the subscriber identity stored in a SIM.

use std::fmt;

/// An International Mobile Subscriber Identity: 14 to 16 digits.
///
/// ITU-T E.212 allows at most 15; the published sample `2140420422222227` has 16 and must be accepted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Imsi(Box<str>);

/// The text is not an IMSI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidImsi {
    /// Something other than ASCII digits.
    #[error("an IMSI has digits only")]
    NotNumeric,
    /// Fewer than 14 or more than 16 digits.
    #[error("an IMSI has 14 to 16 digits")]
    Length,
}

impl Imsi {
    /// Reads 14 to 16 digits.
    ///
    /// # Errors
    /// [`InvalidImsi`] says which of the two rules is broken.
    pub fn parse(text: &str) -> Result<Self, InvalidImsi> {
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidImsi::NotNumeric);
        }
        if !(14..=16).contains(&text.len()) {
            return Err(InvalidImsi::Length);
        }
        Ok(Self(text.into()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Imsi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Masked but for the last three digits, because `Debug` is what ends up in logs.
impl fmt::Debug for Imsi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.0.get(self.0.len().saturating_sub(3)..).unwrap_or_default();
        write!(f, "Imsi(***{last})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mangled::mangled;

    #[test]
    fn lengths() {
        assert_eq!(Imsi::parse("2140401191729"), Err(InvalidImsi::Length));
        for accepted in ["21404011917297", "214040119172971", "2140420422222227", "001010000000001"] {
            assert_eq!(Imsi::parse(accepted).unwrap().as_str(), accepted);
        }
        assert_eq!(Imsi::parse("21404204222222270"), Err(InvalidImsi::Length));
        assert_eq!(Imsi::parse(""), Err(InvalidImsi::Length));
    }

    #[test]
    fn digits_only() {
        for refused in ["21404011917297a", "2140 4011917297", "٢٤٠٤٠١١٩١٧٢٩٧١", "-14040119172971"] {
            assert_eq!(Imsi::parse(refused), Err(InvalidImsi::NotNumeric), "{refused}");
        }
    }

    #[test]
    fn masked_in_debug() {
        assert_eq!(format!("{:?}", Imsi::parse("214040119172971").unwrap()), "Imsi(***971)");
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in mangled(&["21404011917297", "214040119172971", "2140420422222227"])) {
            if let Ok(imsi) = Imsi::parse(&text) {
                prop_assert_eq!(imsi.as_str(), &text);
                prop_assert_eq!(format!("{imsi:?}").len(), "Imsi(***971)".len());
            }
        }
    }
}
