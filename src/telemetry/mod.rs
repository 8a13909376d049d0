//! What the server tells of itself while it runs: metrics, traces, and whether the worker is alive.

pub mod metrics;
pub mod pulse;
pub mod traces;
