//! Operators of the Central Node, their numbers and their quotas.

#[cfg(test)]
mod tests;

use std::fmt;

use jiff::Timestamp;

use crate::domain::codes::codes;
use crate::domain::msisdn::Msisdn;
use crate::domain::nrn::Nrn;

/// An operator's code in the Central Node: three digits, leading zeros included, such as `005`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperatorCode(u16);

/// The text is not an operator code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an operator code has 3 digits")]
pub struct OperatorCodeError;

impl OperatorCode {
    /// Reads exactly three ASCII digits (published pattern `^[\d]{3,3}$`).
    ///
    /// # Errors
    /// Any other text.
    pub fn parse(text: &str) -> Result<Self, OperatorCodeError> {
        if text.len() != 3 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(OperatorCodeError);
        }
        text.parse().map(Self).map_err(|_| OperatorCodeError)
    }
}

impl fmt::Display for OperatorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

codes! {
    /// Whether an operator takes part in portings (published).
    pub enum OperatorStatus {
        /// It does.
        Activo = "ACTIVO",
        /// It has left the system: its numbers cannot be ported.
        Deshabilitado = "DESHABILITADO",
        /// As a donor it is for the time being not connected: its silence counts as acceptance.
        AltaExtraordinaria = "ALTA_EXTRAORDINARIA",
    }
}

/// A quota group: the letter that `individual_quota` shows.
///
/// The letter is published; what it stands for is not, so the numbers are this server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QuotaGroup {
    /// 999,999,999 individual requests a day: practically unlimited.
    A,
    /// 10,000 individual requests a day.
    B,
    /// 100 individual requests a day.
    C,
    /// 2 individual requests a day: few enough to try what an exhausted quota does.
    D,
}

impl QuotaGroup {
    /// Every group.
    pub const ALL: &'static [Self] = &[Self::A, Self::B, Self::C, Self::D];

    /// The group's letter.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::A => 'A',
            Self::B => 'B',
            Self::C => 'C',
            Self::D => 'D',
        }
    }

    /// The group with this letter, one capital; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|group| text.chars().eq([group.letter()]))
    }

    /// How many individual requests a recipient of this group may make in a day.
    #[must_use]
    pub const fn requests_per_day(self) -> u32 {
        match self {
            Self::A => 999_999_999,
            Self::B => 10_000,
            Self::C => 100,
            Self::D => 2,
        }
    }
}

impl fmt::Display for QuotaGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.letter())
    }
}

/// A number of requests or changes a day, at most `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quota<const MAX: u32>(u32);

/// The multiple requests a recipient may make in a day: at most 99 (published).
pub type MultipleQuota = Quota<99>;

/// The changes a donor takes part in in a day: at most 999,999,999 (published).
pub type ChangeQuota = Quota<999_999_999>;

/// The number is above the published maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a quota of this kind is at most {max}")]
pub struct QuotaError {
    /// The published maximum.
    pub max: u32,
}

impl<const MAX: u32> Quota<MAX> {
    /// A quota of so many a day; 0 allows none.
    ///
    /// # Errors
    /// Numbers above `MAX`.
    pub const fn new(per_day: u32) -> Result<Self, QuotaError> {
        if per_day > MAX {
            return Err(QuotaError { max: MAX });
        }
        Ok(Self(per_day))
    }

    /// So many a day.
    #[must_use]
    pub const fn per_day(self) -> u32 {
        self.0
    }
}

/// A block of consecutive numbers, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NumberRange<T> {
    id: i64,
    initial: T,
    last: T,
}

/// The NRNs of an operator.
pub type NrnRange = NumberRange<Nrn>;

/// The subscriber numbers first given to an operator, whoever serves them now.
pub type MsisdnRange = NumberRange<Msisdn>;

/// The range ends before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the range ends before it begins")]
pub struct RangeError;

impl<T: Copy + Ord> NumberRange<T> {
    /// The range from `initial` to `last`; `id` is its published identifier, unique within its
    /// operator.
    ///
    /// # Errors
    /// `last` below `initial`.
    pub fn new(id: i64, initial: T, last: T) -> Result<Self, RangeError> {
        if last < initial {
            return Err(RangeError);
        }
        Ok(Self { id, initial, last })
    }

    /// The published identifier.
    #[must_use]
    pub const fn id(&self) -> i64 {
        self.id
    }

    /// The first number.
    #[must_use]
    pub const fn initial(&self) -> T {
        self.initial
    }

    /// The last number.
    #[must_use]
    pub const fn last(&self) -> T {
        self.last
    }

    /// Whether the number lies in the range.
    #[must_use]
    pub fn contains(&self, number: T) -> bool {
        self.initial <= number && number <= self.last
    }

    /// Whether the two ranges have a number in common.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.initial <= other.last && other.initial <= self.last
    }
}

/// An operator's name: 1 to 255 characters (published maximum), none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperatorName(String);

/// The text is not an operator's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an operator's name has 1 to 255 characters")]
pub struct OperatorNameError;

impl OperatorName {
    /// Reads a name; blanks around it are dropped.
    ///
    /// # Errors
    /// Nothing but blanks, more than 255 characters, or a control character.
    pub fn parse(text: &str) -> Result<Self, OperatorNameError> {
        let name = text.trim();
        if name.is_empty() || name.chars().count() > 255 || name.chars().any(char::is_control) {
            return Err(OperatorNameError);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OperatorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// An operator as the Central Node publishes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Identifier of the entry.
    pub id: i64,
    /// `operator`: its name.
    pub name: OperatorName,
    /// `operator_code`.
    pub code: OperatorCode,
    /// `nrn_range`: where its subscribers can be routed to.
    pub nrn_ranges: Vec<NrnRange>,
    /// `network_operator`: the operator whose network it uses; its own code if it has a network.
    pub network_operator: OperatorCode,
    /// `msisdn_range`: the numbers it was given.
    pub msisdn_ranges: Vec<MsisdnRange>,
    /// The group that says how many individual requests a day it may make as a recipient.
    pub individual_quota: QuotaGroup,
    /// How many multiple requests a day it may make as a recipient.
    pub multiple_quota: MultipleQuota,
    /// How many changes a day it takes part in as a donor.
    pub change_quota: ChangeQuota,
    /// Whether it takes part in portings.
    pub status: OperatorStatus,
    /// When `status` last changed.
    pub status_date: Timestamp,
    /// Whether the entry is backed up.
    pub backup: bool,
}

impl Operator {
    /// Whether the NRN is one of the operator's.
    #[must_use]
    pub fn has_nrn(&self, nrn: Nrn) -> bool {
        self.nrn_ranges.iter().any(|range| range.contains(nrn))
    }

    /// Whether the number was first given to the operator.
    #[must_use]
    pub fn owns(&self, msisdn: Msisdn) -> bool {
        self.msisdn_ranges.iter().any(|range| range.contains(msisdn))
    }

    /// The NRN of its numbers that were never ported: the first of its first range.
    #[must_use]
    pub fn first_nrn(&self) -> Option<Nrn> {
        self.nrn_ranges.first().map(NumberRange::initial)
    }
}
