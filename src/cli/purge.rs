//! `purge`: erasing personal data that nobody needs any more.

use clap::Args;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::{CommandError, print};
use crate::clock::{Clock as _, SystemClock};
use crate::config::DatabaseConfig;
use crate::service::purge;
use crate::store;

#[derive(Debug, Args)]
pub struct PurgeArgs {
    /// How long ago the last porting of a request must have ended: `P5Y`, `P18M`, `P90D` (ISO 8601), by the calendar.
    #[arg(long, value_name = "AGE", value_parser = age)]
    older_than: Span,
    /// Only count them.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    database: DatabaseConfig,
}

fn age(text: &str) -> Result<Span, &'static str> {
    let span: Option<Span> = text.parse().ok();
    span.filter(|span| span.is_positive()).ok_or("an age is a positive duration such as P5Y")
}

impl PurgeArgs {
    pub async fn run(self) -> Result<(), CommandError> {
        let now = SystemClock.now();
        let before = before(now, self.older_than).ok_or(CommandError::Age)?;
        let store = store::open(&self.database.database, &self.database.pool).await?;
        store.migrate().await?;
        let count = if self.dry_run { purge::count(&*store, before).await } else { purge::erase(&*store, before, now).await };
        store.close().await;
        let done = if self.dry_run { "would be erased" } else { "erased" };
        print(&format!("{} subscribers of requests whose portings ended before {before} {done}\n", count?))
    }
}

/// The instant that was so long ago, by the calendar; `None` where there is none.
fn before(now: Timestamp, age: Span) -> Option<Timestamp> {
    let before = now.to_zoned(TimeZone::UTC).checked_sub(age).ok()?;
    Timestamp::from_microsecond(before.timestamp().as_microsecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_go_by_the_calendar() {
        let now = "2028-02-29T12:00:00Z".parse().unwrap();
        for (text, expected) in [("P5Y", "2023-02-28T12:00:00Z"), ("P1M", "2028-01-29T12:00:00Z"), ("P90D", "2027-12-01T12:00:00Z")] {
            assert_eq!(before(now, age(text).unwrap()), Some(expected.parse().unwrap()), "{text}");
        }
        assert_eq!(before(now, age("P19000Y").unwrap()), None);
        for text in ["", "5", "-P1Y", "PT0S", "P"] {
            assert!(age(text).is_err(), "{text}");
        }
    }
}
