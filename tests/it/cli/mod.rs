//! The command line, as processes.

mod data;
mod help;
mod mode;
mod serve;
mod token;
