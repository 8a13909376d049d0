//! What a mock has and a reference server must not.

pub mod clock;
pub mod demo;
pub mod sandbox;
