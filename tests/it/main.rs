//! The integration tests, in one binary whose modules mirror the URLs. `scripts/test` runs them: every test of HTTP runs on both databases.
#![cfg(test)]

mod auth;
mod docs;
mod envelope;
mod health;
mod round_trips;
mod support;
mod v1;
mod v2;
