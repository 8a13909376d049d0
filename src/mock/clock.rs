//! A clock that can be set, advanced, frozen and sped up.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Span, Timestamp};
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, truncated};
use crate::dataset::ClockReading;
use crate::domain::calendar::Calendar;
use crate::domain::org::Tenancy;
use crate::error::{Error, Kind, Result, Violation};
use crate::store::Store;

/// What a clock can show: from 1970-01-01T00:00:00Z, where what is stored begins, to 9000-01-01T00:00:00Z, which leaves room for what is due later.
const EARLIEST: Timestamp = Timestamp::UNIX_EPOCH;
const LATEST: Timestamp = Timestamp::constant(221_845_392_000, 0);

/// The setting of a database that says how its clock is set.
const SETTING: &str = "clock";

/// The virtual time of a sandbox: real time, but for where it was set and how fast it runs.
pub struct VirtualClock {
    real: Arc<dyn Clock>,
    setting: Mutex<Setting>,
}

/// Virtual time was `virtual_then` at the real time `real_then`, and has run since as the rest says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    real_then: Timestamp,
    virtual_then: Timestamp,
    /// Whether it stands still.
    pub frozen: bool,
    /// How many seconds pass in one while it does not stand still.
    pub scale: u32,
}

/// What is to change about a clock, in the order in which it happens; `None`: nothing.
#[derive(Debug, Clone, Default)]
pub struct ClockChange {
    /// What it is to show.
    pub now: Option<Timestamp>,
    /// How far it is to go on from there, by the calendar of Madrid.
    pub advance: Option<Span>,
    /// Whether it is to stand still.
    pub frozen: Option<bool>,
    /// How many seconds are to pass in one, 1 to [`ClockReading::FASTEST`].
    pub scale: Option<u32>,
}

impl From<&ClockReading> for ClockChange {
    fn from(clock: &ClockReading) -> Self {
        Self { now: Some(clock.now), frozen: Some(clock.frozen), scale: Some(clock.scale), ..Self::default() }
    }
}

impl ClockChange {
    /// Whether nothing is to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.now.is_none() && self.advance.is_none() && self.frozen.is_none() && self.scale.is_none()
    }
}

impl VirtualClock {
    /// A clock that shows real time.
    #[must_use]
    pub fn new(real: Arc<dyn Clock>) -> Self {
        let setting = Mutex::new(Setting::real(real.now()));
        Self { real, setting }
    }

    /// How it is set.
    #[must_use]
    pub fn setting(&self) -> Setting {
        *self.setting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets it as another was set, or the same before a restart.
    pub fn set(&self, setting: Setting) {
        *self.setting.lock().unwrap_or_else(PoisonError::into_inner) = setting;
    }

    /// Shows real time again.
    pub fn reset(&self) {
        self.set(Setting::real(self.real.now()));
    }

    /// Changes it; how it is set then.
    ///
    /// # Errors
    /// [`Kind::Invalid`] where it would show what it cannot.
    pub fn change(&self, change: &ClockChange) -> Result<Setting> {
        let real_now = self.real.now();
        let mut setting = self.setting.lock().unwrap_or_else(PoisonError::into_inner);
        *setting = setting.changed(change, real_now)?;
        Ok(*setting)
    }

    /// What it shows.
    #[must_use]
    pub fn reading(&self) -> ClockReading {
        let setting = self.setting();
        ClockReading { now: setting.at(self.real.now()), frozen: setting.frozen, scale: setting.scale }
    }

    /// Goes on to an instant, unless it is past it.
    pub fn reach(&self, instant: Timestamp) -> Setting {
        let real_now = self.real.now();
        let mut setting = self.setting.lock().unwrap_or_else(PoisonError::into_inner);
        if setting.at(real_now) < instant {
            *setting = Setting { real_then: real_now, virtual_then: instant, ..*setting };
        }
        *setting
    }
}

impl Setting {
    /// How the clock of a database was left; `None`: it shows real time.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn kept(store: &dyn Store) -> Result<Option<Self>> {
        let Some(text) = store.setting(SETTING).await? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| Error::because(Kind::Internal, error))
    }

    /// Writes down how the clock of a database is set, for the next start of the server.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn keep(self, store: &dyn Store) -> Result<()> {
        let text = serde_json::to_string(&self).map_err(|error| Error::because(Kind::Internal, error))?;
        let mut unit = store.begin(Tenancy::Every).await?;
        unit.setting_put(SETTING, &text).await?;
        unit.commit().await
    }

    fn real(now: Timestamp) -> Self {
        Self { real_then: now, virtual_then: now, frozen: false, scale: 1 }
    }

    fn at(&self, real_now: Timestamp) -> Timestamp {
        let passed = real_now.duration_since(self.real_then);
        let factor = if self.frozen { 0 } else { i32::try_from(self.scale).unwrap_or(i32::MAX) };
        let passed = passed.checked_mul(factor).unwrap_or(SignedDuration::MAX);
        truncated(self.virtual_then.checked_add(passed).map_or(LATEST, |instant| instant.min(LATEST)))
    }

    fn changed(&self, change: &ClockChange, real_now: Timestamp) -> Result<Self> {
        let mut now = change.now.unwrap_or_else(|| self.at(real_now));
        in_range(now, "Now")?;
        if let Some(span) = change.advance {
            let calendar = Calendar::new([]).map_err(|error| Error::because(Kind::Internal, error))?;
            now = calendar.later(now, span).unwrap_or(Timestamp::MAX);
            in_range(now, "Advance")?;
        }
        Ok(Self {
            real_then: real_now,
            virtual_then: truncated(now),
            frozen: change.frozen.unwrap_or(self.frozen),
            scale: change.scale.unwrap_or(self.scale),
        })
    }
}

fn in_range(now: Timestamp, field: &str) -> Result<()> {
    let violation = |tag| Err(Violation { field: field.to_owned(), tag }.into());
    match now {
        now if now < EARLIEST => violation("min"),
        now if now > LATEST => violation("max"),
        _ => Ok(()),
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.reading().now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct StoppedClock(Mutex<Timestamp>);

    impl Clock for StoppedClock {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }
    }

    impl StoppedClock {
        fn pass(&self, millis: i64) {
            *self.0.lock().unwrap() += SignedDuration::from_millis(millis);
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A clock at 2026-11-18T09:30:00Z, and the real time behind it.
    fn clock() -> (Arc<StoppedClock>, VirtualClock) {
        let real = Arc::new(StoppedClock(Mutex::new(at("2026-11-18T09:30:00Z"))));
        (real.clone(), VirtualClock::new(real))
    }

    fn advance(text: &str) -> ClockChange {
        ClockChange { advance: Some(text.parse().unwrap()), ..ClockChange::default() }
    }

    #[test]
    fn shows_real_time_until_it_is_changed() {
        let (real, clock) = clock();
        real.pass(1500);
        assert_eq!(clock.now(), at("2026-11-18T09:30:01.5Z"));
        clock.change(&advance("PT1H")).unwrap();
        real.pass(500);
        assert_eq!(clock.now(), at("2026-11-18T10:30:02Z"));
        clock.reset();
        assert_eq!(clock.now(), at("2026-11-18T09:30:02Z"));
        // Also where the machine's clock is set back.
        real.pass(-60_000);
        assert_eq!(clock.now(), at("2026-11-18T09:29:02Z"));
    }

    #[test]
    fn members_are_combined_in_their_order() {
        let (real, clock) = clock();
        let change = ClockChange {
            now: Some(at("2026-03-01T00:00:00Z")),
            advance: Some("P1D".parse().unwrap()),
            frozen: Some(false),
            scale: Some(3600),
        };
        clock.change(&change).unwrap();
        assert_eq!(clock.now(), at("2026-03-02T00:00:00Z"));
        real.pass(2000);
        assert_eq!(clock.now(), at("2026-03-02T02:00:00Z"));
    }

    #[test]
    fn frozen_it_stands_and_goes_on_from_there_at_its_scale() {
        let (real, clock) = clock();
        clock.change(&ClockChange { scale: Some(60), ..ClockChange::default() }).unwrap();
        real.pass(1000);
        clock.change(&ClockChange { frozen: Some(true), ..ClockChange::default() }).unwrap();
        real.pass(5000);
        assert_eq!(clock.now(), at("2026-11-18T09:31:00Z"));
        clock.change(&advance("PT1M")).unwrap();
        real.pass(5000);
        assert_eq!(clock.now(), at("2026-11-18T09:32:00Z"));
        clock.change(&ClockChange { frozen: Some(false), ..ClockChange::default() }).unwrap();
        real.pass(1000);
        assert_eq!(clock.now(), at("2026-11-18T09:33:00Z"));
    }

    #[test]
    fn a_day_is_a_day_of_madrid_and_an_hour_an_hour() {
        let (_, clock) = clock();
        // The last Sunday of March 2027, on which the clocks go forward.
        let saturday = ClockChange { now: Some(at("2027-03-27T09:30:00Z")), ..ClockChange::default() };
        for (span, expected) in [
            ("P1D", "2027-03-28T08:30:00Z"),
            ("PT24H", "2027-03-28T09:30:00Z"),
            ("P2D", "2027-03-29T08:30:00Z"),
            ("P1M", "2027-04-27T08:30:00Z"),
            ("P1DT1H", "2027-03-28T09:30:00Z"),
        ] {
            clock.change(&saturday).unwrap();
            clock.change(&advance(span)).unwrap();
            assert_eq!(clock.now(), at(expected), "{span}");
        }
    }

    #[test]
    fn what_it_cannot_show() {
        let (_, clock) = clock();
        let refused = |change| clock.change(&change).unwrap_err().detail().to_owned();
        let message = |field, tag| format!("Error:Field validation for '{field}' failed on the '{tag}' tag");
        let now = |text| ClockChange { now: Some(at(text)), ..ClockChange::default() };
        assert_eq!(refused(now("1969-12-31T23:59:59Z")), message("Now", "min"));
        assert_eq!(refused(now("9000-01-01T00:00:01Z")), message("Now", "max"));
        assert_eq!(refused(advance("P7000Y")), message("Advance", "max"));
        assert_eq!(refused(advance("P19000Y")), message("Advance", "max"));
        assert_eq!(clock.now(), at("2026-11-18T09:30:00Z"));
    }

    #[test]
    fn its_end_is_not_passed() {
        let (real, clock) = clock();
        clock.change(&ClockChange { now: Some(LATEST), scale: Some(ClockReading::FASTEST), ..ClockChange::default() }).unwrap();
        assert_eq!(LATEST, at("9000-01-01T00:00:00Z"));
        real.pass(i64::from(i32::MAX));
        assert_eq!(clock.now(), LATEST);
    }

    #[test]
    fn reaching_never_sets_back() {
        let (_, clock) = clock();
        clock.reach(at("2026-11-18T09:00:00Z"));
        assert_eq!(clock.now(), at("2026-11-18T09:30:00Z"));
        clock.reach(at("2026-11-19T09:00:00Z"));
        assert_eq!(clock.now(), at("2026-11-19T09:00:00Z"));
    }
}
