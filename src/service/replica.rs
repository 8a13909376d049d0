//! Reading from a standby what may be a little older than what the database itself would say.
//!
//! A standby applies the log of its primary a moment later. Again and again the primary is asked how far its log has been written, and the
//! standby how far it has applied it: once it has come as far as the primary was, it has everything that had been acknowledged when the
//! primary was asked. So one instant says all that is to be known of it: how old what it says may be, and which commands it has.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::World;
use super::settle::settled;
use crate::clock::Stopwatch;
use crate::domain::org::OrgName;
use crate::error::{Error, Kind, Result};
use crate::store::{Reading, Store};

/// How often both are asked.
const ROUND: Duration = Duration::from_millis(100);
/// How long an answer may take: a standby that has gone without a word must not keep those who read from it. What takes longer there is
/// read in the database.
const PATIENCE: Duration = Duration::from_secs(1);

/// A standby of the database.
///
/// It is never needed: whatever it does not say, or not in time, the database is asked.
pub struct Replica {
    /// What it holds.
    pub store: Arc<dyn Store>,
    max_lag: Duration,
    /// It has everything that was acknowledged before then; `None`: it is not to be used.
    up_to: watch::Sender<Option<Stopwatch>>,
    /// When the commands of an org ended last, on this server.
    commanded: Mutex<HashMap<OrgName, Stopwatch>>,
    answered: AtomicU64,
    passed_on: AtomicU64,
}

/// What is measured of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// Readings that it answered.
    pub by_replica: u64,
    /// Readings that the database answered in its place.
    pub by_primary: u64,
    /// How old what it says may be at most; `None`: it is not used.
    pub lag: Option<Duration>,
}

impl Replica {
    /// A standby that is not used while it may be more than `max_lag` behind, nor before [`Replica::follow`] has found out.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, max_lag: Duration) -> Self {
        let (answered, passed_on) = Default::default();
        Self { store, max_lag, up_to: watch::Sender::new(None), commanded: Mutex::default(), answered, passed_on }
    }

    /// Finds out again and again how far the standby is.
    pub async fn follow(&self, primary: &dyn Store) -> Infallible {
        let mut pursuit = Pursuit::default();
        let mut is_lost = false;
        loop {
            match self.look(primary, &mut pursuit).await {
                Ok(reached) => {
                    if let Some(up_to) = reached {
                        self.up_to.send_replace(Some(up_to));
                    }
                    if std::mem::take(&mut is_lost) {
                        tracing::info!("the replica answers again");
                    }
                }
                Err(error) => {
                    self.up_to.send_replace(None);
                    pursuit.places.clear();
                    if !std::mem::replace(&mut is_lost, true) {
                        tracing::warn!(cause = error.story(), "the replica is not used");
                    }
                }
            }
            tokio::time::sleep(ROUND).await;
        }
    }

    /// Until when the standby has everything, where that has become later.
    async fn look(&self, primary: &dyn Store, pursuit: &mut Pursuit) -> Result<Option<Stopwatch>> {
        let asked = Stopwatch::start();
        // A database that fails says nothing of its standby, which merely grows older.
        let Ok(Some(written)) = in_time(primary.position()).await else { return Ok(None) };
        let reached = in_time(async {
            self.store.is_ready().await?;
            self.store.position().await
        });
        let unlike = |what| Error::because(Kind::Internal, what);
        let reached = reached.await?.filter(|it| it.is_standby).ok_or_else(|| unlike("it is no standby, or not any more"))?;
        if reached.of != written.of {
            return Err(unlike("it is another database's standby"));
        }
        pursuit.places.retain(|(asked, _)| asked.elapsed() <= self.max_lag);
        pursuit.places.push_back((asked, written.at));
        if reached.at < pursuit.reached {
            pursuit.reached = reached.at;
            return Err(unlike("it has begun again with an earlier state"));
        }
        Ok(pursuit.reach(reached.at))
    }

    /// Completes when the standby is recent enough to be read.
    pub async fn usable(&self) {
        // Never closed: the sender is this very replica's.
        let _ = self.up_to.subscribe().wait_for(|up_to| self.is_recent(*up_to)).await;
    }

    fn is_recent(&self, up_to: Option<Stopwatch>) -> bool {
        up_to.is_some_and(|up_to| up_to.elapsed() <= self.max_lag)
    }

    /// Whether it is recent enough, and has every command of an org that ended on this server.
    fn has_everything_of(&self, org: &OrgName) -> bool {
        let up_to = *self.up_to.borrow();
        let commanded = self.commanded.lock().unwrap_or_else(PoisonError::into_inner).get(org).copied();
        self.is_recent(up_to) && commanded.is_none_or(|commanded| up_to.is_some_and(|up_to| commanded < up_to))
    }

    /// What a reading of an org has found in the standby, if that may be asked, answers, and shows nothing that has to be done first.
    async fn read<T>(&self, org: &OrgName, reading: impl Future<Output = Result<Reading<T>>>) -> Option<T> {
        if !self.has_everything_of(org) {
            return None;
        }
        let mut up_to = self.up_to.subscribe();
        let read = tokio::select! {
            // In time itself: it may have a silent connection while those who look have another one.
            read = in_time(reading) => read,
            _ = up_to.wait_for(Option::is_none) => return None,
        };
        match read {
            Ok(Reading { found, due: None }) => Some(found),
            Ok(_) => None,
            Err(error) => {
                if error.kind() == Kind::Unavailable {
                    // Nobody else is to find that out before it is looked at again.
                    self.up_to.send_replace(None);
                }
                tracing::debug!(cause = error.story(), "the replica fails");
                None
            }
        }
    }

    /// What has been measured so far.
    pub fn measured(&self) -> Measured {
        let up_to = *self.up_to.borrow();
        Measured {
            by_replica: self.answered.load(Ordering::Relaxed),
            by_primary: self.passed_on.load(Ordering::Relaxed),
            lag: up_to.filter(|_| self.is_recent(up_to)).map(Stopwatch::elapsed),
        }
    }
}

async fn in_time<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    let silent = |_| Err(Error::because(Kind::Unavailable, "no answer in time"));
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(silent)
}

/// Where the primary was, and when it was asked, while the standby has not come as far.
#[derive(Debug, Default)]
struct Pursuit {
    places: VecDeque<(Stopwatch, i64)>,
    reached: i64,
}

impl Pursuit {
    /// The standby has come as far as this: when the primary was asked last that had come no further, if that is news.
    fn reach(&mut self, here: i64) -> Option<Stopwatch> {
        self.reached = here;
        let mut up_to = None;
        while let Some((asked, _)) = self.places.pop_front_if(|(_, place)| *place <= here) {
            up_to = Some(asked);
        }
        up_to
    }
}

/// A command of an org under way. From its end on, whatever it came to, what the org reads on this server has it.
#[must_use]
pub struct Command<'w>(Option<(&'w Replica, &'w OrgName)>);

impl Drop for Command<'_> {
    fn drop(&mut self) {
        if let Some((replica, org)) = self.0 {
            replica.commanded.lock().unwrap_or_else(PoisonError::into_inner).insert(org.clone(), Stopwatch::start());
        }
    }
}

impl World {
    /// Begins a command of an org.
    pub(super) fn command<'w>(&'w self, org: &'w OrgName) -> Command<'w> {
        Command(self.replica.as_deref().map(|replica| (replica, org)))
    }
}

/// Reads what may be a little older for an org: in the replica, where there is one that may be asked, else as [`settled`] does.
///
/// # Errors
/// As for [`settled`]: a replica never makes a reading fail.
pub async fn relaxed<'w, T, Answer>(world: &'w World, org: &OrgName, read: impl Fn(&'w dyn Store, Timestamp) -> Answer) -> Result<T>
where
    Answer: Future<Output = Result<Reading<T>>>,
{
    if let Some(replica) = &world.replica {
        let found = replica.read(org, read(&*replica.store, world.clock.now())).await;
        if found.is_some() { &replica.answered } else { &replica.passed_on }.fetch_add(1, Ordering::Relaxed);
        if let Some(found) = found {
            return Ok(found);
        }
    }
    settled(world, |now| read(&*world.store, now)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standby_has_what_was_acknowledged_before_the_primary_was_asked() {
        let asked: Vec<_> = std::iter::repeat_with(Stopwatch::start).take(4).collect();
        let mut pursuit = Pursuit::default();
        pursuit.places.extend(asked.iter().copied().zip([10, 20, 20, 30]));
        assert_eq!(pursuit.reach(9), None);
        assert_eq!(pursuit.reach(10), Some(asked[0]));
        assert_eq!(pursuit.reach(10), None);
        assert_eq!(pursuit.reach(29), Some(asked[2]));
        assert_eq!(pursuit.reach(40), Some(asked[3]));
    }
}
