//! The sandboxes of a server, named by `X-Sandbox`.
//!
//! The sandbox `default` is the server's database and survives a restart; every other one is an embedded database in memory, whichever
//! database the server has.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::OnceCell;

use super::sandbox::{Beginning, Sandbox, Surroundings};
use crate::clock::Clock;
use crate::error::{Error, Kind, Result, Violation};
use crate::service::World;
use crate::store::Store;

/// The sandbox of requests that name none.
pub const DEFAULT: &str = "default";

/// How many sandboxes there may be, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many at most, the default one included.
    pub most: usize,
    /// How long one lives without requests, in real time.
    pub idle: SignedDuration,
}

/// The sandboxes of a server.
pub struct Sandboxes {
    real: Arc<dyn Clock>,
    limits: Limits,
    around: Surroundings,
    default: Arc<Sandbox>,
    others: Mutex<HashMap<String, Place>>,
}

/// A sandbox's place, taken before it is made: it is made by the first who needs it, while others wait for that one alone.
#[derive(Clone)]
struct Place {
    beginning: Arc<Beginning>,
    made: Arc<OnceCell<Arc<Sandbox>>>,
    used_at: Timestamp,
}

/// A sandbox in a list.
pub struct Listed {
    /// The sandbox.
    pub sandbox: Arc<Sandbox>,
    /// When it expires if it is not used until then, in real time; `None`: never.
    pub expires_at: Option<Timestamp>,
}

impl Sandboxes {
    /// The sandboxes of a server whose own database is `store`.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn new(store: Arc<dyn Store>, real: Arc<dyn Clock>, limits: Limits, around: Surroundings) -> Result<Self> {
        let default = Arc::new(Sandbox::over(DEFAULT, store, &around, real.now()).await?);
        Ok(Self { real, limits, around, default, others: Mutex::default() })
    }

    /// The sandbox of requests that name none.
    #[must_use]
    pub fn default_one(&self) -> &Arc<Sandbox> {
        &self.default
    }

    /// The sandbox of this name, made of the demo data if there is none.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for a bad name, [`Kind::SandboxesFull`] for a new one when there are as many as may be: a live one is never evicted.
    pub async fn named(&self, name: &str) -> Result<Arc<Sandbox>> {
        check_name(name, "X-Sandbox")?;
        if name == DEFAULT {
            return Ok(self.default.clone());
        }
        let place = self.place(name)?;
        self.fill(name, &place).await
    }

    /// A new sandbox.
    ///
    /// # Errors
    /// [`Kind::Conflict`] where there is one of this name, and as for [`Sandboxes::named`] and [`Sandbox::in_memory`].
    pub async fn create(&self, name: &str, beginning: Beginning) -> Result<Arc<Sandbox>> {
        check_name(name, "Name")?;
        let place = {
            let mut others = self.live_others();
            if name == DEFAULT || others.contains_key(name) {
                return Err(Error::new(Kind::Conflict, "there is a sandbox of this name"));
            }
            self.take_place(&mut others, name, beginning)?
        };
        let made = self.fill(name, &place).await;
        if made.is_err() {
            // A seed that cannot be used must not be what later requests find under this name.
            self.others().retain(|_, other| !Arc::ptr_eq(&other.made, &place.made));
        }
        made
    }

    /// Removes a sandbox; whether there was one.
    ///
    /// # Errors
    /// [`Kind::Conflict`] for the default one.
    pub fn remove(&self, name: &str) -> Result<bool> {
        if name == DEFAULT {
            return Err(Error::new(Kind::Conflict, "the default sandbox can be reset, not removed"));
        }
        Ok(self.live_others().remove(name).is_some())
    }

    /// Begins a sandbox again.
    ///
    /// # Errors
    /// As for [`Sandbox::reset`].
    pub async fn reset(&self, sandbox: &Sandbox, beginning: &Beginning) -> Result<()> {
        sandbox.reset(beginning, &self.around).await
    }

    /// The live ones, the default one first, the others by name.
    #[must_use]
    pub fn list(&self) -> Vec<Listed> {
        let mut others: Vec<_> = self.live_others().values().filter_map(|place| self.listed(place)).collect();
        others.sort_by(|one, other| one.sandbox.name.cmp(&other.sandbox.name));
        others.insert(0, Listed { sandbox: self.default.clone(), expires_at: None });
        others
    }

    /// The worlds of the live ones.
    #[must_use]
    pub fn worlds(&self) -> Vec<World> {
        self.list().into_iter().map(|listed| listed.sandbox.world.clone()).collect()
    }

    /// Ends the streams of all journals: a server that stops does not wait for their readers.
    pub fn end_streams(&self) {
        for listed in self.list() {
            listed.sandbox.journal.end_streams();
        }
    }

    fn listed(&self, place: &Place) -> Option<Listed> {
        let sandbox = place.made.get()?.clone();
        Some(Listed { sandbox, expires_at: place.used_at.checked_add(self.limits.idle).ok() })
    }

    /// The place of this name, which is in use from now on.
    fn place(&self, name: &str) -> Result<Place> {
        let mut others = self.live_others();
        if let Some(place) = others.get_mut(name) {
            place.used_at = self.real.now();
            return Ok(place.clone());
        }
        self.take_place(&mut others, name, Beginning::default())
    }

    fn take_place(&self, others: &mut HashMap<String, Place>, name: &str, beginning: Beginning) -> Result<Place> {
        if others.len() + 1 >= self.limits.most {
            return Err(Error::new(Kind::SandboxesFull, ""));
        }
        let place = Place { beginning: Arc::new(beginning), made: Arc::default(), used_at: self.real.now() };
        others.insert(name.to_owned(), place.clone());
        Ok(place)
    }

    async fn fill(&self, name: &str, place: &Place) -> Result<Arc<Sandbox>> {
        // Once only; and so it takes no room in what every request needs.
        let make = || Box::pin(async { Sandbox::in_memory(name, &place.beginning, &self.around, self.real.now()).await.map(Arc::new) });
        place.made.get_or_try_init(make).await.cloned()
    }

    /// The others, without those that have been idle for too long.
    fn live_others(&self) -> MutexGuard<'_, HashMap<String, Place>> {
        let now = self.real.now();
        let mut others = self.others();
        others.retain(|_, place| now.duration_since(place.used_at) < self.limits.idle);
        others
    }

    fn others(&self) -> MutexGuard<'_, HashMap<String, Place>> {
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_name(name: &str, field: &str) -> Result<()> {
    let valid =
        (1..=63).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if valid { Ok(()) } else { Err(Violation { field: field.to_owned(), tag: "sandbox" }.into()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::mangled::mangled;

    proptest! {
        #[test]
        fn any_text_is_answered(name in mangled(&["ci-7", "default", "0123456789012345678901234567890123456789012345678901234567890ab"])) {
            let sane = !name.is_empty() && name.len() < 64 && name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-'));
            prop_assert_eq!(check_name(&name, "X-Sandbox").is_ok(), sane);
        }
    }
}
