//! What a mock has and a reference server must not.

pub mod clock;
pub mod control;
pub mod demo;
pub mod donors;
pub mod magic;
pub mod sandbox;
pub mod sandboxes;
pub mod seed;
pub mod template;
