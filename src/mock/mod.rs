//! What a mock has and a reference server must not.

pub mod demo;
