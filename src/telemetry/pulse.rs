//! Whether a background task is alive: it says so itself, again and again.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// How long a task may be silent. A round of the worker takes milliseconds, and one in which every statement runs into its time-out half a
/// minute.
const LONGEST_SILENCE: SignedDuration = SignedDuration::from_secs(60);

/// The last sign of life of a task, in real time.
#[derive(Debug)]
pub struct Pulse(AtomicI64);

impl Pulse {
    /// A task that begins now.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_microsecond()))
    }

    /// The task is alive.
    pub fn beat(&self, now: Timestamp) {
        self.0.store(now.as_microsecond(), Ordering::Relaxed);
    }

    /// Whether the task gave a sign of life lately.
    #[must_use]
    pub fn is_alive(&self, now: Timestamp) -> bool {
        let silence = now.as_microsecond().saturating_sub(self.0.load(Ordering::Relaxed));
        SignedDuration::from_micros(silence) <= LONGEST_SILENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alive_until_a_minute_after_the_last_beat() {
        let at = |seconds| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        let pulse = Pulse::new(at(0));
        assert!(pulse.is_alive(at(60)) && !pulse.is_alive(at(61)));
        pulse.beat(at(50));
        assert!(pulse.is_alive(at(110)) && !pulse.is_alive(at(111)));
        // A clock that was set back.
        assert!(pulse.is_alive(at(0)));
    }
}
