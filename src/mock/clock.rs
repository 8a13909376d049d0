//! A clock that can be set, advanced, frozen and sped up.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::clock::{Clock, truncated};

/// The virtual time of a sandbox: real time, but for where it was set and how fast it runs.
pub struct VirtualClock {
    real: Arc<dyn Clock>,
    setting: Mutex<Setting>,
}

/// Virtual time was `virtual_then` at the real time `real_then`, and has run at `scale` since; 0 is frozen.
#[derive(Debug, Clone, Copy)]
struct Setting {
    real_then: Timestamp,
    virtual_then: Timestamp,
    scale: u32,
}

impl VirtualClock {
    /// A clock that shows real time.
    #[must_use]
    pub fn new(real: Arc<dyn Clock>) -> Self {
        let now = real.now();
        Self { real, setting: Mutex::new(Setting { real_then: now, virtual_then: now, scale: 1 }) }
    }
}

impl Setting {
    fn at(&self, real_now: Timestamp) -> Timestamp {
        let passed = real_now.duration_since(self.real_then).max(SignedDuration::ZERO);
        let passed = passed.checked_mul(i32::try_from(self.scale).unwrap_or(i32::MAX)).unwrap_or(SignedDuration::MAX);
        truncated(self.virtual_then.saturating_add(passed).unwrap_or(Timestamp::MAX))
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.setting.lock().unwrap_or_else(PoisonError::into_inner).at(self.real.now())
    }
}
