//! Reading by a key, for many at once: one statement for all the keys that wait.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Pool};
use tracing::Instrument as _;

use super::dialect::{Dialect, Param};
use super::failure::query_failure;
use super::sql::{assembled, placeholders, span};
use crate::batch::{Batch, Queue, Ran, Waiting, fail_all, in_time};
use crate::domain::msisdn::Msisdn;
use crate::error::{Error, Kind, Result};

/// How many statements are under way at once.
const LANES: usize = 2;

/// A statement that finds rows by keys. Its column `asked` is the key that a row answers.
#[derive(Debug)]
pub struct Lookup {
    /// Up to the keys: `SELECT … WHERE x IN (`.
    pub head: &'static [&'static str],
    /// From there on.
    pub tail: &'static str,
}

/// What rows are looked for by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// A number.
    Int(i64),
    /// A text.
    Text(Box<str>),
}

impl From<Msisdn> for Key {
    fn from(value: Msisdn) -> Self {
        Self::Int(value.e164().cast_signed())
    }
}

impl From<&str> for Key {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

impl Key {
    fn param(&self) -> Param<'_> {
        match self {
            Self::Int(value) => Param::Int(Some(*value)),
            Self::Text(value) => Param::Text(Some(value)),
        }
    }
}

/// The rows of a key, which everyone shares who has asked for it.
pub type Rows<D> = Arc<Vec<<D as sqlx::Database>::Row>>;

/// Where the connections are that a batch is read through.
#[derive(Debug)]
pub enum Connections<D: Dialect> {
    /// The pool's, given back after each batch: the one connection of a database in memory is its writers' too.
    Lent(Pool<D>),
    /// Taken out of the pool for good: to take one out and give it back costs more than what is read.
    Kept(Pool<D>, Mutex<Vec<D::Connection>>),
}

/// A connection for a batch.
enum Held<D: Dialect> {
    Lent(PoolConnection<D>),
    Kept(D::Connection),
}

impl<D: Dialect> Held<D> {
    fn conn(&mut self) -> &mut D::Connection {
        match self {
            Self::Lent(conn) => conn,
            Self::Kept(conn) => conn,
        }
    }
}

impl<D: Dialect> Connections<D> {
    /// Connections that stay with their readers.
    pub fn kept(pool: Pool<D>) -> Self {
        Self::Kept(pool, Mutex::default())
    }

    /// One that was used before, if there is one.
    fn used(&self) -> Option<Held<D>> {
        let Self::Kept(_, kept) = self else { return None };
        kept.lock().unwrap_or_else(PoisonError::into_inner).pop().map(Held::Kept)
    }

    /// One from the pool, which waits for it as long as its settings say.
    async fn fresh(&self) -> sqlx::Result<Held<D>> {
        match self {
            Self::Lent(pool) => pool.acquire().await.map(Held::Lent),
            Self::Kept(pool, _) => loop {
                // The pool's own may have died in it; it makes a new one when they are all tried.
                let mut conn = pool.acquire().await?.detach();
                if conn.ping().await.is_ok() {
                    return Ok(Held::Kept(conn));
                }
            },
        }
    }

    fn keep(&self, held: Held<D>) {
        if let (Self::Kept(pool, kept), Held::Kept(conn)) = (self, held)
            && !pool.is_closed()
        {
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        }
    }

    async fn close(&self) {
        while let Some(Held::Kept(conn)) = self.used() {
            // It is closed either way.
            let _ = conn.close().await;
        }
    }
}

/// Reading by keys, of whatever tables.
#[derive(Clone)]
pub struct Reads<D: Dialect>(Arc<Queue<Reader<D>>>);

impl<D: Dialect> Reads<D> {
    /// Over these connections.
    pub fn new(connections: Connections<D>) -> Self {
        Self(Queue::new(Reader { connections }, LANES))
    }

    /// The rows of a key, as they are now or later.
    pub async fn rows(&self, lookup: &'static Lookup, key: Key) -> Result<Rows<D>> {
        self.0.ask(Wanted { lookup, key }).instrument(span("db read")).await
    }

    /// Ends it.
    pub async fn close(&self) {
        self.0.close();
        self.0.batch().connections.close().await;
    }
}

impl<D: Dialect> std::fmt::Debug for Reads<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reads")
    }
}

struct Wanted {
    lookup: &'static Lookup,
    key: Key,
}

struct Reader<D: Dialect> {
    connections: Connections<D>,
}

impl<D: Dialect> Batch for Reader<D> {
    type Request = Wanted;
    type Answer = Rows<D>;

    fn go_together(first: &Wanted, other: &Wanted) -> bool {
        std::ptr::eq(first.lookup, other.lookup)
    }

    async fn run(&self, batch: Vec<Waiting<Self>>) -> Ran {
        let Some(lookup) = batch.first().map(|waiting| waiting.request.lookup) else { return Ran::Done };
        let keys: HashSet<Key> = batch.iter().map(|waiting| waiting.request.key.clone()).collect();
        let keys: Vec<Key> = keys.into_iter().collect();
        match in_time(self.find(lookup, &keys)).await {
            Ok(found) => {
                for waiting in batch {
                    let rows = found.get(&waiting.request.key).cloned().unwrap_or_default();
                    waiting.answer(Ok(rows));
                }
                Ran::Done
            }
            Err(error) => {
                fail_all(batch, &error);
                if error.kind() == Kind::Unavailable { Ran::Unreachable } else { Ran::Done }
            }
        }
    }
}

impl<D: Dialect> Reader<D> {
    async fn find(&self, lookup: &Lookup, keys: &[Key]) -> Result<HashMap<Key, Rows<D>>> {
        let rows = self.read(lookup, keys).await.map_err(query_failure)?;
        let mut found: HashMap<Key, Vec<D::Row>> = HashMap::with_capacity(keys.len());
        for row in rows {
            let key = match keys.first() {
                Some(Key::Int(_)) => D::int(&row, "asked").map_err(query_failure)?.map(Key::Int),
                _ => D::text(&row, "asked").map_err(query_failure)?.map(|text| Key::Text(text.into())),
            };
            let key = key.ok_or_else(|| Error::because(Kind::Internal, "a row that answers no key"))?;
            found.entry(key).or_default().push(row);
        }
        Ok(found.into_iter().map(|(key, rows)| (key, Arc::new(rows))).collect())
    }

    /// Reads through a connection that was used before or, where that turns out to be gone, through a fresh one: reading twice does no harm.
    async fn read(&self, lookup: &Lookup, keys: &[Key]) -> sqlx::Result<Vec<D::Row>> {
        if let Some(mut held) = self.connections.used() {
            match self.read_through(&mut held, lookup, keys).await {
                Err(sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_)) => {}
                read => return self.done_with(held, read),
            }
        }
        // What it takes to connect is far more than what a reading needs.
        let mut held = Box::pin(self.connections.fresh()).await?;
        let read = self.read_through(&mut held, lookup, keys).await;
        self.done_with(held, read)
    }

    async fn read_through(&self, held: &mut Held<D>, lookup: &Lookup, keys: &[Key]) -> sqlx::Result<Vec<D::Row>> {
        let first = keys.first().map(Key::param);
        let mut params: Vec<Param<'_>> = keys.iter().map(Key::param).collect();
        // Few lengths of list are few statements to prepare; a key that is asked twice is found once.
        params.extend(first.iter().cycle().take(keys.len().next_power_of_two() - keys.len()));
        let sql = [&lookup.head.concat(), placeholders(1, params.len()).as_str(), lookup.tail].concat();
        D::rows(held.conn(), assembled(sql), &params).await
    }

    /// A connection on which something failed is not used again.
    fn done_with(&self, held: Held<D>, read: sqlx::Result<Vec<D::Row>>) -> sqlx::Result<Vec<D::Row>> {
        if read.is_ok() {
            self.connections.keep(held);
        }
        read
    }
}
