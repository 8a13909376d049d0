//! The dates of one porting.

use std::ops::Range;

use jiff::Timestamp;

/// The dates of one porting at the Central Node.
///
/// In time order: registration, Tv (the donor's period), window. The cancel limit is before the
/// window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub(super) registered_at: Timestamp,
    pub(super) tv: Range<Timestamp>,
    pub(super) window: Timestamp,
    pub(super) cancel_limit: Timestamp,
}

/// The dates are not in the order that every porting has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the dates of a porting are registration, Tv and window, in this order, the cancel limit before the window")]
pub struct ScheduleError;

impl Schedule {
    /// A schedule made before, by [`Calendar::schedule`](super::Calendar::schedule), from its
    /// dates.
    ///
    /// # Errors
    /// Dates that are out of order.
    pub fn restore(
        registered_at: Timestamp,
        tv: Range<Timestamp>,
        window: Timestamp,
        cancel_limit: Timestamp,
    ) -> Result<Self, ScheduleError> {
        let in_order = registered_at <= tv.start && tv.start < tv.end && tv.end < window && cancel_limit < window;
        in_order.then_some(Self { registered_at, tv, window, cancel_limit }).ok_or(ScheduleError)
    }

    /// The same process between two brands of one operator, which the Central Node does not see:
    /// registered at `created`, at any hour, and answerable from then on. Everything else is as the
    /// Node would have it.
    #[must_use]
    pub fn internal(self, created: Timestamp) -> Self {
        let created = created.min(self.registered_at);
        Self { registered_at: created, tv: created..self.tv.end, ..self }
    }

    /// When the process is, or is expected to be, registered (`create_date_nc`).
    #[must_use]
    pub const fn registered_at(&self) -> Timestamp {
        self.registered_at
    }

    /// Tv: the donor's period. An answer at its end is too late.
    #[must_use]
    pub const fn tv(&self) -> &Range<Timestamp> {
        &self.tv
    }

    /// When the number changes network (`window_date`).
    #[must_use]
    pub const fn window(&self) -> Timestamp {
        self.window
    }

    /// From when on the recipient can no longer cancel.
    #[must_use]
    pub const fn cancel_limit(&self) -> Timestamp {
        self.cancel_limit
    }
}
