//! Databases in memory, and copies of them: an embedded database can be taken as bytes and opened again from them.

use std::sync::Arc;

use sqlx::sqlite::SqliteOwnedBuf;
use sqlx::{Pool, Sqlite};

use super::Store;
use super::connect::{PoolSettings, memory_pool};
use super::failure::query_failure;
use super::sql::SqlStore;
use crate::error::{Error, Kind, Result};

/// A database as bytes.
#[derive(Clone)]
pub struct Image(Arc<[u8]>);

/// An embedded database in memory, which is gone when it is dropped.
#[derive(Debug, Clone)]
pub struct MemoryDatabase {
    pool: Pool<Sqlite>,
}

impl MemoryDatabase {
    /// A new one, without a schema.
    ///
    /// # Errors
    /// Those of opening a database.
    pub async fn open() -> Result<Self> {
        let settings = PoolSettings { pool_size: 1, pool_acquire_timeout: 3000, statement_timeout: 0, statement_cache: 100 };
        Ok(Self { pool: memory_pool(&settings).await? })
    }

    /// A new one that holds what the image's database held. It is read into a new connection, because one that has prepared statements
    /// would go on with what they know of a database that is no longer there.
    ///
    /// # Errors
    /// As for [`MemoryDatabase::open`].
    pub async fn copy(image: &Image) -> Result<Self> {
        let database = Self::open().await?;
        let bytes = SqliteOwnedBuf::try_from(&*image.0).map_err(|error| Error::because(Kind::Internal, error))?;
        let mut conn = database.pool.acquire().await.map_err(query_failure)?;
        conn.deserialize(None, bytes, false).await.map_err(query_failure)?;
        drop(conn);
        Ok(database)
    }

    /// Everything it holds.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn image(&self) -> Result<Image> {
        let mut conn = self.pool.acquire().await.map_err(query_failure)?;
        let bytes = conn.serialize(None).await.map_err(query_failure)?;
        Ok(Image(bytes.as_ref().into()))
    }

    /// The store over it.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::new(SqlStore::over_one_connection(&self.pool))
    }
}
