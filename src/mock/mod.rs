//! What a mock has and a reference server must not.

pub mod chance;
pub mod clock;
pub mod control;
pub mod demo;
pub mod donors;
pub mod faults;
pub mod journal;
pub mod layers;
pub mod magic;
pub mod operations;
pub mod page;
pub mod prefer;
pub mod sandbox;
pub mod sandboxes;
pub mod seed;
pub mod template;
