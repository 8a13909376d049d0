//! The present time: the only file that may read it.

use std::time::Duration;

use jiff::Timestamp;

/// Tells the time, truncated to microseconds, which is what the databases keep.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the time")]
    fn now(&self) -> Timestamp {
        truncated(Timestamp::now())
    }
}

/// Measures how long something takes, by the machine's monotonic clock. One that was started before another one is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stopwatch(std::time::Instant);

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the time")]
impl Stopwatch {
    /// Starts measuring.
    #[must_use]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time since the start.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Cuts an instant down to whole microseconds.
#[must_use]
pub fn truncated(instant: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(instant.as_microsecond()).unwrap_or(instant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_counts_whole_microseconds() {
        assert_eq!(SystemClock.now().as_nanosecond() % 1000, 0);
    }

    #[test]
    fn truncation_drops_nanoseconds_only() {
        let instant: Timestamp = "2025-01-15T10:30:00.123456789Z".parse().unwrap();
        assert_eq!(truncated(instant), "2025-01-15T10:30:00.123456Z".parse().unwrap());
    }
}
