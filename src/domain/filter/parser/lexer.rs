//! Text to tokens. Every character is looked at once, but for the first of the next token.

use std::fmt;
use std::iter::Peekable;
use std::vec::IntoIter;

use super::{FilterError, Reason};

/// A word or sign of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// A field, an operator, `and`, `or`, `not`, `true`, `false`, or what looks like one.
    Word(String),
    /// A JSON string, its escapes resolved.
    Text(String),
    /// The end of the filter.
    End,
}

impl Token {
    /// Whether this is the keyword, in any case.
    pub(super) fn is_word(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

/// The token as error messages name it.
impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => f.write_str("'('"),
            Self::Close => f.write_str("')'"),
            Self::Comma => f.write_str("','"),
            Self::Word(word) => write!(f, "'{word}'"),
            Self::Text(text) => write!(f, "the text {text:?}"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// The tokens of a filter, one ahead.
pub(super) struct Lexer {
    chars: Peekable<IntoIter<char>>,
    /// How many characters were taken.
    taken: usize,
    next: Token,
    /// Where `next` begins, counted from 1.
    column: usize,
}

impl Lexer {
    /// A lexer that stands before the first token.
    pub(super) fn new(text: &str) -> Result<Self, FilterError> {
        let chars = text.chars().collect::<Vec<_>>().into_iter().peekable();
        let mut lexer = Self { chars, taken: 0, next: Token::End, column: 1 };
        lexer.advance()?;
        Ok(lexer)
    }

    /// The next token.
    pub(super) const fn peek(&self) -> &Token {
        &self.next
    }

    /// The column in which the next token begins.
    pub(super) const fn column(&self) -> usize {
        self.column
    }

    /// Goes past the next token.
    pub(super) fn advance(&mut self) -> Result<(), FilterError> {
        while self.take_if(|c| c.is_ascii_whitespace()).is_some() {}
        self.column = self.taken + 1;
        self.next = match self.take() {
            None => Token::End,
            Some('(') => Token::Open,
            Some(')') => Token::Close,
            Some(',') => Token::Comma,
            Some('"') => Token::Text(self.text()?),
            Some(first) if is_word_char(first) => Token::Word(self.word(first)),
            Some(other) => {
                return Err(mistake(self.column, Reason::UnexpectedCharacter(other)));
            }
        };
        Ok(())
    }

    fn take(&mut self) -> Option<char> {
        self.take_if(|_| true)
    }

    fn take_if(&mut self, accept: impl Fn(char) -> bool) -> Option<char> {
        let c = self.chars.next_if(|&c| accept(c))?;
        self.taken += 1;
        Some(c)
    }

    fn word(&mut self, first: char) -> String {
        let mut word = String::from(first);
        while let Some(c) = self.take_if(is_word_char) {
            word.push(c);
        }
        word
    }

    /// The rest of a JSON string (RFC 8259 §7) whose opening quote is taken.
    fn text(&mut self) -> Result<String, FilterError> {
        let mut text = String::new();
        loop {
            let c = match self.take() {
                None => return Err(mistake(self.column, Reason::Unterminated)),
                Some('"') => return Ok(text),
                Some('\\') => self.escape()?,
                Some(c) if c < ' ' => {
                    return Err(mistake(self.taken, Reason::ControlCharacter));
                }
                Some(c) => c,
            };
            text.push(c);
        }
    }

    /// What an escape stands for; its backslash is taken.
    fn escape(&mut self) -> Result<char, FilterError> {
        let backslash = self.taken;
        let c = match self.take() {
            Some(c @ ('"' | '\\' | '/')) => Some(c),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('u') => self.unicode_escape(),
            Some(_) => None,
            None => return Err(mistake(self.column, Reason::Unterminated)),
        };
        match c {
            Some('\0') => Err(mistake(backslash, Reason::ControlCharacter)),
            Some(c) => Ok(c),
            None => Err(mistake(backslash, Reason::BadEscape)),
        }
    }

    /// The character of `\uXXXX`, or of two of them when it lies beyond the basic plane (UTF-16
    /// surrogates); the first `\u` is taken.
    fn unicode_escape(&mut self) -> Option<char> {
        let first = self.code_unit()?;
        if !(0xD800..0xDC00).contains(&first) {
            return char::from_u32(first);
        }
        self.take_if(|c| c == '\\')?;
        self.take_if(|c| c == 'u')?;
        let second = self.code_unit().filter(|unit| (0xDC00..0xE000).contains(unit))?;
        char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00))
    }

    /// Four hexadecimal digits.
    fn code_unit(&mut self) -> Option<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            unit = unit * 16 + self.take_if(|c| c.is_ascii_hexdigit())?.to_digit(16)?;
        }
        Some(unit)
    }
}

const fn mistake(column: usize, reason: Reason) -> FilterError {
    FilterError { column, reason }
}

/// Wider than the grammar, so that a misspelt word is named whole.
fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '+' | '$')
}
