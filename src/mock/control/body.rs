//! Parameters and members that several operations of the control plane share.

use std::sync::Arc;

use jiff::Span;
use jiff::fmt::temporal::SpanParser;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::dataset::{ClockReading, DataSet, Written};
use crate::domain::msisdn::Msisdn;
use crate::error::Result;
use crate::http::body::{Fields, JsonObject};
use crate::http::params::invalid;
use crate::http::portability::body::date_time;
use crate::mock::clock::ClockChange;
use crate::mock::sandbox::Beginning;
use crate::mock::seed::Seed;

/// Which world is meant.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only the documents mention it: the layer of sandboxes reads the header")]
pub struct SandboxHeader {
    /// The sandbox; `default` if absent
    #[param(rename = "X-Sandbox", nullable = false, example = "ci-7")]
    sandbox: Option<String>,
}

/// `seed` and `clock`: how a world begins.
pub fn beginning(body: &JsonObject) -> Result<Beginning> {
    let clock = body.read(|fields| Some(fields.object("clock", clock_change).unwrap_or_default()))?;
    Ok(Beginning { seed: seed(body)?, clock })
}

fn seed(body: &JsonObject) -> Result<Seed> {
    match body.0.get("seed") {
        None | Some(Value::Null) => Ok(Seed::default()),
        Some(Value::String(name)) => Seed::named(name).ok_or_else(|| invalid("Seed", "oneof")),
        Some(data @ Value::Object(_)) => Ok(Seed::Data(Arc::new(DataSet::read(data)?))),
        Some(_) => Err(invalid("Seed", "object")),
    }
}

/// The members of a change of the clock, one at least.
pub fn clock_change(fields: &mut Fields<'_>) -> Option<ClockChange> {
    if ["now", "advance", "frozen", "scale"].iter().all(|member| fields.value(member).is_none()) {
        fields.violation("now", "required_without_all");
        return None;
    }
    Some(ClockChange {
        now: fields.optional("now", date_time),
        advance: fields.optional("advance", duration),
        frozen: fields.flag("frozen"),
        scale: fields.integer("scale", 1..=ClockReading::FASTEST),
    })
}

/// A duration as ISO 8601 writes it, forward in time.
pub fn duration(text: &str) -> Result<Span, &'static str> {
    let span = SpanParser::new().parse_span(text).map_err(|_| "duration")?;
    if span.is_negative() { Err("min") } else { Ok(span) }
}

/// A number, in any of its accepted forms.
pub fn msisdn(text: &str) -> Result<Msisdn, &'static str> {
    Msisdn::parse(text).map_err(|_| "msisdn")
}

/// What is to change about a clock: each member by itself or with others, in this order
#[derive(ToSchema)]
#[schema(example = json!({"now": "2026-11-18T09:30:00Z", "frozen": true}))]
#[expect(dead_code, reason = "only the documents mention it: clock_change reads the body")]
pub struct ClockBody {
    /// What it is to show, from 1970 to 9000.
    #[schema(format = DateTime)]
    now: Option<String>,
    /// How far it is to go on from there (ISO 8601). Days and longer go by the calendar of Madrid, hours and shorter are exact.
    #[schema(example = "P2D")]
    advance: Option<String>,
    /// Whether it is to stand still.
    frozen: Option<bool>,
    /// How many seconds are to pass in one.
    #[schema(minimum = 1, maximum = 1_000_000)]
    scale: Option<u32>,
}

/// What a world begins with: `demo`, `empty`, or a data set, as `portero seed` reads it
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only the documents mention it")]
pub enum SeedBody {
    /// The name of a data set.
    Name(SeedName),
    /// A data set.
    Data(Box<Written>),
}

/// The name of a data set
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "only the documents mention it")]
pub enum SeedName {
    /// Numbers, tokens, operators, and portabilities in every state.
    Demo,
    /// Nothing at all.
    Empty,
}
