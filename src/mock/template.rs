//! New worlds in a few milliseconds: the demo data are played once, and copied from then on.

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::seed::Seed;
use crate::error::Result;
use crate::store::{Image, MemoryDatabase};

/// How long the demo data are those of "now". Besides, they are until the first of their transitions is due.
const FRESH: SignedDuration = SignedDuration::from_mins(1);

/// The demo data as they were at an instant.
struct Template {
    made_at: Timestamp,
    next_due: Option<Timestamp>,
    image: Image,
}

impl Template {
    fn fits(&self, now: Timestamp) -> bool {
        self.made_at <= now && now.duration_since(self.made_at) < FRESH && self.next_due.is_none_or(|due| now < due)
    }
}

/// Makes the databases that new worlds are copies of.
#[derive(Default)]
pub struct Templates {
    demo: Mutex<Option<Template>>,
}

impl Templates {
    /// A database that was filled from a seed as of `now`, or a little earlier if nothing tells the difference.
    ///
    /// # Errors
    /// Those of [`Seed::fill`].
    pub async fn image(&self, seed: &Seed, now: Timestamp) -> Result<Image> {
        if !matches!(seed, Seed::Demo) {
            return filled(seed, now).await?.image().await;
        }
        // Whoever comes while it is made waits for it.
        let mut template = self.demo.lock().await;
        if let Some(template) = template.as_ref().filter(|template| template.fits(now)) {
            return Ok(template.image.clone());
        }
        let database = filled(seed, now).await?;
        let (next_due, image) = (database.store().next_due().await?, database.image().await?);
        *template = Some(Template { made_at: now, next_due, image: image.clone() });
        Ok(image)
    }
}

async fn filled(seed: &Seed, now: Timestamp) -> Result<MemoryDatabase> {
    let database = MemoryDatabase::open().await?;
    let store = database.store();
    store.migrate().await?;
    seed.fill(&store, now).await?;
    Ok(database)
}
