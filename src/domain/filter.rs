//! The `filter` query parameter: the comparison subset of the SCIM filter grammar (RFC 7644
//! §3.4.2.2) over the 17 members of a listed portability.
//!
//! ```text
//! filter      = conjunction *("or" conjunction)
//! conjunction = unit *("and" unit)
//! unit        = ["not"] "(" filter ")" / condition
//! condition   = field "pr" / field operator value / field "in" "(" value *("," value) ")"
//! operator    = "eq" / "ne" / "gt" / "ge" / "lt" / "le" / "co" / "sw" / "ew"
//! value       = "true" / "false" / JSON string
//! ```
//!
//! Fields, operators and `and`, `or`, `not` are read in any case, values exactly. `and` binds
//! tighter than `or`. Blanks separate words and are otherwise free.
//!
//! What a filter means, in memory as in the database:
//!
//! * Every condition is either true or false, never unknown. A member that is absent from the
//!   listed object makes every condition on it false, but for `ne`, which it makes true. An empty
//!   text is present.
//! * `not` is the plain opposite: `not (x eq "a")` is `x ne "a"`, for absent members too.
//! * Texts compare by Unicode code point, in every operator: no locale, and capitals differ from
//!   small letters.
//! * Dates compare as instants, whatever offset they are written with. The member's value is the
//!   one listed, so whole seconds.
//! * `in` is true when `eq` is for one of the values.

mod parser;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write};

use jiff::Timestamp;

use crate::domain::codes::codes;

pub use parser::{FilterError, MAX_CHARS, MAX_DEPTH, MAX_TERMS, Reason};

codes! {
    /// A member that can be filtered by.
    pub enum Field {
        /// INDIVIDUAL, MULTIPLE or MIXED.
        AccessType = "access_type",
        /// Cause of the latest event.
        CauseStatus = "cause_status",
        /// Contract code.
        ContractCode = "contract_code",
        /// When the Central Node registered the process.
        CreateDateNc = "create_date_nc",
        /// Donor's operator code.
        DonorOperator = "donor_operator",
        /// The recipient's own reference.
        ExternalReference = "external_reference",
        /// ICCID.
        IccId = "icc_id",
        /// Identifier of the portability.
        Id = "id",
        /// Type of the latest event.
        MessageType = "message_type",
        /// National number.
        Msisdn = "msisdn",
        /// NRN at the recipient.
        NrnReceptor = "nrn_receptor",
        /// Reference of the process.
        ProcessId = "process_id",
        /// Recipient's operator code.
        RecipientOperator = "recipient_operator",
        /// Whether the org is the recipient.
        RecipientRol = "recipient_rol",
        /// State.
        State = "state",
        /// Org.
        Tenant = "tenant",
        /// When the number changes network.
        WindowDate = "window_date",
    }
}

/// What a field's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text: every operator.
    Text,
    /// `true` or `false`: `eq`, `ne` and `pr` only.
    Boolean,
    /// An RFC 3339 date-time between quotes: all operators but `co`, `sw` and `ew`.
    Date,
}

impl Field {
    /// What its values are.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::RecipientRol => Kind::Boolean,
            Self::CreateDateNc | Self::WindowDate => Kind::Date,
            _ => Kind::Text,
        }
    }
}

codes! {
    /// A comparison of a member with a value.
    pub enum Op {
        /// Equal.
        Eq = "eq",
        /// Not equal, or absent.
        Ne = "ne",
        /// Greater or later.
        Gt = "gt",
        /// Not less, not earlier.
        Ge = "ge",
        /// Less or earlier.
        Lt = "lt",
        /// Not greater, not later.
        Le = "le",
        /// Contains.
        Co = "co",
        /// Begins with.
        Sw = "sw",
        /// Ends with.
        Ew = "ew",
    }
}

impl Op {
    /// Whether fields of this kind can be compared so.
    #[must_use]
    pub const fn takes(self, kind: Kind) -> bool {
        match (kind, self) {
            (Kind::Text, _) | (_, Self::Eq | Self::Ne) => true,
            (Kind::Date, op) => !matches!(op, Self::Co | Self::Sw | Self::Ew),
            (Kind::Boolean, _) => false,
        }
    }

    fn holds(self, left: &Value, right: &Value) -> bool {
        match (left, right) {
            (Value::Text(left), Value::Text(right)) => match self {
                Self::Co => left.contains(right.as_str()),
                Self::Sw => left.starts_with(right.as_str()),
                Self::Ew => left.ends_with(right.as_str()),
                _ => self.orders(left, right),
            },
            (Value::Date(left), Value::Date(right)) => self.orders(left, right),
            (Value::Boolean(left), Value::Boolean(right)) => self.orders(left, right),
            _ => self == Self::Ne,
        }
    }

    fn orders<T: Ord + ?Sized>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Eq => left == right,
            Self::Ne => left != right,
            Self::Gt => left > right,
            Self::Ge => left >= right,
            Self::Lt => left < right,
            Self::Le => left <= right,
            Self::Co | Self::Sw | Self::Ew => false,
        }
    }
}

/// A member's value, or one to compare with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text, without U+0000, which not every database can hold.
    Text(String),
    /// `true` or `false`.
    Boolean(bool),
    /// An instant, to the microsecond.
    Date(Timestamp),
}

/// A parsed filter. The values always fit their field's kind, and the operators too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// All of them, two or more.
    And(Vec<Predicate>),
    /// At least one of them, two or more.
    Or(Vec<Predicate>),
    /// The plain opposite.
    Not(Box<Predicate>),
    /// A comparison. With an absent member it is false, but true for [`Op::Ne`].
    Compare {
        /// The member.
        field: Field,
        /// How they are compared.
        op: Op,
        /// What it is compared with.
        value: Value,
    },
    /// The member is one of the values, at least one. False when it is absent.
    In {
        /// The member.
        field: Field,
        /// The values.
        values: Vec<Value>,
    },
    /// `pr`: the member is not absent.
    Present(Field),
}

impl Predicate {
    /// Reads a filter of at most [`MAX_CHARS`] characters, [`MAX_TERMS`] conditions and
    /// [`MAX_DEPTH`] parentheses within each other. Takes time in proportion to the text. A blank
    /// filter is an error.
    ///
    /// # Errors
    /// Says in which column, counted in characters from 1, the first mistake is, and what it is.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parser::parse(text)
    }

    /// Whether the object with these members fits; `None` is an absent member.
    pub fn matches(&self, member: &impl Fn(Field) -> Option<Value>) -> bool {
        match self {
            Self::And(all) => all.iter().all(|each| each.matches(member)),
            Self::Or(any) => any.iter().any(|each| each.matches(member)),
            Self::Not(inner) => !inner.matches(member),
            Self::Compare { field, op, value } => member(*field).map_or(*op == Op::Ne, |present| op.holds(&present, value)),
            Self::In { field, values } => member(*field).is_some_and(|present| values.contains(&present)),
            Self::Present(field) => member(*field).is_some(),
        }
    }

    /// Writes it between parentheses where `and` and `or` of others would otherwise pull it apart.
    fn fmt_within(&self, f: &mut fmt::Formatter<'_>, parentheses: bool) -> fmt::Result {
        if parentheses { write!(f, "({self})") } else { write!(f, "{self}") }
    }
}

/// The filter as text that reads back as the same filter.
impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(all) => separated(f, all, " and ", |f, each| each.fmt_within(f, matches!(each, Self::And(_) | Self::Or(_)))),
            Self::Or(any) => separated(f, any, " or ", |f, each| each.fmt_within(f, matches!(each, Self::Or(_)))),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Compare { field, op, value } => write!(f, "{field} {op} {value}"),
            Self::In { field, values } => {
                write!(f, "{field} in (")?;
                separated(f, values, ", ", |f, value| write!(f, "{value}"))?;
                f.write_char(')')
            }
            Self::Present(field) => write!(f, "{field} pr"),
        }
    }
}

fn separated<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    separator: &str,
    write_item: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            f.write_str(separator)?;
        }
        write_item(f, item)?;
    }
    Ok(())
}

/// The value as it is written in a filter.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Date(instant) => write!(f, "\"{instant}\""),
            Self::Text(text) => {
                f.write_char('"')?;
                for c in text.chars() {
                    match c {
                        '"' | '\\' => write!(f, "\\{c}")?,
                        c if c.is_ascii_control() => write!(f, "\\u{:04x}", u32::from(c))?,
                        c => f.write_char(c)?,
                    }
                }
                f.write_char('"')
            }
        }
    }
}
