//! A machine that loses its power: of a SQLite file there is then what had reached the disk, and anything of what had not.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support::conn::Conn;
use crate::support::database::{open, with_database};
use crate::support::portings::Node;
use crate::support::{Database, Engine};

/// A page of the log: its head, and as much as a page of the database.
const FRAME: usize = 24 + 4096;

/// The database's file and its log, as they are when something has been acknowledged.
struct Files {
    database: Vec<u8>,
    log: Vec<u8>,
}

impl Files {
    fn of(database: &Database) -> Self {
        let path = path(database);
        Self { database: std::fs::read(&path).unwrap(), log: std::fs::read(log(&path)).unwrap() }
    }

    /// Everything that whoever opens a copy of these finds: the program itself opens it first.
    async fn found(&self) -> Vec<(String, String)> {
        let copy = Database::create(Engine::Sqlite).await;
        std::fs::write(path(&copy), &self.database).unwrap();
        std::fs::write(log(&path(&copy)), &self.log).unwrap();
        open(&copy.url).await.close().await;
        let mut conn = Conn::open(&copy).await;
        let mut tables = Vec::new();
        for (table, _) in conn.counts("SELECT name, 0 FROM sqlite_schema WHERE type = 'table' ORDER BY name").await {
            let columns = conn.counts(&format!("SELECT name, cid FROM pragma_table_info('{table}')")).await;
            let row: Vec<_> = columns.iter().map(|(name, _)| format!("quote({name})")).collect();
            let rows = format!("SELECT {} AS one FROM {table} ORDER BY 1", row.join(" || ',' || "));
            let (rows, _) = conn.counts(&format!("SELECT COALESCE(group_concat(one, char(10)), ''), 0 FROM ({rows})")).await.remove(0);
            tables.push((table, rows));
        }
        conn.close().await;
        tables
    }
}

fn path(database: &Database) -> PathBuf {
    database.url.strip_prefix("sqlite:").unwrap().into()
}

fn log(path: &Path) -> PathBuf {
    path.with_file_name("portero.db-wal")
}

/// What becomes of what had not reached the disk.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Gone,
    Zeros,
    OtherBits,
}

impl Fate {
    fn of(self, lost: &[u8]) -> Vec<u8> {
        match self {
            Self::Gone => Vec::new(),
            Self::Zeros => vec![0; lost.len()],
            Self::OtherBits => lost.iter().map(|byte| byte ^ 0b1010_0101).collect(),
        }
    }
}

#[tokio::test]
async fn at_any_moment_after_an_acknowledgement() {
    with_database(Engine::Sqlite, async |database: Database| {
        database.store().await.close().await;
        let node = Node::serve(&database, &[]).await;
        let mut moments = Vec::new();
        for write in 0..6 {
            acknowledged(&node, write).await;
            moments.push(Files::of(&database));
        }
        let mut copies = 0;
        for [before, after] in moments.array_windows() {
            // What was there stays where it was: there is nothing else that the loss could reach.
            assert!(before.database == after.database && after.log.starts_with(&before.log) && after.log.len() >= before.log.len() + FRAME);
            let kept = before.found().await;
            assert_ne!(kept, after.found().await);
            for place in (before.log.len()..after.log.len()).step_by(FRAME).flat_map(|place| [place, place + FRAME - 1]) {
                for fate in [Fate::Gone, Fate::Zeros, Fate::OtherBits] {
                    let (reached, lost) = after.log.split_at(place);
                    let files = Files { database: after.database.clone(), log: [reached, &fate.of(lost)].concat() };
                    // Zeros that are lost are there all the same.
                    if files.log != after.log {
                        assert!(files.found().await == kept, "{fate:?} from {place} of {}..{}", before.log.len(), after.log.len());
                    }
                    copies += 1;
                }
            }
        }
        println!("Power lost, SQLite: {copies} copies opened, 0 acknowledged writes lost, none by halves");
    })
    .await;
}

/// One write of each kind, acknowledged.
async fn acknowledged(node: &Node, write: usize) {
    let number = "/v2/orgs/masmovil/msisdns/644555666";
    match write {
        0 => drop(node.post(number, &json!({"imsi": "214049000001111"})).await.is(201)),
        1 => drop(node.put(number, &json!({"imsi": "214049000002222"})).await.is(204)),
        2 => drop(node.patch(number, &json!({"status": "Migrating"})).await.is(204)),
        3 => drop(node.port_in("masmovil", "634443600").await),
        4 => drop(node.cancel("masmovil", "634443600", "CANC_ABONA").await.is(201)),
        _ => drop(node.delete(number).await.is(204)),
    }
}
