//! Text to [`Predicate`]: a recursive descent with one word of look-ahead.

mod lexer;

use super::{Field, Kind, Op, Predicate, Value};
use crate::domain::instant;
use lexer::{Lexer, Token};

/// The longest filter, in characters.
pub const MAX_CHARS: usize = 2_000;
/// The most conditions in a filter; an `in` is one.
pub const MAX_TERMS: usize = 50;
/// The most parentheses within each other.
pub const MAX_DEPTH: usize = 32;

/// Where and why a filter cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {reason}")]
pub struct FilterError {
    /// The column of the mistake, in characters, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// Why a filter cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Too many characters.
    #[error("a filter has at most {MAX_CHARS} characters")]
    TooLong,
    /// Too many conditions.
    #[error("a filter has at most {MAX_TERMS} conditions")]
    TooManyTerms,
    /// Too many parentheses within each other.
    #[error("at most {MAX_DEPTH} parentheses may be within each other")]
    TooDeep,
    /// Something else must come here.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What must come.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// No member has this name.
    #[error("unknown field '{0}'")]
    UnknownField(String),
    /// No operator has this name.
    #[error("unknown operator '{0}'")]
    UnknownOperator(String),
    /// The operator does not go with the field.
    #[error("'{operator}' cannot be used with {field}, which is {}", kind_name(*.field))]
    OperatorMismatch {
        /// The operator.
        operator: &'static str,
        /// The field.
        field: Field,
    },
    /// The value does not go with the field.
    #[error("{field} is {}, found {found}", kind_name(*.field))]
    ValueMismatch {
        /// The field.
        field: Field,
        /// What is there.
        found: String,
    },
    /// A text that does not end.
    #[error("the text that begins here does not end")]
    Unterminated,
    /// An escape that JSON does not have, or one of half a character.
    #[error("not an escape of a JSON string")]
    BadEscape,
    /// A control character in a text, which JSON wants escaped; U+0000 not even so.
    #[error("a control character that a text cannot contain")]
    ControlCharacter,
    /// A character that begins nothing.
    #[error("unexpected character '{0}'")]
    UnexpectedCharacter(char),
}

const fn kind_name(field: Field) -> &'static str {
    match field.kind() {
        Kind::Text => "a text in double quotes",
        Kind::Boolean => "true or false",
        Kind::Date => "an RFC 3339 date-time in double quotes",
    }
}

type Parsed<T> = Result<T, FilterError>;

/// Reads a whole filter.
pub(super) fn parse(text: &str) -> Parsed<Predicate> {
    if text.chars().nth(MAX_CHARS).is_some() {
        return Err(FilterError { column: MAX_CHARS + 1, reason: Reason::TooLong });
    }
    let mut parser = Parser { lexer: Lexer::new(text)?, terms: 0, depth: 0 };
    let predicate = parser.disjunction()?;
    match parser.lexer.peek() {
        Token::End => Ok(predicate),
        _ => parser.unexpected("'and', 'or' or the end"),
    }
}

struct Parser {
    lexer: Lexer,
    terms: usize,
    depth: usize,
}

impl Parser {
    fn disjunction(&mut self) -> Parsed<Predicate> {
        self.joined("or", Predicate::Or, Self::conjunction)
    }

    fn conjunction(&mut self) -> Parsed<Predicate> {
        self.joined("and", Predicate::And, Self::unit)
    }

    /// Units with this word between them; a single one stays as it is.
    fn joined(&mut self, word: &str, join: fn(Vec<Predicate>) -> Predicate, unit: fn(&mut Self) -> Parsed<Predicate>) -> Parsed<Predicate> {
        let mut units = vec![unit(self)?];
        while self.lexer.peek().is_word(word) {
            self.lexer.advance()?;
            units.push(unit(self)?);
        }
        Ok(<[Predicate; 1]>::try_from(units).map_or_else(join, |[only]| only))
    }

    fn unit(&mut self) -> Parsed<Predicate> {
        match self.lexer.peek() {
            Token::Open => self.group(),
            token if token.is_word("not") => {
                self.lexer.advance()?;
                self.group().map(|inner| Predicate::Not(Box::new(inner)))
            }
            _ => self.condition(),
        }
    }

    fn group(&mut self) -> Parsed<Predicate> {
        if self.depth == MAX_DEPTH && *self.lexer.peek() == Token::Open {
            return self.fail(Reason::TooDeep);
        }
        self.expect(&Token::Open, "'('")?;
        self.depth += 1;
        let inner = self.disjunction()?;
        self.depth -= 1;
        self.expect(&Token::Close, "')', 'and' or 'or'")?;
        Ok(inner)
    }

    fn condition(&mut self) -> Parsed<Predicate> {
        let field = self.field()?;
        self.terms += 1;
        let Token::Word(word) = self.lexer.peek() else {
            return self.unexpected("an operator");
        };
        let word = word.to_ascii_lowercase();
        match (word.as_str(), Op::parse(&word)) {
            ("pr", _) => {
                self.lexer.advance()?;
                Ok(Predicate::Present(field))
            }
            ("in", _) => self.list(field),
            (_, Some(op)) => {
                if !op.takes(field.kind()) {
                    return self.fail(Reason::OperatorMismatch { operator: op.as_str(), field });
                }
                self.lexer.advance()?;
                Ok(Predicate::Compare { field, op, value: self.value(field)? })
            }
            (_, None) => self.fail(Reason::UnknownOperator(word)),
        }
    }

    fn field(&mut self) -> Parsed<Field> {
        let Token::Word(word) = self.lexer.peek() else {
            return self.unexpected("a condition");
        };
        let Some(field) = Field::parse(&word.to_ascii_lowercase()) else {
            let reason = Reason::UnknownField(word.clone());
            return self.fail(reason);
        };
        if self.terms == MAX_TERMS {
            return self.fail(Reason::TooManyTerms);
        }
        self.lexer.advance()?;
        Ok(field)
    }

    /// `in` and its values.
    fn list(&mut self, field: Field) -> Parsed<Predicate> {
        if field.kind() == Kind::Boolean {
            return self.fail(Reason::OperatorMismatch { operator: "in", field });
        }
        self.lexer.advance()?;
        self.expect(&Token::Open, "'('")?;
        let mut values = vec![self.value(field)?];
        while *self.lexer.peek() == Token::Comma {
            self.lexer.advance()?;
            values.push(self.value(field)?);
        }
        self.expect(&Token::Close, "',' or ')'")?;
        Ok(Predicate::In { field, values })
    }

    fn value(&mut self, field: Field) -> Parsed<Value> {
        let token = self.lexer.peek();
        let value = match (field.kind(), token) {
            (_, Token::Open | Token::Close | Token::Comma | Token::End) => {
                return self.unexpected("a value");
            }
            (Kind::Text, Token::Text(text)) => Some(Value::Text(text.clone())),
            (Kind::Date, Token::Text(text)) => instant::parse(text).map(Value::Date),
            (Kind::Boolean, Token::Word(word)) => word.parse().ok().map(Value::Boolean),
            _ => None,
        };
        let Some(value) = value else {
            let found = token.to_string();
            return self.fail(Reason::ValueMismatch { field, found });
        };
        self.lexer.advance()?;
        Ok(value)
    }

    fn expect(&mut self, token: &Token, expected: &'static str) -> Parsed<()> {
        if self.lexer.peek() != token {
            return self.unexpected(expected);
        }
        self.lexer.advance()
    }

    fn unexpected<T>(&self, expected: &'static str) -> Parsed<T> {
        self.fail(Reason::Unexpected { expected, found: self.lexer.peek().to_string() })
    }

    /// The mistake is where the next token begins.
    fn fail<T>(&self, reason: Reason) -> Parsed<T> {
        Err(FilterError { column: self.lexer.column(), reason })
    }
}
