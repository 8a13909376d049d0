//! The command line, as processes.

mod bulk;
mod data;
mod help;
mod mode;
mod purge;
mod serve;
mod token;
