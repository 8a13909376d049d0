//! Outside donors that can be programmed.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use super::magic::{self, Outcome};
use crate::central_node::{DonorPlan, Script};
use crate::domain::cause::NodeRefusal;
use crate::domain::msisdn::Msisdn;
use crate::domain::operator::OperatorCode;
use crate::domain::order::Order;
use crate::domain::portability::Answer;

/// What donors do who were not told anything.
const DEFAULT: DonorPlan = DonorPlan::Answers(Answer::Accept, Duration::ZERO);

/// Whom a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// Every donor that has no plan of its own.
    Any,
    /// One operator.
    Operator(OperatorCode),
}

impl Whose {
    /// Reads `*` or an operator's code.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "*" { Some(Self::Any) } else { OperatorCode::parse(text).ok().map(Self::Operator) }
    }
}

impl std::fmt::Display for Whose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Operator(code) => code.fmt(f),
        }
    }
}

/// How the outside donors of a sandbox answer what is registered from now on: by the number, if it is magic, else as their operator was told,
/// else as all were told. Kept in memory alone.
#[derive(Debug, Default)]
pub struct Donors {
    plans: RwLock<BTreeMap<Whose, DonorPlan>>,
}

impl Donors {
    /// Tells donors what to do.
    pub fn tell(&self, whose: Whose, plan: DonorPlan) {
        self.plans.write().unwrap_or_else(PoisonError::into_inner).insert(whose, plan);
    }

    /// What donors will do.
    #[must_use]
    pub fn plan(&self, whose: Whose) -> DonorPlan {
        let plans = self.plans.read().unwrap_or_else(PoisonError::into_inner);
        plans.get(&whose).or_else(|| plans.get(&Whose::Any)).copied().unwrap_or(DEFAULT)
    }

    /// What all and each were told, all first.
    #[must_use]
    pub fn plans(&self) -> Vec<(Whose, DonorPlan)> {
        let plans = self.plans.read().unwrap_or_else(PoisonError::into_inner);
        let mut told = BTreeMap::from([(Whose::Any, DEFAULT)]);
        told.extend(plans.iter());
        told.into_iter().collect()
    }

    /// Forgets what they were told.
    pub fn clear(&self) {
        self.plans.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Script for Donors {
    fn donor(&self, order: &Order, donor: OperatorCode) -> DonorPlan {
        match magic::outcome(order.msisdn) {
            Some(Outcome::Donor(plan)) => plan,
            _ => self.plan(Whose::Operator(donor)),
        }
    }

    fn refusal(&self, msisdn: Msisdn) -> Option<NodeRefusal> {
        match magic::outcome(msisdn)? {
            Outcome::Refused(refusal) => Some(refusal),
            Outcome::Donor(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::cause::DenyCause;

    #[test]
    fn an_operators_own_plan_comes_before_that_of_all() {
        let operator = |code| Whose::Operator(OperatorCode::parse(code).unwrap());
        let denies = DonorPlan::Answers(Answer::Deny(DenyCause::Ident), Duration::from_mins(30));
        let donors = Donors::default();
        assert_eq!(donors.plan(operator("075")), DEFAULT);
        assert_eq!(donors.plans(), [(Whose::Any, DEFAULT)]);
        donors.tell(operator("075"), denies);
        donors.tell(Whose::Any, DonorPlan::Silent);
        assert_eq!((donors.plan(operator("075")), donors.plan(operator("003"))), (denies, DonorPlan::Silent));
        assert_eq!(donors.plans(), [(Whose::Any, DonorPlan::Silent), (operator("075"), denies)]);
        donors.clear();
        assert_eq!(donors.plan(operator("075")), DEFAULT);
    }

    #[test]
    fn names() {
        for name in ["*", "075"] {
            assert_eq!(Whose::parse(name).unwrap().to_string(), name);
        }
        for other in ["", "**", "75", "0755", "digi"] {
            assert_eq!(Whose::parse(other), None);
        }
    }
}
