//! `process_id`: the reference of a process (*codigoReferencia*).

use std::fmt;

use jiff::civil::DateTime;

use crate::domain::codes::codes;
use crate::domain::operator::OperatorCode;

codes! {
    /// What a process moves: the two digits after the operators in its reference.
    pub enum ProcessType {
        /// One number.
        Individual = "11",
        /// A request for several numbers, which may name just one.
        Multiple = "12",
    }
}

/// Recipient, donor, type and minute: all of a reference but its sequence number. 18 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessPrefix(String);

/// A process reference: 23 characters, recipient(3) donor(3) type(2) YYMMDD HHMM sequence(5), the
/// time that of Madrid: `29979811251021171100203`.
///
/// A process between two brands of one operator never meets the Central Node; its recipient part
/// begins with an `A` in place of the first digit: `A05005…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(String);

/// The highest sequence number of a prefix; the first is 1.
pub const LAST_SEQUENCE: u32 = 99_999;

/// No more processes of this recipient, donor and type can be created in this minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the process references of this minute are used up")]
pub struct Exhausted;

/// The text is not a process reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a process id has 23 digits: recipient, donor, type, date, time and sequence")]
pub struct ProcessIdError;

impl ProcessPrefix {
    /// The prefix of processes registered in this minute, `local` being the time in Madrid. Years
    /// count modulo 100. Recipient and donor are the same operator exactly when the process is
    /// internal to it.
    #[must_use]
    pub fn new(recipient: OperatorCode, donor: OperatorCode, kind: ProcessType, local: DateTime) -> Self {
        let mut recipient_part = recipient.to_string();
        if recipient == donor {
            recipient_part.replace_range(..1, "A");
        }
        Self(format!(
            "{recipient_part}{donor}{kind}{:02}{:02}{:02}{:02}{:02}",
            local.year().rem_euclid(100),
            local.month(),
            local.day(),
            local.hour(),
            local.minute(),
        ))
    }

    /// The reference with this sequence number, 1 to [`LAST_SEQUENCE`].
    ///
    /// # Errors
    /// A number above that: the minute is used up.
    pub fn number(&self, sequence: u32) -> Result<ProcessId, Exhausted> {
        if !(1..=LAST_SEQUENCE).contains(&sequence) {
            return Err(Exhausted);
        }
        Ok(ProcessId(format!("{}{sequence:05}", self.0)))
    }

    /// The 18 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ProcessId {
    /// Reads a reference.
    ///
    /// # Errors
    /// Any text that [`ProcessPrefix::number`] could not have made.
    pub fn parse(text: &str) -> Result<Self, ProcessIdError> {
        parts(text).filter(|id| id.0 == text).ok_or(ProcessIdError)
    }

    /// The 23 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The reference made anew from the parts of the text, so that there is one description of the
/// form.
fn parts(text: &str) -> Option<ProcessId> {
    let (recipient, rest) = text.split_at_checked(3)?;
    let (donor, rest) = rest.split_at_checked(3)?;
    let (kind, rest) = rest.split_at_checked(2)?;
    let (minute, sequence) = rest.split_at_checked(10)?;
    let donor_code = OperatorCode::parse(donor).ok()?;
    let recipient_code = if recipient.starts_with('A') { donor_code } else { OperatorCode::parse(recipient).ok()? };
    let prefix = ProcessPrefix::new(recipient_code, donor_code, ProcessType::parse(kind)?, local_minute(minute)?);
    prefix.number(sequence.parse().ok()?).ok()
}

/// Reads YYMMDDHHMM.
fn local_minute(text: &str) -> Option<DateTime> {
    let two = |from: usize| text.get(from..from + 2)?.parse::<i8>().ok();
    DateTime::new(2000 + i16::from(two(0)?), two(2)?, two(4)?, two(6)?, two(8)?, 0, 0).ok()
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::calendar::{Calendar, oracle};
    use crate::mangled::mangled;
    use jiff::civil::datetime;
    use proptest::prelude::*;
    use rstest::rstest;

    fn code(text: &str) -> OperatorCode {
        OperatorCode::parse(text).unwrap()
    }

    #[rstest]
    #[case::individual("299", "798", ProcessType::Individual, "299798112510211711")]
    #[case::multiple("005", "001", ProcessType::Multiple, "005001122510211711")]
    #[case::internal("005", "005", ProcessType::Individual, "A05005112510211711")]
    #[case::internal_other("501", "501", ProcessType::Multiple, "A01501122510211711")]
    fn prefix(#[case] recipient: &str, #[case] donor: &str, #[case] kind: ProcessType, #[case] text: &str) {
        let minute = datetime(2025, 10, 21, 17, 11, 59, 999_000_000);
        assert_eq!(ProcessPrefix::new(code(recipient), code(donor), kind, minute).as_str(), text);
    }

    #[test]
    fn sequence_counts_from_00001_to_99999() {
        let prefix = ProcessPrefix::new(code("299"), code("798"), ProcessType::Individual, datetime(2025, 10, 21, 17, 11, 0, 0));
        let number = |sequence| prefix.number(sequence).map(|id| id.to_string());
        assert_eq!(number(1).unwrap(), "29979811251021171100001");
        assert_eq!(number(203).unwrap(), "29979811251021171100203");
        assert_eq!(number(99_999).unwrap(), "29979811251021171199999");
        assert_eq!(number(100_000), Err(Exhausted));
        assert_eq!(number(0), Err(Exhausted));
    }

    #[rstest]
    #[case::empty("")]
    #[case::short("2997981125102117110020")]
    #[case::long("299798112510211711002030")]
    #[case::letter("29979811251021171100O03")]
    #[case::sign("2997981125102117110+203")]
    #[case::signed_month("2997981125+121171100203")]
    #[case::unknown_type("29979821251021171100203")]
    #[case::no_such_month("29979811251321171100203")]
    #[case::no_such_day("29979811250230171100203")]
    #[case::no_such_hour("29979811251021241100203")]
    #[case::sequence_zero("29979811251021171100000")]
    #[case::one_operator_without_a("00500511251021171100203")]
    #[case::two_operators_with_a("A0500111251021171100203")]
    #[case::a_of_another("A0500611251021171100203")]
    #[case::small_a("a0500511251021171100203")]
    #[case::many_bytes("é997981125102117110020")]
    fn refused(#[case] text: &str) {
        assert_eq!(ProcessId::parse(text), Err(ProcessIdError));
    }

    /// The Central Node's own references: the minute in them is that of creation in Madrid. One row
    /// is a number return (type 21), which is no porting.
    #[test]
    fn references_of_the_central_node() {
        let calendar = Calendar::new([]).unwrap();
        let mut returns = 0;
        for row in oracle::rows() {
            if row.reference.get(6..8) == Some("21") {
                assert_eq!(ProcessId::parse(row.reference), Err(ProcessIdError));
                returns += 1;
                continue;
            }
            let id = ProcessId::parse(row.reference).unwrap();
            let kind = ProcessType::parse(&row.reference[6..8]).unwrap();
            let local = calendar.local(row.created);
            let prefix = ProcessPrefix::new(code(&row.reference[..3]), code(&row.reference[3..6]), kind, local);
            assert!(id.as_str().starts_with(prefix.as_str()), "{}", row.reference);
        }
        assert_eq!(returns, 1);
    }

    fn operator_code() -> impl Strategy<Value = OperatorCode> {
        "[0-9]{3}".prop_map(|text| code(&text))
    }

    fn minute() -> impl Strategy<Value = DateTime> {
        (1900_i16..2300, 1_i8..=12, 1_i8..=28, 0_i8..24, 0_i8..60)
            .prop_map(|(year, month, day, hour, minute)| datetime(year, month, day, hour, minute, 0, 0))
    }

    proptest! {
        #[test]
        fn made_and_read_back(
            recipient in operator_code(), donor in operator_code(), same: bool, individual: bool,
            local in minute(), sequence in 1..=LAST_SEQUENCE,
        ) {
            let recipient = if same { donor } else { recipient };
            let kind = if individual { ProcessType::Individual } else { ProcessType::Multiple };
            let id = ProcessPrefix::new(recipient, donor, kind, local).number(sequence).unwrap();
            prop_assert_eq!(id.as_str().len(), 23);
            prop_assert_eq!(id.as_str().starts_with('A'), recipient == donor);
            prop_assert_eq!(ProcessId::parse(id.as_str()), Ok(id));
        }

        #[test]
        fn any_text_is_answered(text in mangled(&["00507511270302100000001", "A0500512270302100099999"])) {
            prop_assert!(ProcessId::parse(&text).map_or(true, |id| id.as_str() == text));
        }
    }
}
