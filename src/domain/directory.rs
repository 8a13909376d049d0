//! What the Central Node publishes: its operators, and its calendar.

use super::calendar::Calendar;
use super::msisdn::Msisdn;
use super::operator::{Operator, OperatorCode};

/// The operators of the Central Node and the days it works.
#[derive(Debug, Clone)]
pub struct Directory {
    /// Sorted by code.
    pub operators: Vec<Operator>,
    /// The working calendar.
    pub calendar: Calendar,
}

impl Directory {
    /// The operator with this code.
    #[must_use]
    pub fn operator(&self, code: OperatorCode) -> Option<&Operator> {
        self.operators.iter().find(|operator| operator.code == code)
    }

    /// The operator that the number was first given to.
    #[must_use]
    pub fn range_owner(&self, msisdn: Msisdn) -> Option<&Operator> {
        self.operators.iter().find(|operator| operator.owns(msisdn))
    }
}
