//! Writes that wait together share a transaction: the disk is waited for once for all of them.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use super::{Batch, Queue, Ran, Waiting, fail_all, in_time};
use crate::error::{Error, Kind, Result};

/// What can be done for many in one transaction.
pub trait Transact: Send + Sync + 'static {
    /// What one caller wants.
    type Request: Send + Sync;
    /// What the caller gets.
    type Answer: Send;
    /// What only one can have.
    type Claim: Eq + Hash + Send;

    /// What a request may take from another one.
    fn claims(request: &Self::Request) -> Vec<Self::Claim>;

    /// Does it for requests that claim nothing in common, in one transaction: what became of each, in their order. A request that fails has
    /// left nothing; where the whole fails, nobody has.
    fn transact(&self, requests: &[&Self::Request]) -> impl Future<Output = Result<Vec<Result<Self::Answer>>>> + Send;

    /// Does it for one request, in a transaction of its own.
    fn transact_one(&self, request: &Self::Request) -> impl Future<Output = Result<Self::Answer>> + Send {
        async move {
            let answer = self.transact(&[request]).await?.pop();
            answer.ok_or_else(|| Error::because(Kind::Internal, "a request without an outcome"))?
        }
    }
}

/// How many transactions are under way at once: one can be written while the other waits for the disk.
const LANES: usize = 2;

/// Its batches.
pub struct Transactions<T>(T);

impl<T: Transact> Transactions<T> {
    /// Where requests wait for them.
    pub fn queue(transact: T) -> Arc<Queue<Self>> {
        Queue::new(Self(transact), LANES)
    }
}

impl<T: Transact> Batch for Transactions<T> {
    type Request = T::Request;
    type Answer = T::Answer;

    fn go_together(_: &T::Request, _: &T::Request) -> bool {
        true
    }

    async fn run(&self, mut batch: Vec<Waiting<Self>>) -> Ran {
        while !batch.is_empty() {
            let (distinct, later) = apart(batch);
            if self.distinct(distinct).await == Ran::Unreachable {
                fail_all(later, &Error::because(Kind::Unavailable, "the database could not be reached"));
                return Ran::Unreachable;
            }
            batch = later;
        }
        Ran::Done
    }
}

/// What waits for a batch.
type Batched<T> = Vec<Waiting<Transactions<T>>>;

/// Those that claim nothing that an earlier one claims; and the rest, whose turn comes when it is known what has become of these.
fn apart<T: Transact>(batch: Batched<T>) -> (Batched<T>, Batched<T>) {
    let mut claimed = HashSet::new();
    batch.into_iter().partition(|waiting| {
        // All of them are noted, whether or not one is taken: among the rest, too, the earlier one comes first.
        let new: Vec<_> = T::claims(&waiting.request).into_iter().map(|claim| claimed.insert(claim)).collect();
        new.into_iter().all(|is_new| is_new)
    })
}

impl<T: Transact> Transactions<T> {
    async fn distinct(&self, batch: Batched<T>) -> Ran {
        let requests: Vec<_> = batch.iter().map(|waiting| &waiting.request).collect();
        match in_time(self.0.transact(&requests)).await {
            Ok(answers) => {
                for (waiting, answer) in batch.into_iter().zip(answers) {
                    waiting.answer(answer);
                }
                Ran::Done
            }
            Err(error) if error.kind() == Kind::Unavailable => {
                fail_all(batch, &error);
                Ran::Unreachable
            }
            Err(error) => {
                match <[_; 1]>::try_from(batch) {
                    Ok([only]) => only.answer(Err(error)),
                    // It is one's fault, or a few's: the others are not to fail for it. Rarely; and so it takes no room in every batch.
                    Err(batch) => Box::pin(self.one_by_one(batch)).await,
                }
                Ran::Done
            }
        }
    }

    async fn one_by_one(&self, batch: Batched<T>) {
        for waiting in batch {
            let answer = in_time(self.0.transact_one(&waiting.request)).await;
            waiting.answer(answer);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::future::join_all;

    use super::*;

    /// Adds words to a list that has none twice, and notes how many came together. Some words fail, by themselves or with all the others.
    #[derive(Default)]
    struct Words {
        list: Mutex<Vec<&'static str>>,
        batches: Mutex<Vec<usize>>,
    }

    impl Transact for Words {
        type Request = &'static str;
        type Answer = bool;
        type Claim = &'static str;

        fn claims(word: &&'static str) -> Vec<&'static str> {
            vec![word]
        }

        async fn transact(&self, words: &[&&'static str]) -> Result<Vec<Result<bool>>> {
            self.batches.lock().unwrap().push(words.len());
            let kinds = [("defect", Kind::Internal), ("gone", Kind::Unavailable)];
            if let Some((word, kind)) = kinds.into_iter().find(|(word, _)| words.contains(&word)) {
                return Err(Error::because(kind, word));
            }
            let mut list = self.list.lock().unwrap();
            let mut add = |word: &'static str| {
                let is_new = !list.contains(&word);
                list.extend(is_new.then_some(word));
                is_new
            };
            let bad = || Error::new(Kind::Conflict, "bad");
            Ok(words.iter().map(|word| if **word == "bad" { Err(bad()) } else { Ok(add(word)) }).collect())
        }
    }

    /// What becomes of words that wait together, and in which batches they came.
    async fn add(words: &[&'static str]) -> (Vec<Result<bool, Kind>>, Vec<usize>) {
        let queue = Queue::new(Transactions(Words::default()), 1);
        let answers = join_all(words.iter().map(|word| queue.ask(*word))).await;
        let batches = queue.batch().0.batches.lock().unwrap().clone();
        (answers.into_iter().map(|answer| answer.map_err(|error| error.kind())).collect(), batches)
    }

    #[tokio::test]
    async fn those_that_exclude_each_other_come_one_after_the_other() {
        let (answers, batches) = add(&["a", "b", "a", "c", "a", "b"]).await;
        assert_eq!(answers, [true, true, false, true, false, false].map(Ok));
        assert_eq!(batches, [3, 2, 1]);
    }

    #[tokio::test]
    async fn one_that_fails_fails_alone() {
        let (answers, batches) = add(&["a", "bad", "b"]).await;
        assert_eq!(answers, [Ok(true), Err(Kind::Conflict), Ok(true)]);
        assert_eq!(batches, [3]);
    }

    #[tokio::test]
    async fn a_transaction_that_fails_is_tried_for_each_alone() {
        let (answers, batches) = add(&["a", "defect", "b"]).await;
        assert_eq!(answers, [Ok(true), Err(Kind::Internal), Ok(true)]);
        assert_eq!(batches, [3, 1, 1, 1]);
    }

    #[tokio::test]
    async fn a_database_that_is_gone_is_gone_for_all() {
        let (answers, batches) = add(&["a", "gone", "a"]).await;
        assert_eq!(answers, [Err(Kind::Unavailable); 3]);
        assert_eq!(batches, [2]);
    }
}
