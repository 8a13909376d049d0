//! The integration tests, in one binary whose modules mirror the URLs. `scripts/test` runs them: every test of HTTP runs on both databases.
#![cfg(test)]

mod architecture;
mod audit;
mod auth;
mod cli;
mod console;
mod cors;
mod docs;
mod envelope;
mod faults;
mod health;
mod limits;
mod metrics;
mod mock;
mod observe;
mod portings;
mod readme;
mod round_trips;
mod schema;
mod secrets;
mod store;
mod strangers;
mod support;
mod tls;
mod together;
mod traces;
mod v1;
mod v2;
