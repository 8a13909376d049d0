//! The `filter` of a listing as a condition in SQL, the same on both databases.
//!
//! Every comparison is made two-valued where it is written (`COALESCE`), so that `NOT` is the plain opposite, as
//! [`Predicate`] defines it, and SQL's third value never shows. Texts compare byte by byte, which for UTF-8 is by code point:
//! every column is declared so, and what is computed says so.

use std::marker::PhantomData;

use super::dialect::{Dialect, Param};
use super::portability::settled;
use super::sql::placeholders;
use crate::domain::filter::{Field, Op, Predicate, Value};
use crate::domain::portability::State;

/// A condition with its parameters, numbered from a given one on.
pub struct Condition {
    /// The text, without any value in it.
    pub sql: String,
    /// The values.
    pub values: Vec<Bound>,
}

/// A value to be bound.
pub enum Bound {
    /// Text.
    Text(String),
    /// Microseconds, or 0 and 1.
    Int(i64),
}

impl Bound {
    /// As a parameter.
    pub fn param(&self) -> Param<'_> {
        match self {
            Self::Text(text) => text.as_str().into(),
            Self::Int(number) => (*number).into(),
        }
    }
}

/// The condition of a predicate whose first parameter is `$first`.
pub fn condition<D: Dialect>(predicate: &Predicate, first: usize) -> Condition {
    let condition = Condition { sql: String::new(), values: Vec::new() };
    let mut writer = Writer::<D> { condition, first, dialect: PhantomData };
    writer.predicate(predicate);
    writer.narrowing(predicate);
    writer.condition
}

/// What a field is in the statement of a listing (`v` the portability, `p` the order, `r` the request), whose `$2` is the present.
fn column<D: Dialect>(field: Field) -> String {
    let column = match field {
        Field::AccessType => "p.access_type",
        Field::CauseStatus => return settled("cause"),
        Field::ContractCode => "p.contract_code",
        // Listed in whole seconds, and so compared.
        Field::CreateDateNc => "(p.registered_at - p.registered_at % 1000000)",
        Field::DonorOperator => "p.donor_operator",
        Field::ExternalReference => "(CASE WHEN v.recipient_rol = 1 THEN r.external_reference END)",
        Field::IccId => "p.icc_id",
        Field::Id => "v.id",
        Field::MessageType => return settled("message_type"),
        Field::Msisdn => "CAST(p.msisdn - 34000000000 AS TEXT)",
        Field::NrnReceptor => "p.nrn_receptor",
        Field::ProcessId => "p.process_id",
        Field::RecipientOperator => "p.recipient_operator",
        Field::RecipientRol => "v.recipient_rol",
        Field::State => return settled("state"),
        Field::Tenant => "v.org",
        Field::WindowDate => "COALESCE(p.window_at, p.chosen_window)",
    };
    // The one that is computed anew; the others keep what their columns are declared with.
    if field == Field::Msisdn { format!("({column}{})", D::BYTEWISE) } else { column.to_owned() }
}

fn is_active(value: &Value) -> bool {
    matches!(value, Value::Text(text) if State::parse(text).is_some_and(State::is_active))
}

/// The number of a national one; of any other text, one that nobody has.
fn e164(value: &Value) -> i64 {
    let national = match value {
        Value::Text(text) => text.parse().ok().filter(|number| (0..1_000_000_000).contains(number)),
        Value::Boolean(_) | Value::Date(_) => None,
    };
    national.map_or(-1, |number: i64| 34_000_000_000 + number)
}

struct Writer<D> {
    condition: Condition,
    first: usize,
    dialect: PhantomData<D>,
}

impl<D: Dialect> Writer<D> {
    fn write(&mut self, text: &str) {
        self.condition.sql.push_str(text);
    }

    /// Binds a value and returns its placeholder.
    fn bind(&mut self, value: &Value) -> String {
        let number = self.first + self.condition.values.len();
        self.condition.values.push(match value {
            Value::Text(text) => Bound::Text(text.clone()),
            Value::Boolean(flag) => Bound::Int(i64::from(*flag)),
            Value::Date(instant) => Bound::Int(instant.as_microsecond()),
        });
        format!("${number}")
    }

    fn predicate(&mut self, predicate: &Predicate) {
        match predicate {
            Predicate::And(all) => self.joined(all, " AND "),
            Predicate::Or(any) => self.joined(any, " OR "),
            Predicate::Not(inner) => {
                self.write("NOT (");
                self.predicate(inner);
                self.write(")");
            }
            Predicate::Compare { field, op, value } => self.comparison(*field, *op, value),
            Predicate::In { field, values } => {
                let places: Vec<_> = values.iter().map(|value| self.bind(value)).collect();
                self.write(&format!("COALESCE({} IN ({}), FALSE)", column::<D>(*field), places.join(", ")));
            }
            Predicate::Present(field) => self.write(&format!("({} IS NOT NULL)", column::<D>(*field))),
        }
    }

    /// What follows from a predicate and an index can serve, which it cannot do for the exact conditions: it leaves out nothing that they let in.
    fn narrowing(&mut self, predicate: &Predicate) {
        match predicate {
            Predicate::And(all) => all.iter().for_each(|each| self.narrowing(each)),
            Predicate::Compare { field, op: Op::Eq, value } => self.one_of(*field, std::slice::from_ref(value)),
            Predicate::In { field, values } => self.one_of(*field, values),
            _ => {}
        }
    }

    /// The same of a field that is one of some values.
    fn one_of(&mut self, field: Field, values: &[Value]) {
        let column = match field {
            Field::ContractCode => "r.contract_code",
            Field::ExternalReference => "r.external_reference",
            Field::Id => "v.id",
            Field::Msisdn => return self.one_of_numbers(values),
            Field::ProcessId => "p.process_id",
            // What has ended does not come back: who is active by now was so when it was written.
            Field::State if values.iter().all(is_active) => return self.write(" AND p.state IN ('AENV', 'ASOL', 'ACON')"),
            _ => return,
        };
        let places: Vec<_> = values.iter().map(|value| self.bind(value)).collect();
        self.write(&format!(" AND {column} IN ({})", places.join(", ")));
    }

    fn one_of_numbers(&mut self, values: &[Value]) {
        let first = self.first + self.condition.values.len();
        self.condition.values.extend(values.iter().map(|value| Bound::Int(e164(value))));
        self.write(&format!(" AND p.msisdn IN ({})", placeholders(first, values.len())));
    }

    fn joined(&mut self, predicates: &[Predicate], word: &str) {
        self.write("(");
        for (index, predicate) in predicates.iter().enumerate() {
            if index > 0 {
                self.write(word);
            }
            self.predicate(predicate);
        }
        self.write(")");
    }

    fn comparison(&mut self, field: Field, op: Op, value: &Value) {
        let (column, place) = (column::<D>(field), self.bind(value));
        let holds = match op {
            Op::Eq => format!("{column} = {place}"),
            Op::Ne => format!("{column} <> {place}"),
            Op::Gt => format!("{column} > {place}"),
            Op::Ge => format!("{column} >= {place}"),
            Op::Lt => format!("{column} < {place}"),
            Op::Le => format!("{column} <= {place}"),
            Op::Co => format!("{}({column}, {place}) > 0", D::PLACE_OF),
            Op::Sw => format!("substr({column}, 1, length({place})) = {place}"),
            Op::Ew => format!("length({column}) >= length({place}) AND substr({column}, length({column}) - length({place}) + 1) = {place}"),
        };
        let absent = if op == Op::Ne { "TRUE" } else { "FALSE" };
        self.write(&format!("COALESCE({holds}, {absent})"));
    }
}
