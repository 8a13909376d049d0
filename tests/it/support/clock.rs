//! A clock that stands still until a test moves it.

use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use portero::clock::Clock;

/// A clock that stands still until a test moves it. It begins at [`START`].
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

/// A Wednesday morning, with a fraction of a second that answers must not show.
pub const START: &str = "2026-11-18T09:30:00.123456Z";

impl Default for ManualClock {
    fn default() -> Self {
        Self(Mutex::new(START.parse().unwrap()))
    }
}

impl ManualClock {
    /// Sets the clock.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap() = now;
    }

    /// Moves the clock forward.
    pub fn advance(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}
