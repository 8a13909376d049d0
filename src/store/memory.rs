//! Databases in memory, and copies of them: an embedded database can be taken as bytes and opened again from them.

use std::fs::File;
use std::io::Write as _;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use sqlx::sqlite::SqliteOwnedBuf;
use sqlx::{Pool, Sqlite};
use uuid::Uuid;

use super::Store;
use super::connect::{PoolSettings, memory_pool};
use super::failure::query_failure;
use super::sql::SqlStore;
use crate::error::{Error, Kind, Result};

/// Where a database file says how it is to be written and read, and what it says there if by a log that is written ahead:
/// <https://www.sqlite.org/fileformat2.html#file_format_version_numbers>.
const FORMAT_VERSIONS: Range<usize> = 18..20;
const WRITE_AHEAD_LOG: u8 = 2;

/// A database as bytes.
#[derive(Clone)]
pub struct Image(Arc<[u8]>);

impl Image {
    /// Makes a file of it, as a whole, where there is none of this name.
    ///
    /// # Errors
    /// [`std::io::ErrorKind::AlreadyExists`] where there is one, and those of writing; then there is no new file.
    pub fn put(&self, path: &Path) -> std::io::Result<()> {
        let mut bytes = self.0.to_vec();
        // In memory there is no such log. Set in the file, it would be written a second time.
        bytes.get_mut(FORMAT_VERSIONS).ok_or(std::io::ErrorKind::InvalidData)?.fill(WRITE_AHEAD_LOG);
        let draft = path.with_added_extension(format!("{}.new", Uuid::new_v4().simple()));
        let written = File::create_new(&draft).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()?;
            // Unlike a renaming, it replaces nothing.
            std::fs::hard_link(&draft, path)
        });
        // That the name is on the disk is seen to by SQLite, which syncs the directory with what is first written into a new log.
        let removed = std::fs::remove_file(&draft);
        written.and(removed)
    }
}

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

    /// Forgets who has done what in it: what is only played has nobody done.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn forget_audit(&self) -> Result<()> {
        sqlx::query("DELETE FROM audit").execute(&self.pool).await.map(drop).map_err(query_failure)
    }

    /// The store over it.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::new(SqlStore::over_one_connection(&self.pool))
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, SqliteConnection};

    use super::*;

    /// Beside nothing else, once, and as a file that is opened as it is.
    #[tokio::test]
    async fn a_file_is_made_once() {
        let dir = std::env::temp_dir().join(format!("portero-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&dir).unwrap();
        let path = dir.join("portero.db");
        let database = MemoryDatabase::open().await.unwrap();
        database.store().migrate().await.unwrap();
        let image = database.image().await.unwrap();
        image.put(&path).unwrap();
        let mut conn = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap();
        let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut conn).await.unwrap();
        sqlx::query("INSERT INTO settings (name, value) VALUES ('a', 'b')").execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        assert_eq!(journal, "wal");
        let written = std::fs::read(&path).unwrap();
        assert_eq!(image.put(&path).unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
        assert!(std::fs::read(&path).unwrap() == written);
        let names: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["portero.db"]);
        std::fs::remove_dir_all(dir).unwrap();
    }
}
