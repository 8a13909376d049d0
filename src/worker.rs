//! The background worker: applies transitions as they fall due, so that they are there before anybody asks.
//!
//! Nothing depends on it being on time: readings apply what is due themselves. It holds no leadership and no lease: each batch is taken with
//! `SKIP LOCKED` inside the transaction that applies it, so any number of workers share the work and a dead one gives its back.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Stopwatch};
use crate::error::{Error, Kind, Result};
use crate::service::World;
use crate::service::settle;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::pulse::Pulse;

/// How long the worker sleeps at most: other servers may have stored something due earlier than it knows of.
const POLL: Duration = Duration::from_secs(1);
/// How long a batch may take: a database that has gone without a word must not keep the worker for ever.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it waits after a failure.
const PAUSE: Duration = Duration::from_secs(5);

/// How long a task that broke down waits before it is started again.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// At first; each time twice as long.
    pub first: Duration,
    /// At most. A task that lived longer begins with the first again.
    pub most: Duration,
}

/// For the tasks of a server.
pub const BACKOFF: Backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(30) };

/// By what others see how the worker is.
#[derive(Clone)]
pub struct Signs {
    /// That it is alive.
    pub pulse: Arc<Pulse>,
    /// Real time, by which it says so.
    pub real: Arc<dyn Clock>,
    /// How often it works, and fails.
    pub metrics: Arc<Metrics>,
}

/// Works in these worlds, asked for anew each time, until it is told to stop.
pub async fn run(worlds: impl Fn() -> Vec<World>, signs: Signs, stop: CancellationToken) {
    while !stop.is_cancelled() {
        signs.metrics.worker_rounds.inc();
        let mut pause = PAUSE;
        for world in worlds() {
            pause = pause.min(turn(&world, &signs.metrics).await);
        }
        // A round counts when it has ended: one that never does, or breaks down each time, is no sign of life.
        signs.pulse.beat(signs.real.now());
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Runs a task to its end. One that panics is started again, the later the more often it has, until it is told to stop.
pub async fn supervised<Task>(name: &'static str, task: impl Fn() -> Task, backoff: Backoff, metrics: Arc<Metrics>, stop: CancellationToken)
where
    Task: Future<Output = ()>,
{
    let mut pause = backoff.first;
    loop {
        let watch = Stopwatch::start();
        // What it was about is undone by the database, and it begins with nothing of it.
        if AssertUnwindSafe(task()).catch_unwind().await.is_ok() {
            return;
        }
        if watch.elapsed() > backoff.most {
            pause = backoff.first;
        }
        metrics.restarted(name);
        tracing::error!(task = name, ?pause, "a background task broke down, and is started again");
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = backoff.most.min(pause * 2);
    }
}

/// Applies a batch; how long the worker may sleep then, whatever happens.
async fn turn(world: &World, metrics: &Metrics) -> Duration {
    let too_late = |_| Err(Error::because(Kind::Unavailable, "the database does not answer"));
    tokio::time::timeout(PATIENCE, work(world)).await.unwrap_or_else(too_late).unwrap_or_else(|error| {
        metrics.worker_failures.inc();
        tracing::warn!(cause = error.story(), "due transitions could not be applied");
        PAUSE
    })
}

/// Applies a batch; how long there is nothing to do then.
async fn work(world: &World) -> Result<Duration> {
    let next_due = world.store.next_due().await?;
    // Read last: what was just read may be of a world that has begun again, with a clock set back.
    let now = world.clock.now();
    match next_due {
        Some(due) if due <= now => {
            let applied = settle::work(world, now).await?;
            // Nothing: what is due, other servers have taken.
            Ok(if applied > 0 { Duration::ZERO } else { POLL })
        }
        next => Ok(until(next, now)),
    }
}

fn until(next: Option<Timestamp>, now: Timestamp) -> Duration {
    let due_in = next.and_then(|due| Duration::try_from(due.duration_since(now)).ok());
    due_in.map_or(POLL, |due_in| due_in.min(POLL))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn sleeps_until_the_next_due_but_never_long() {
        let now = Timestamp::UNIX_EPOCH;
        let in_millis = |millis| until(Some(now + SignedDuration::from_millis(millis)), now);
        assert_eq!(in_millis(20), Duration::from_millis(20));
        assert_eq!(in_millis(60_000), POLL);
        assert_eq!(in_millis(-20), POLL);
        assert_eq!(until(None, now), POLL);
    }

    /// How often a task that breaks down so many times is begun until it ends by itself.
    async fn begun(failures: usize, backoff: Backoff, stop: CancellationToken) -> (usize, String) {
        let (begun, metrics) = (AtomicUsize::new(0), Arc::new(Metrics::default()));
        let task = async || assert!(begun.fetch_add(1, Ordering::SeqCst) >= failures, "as asked for");
        supervised("worker", task, backoff, metrics.clone(), stop).await;
        (begun.into_inner(), metrics.text())
    }

    #[tokio::test]
    async fn a_task_that_breaks_down_is_started_again() {
        let at_once = Backoff { first: Duration::ZERO, most: Duration::ZERO };
        for failures in [0, 1, 3] {
            let (begun, metrics) = begun(failures, at_once, CancellationToken::new()).await;
            assert_eq!(begun, failures + 1);
            assert_eq!(metrics.contains(&format!("task_restarts_total{{task=\"worker\"}} {failures}\n")), failures > 0, "{metrics}");
        }
    }

    #[tokio::test]
    async fn a_task_that_breaks_down_is_not_started_again_by_a_server_that_stops() {
        let stop = CancellationToken::new();
        stop.cancel();
        assert_eq!(begun(1, BACKOFF, stop).await.0, 1);
    }
}
