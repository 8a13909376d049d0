//! The Central Node's calendar: working days, opening hours and the dates that follow from them, in
//! the time of Madrid.
//!
//! All periods are half-open: at 14:00:00 the afternoon has begun, at 20:00:00 the Node is closed.

mod holidays;
mod schedule;

#[cfg(test)]
pub(crate) mod oracle;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::Range;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

pub use schedule::{Schedule, ScheduleError};

/// Central Node: it opens at 08:00 of working days.
const OPENING: Time = Time::constant(8, 0, 0, 0);
/// Central Node: its day has two halves, parted at 14:00.
const NOON: Time = Time::constant(14, 0, 0, 0);
/// Central Node: it closes at 20:00.
const CLOSING: Time = Time::constant(20, 0, 0, 0);
/// The last minute before it closes.
const LAST_MINUTE: Time = Time::constant(19, 59, 0, 0);
/// Central Node: numbers change network at 02:00.
const WINDOW: Time = Time::constant(2, 0, 0, 0);
/// This server: a window may be chosen at most so many calendar days after the day of registration.
/// The Node's own limit is not published.
const WINDOW_DAYS_AHEAD: i64 = 30;

/// The working calendar of the Central Node: Monday to Friday, but for the national holidays and
/// any further ones given as data.
#[derive(Clone, Debug)]
pub struct Calendar {
    madrid: TimeZone,
    further_holidays: BTreeSet<Date>,
}

/// The calendar could not answer.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    /// The time zone of Madrid is not in the time zone data.
    #[error("no time zone Europe/Madrid")]
    Zone(#[source] jiff::Error),
    /// The answer lies beyond the year 9999.
    #[error("beyond the last date that can be represented")]
    OutOfRange,
}

/// Why a window that the recipient chose is refused.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// Not on the hour at which numbers change network.
    #[error("the window must be at 02:00:00 Europe/Madrid")]
    NotAtTwo,
    /// A weekend or holiday.
    #[error("the window must be on a working day")]
    NotWorkingDay,
    /// Before the default window.
    #[error("the window must not be before {0}, the default one")]
    TooEarly(Timestamp),
    /// Too long after the registration.
    #[error("the window must be at most {WINDOW_DAYS_AHEAD} days after the registration")]
    TooLate,
    /// The calendar could not answer.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

impl Calendar {
    /// The national calendar with these further holidays.
    ///
    /// # Errors
    /// [`CalendarError::Zone`] when the time zone data lack Madrid.
    pub fn new(further_holidays: impl IntoIterator<Item = Date>) -> Result<Self, CalendarError> {
        let madrid = TimeZone::get("Europe/Madrid").map_err(CalendarError::Zone)?;
        Ok(Self { madrid, further_holidays: further_holidays.into_iter().collect() })
    }

    /// The further holidays given as data.
    pub fn further_holidays(&self) -> impl Iterator<Item = Date> {
        self.further_holidays.iter().copied()
    }

    /// The date and time in Madrid.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> DateTime {
        self.madrid.to_datetime(at)
    }

    /// The day of Madrid in which the instant lies, from midnight to midnight: 23 to 25 hours.
    /// Quotas count by it.
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`] at the end of time.
    pub fn day_of(&self, at: Timestamp) -> Result<Range<Timestamp>, CalendarError> {
        let day = self.local(at).date();
        Ok(self.instant(day, Time::midnight())?..self.instant(following(day)?, Time::midnight())?)
    }

    /// Whether the Node works on that day.
    #[must_use]
    pub fn is_working_day(&self, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !holidays::is_national(day)
            && !self.further_holidays.contains(&day)
    }

    /// Whether the Node takes requests.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let local = self.local(at);
        (OPENING..CLOSING).contains(&local.time()) && self.is_working_day(local.date())
    }

    /// The first instant not before `at` at which the Node takes requests: `at` itself while it is
    /// open, else 08:00 of a working day.
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`] at the end of time.
    pub fn next_opening(&self, at: Timestamp) -> Result<Timestamp, CalendarError> {
        if self.is_open(at) {
            return Ok(at);
        }
        let local = self.local(at);
        let today = local.date();
        let opens_today = local.time() < OPENING && self.is_working_day(today);
        let day = if opens_today { today } else { self.working_day_after(today)? };
        self.instant(day, OPENING)
    }

    /// The first time after `at` at which the Node opens.
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`] at the end of time.
    pub fn opening_after(&self, at: Timestamp) -> Result<Timestamp, CalendarError> {
        if self.is_open(at) { self.next_opening(self.day_of(at)?.end) } else { self.next_opening(at) }
    }

    /// When the Node takes requests in a later minute than that of `at`: in the next one, or at its next opening.
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`] at the end of time.
    pub fn next_minute(&self, at: Timestamp) -> Result<Timestamp, CalendarError> {
        let second = at.as_second() - at.as_second().rem_euclid(60) + 60;
        self.next_opening(Timestamp::from_second(second).map_err(|_| CalendarError::OutOfRange)?)
    }

    /// The same time of day on the first working day after the day of `at`.
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`] at the end of time.
    pub fn working_day_later(&self, at: Timestamp) -> Result<Timestamp, CalendarError> {
        let local = self.local(at);
        self.instant(self.working_day_after(local.date())?, local.time())
    }

    /// The last instant not after `at` at which the Node took requests: `at` itself while it is open, else 19:59 of a working day.
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`] at the beginning of time.
    pub fn last_open(&self, at: Timestamp) -> Result<Timestamp, CalendarError> {
        if self.is_open(at) {
            return Ok(at);
        }
        let local = self.local(at);
        let mut day = local.date();
        if local.time() < OPENING {
            day = preceding(day)?;
        }
        while !self.is_working_day(day) {
            day = preceding(day)?;
        }
        self.instant(day, LAST_MINUTE)
    }

    /// The instant that is so much later than `at`, by the clocks and calendars of Madrid: a day is from one time of day to the same time
    /// of the next day, which is not always 24 hours.
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`] at the end of time.
    pub fn later(&self, at: Timestamp, span: Span) -> Result<Timestamp, CalendarError> {
        let later = at.to_zoned(self.madrid.clone()).checked_add(span);
        later.map(|zoned| zoned.timestamp()).map_err(|_| CalendarError::OutOfRange)
    }

    /// The dates of a request that is made at `created` and that names no window. It is registered
    /// at once while the Node is open, else at its next opening, which may be in the future.
    ///
    /// * Tv, the donor's period, is the half-day after the one of registration: from the morning
    ///   14:00 to 20:00, from the afternoon 08:00 to 14:00 of the next working day.
    /// * The window is 02:00 of the second working day after the day of registration.
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`] at the end of time.
    pub fn schedule(&self, created: Timestamp) -> Result<Schedule, CalendarError> {
        let registered_at = self.next_opening(created)?;
        let local = self.local(registered_at);
        let day = local.date();
        let next = self.working_day_after(day)?;
        let tv = if local.time() < NOON {
            self.instant(day, NOON)?..self.instant(day, CLOSING)?
        } else {
            self.instant(next, OPENING)?..self.instant(next, NOON)?
        };
        let window = self.instant(self.working_day_after(next)?, WINDOW)?;
        Ok(Schedule { registered_at, tv, window, cancel_limit: self.cancel_limit(window)? })
    }

    /// The same request, but with the window that its recipient chose: exactly 02:00 in Madrid of a
    /// working day, not before the default window, and at most 30 calendar days after the day of
    /// registration.
    ///
    /// # Errors
    /// Says which rule of [`WindowError`] the window breaks.
    pub fn choose_window(&self, schedule: Schedule, window: Timestamp) -> Result<Schedule, WindowError> {
        let local = self.local(window);
        if local.time() != WINDOW {
            return Err(WindowError::NotAtTwo);
        }
        if !self.is_working_day(local.date()) {
            return Err(WindowError::NotWorkingDay);
        }
        if window < schedule.window {
            return Err(WindowError::TooEarly(schedule.window));
        }
        let registration = self.local(schedule.registered_at).date();
        let ahead = registration.duration_until(local.date());
        if ahead.as_hours() > 24 * WINDOW_DAYS_AHEAD {
            return Err(WindowError::TooLate);
        }
        Ok(Schedule { window, cancel_limit: self.cancel_limit(window)?, ..schedule })
    }

    /// 14:00 of the last working day before the window's day.
    fn cancel_limit(&self, window: Timestamp) -> Result<Timestamp, CalendarError> {
        let mut day = preceding(self.local(window).date())?;
        while !self.is_working_day(day) {
            day = preceding(day)?;
        }
        self.instant(day, NOON)
    }

    fn working_day_after(&self, day: Date) -> Result<Date, CalendarError> {
        let mut day = following(day)?;
        while !self.is_working_day(day) {
            day = following(day)?;
        }
        Ok(day)
    }

    /// That time of that day. None of the times used here falls into the hour that is skipped in
    /// spring on a working day; midnight never does.
    fn instant(&self, day: Date, time: Time) -> Result<Timestamp, CalendarError> {
        self.madrid.to_timestamp(day.to_datetime(time)).map_err(|_| CalendarError::OutOfRange)
    }
}

fn following(day: Date) -> Result<Date, CalendarError> {
    day.tomorrow().map_err(|_| CalendarError::OutOfRange)
}

fn preceding(day: Date) -> Result<Date, CalendarError> {
    day.yesterday().map_err(|_| CalendarError::OutOfRange)
}
