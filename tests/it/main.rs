//! The integration tests, in one binary whose modules mirror the URLs. `scripts/test` runs them: every test of HTTP runs on both databases.
#![cfg(test)]

mod architecture;
mod auth;
mod cli;
mod console;
mod docs;
mod envelope;
mod health;
mod mock;
mod observe;
mod portings;
mod readme;
mod round_trips;
mod schema;
mod store;
mod support;
mod together;
mod v1;
mod v2;
