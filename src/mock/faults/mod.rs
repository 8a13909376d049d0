//! Faults on demand: answers that fail, come late or never come, by rules for each operation.

pub mod cut;
pub mod rule;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use self::rule::{Drop, FaultRule};
use super::chance::Chance;
use super::operations::{Operation, Operations};
use crate::error::{Kind, Violation};

/// The most rules that a sandbox has.
const MOST_RULES: usize = 100;

/// The faults of a sandbox.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Armed>>);

/// A rule at work.
#[derive(Debug)]
struct Armed {
    rule: FaultRule,
    /// The id of the one operation it is for; `None` is for all.
    operation: Option<String>,
    chance: Chance,
}

/// What is to happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The place of its rule in the list, from 0.
    pub rule: usize,
    /// How long to wait before anything else.
    pub delay: Duration,
    /// What happens then.
    pub effect: Effect,
}

/// What happens to a request after the delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it is carried out and answered.
    None,
    /// It is not carried out, and answered by a failure of this kind.
    Failure(Kind),
    /// The connection is closed.
    Drop(Drop),
}

impl Faults {
    /// The rules as they stand, in their order.
    #[must_use]
    pub fn rules(&self) -> Vec<FaultRule> {
        self.armed().iter().map(|armed| armed.rule.clone()).collect()
    }

    /// Puts rules in place of those there are. The first that fits a request and whose chance has it is applied, no other.
    ///
    /// # Errors
    /// What is wrong with the rules, in their order; then nothing has changed.
    pub fn replace(&self, rules: Vec<FaultRule>, operations: &Operations) -> Result<(), Vec<Violation>> {
        let mut violations: Vec<_> = rules.iter().enumerate().flat_map(|(place, rule)| rule.violations(place, operations)).collect();
        if rules.len() > MOST_RULES {
            violations.insert(0, Violation { field: "Rules".to_owned(), tag: "max" });
        }
        if !violations.is_empty() {
            return Err(violations);
        }
        let arm = |rule: FaultRule| Armed {
            operation: operations.named(&rule.operation).map(|operation| operation.id.clone()),
            chance: Chance::seeded(rule.seed),
            rule: FaultRule { applied: 0, ..rule },
        };
        *self.armed() = rules.into_iter().map(arm).collect();
        Ok(())
    }

    /// Removes every rule.
    pub fn clear(&self) {
        self.armed().clear();
    }

    /// The fault that a request to an operation meets, if any. A rule with a count has one less then.
    #[must_use]
    pub fn strike(&self, operation: &Operation) -> Option<Fault> {
        let mut armed = self.armed();
        armed.iter_mut().enumerate().find_map(|(place, armed)| armed.strike(place, operation))
    }

    fn armed(&self) -> std::sync::MutexGuard<'_, Vec<Armed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    fn strike(&mut self, place: usize, operation: &Operation) -> Option<Fault> {
        let fits = self.operation.as_ref().is_none_or(|id| *id == operation.id);
        if !fits || self.rule.count == Some(0) || self.chance.fraction() >= self.rule.probability {
            return None;
        }
        self.rule.count = self.rule.count.map(|count| count - 1);
        self.rule.applied += 1;
        let delay = self.rule.delay.as_ref().map_or(Duration::ZERO, |delay| delay.draw(&mut self.chance));
        Some(Fault { rule: place, delay, effect: self.rule.effect() })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn faults(rules: Value) -> Faults {
        let faults = Faults::default();
        faults.replace(serde_json::from_value(rules).unwrap(), Operations::published()).unwrap();
        faults
    }

    /// The places of the rules that strike so many requests to an operation, one by one.
    fn strikes(faults: &Faults, operation: &str, times: usize) -> Vec<Option<usize>> {
        let operations = Operations::published();
        let operation = operations.named(operation).unwrap();
        (0..times).map(|_| faults.strike(operation).map(|fault| fault.rule)).collect()
    }

    #[test]
    fn the_first_rule_that_fits_strikes_while_it_lasts() {
        let faults = faults(json!([
            {"operation": "getImsi", "status": 503},
            {"operation": "GET /v2/msisdns/{msisdn}", "status": 500, "count": 2},
            {"operation": "*", "delay": 5},
        ]));
        assert_eq!(strikes(&faults, "getMsisdn", 4), [Some(1), Some(1), Some(2), Some(2)]);
        assert_eq!(strikes(&faults, "getImsi", 1), [Some(0)]);
        let rules = faults.rules();
        assert_eq!(rules.iter().map(|rule| (rule.count, rule.applied)).collect::<Vec<_>>(), [(None, 1), (Some(0), 2), (None, 2)]);
        faults.clear();
        assert_eq!(strikes(&faults, "getMsisdn", 1), [None]);
    }

    #[test]
    fn effects() {
        for (rule, effect) in [
            (json!({"operation": "*", "delay": 7}), Effect::None),
            (json!({"operation": "*", "delay": 7, "status": 401}), Effect::Failure(Kind::Unauthenticated)),
            (json!({"operation": "*", "delay": 7, "status": 503}), Effect::Failure(Kind::Unavailable)),
            (json!({"operation": "*", "delay": 7, "drop": "before"}), Effect::Drop(Drop::Before)),
            (json!({"operation": "*", "delay": 7, "drop": "after"}), Effect::Drop(Drop::After)),
            (json!({"operation": "*", "delay": 7, "drop": "midway"}), Effect::Drop(Drop::Midway)),
        ] {
            let fault = faults(json!([rule])).strike(Operations::published().named("getImsi").unwrap());
            assert_eq!(fault, Some(Fault { rule: 0, delay: Duration::from_millis(7), effect }), "{rule}");
        }
    }

    #[test]
    fn chance_is_repeated_by_its_seed() {
        let run =
            |seed: u64| strikes(&faults(json!([{"operation": "*", "status": 503, "probability": 0.3, "seed": seed}])), "getImsi", 1000);
        assert_eq!(run(42), run(42));
        assert_ne!(run(42), run(43));
        let struck = run(42).iter().flatten().count();
        assert!((250..350).contains(&struck), "{struck}");
        let never = faults(json!([{"operation": "*", "status": 503, "probability": 0}]));
        assert_eq!(strikes(&never, "getImsi", 50), [None; 50]);
    }

    #[test]
    fn delays_are_as_distributed() {
        let drawn = |delay: Value| {
            let faults = faults(json!([{"operation": "*", "delay": delay}]));
            let operations = Operations::published();
            let operation = operations.named("getImsi").unwrap();
            let mut drawn: Vec<_> = (0..1000).filter_map(|_| faults.strike(operation)).map(|fault| fault.delay.as_millis()).collect();
            drawn.sort_unstable();
            drawn
        };
        assert_eq!(drawn(json!(250)), [250; 1000]);
        let uniform = drawn(json!({"min": 100, "max": 300}));
        assert!(uniform[0] >= 100 && uniform[999] <= 300 && (180..220).contains(&uniform[500]), "{}", uniform[500]);
        let lognormal = drawn(json!({"median": 100, "p99": 1000}));
        assert!((90..110).contains(&lognormal[500]) && (700..1400).contains(&lognormal[990]), "{} {}", lognormal[500], lognormal[990]);
        // However long the tail, a request is answered within a minute.
        assert_eq!(drawn(json!({"median": 59_000, "p99": 60_000}))[999], 60_000);
    }

    #[test]
    fn wrong_rules_change_nothing() {
        let faults = faults(json!([{"operation": "*", "status": 500}]));
        for (rule, wrong) in [
            (json!({"operation": "getmsisdn", "status": 500}), &["Rules[0].Operation oneof"][..]),
            (json!({"operation": "*"}), &["Rules[0].Status required_without_all"]),
            (json!({"operation": "*", "status": 200}), &["Rules[0].Status oneof"]),
            (json!({"operation": "*", "status": 405}), &["Rules[0].Status oneof"]),
            (json!({"operation": "*", "status": 500, "drop": "after"}), &["Rules[0].Drop excluded_with"]),
            (json!({"operation": "*", "status": 500, "probability": 1.1}), &["Rules[0].Probability max"]),
            (json!({"operation": "*", "status": 500, "probability": -0.1}), &["Rules[0].Probability min"]),
            (json!({"operation": "*", "delay": 60_001}), &["Rules[0].Delay max"]),
            (json!({"operation": "*", "delay": {"min": 5, "max": 4}}), &["Rules[0].Delay.Max gtefield"]),
            (json!({"operation": "*", "delay": {"min": 5, "max": 60_001}}), &["Rules[0].Delay max"]),
            (json!({"operation": "*", "delay": {"median": 5, "p99": 4}}), &["Rules[0].Delay.P99 gtefield"]),
            (json!({"operation": "*", "delay": {"median": 0, "p99": 4}}), &["Rules[0].Delay.Median min"]),
            (json!({"operation": "?", "status": 1}), &["Rules[0].Operation oneof", "Rules[0].Status oneof"]),
        ] {
            let rules = serde_json::from_value(json!([rule])).unwrap();
            let violations = faults.replace(rules, Operations::published()).unwrap_err();
            let violations: Vec<_> = violations.iter().map(|violation| format!("{} {}", violation.field, violation.tag)).collect();
            assert_eq!(violations, wrong, "{rule}");
        }
        let many = vec![faults.rules()[0].clone(); MOST_RULES + 1];
        assert_eq!(faults.replace(many, Operations::published()).unwrap_err()[0].to_string().matches("'Rules'").count(), 1);
        assert_eq!(strikes(&faults, "getImsi", 1), [Some(0)]);
    }
}
