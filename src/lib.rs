//! portero serves two published telecom APIs of the MasStack platform over a Postgres-backed repository layer: the Discovery API v2 and the
//! Portability API v1, as a mock for integrators and as a reference server.
//!
//! # The house
//!
//! | module | holds |
//! |---|---|
//! | [`domain`] | the rules of the field, pure: no async, no database, no HTTP, no clock |
//! | [`service`] | the use cases: open a unit of work, load, let the domain decide, write, commit |
//! | [`store`] | the repository layer: the only place with SQL, written once for Postgres and `SQLite` |
//! | [`central_node`] | the Central Node: the port, and the simulated Node |
//! | [`entitlement`] | the Entitlement Server (GSMA TS.43): the port, its client, the built-in stand-in |
//! | [`auth`] | tokens, keys, and extractors whose type is the permission |
//! | [`http`] | routers, extractors, the error envelope, answers, documents |
//! | [`dataset`] | the data sets that fill a database |
//! | [`mock`] | what a mock has and a reference server must not |
//! | [`batch`] | what waits together is done together |
//! | [`error`] | the one failure type and its catalogue |
//! | [`telemetry`] | metrics, traces, the worker's pulse |
//! | [`clock`] | the only file that reads the time |
//! | [`worker`] | applies due transitions in the background |
//! | [`config`], [`cli`], [`server`] | settings, commands, and how a server is put together |
//!
//! # Its rules
//!
//! No layer knows the one above: `domain` imports nothing of ours, `store` only the domain and `batch`, `service` the domain, the store's traits and the
//! ports, `http` never the store. `sqlx` appears in `store` alone, `axum` in `http` and `auth::extract`. A test reads the sources and checks.

pub mod auth;
pub mod batch;
pub mod central_node;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dataset;
pub mod domain;
pub mod entitlement;
pub mod error;
pub mod http;
#[cfg(test)]
mod mangled;
pub mod mock;
pub mod server;
pub mod service;
pub mod store;
pub mod telemetry;
pub mod worker;
