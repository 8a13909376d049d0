//! From rows to the domain's types: a column that does not hold what it should is an error that names table, column and row.

use jiff::Timestamp;

use super::dialect::Dialect;
use crate::domain::imsi::Imsi;
use crate::domain::inventory::{BelongsTo, Segment, Status};
use crate::domain::msisdn::Msisdn;
use crate::domain::operator::OperatorCode;
use crate::domain::org::OrgName;
use crate::error::{Error, Kind, Result};

/// A row of a table, read by column.
pub struct Record<'r, D: Dialect> {
    row: &'r D::Row,
    /// Where the row is from, for errors: the table and the key asked for.
    origin: &'r str,
}

/// A stored value that the domain refuses.
#[derive(Debug, thiserror::Error)]
#[error("column {column} of {origin}: {problem}")]
struct UnreadableColumn {
    column: &'static str,
    origin: String,
    problem: String,
}

impl<'r, D: Dialect> Record<'r, D> {
    /// A row with a word for where it is from.
    pub fn new(row: &'r D::Row, origin: &'r str) -> Self {
        Self { row, origin }
    }

    fn unreadable(&self, column: &'static str, problem: &dyn std::fmt::Display) -> Error {
        let (origin, problem) = (self.origin.to_owned(), problem.to_string());
        Error::because(Kind::Internal, UnreadableColumn { column, origin, problem })
    }

    /// An integer or NULL.
    pub fn int_or_null(&self, column: &'static str) -> Result<Option<i64>> {
        D::int(self.row, column).map_err(|error| self.unreadable(column, &error))
    }

    /// An integer.
    pub fn int(&self, column: &'static str) -> Result<i64> {
        self.int_or_null(column)?.ok_or_else(|| self.unreadable(column, &"is NULL"))
    }

    /// A text or NULL.
    pub fn text_or_null(&self, column: &'static str) -> Result<Option<String>> {
        D::text(self.row, column).map_err(|error| self.unreadable(column, &error))
    }

    /// A text.
    pub fn text(&self, column: &'static str) -> Result<String> {
        self.text_or_null(column)?.ok_or_else(|| self.unreadable(column, &"is NULL"))
    }

    /// A text that `parse` makes something of.
    pub fn parsed<T>(&self, column: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        let text = self.text(column)?;
        parse(&text).ok_or_else(|| self.unreadable(column, &"holds a value outside its domain"))
    }

    /// An instant.
    pub fn instant(&self, column: &'static str) -> Result<Timestamp> {
        Timestamp::from_microsecond(self.int(column)?).map_err(|error| self.unreadable(column, &error))
    }

    /// A text or NULL that `parse` makes something of.
    pub fn parsed_or_null<T>(&self, column: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>> {
        self.text_or_null(column)?.map(|_| self.parsed(column, parse)).transpose()
    }

    /// An integer that `read` makes something of.
    pub fn int_as<T>(&self, column: &'static str, read: impl Fn(i64) -> Option<T>) -> Result<T> {
        read(self.int(column)?).ok_or_else(|| self.unreadable(column, &"holds a value outside its domain"))
    }

    /// An instant or NULL.
    pub fn instant_or_null(&self, column: &'static str) -> Result<Option<Timestamp>> {
        self.int_or_null(column)?.map(|_| self.instant(column)).transpose()
    }

    /// An operator's code.
    pub fn operator(&self, column: &'static str) -> Result<OperatorCode> {
        self.parsed(column, |text| OperatorCode::parse(text).ok())
    }

    /// A number.
    pub fn msisdn(&self, column: &'static str) -> Result<Msisdn> {
        let digits = u64::try_from(self.int(column)?).map_err(|error| self.unreadable(column, &error))?;
        Msisdn::from_e164(digits).map_err(|error| self.unreadable(column, &error))
    }

    /// A SIM's identity.
    pub fn imsi(&self, column: &'static str) -> Result<Imsi> {
        self.parsed(column, |text| Imsi::parse(text).ok())
    }

    /// An org's name.
    pub fn org_name(&self, column: &'static str) -> Result<OrgName> {
        self.parsed(column, |text| OrgName::parse(text).ok())
    }

    /// A back-office system.
    pub fn belongs_to(&self, column: &'static str) -> Result<BelongsTo> {
        self.parsed(column, BelongsTo::parse)
    }

    /// An entry's status.
    pub fn status(&self, column: &'static str) -> Result<Status> {
        self.parsed(column, Status::parse)
    }

    /// A customer segment.
    pub fn segment(&self, column: &'static str) -> Result<Segment> {
        self.parsed(column, Segment::parse)
    }
}
