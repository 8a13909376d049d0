//! The portabilities' use cases.

pub mod answer;
pub(super) mod node;
pub mod read;
mod request;
pub mod submit;
pub(super) mod write;

use crate::domain::listing::Portability;

/// What a command came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It took effect now, on these.
    Done(Vec<Portability>),
    /// The same command had taken effect before; nothing changed.
    AlreadyDone,
}
