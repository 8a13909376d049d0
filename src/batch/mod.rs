//! Requests that wait together are done together: what arrives while the database is at work becomes one statement.
//!
//! One statement for sixty-four numbers costs the database a fraction of sixty-four statements, and the server a fraction of the system
//! calls. Nothing waits for company: a request that finds a free lane is sent at once, alone if it is alone.

pub mod transactions;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::oneshot;

use crate::error::{Error, Kind, Result};

/// The most requests that one statement is for: more would make those at its front wait for those at its end.
const MOST: usize = 64;

/// How long a batch may take: it is nobody's request, and so no request's end would end it where a database has gone without a word.
const PATIENCE: Duration = Duration::from_secs(5);

/// What comes of a batch's work on the database, if it comes in time. Otherwise its connection is given up.
///
/// # Errors
/// [`Kind::Unavailable`] after five seconds; those of the work.
pub fn in_time<T>(work: impl Future<Output = Result<T>>) -> impl Future<Output = Result<T>> {
    let silent = |elapsed| Err(Error::because(Kind::Unavailable, elapsed));
    // An `async fn` would hold the work twice: as its argument, and where it waits for it.
    tokio::time::timeout(PATIENCE, work).map(move |done| done.unwrap_or_else(silent))
}

/// What can be done for many at once.
pub trait Batch: Send + Sync + 'static {
    /// What one caller wants.
    type Request: Send;
    /// What the caller gets.
    type Answer: Send;

    /// Whether two requests can be in one batch.
    fn go_together(first: &Self::Request, other: &Self::Request) -> bool;

    /// Answers each request of a batch. Those left without an answer have failed.
    fn run(&self, batch: Vec<Waiting<Self>>) -> impl Future<Output = Ran> + Send;
}

/// How a batch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ran {
    /// Each request has its answer.
    Done,
    /// The database could not be reached in time, which is so for everybody who waits as well.
    Unreachable,
}

/// A request, and where its answer goes.
pub struct Waiting<B: Batch + ?Sized> {
    /// What is wanted.
    pub request: B::Request,
    answer: oneshot::Sender<Result<B::Answer>>,
}

impl<B: Batch + ?Sized> Waiting<B> {
    /// Answers it. Nobody minds where the caller has gone away.
    pub fn answer(self, answer: Result<B::Answer>) {
        let _ = self.answer.send(answer);
    }
}

/// Tells everyone of a failure that is everyone's.
pub fn fail_all<B: Batch>(batch: Vec<Waiting<B>>, error: &Error) {
    for waiting in batch {
        waiting.answer(Err(Error::because(error.kind(), error.plainly())));
    }
}

/// Requests in the order of their arrival, and the lanes that take them to the database, a batch at a time.
pub struct Queue<B: Batch> {
    batch: B,
    lanes: usize,
    state: Mutex<State<B>>,
}

struct State<B: Batch> {
    waiting: Vec<Waiting<B>>,
    running: usize,
    closed: bool,
}

impl<B: Batch> Queue<B> {
    /// A queue with so many lanes.
    pub fn new(batch: B, lanes: usize) -> Arc<Self> {
        Arc::new(Self { batch, lanes, state: Mutex::new(State { waiting: Vec::new(), running: 0, closed: false }) })
    }

    /// What the batches have in common.
    pub fn batch(&self) -> &B {
        &self.batch
    }

    /// Takes nothing any more.
    pub fn close(&self) {
        self.state().closed = true;
    }

    /// Asks, and waits for the answer, which is never that of a statement sent before now.
    ///
    /// # Errors
    /// Those of the batch; [`Kind::Unavailable`] where the queue is closed.
    pub async fn ask(self: &Arc<Self>, request: B::Request) -> Result<B::Answer> {
        let (answer, answered) = oneshot::channel();
        if self.enqueue(Waiting { request, answer })? {
            tokio::spawn(Lane { queue: self.clone(), is_free: false }.run());
        }
        answered.await.map_err(|_| Error::because(Kind::Internal, "a batch left a request without an answer"))?
    }

    /// Whether a lane is free, which is then taken.
    fn enqueue(&self, waiting: Waiting<B>) -> Result<bool> {
        let mut state = self.state();
        if state.closed {
            return Err(Error::because(Kind::Unavailable, "the database is closed"));
        }
        state.waiting.push(waiting);
        let is_free = state.running < self.lanes;
        state.running += usize::from(is_free);
        Ok(is_free)
    }

    /// The requests that waited longest and go together, without those nobody waits for any more; or none, and then the lane is free.
    fn take(&self) -> Vec<Waiting<B>> {
        let mut state = self.state();
        let mut taken: Vec<Waiting<B>> = Vec::new();
        for waiting in std::mem::take(&mut state.waiting) {
            let fits = taken.len() < MOST && taken.first().is_none_or(|first| B::go_together(&first.request, &waiting.request));
            if waiting.answer.is_closed() {
                continue;
            }
            if fits { taken.push(waiting) } else { state.waiting.push(waiting) }
        }
        state.running -= usize::from(taken.is_empty());
        taken
    }

    fn state(&self) -> MutexGuard<'_, State<B>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lane that is in use.
struct Lane<B: Batch> {
    queue: Arc<Queue<B>>,
    is_free: bool,
}

impl<B: Batch> Lane<B> {
    /// Works until nothing waits.
    async fn run(mut self) {
        loop {
            let batch = self.queue.take();
            if batch.is_empty() {
                self.is_free = true;
                return;
            }
            if self.queue.batch.run(batch).await == Ran::Unreachable {
                let waiting = std::mem::take(&mut self.queue.state().waiting);
                fail_all(waiting, &Error::because(Kind::Unavailable, "the database could not be reached for those before"));
            }
        }
    }
}

/// A batch that panics leaves its lane to the next one.
impl<B: Batch> Drop for Lane<B> {
    fn drop(&mut self) {
        self.queue.state().running -= usize::from(!self.is_free);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    /// Doubles numbers, even ones apart from odd ones, and notes how many came together. It waits for a permit before each batch.
    struct Doubling {
        permits: Semaphore,
        batches: Mutex<Vec<usize>>,
        under_way: AtomicUsize,
    }

    impl Batch for Doubling {
        type Request = usize;
        type Answer = usize;

        fn go_together(first: &usize, other: &usize) -> bool {
            first % 2 == other % 2
        }

        async fn run(&self, batch: Vec<Waiting<Self>>) -> Ran {
            self.batches.lock().unwrap().push(batch.len());
            self.under_way.fetch_add(1, Ordering::SeqCst);
            self.permits.acquire().await.unwrap().forget();
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            if batch.iter().any(|waiting| waiting.request == UNREACHABLE) {
                fail_all(batch, &Error::because(Kind::Unavailable, "gone"));
                return Ran::Unreachable;
            }
            assert!(batch.iter().all(|waiting| waiting.request != PANIC), "as asked for");
            for waiting in batch {
                let doubled = waiting.request * 2;
                waiting.answer(Ok(doubled));
            }
            Ran::Done
        }
    }

    const UNREACHABLE: usize = 1_000_001;
    const PANIC: usize = 1_000_003;

    fn queue(lanes: usize, permits: usize) -> Arc<Queue<Doubling>> {
        let doubling = Doubling { permits: Semaphore::new(permits), batches: Mutex::default(), under_way: AtomicUsize::default() };
        Queue::new(doubling, lanes)
    }

    #[tokio::test]
    async fn each_gets_its_own_answer_and_batches_are_bounded() {
        let queue = queue(2, 1000);
        let answers = join_all((0..500).map(|number| queue.ask(number))).await;
        assert!(answers.into_iter().enumerate().all(|(number, answer)| answer.unwrap() == number * 2));
        let batches = queue.batch().batches.lock().unwrap();
        assert_eq!((batches.iter().max(), batches.iter().sum::<usize>()), (Some(&MOST), 500));
    }

    /// One under way, one that waits for its end: what arrives after a batch was sent is in none that was sent before.
    #[tokio::test]
    async fn a_lane_takes_what_waits_when_it_is_free_again() {
        let queue = queue(1, 0);
        let mut first = Box::pin(queue.ask(2));
        assert!(futures_util::poll!(&mut first).is_pending());
        while queue.batch().under_way.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let mut others: Vec<_> = [4, 6, 8].map(|number| Box::pin(queue.ask(number))).into();
        for other in &mut others {
            assert!(futures_util::poll!(other).is_pending());
        }
        // One has gone away, and is not asked for.
        others.pop();
        queue.batch().permits.add_permits(2);
        assert_eq!(first.await.unwrap(), 4);
        assert_eq!(join_all(others).await.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [8, 12]);
        assert_eq!(*queue.batch().batches.lock().unwrap(), [1, 2]);
    }

    #[tokio::test]
    async fn who_waits_for_an_unreachable_database_fails_with_those_before() {
        let queue = queue(1, 1000);
        let answers = join_all([UNREACHABLE, 1, 2, 4].map(|number| queue.ask(number))).await;
        assert!(answers.into_iter().all(|answer| answer.unwrap_err().kind() == Kind::Unavailable));
        assert_eq!(queue.ask(2).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn a_batch_that_panics_leaves_its_lane_free() {
        let queue = queue(1, 1000);
        assert_eq!(queue.ask(PANIC).await.unwrap_err().kind(), Kind::Internal);
        assert_eq!(queue.ask(2).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn a_closed_queue_takes_nothing() {
        let queue = queue(1, 1000);
        queue.close();
        assert_eq!(queue.ask(2).await.unwrap_err().kind(), Kind::Unavailable);
    }
}
