//! The rules of faults, as they are written.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Effect;
use crate::error::{Kind, Violation};
use crate::mock::chance::Chance;
use crate::mock::operations::Operations;

/// The longest delay, in milliseconds.
const LONGEST: u32 = 60_000;
/// The 99th percentile of the standard normal distribution.
const NORMAL_P99: f64 = 2.326_347_874;

/// When a request to an operation meets which fault. At least one of status, drop and delay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"operation": "getMsisdn", "status": 503, "delay": {"min": 100, "max": 500}, "probability": 0.3, "seed": 42, "count": 5}))]
pub struct FaultRule {
    /// The operation: its id (`getMsisdn`), its method and path (`GET /v2/msisdns/{msisdn}`), or `*` for every one of both APIs.
    pub operation: String,
    /// The request is not carried out, and answered by the envelope of this status: one that the error catalogue has, but 405.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 400, maximum = 599)]
    pub status: Option<u16>,
    /// The connection is closed. Not together with a status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub drop: Option<Drop>,
    /// The time before anything else happens, in milliseconds; 60,000 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub delay: Option<Delay>,
    /// How likely a request that fits meets the fault. 1 where it is absent.
    #[serde(default = "certain")]
    #[schema(minimum = 0, maximum = 1)]
    pub probability: f64,
    /// Where chance begins: the same requests in the same order meet the same faults. 0 where it is absent.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub seed: u64,
    /// How often the rule is still applied. Without end where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    pub count: Option<u32>,
    /// How often it was applied. Read only: it is ignored where rules are put.
    #[serde(default)]
    #[schema(read_only, minimum = 0)]
    pub applied: u64,
}

/// When the connection is closed
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Drop {
    /// Before the request is carried out: nothing is stored, nothing answered.
    Before,
    /// After it was carried out: what it does is done, but nothing is answered.
    After,
    /// After it was carried out, when half of the answer's body was sent. An answer without body is not sent at all.
    Midway,
}

/// How long, in milliseconds: a number; evenly between two; or log-normal, as the times of real services are, by its median and its
/// 99th percentile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged, deny_unknown_fields)]
pub enum Delay {
    /// Always the same.
    Fixed(u32),
    /// Evenly distributed.
    Uniform {
        /// The least.
        min: u32,
        /// The most.
        max: u32,
    },
    /// Log-normally distributed.
    LogNormal {
        /// Half of the requests take longer.
        median: u32,
        /// One in a hundred takes longer.
        p99: u32,
    },
}

fn certain() -> f64 {
    1.0
}

/// The kind that stands for a status. 405 has to say which methods there are, which a fault does not know.
fn kind_of(status: u16) -> Option<Kind> {
    Kind::ALL.iter().copied().find(|kind| kind.status() == status && status != 405)
}

impl FaultRule {
    /// What is wrong with the rule, which is at this place in its list.
    pub(super) fn violations(&self, place: usize, operations: &Operations) -> Vec<Violation> {
        let mut violations = Vec::new();
        let mut forbid = |wrong: bool, member: &str, tag| {
            if wrong {
                violations.push(Violation { field: format!("Rules[{place}].{member}"), tag });
            }
        };
        forbid(self.operation != "*" && operations.named(&self.operation).is_none(), "Operation", "oneof");
        forbid(self.status.is_none() && self.drop.is_none() && self.delay.is_none(), "Status", "required_without_all");
        forbid(self.status.is_some_and(|status| kind_of(status).is_none()), "Status", "oneof");
        forbid(self.status.is_some() && self.drop.is_some(), "Drop", "excluded_with");
        forbid(self.probability < 0.0, "Probability", "min");
        forbid(self.probability > 1.0, "Probability", "max");
        match self.delay {
            None => {}
            Some(Delay::Fixed(millis)) => forbid(millis > LONGEST, "Delay", "max"),
            Some(Delay::Uniform { min, max }) => {
                forbid(max > LONGEST, "Delay", "max");
                forbid(max < min, "Delay.Max", "gtefield");
            }
            Some(Delay::LogNormal { median, p99 }) => {
                forbid(p99 > LONGEST, "Delay", "max");
                forbid(p99 < median, "Delay.P99", "gtefield");
                forbid(median == 0, "Delay.Median", "min");
            }
        }
        violations
    }

    pub(super) fn effect(&self) -> Effect {
        match (self.status.and_then(kind_of), self.drop) {
            (Some(kind), _) => Effect::Failure(kind),
            (None, Some(drop)) => Effect::Drop(drop),
            (None, None) => Effect::None,
        }
    }
}

impl Delay {
    /// The delay of one request.
    pub(super) fn draw(&self, chance: &mut Chance) -> Duration {
        let millis = match *self {
            Self::Fixed(millis) => f64::from(millis),
            Self::Uniform { min, max } => f64::from(min) + chance.fraction() * (f64::from(max) - f64::from(min)),
            Self::LogNormal { median, p99 } => {
                let spread = (f64::from(p99) / f64::from(median)).ln() / NORMAL_P99;
                f64::from(median) * (spread * chance.normal()).exp()
            }
        };
        Duration::try_from_secs_f64(millis.min(f64::from(LONGEST)) / 1000.0).unwrap_or_default()
    }
}
