//! A SQLite file that is damaged.

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use portero::error::Kind;

use crate::portings::bulk;
use crate::support::conn::Conn;
use crate::support::database::with_database;
use crate::support::process::{portero, run};
use crate::support::{App, Database, Engine};

const PAGE: u64 = 4096;

/// Writes nonsense over a part of a file.
fn damage(file: &Path, from: u64, length: u64) {
    let mut file = std::fs::OpenOptions::new().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(&vec![0xff; length.try_into().unwrap()]).unwrap();
}

/// Some thousand portings in a file of many pages.
async fn filled(database: &Database) -> &Path {
    database.store().await.close().await;
    let mut conn = Conn::open(database).await;
    bulk::write(&mut conn, 2000, 0).await;
    conn.close().await;
    Path::new(database.url.strip_prefix("sqlite:").unwrap())
}

/// Whatever a command is to do with it, it says at once what is wrong, and does nothing.
#[tokio::test]
async fn before_the_start() {
    with_database(Engine::Sqlite, async |database: Database| {
        let file = filled(&database).await;
        let (whole, pages) = (std::fs::read(file).unwrap(), std::fs::metadata(file).unwrap().len() / PAGE);
        assert!(pages > 50);
        for (part, from, length) in
            [("header", 0, 100), ("page in the middle", pages / 2 * PAGE, PAGE), ("last page", (pages - 1) * PAGE, PAGE)]
        {
            std::fs::write(file, &whole).unwrap();
            damage(file, from, length);
            for command in [&["serve", "--listen", "127.0.0.1:0"] as &[&str], &["migrate"], &["seed", "empty", "--replace"]] {
                let refused = run(portero(command).args(["--database", &database.url]));
                let reason =
                    format!("portero: opening {}: the file is damaged, or is no SQLite database: restore a copy of it (", database.url);
                assert!(refused.code == 1 && refused.stderr.starts_with(&reason), "{command:?}, {part}: {refused:?}");
                assert_eq!(refused.stdout, "");
            }
        }
    })
    .await;
}

/// A disk that fails under a running server: who asks for what is lost is told of a failure, with the reason in the log alone.
#[tokio::test]
async fn while_it_serves() {
    with_database(Engine::Sqlite, async |database: Database| {
        let file = filled(&database).await;
        let app = App::serve(&database, &["--mode", "reference", "--worker", "false"]).await;
        let pages = std::fs::metadata(file).unwrap().len() / PAGE;
        damage(file, 20 * PAGE, (pages - 20) * PAGE);
        let answer = app.get("/v1/orgs/masmovil/portabilities").await;
        answer.fails(Kind::Internal, "Internal server error, please try again later");
        app.get("/health/live").await.is(200);
    })
    .await;
}
