//! Portings below HTTP: what holds of any life, of any filter, of the worker's crashes and of the database's effort.

mod backlog;
pub mod bulk;
mod crash;
mod effort;
mod filter;
mod lives;
mod logs;
mod servers;
mod world;
