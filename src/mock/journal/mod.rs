//! What was asked of the APIs and what they answered: a bounded record for whoever tests a client.
//!
//! It holds what the tester's own code sent, bodies included, but no secrets: see `redact`.

pub mod entry;
pub mod matching;
pub mod record;
mod redact;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;

use self::entry::{Entry, Facts};

/// The most entries that a journal keeps.
pub const MOST_ENTRIES: usize = 1000;
/// The most bytes that a journal keeps.
pub const MOST_BYTES: usize = 4 << 20;
/// How far a reader of the live journal may be behind before it is dropped.
const MOST_BEHIND: usize = 256;
/// The most readers of a live journal.
const MOST_READERS: usize = 32;

/// The journal of a sandbox: the newest requests, the oldest forgotten first.
#[derive(Debug)]
pub struct Journal(Mutex<Pages>);

#[derive(Debug)]
struct Pages {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
    last_id: u64,
    forgotten: u64,
    live: broadcast::Sender<Arc<Entry>>,
}

/// What a journal holds at one moment.
#[derive(Debug)]
pub struct Reading {
    /// Its entries, the oldest first.
    pub entries: Vec<Arc<Entry>>,
    /// How many it has forgotten since it was cleared, for want of room.
    pub forgotten: u64,
}

impl Default for Journal {
    fn default() -> Self {
        let live = broadcast::Sender::new(MOST_BEHIND);
        Self(Mutex::new(Pages { entries: VecDeque::new(), bytes: 0, last_id: 0, forgotten: 0, live }))
    }
}

impl Journal {
    /// Adds an entry, and tells it to those who follow.
    pub fn add(&self, facts: Facts) {
        let bytes = facts.bytes();
        let mut pages = self.pages();
        pages.last_id += 1;
        let entry = Arc::new(Entry { id: pages.last_id, bytes, facts });
        pages.bytes += bytes;
        pages.entries.push_back(entry.clone());
        while pages.entries.len() > MOST_ENTRIES || pages.bytes > MOST_BYTES {
            let Some(oldest) = pages.entries.pop_front() else { break };
            pages.bytes -= oldest.bytes;
            pages.forgotten += 1;
        }
        // That nobody follows is no failure.
        let _ = pages.live.send(entry);
    }

    /// What it holds.
    #[must_use]
    pub fn read(&self) -> Reading {
        let pages = self.pages();
        Reading { entries: pages.entries.iter().cloned().collect(), forgotten: pages.forgotten }
    }

    /// What it holds, and from then on every entry as it is added; or `None` where too many follow already.
    #[must_use]
    pub fn follow(&self) -> Option<(Reading, broadcast::Receiver<Arc<Entry>>)> {
        let pages = self.pages();
        let reading = Reading { entries: pages.entries.iter().cloned().collect(), forgotten: pages.forgotten };
        (pages.live.receiver_count() < MOST_READERS).then(|| (reading, pages.live.subscribe()))
    }

    /// Forgets everything. Ids go on where they were.
    pub fn clear(&self) {
        let mut pages = self.pages();
        pages.entries.clear();
        (pages.bytes, pages.forgotten) = (0, 0);
    }

    /// Ends the streams of those who follow: a server that stops does not wait for them.
    pub fn end_streams(&self) {
        self.pages().live = broadcast::Sender::new(MOST_BEHIND);
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::entry::Message;
    use super::*;

    /// An entry with a body of so many bytes.
    fn facts(length: usize) -> Facts {
        Facts { request: Message::of(Vec::new(), "x".repeat(length).into(), length), ..Facts::example() }
    }

    fn ids(journal: &Journal) -> Vec<u64> {
        journal.read().entries.iter().map(|entry| entry.id).collect()
    }

    #[test]
    fn it_is_bounded_by_count() {
        let journal = Journal::default();
        for _ in 0..MOST_ENTRIES + 3 {
            journal.add(facts(0));
        }
        assert_eq!(ids(&journal), (4..=MOST_ENTRIES as u64 + 3).collect::<Vec<_>>());
        assert_eq!(journal.read().forgotten, 3);
        journal.clear();
        assert_eq!((journal.read().entries.len(), journal.read().forgotten), (0, 0));
        journal.add(facts(0));
        assert_eq!(ids(&journal), [MOST_ENTRIES as u64 + 4]);
    }

    #[test]
    fn it_is_bounded_by_bytes() {
        let journal = Journal::default();
        let large = MOST_BYTES / 3;
        for _ in 0..3 {
            journal.add(facts(large));
        }
        assert_eq!(ids(&journal), [2, 3]);
        for _ in 0..500 {
            journal.add(facts(10));
        }
        assert_eq!(journal.read().entries.len(), 502);
        let bytes = journal.pages().bytes;
        assert!(bytes <= MOST_BYTES);
        assert_eq!(bytes, journal.read().entries.iter().map(|entry| entry.bytes).sum::<usize>());
    }

    #[test]
    fn those_who_follow_get_every_entry_once() {
        let journal = Journal::default();
        journal.add(facts(0));
        let (reading, mut live) = journal.follow().unwrap();
        journal.add(facts(0));
        assert_eq!(reading.entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [1]);
        assert_eq!(live.try_recv().unwrap().id, 2);
        journal.end_streams();
        assert!(matches!(live.try_recv(), Err(broadcast::error::TryRecvError::Closed)));
    }

    #[test]
    fn those_who_follow_are_bounded() {
        let journal = Journal::default();
        let followers: Vec<_> = (0..MOST_READERS).map(|_| journal.follow().unwrap()).collect();
        assert!(journal.follow().is_none());
        drop(followers);
        let (_, mut slow) = journal.follow().unwrap();
        for _ in 0..=MOST_BEHIND {
            journal.add(facts(0));
        }
        assert!(matches!(slow.try_recv(), Err(broadcast::error::TryRecvError::Lagged(1))));
    }
}
