//! New worlds in a few milliseconds: the demo data are played once, and copied from then on.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::demo;
use super::seed::Seed;
use crate::dataset::DataSet;
use crate::error::Result;
use crate::service::registry;
use crate::store::{Image, MemoryDatabase};

/// How long the demo data are those of "now". Besides, they are until the first of their transitions is due.
const FRESH: SignedDuration = SignedDuration::from_mins(1);

/// The demo data as they were at an instant.
struct Template {
    made_at: Timestamp,
    next_due: Option<Timestamp>,
    image: Image,
    data: Arc<DataSet>,
}

impl Template {
    async fn make(now: Timestamp) -> Result<Self> {
        let database = demo::play(now).await?;
        let store = database.store();
        let data = Arc::new(registry::export(&*store).await?);
        Ok(Self { made_at: now, next_due: store.next_due().await?, image: database.image().await?, data })
    }

    fn fits(&self, now: Timestamp) -> bool {
        self.made_at <= now && now.duration_since(self.made_at) < FRESH && self.next_due.is_none_or(|due| now < due)
    }
}

/// Makes what new worlds are copies of.
#[derive(Default)]
pub struct Templates {
    demo: Mutex<Option<Arc<Template>>>,
}

impl Templates {
    /// A new database that holds a seed as of `now`, or a little earlier if nothing tells the difference.
    ///
    /// # Errors
    /// Those of [`registry::seed`].
    pub async fn database(&self, seed: &Seed, now: Timestamp) -> Result<MemoryDatabase> {
        match seed {
            Seed::Demo => MemoryDatabase::copy(&self.demo(now).await?.image).await,
            Seed::Data(data) => {
                let database = MemoryDatabase::open().await?;
                database.store().migrate().await?;
                registry::seed(&*database.store(), data).await?;
                Ok(database)
            }
        }
    }

    /// What a seed is, in the same way.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn data(&self, seed: &Seed, now: Timestamp) -> Result<Arc<DataSet>> {
        match seed {
            Seed::Demo => Ok(self.demo(now).await?.data.clone()),
            Seed::Data(data) => Ok(data.clone()),
        }
    }

    /// The demo data. Whoever comes while they are played waits for them.
    async fn demo(&self, now: Timestamp) -> Result<Arc<Template>> {
        let mut template = self.demo.lock().await;
        if let Some(template) = template.as_ref().filter(|template| template.fits(now)) {
            return Ok(template.clone());
        }
        let made = Arc::new(Template::make(now).await?);
        *template = Some(made.clone());
        Ok(made)
    }
}
