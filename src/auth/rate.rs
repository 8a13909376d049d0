//! How often a caller may ask: a bucket for each that fills at a steady rate (the generic cell rate algorithm, ITU-T I.371).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use moka::sync::Cache;

/// Microseconds in which an empty bucket is full again.
const FILLING: i64 = 1_000_000;
/// Callers that are remembered at most. Those who are forgotten begin with a full bucket.
const MOST_CALLERS: u64 = 100_000;
/// How long a caller is remembered who does not ask: longer than its bucket takes to fill.
const IDLE: Duration = Duration::from_secs(10);

/// So many requests a second for each caller, as many of them at once as it likes.
#[derive(Debug)]
pub struct RateLimit {
    /// Microseconds that a request uses up.
    cost: i64,
    /// Until when the requests of a caller so far have used up its rate, in microseconds since 1970.
    used_until: Cache<String, Arc<AtomicI64>>,
}

impl RateLimit {
    /// A limit of so many requests a second.
    #[must_use]
    pub fn per_second(requests: u32) -> Self {
        let used_until = Cache::builder().max_capacity(MOST_CALLERS).time_to_idle(IDLE).build();
        Self { cost: FILLING / i64::from(requests.max(1)), used_until }
    }

    /// Whether a caller may ask once more now; if so, it has.
    #[must_use]
    pub fn admits(&self, caller: &str, now: Timestamp) -> bool {
        let now = now.as_microsecond();
        let used_until = match self.used_until.get(caller) {
            Some(known) => known,
            None => self.used_until.get_with(caller.to_owned(), Arc::default),
        };
        let next = |until: i64| Some(until.max(now).saturating_add(self.cost)).filter(|until| until - now <= FILLING);
        used_until.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_second_of_requests_at_once_and_then_the_rate() {
        let limit = RateLimit::per_second(4);
        let admitted = |caller, millis, times| {
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis);
            (0..times).filter(|_| limit.admits(caller, now)).count()
        };
        assert_eq!(admitted("one", 0, 10), 4);
        assert_eq!(admitted("other", 0, 10), 4);
        assert_eq!(admitted("one", 249, 10), 0);
        assert_eq!(admitted("one", 250, 10), 1);
        assert_eq!(admitted("one", 750, 10), 2);
        assert_eq!(admitted("one", 60_000, 10), 4);
    }
}
