//! A SQLite file that cannot grow: what is asked for is still answered, what cannot be written is refused as a whole, and goes on when
//! there is room.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::report;
use crate::support::app::{Answer, client};
use crate::support::conn::Conn;
use crate::support::database::ScratchDir;
use crate::support::load::Load;
use crate::support::process::{Served, in_dir};
use crate::support::{Database, Engine, tokens};

const CLIENTS: usize = 16;

/// `portero serve` on a database in this directory, by way of a shell that prepares something first.
fn serve(dir: &Path, shell: &[&str]) -> Served {
    let database = format!("sqlite:{}", dir.join("portero.db").display());
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--database", &database, "--jwt-secret", tokens::SECRET];
    let portero = in_dir(dir, &arguments);
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(dir).arg(portero.get_program()).args(portero.get_args()).current_dir(dir);
    Served::from(&mut command)
}

/// Writes until nothing can be written any more, then makes room. The server's files are in this directory.
async fn fills_up(served: Served, dir: &Path, make_room: impl FnOnce(), fault: &str) {
    let token = tokens::for_processes();
    let load = Load::start(CLIENTS, &[&served.url], &token);
    load.refused(2 * CLIENTS).await;
    for (path, expected) in
        [("/v2/msisdns/666777888", 200), ("/v1/orgs/masmovil/portabilities", 200), ("/health/live", 200), ("/health/ready", 200)]
    {
        let answer = client().get(format!("{}{path}", served.url)).bearer_auth(&token).send().await.unwrap();
        Answer::read(answer).await.is(expected);
    }
    make_room();
    let recovery = load.acknowledged(1).await;
    load.acknowledged(50).await;
    let ledger = load.stop().await;
    let copy = copy_of(dir).await;
    ledger.check(&mut Conn::open(&copy).await).await;
    report(fault, &ledger, &[recovery]);
    served.terminate();
    assert_eq!(served.wait().0, Some(0));
}

/// A copy of a database that nobody is writing: where it is, only its server can open it.
async fn copy_of(dir: &Path) -> Database {
    let database = Database::create(Engine::Sqlite).await;
    let copy = Path::new(database.url.strip_prefix("sqlite:").unwrap());
    for name in ["portero.db", "portero.db-wal"] {
        std::fs::copy(dir.join(name), copy.with_file_name(name)).unwrap();
    }
    database
}

/// A file system of 16 MB, of which something else has most.
#[tokio::test(flavor = "multi_thread")]
async fn full() {
    let dir = ScratchDir::new();
    let script = r#"mount -t tmpfs -o size=16m none "$0" && head -c 15000000 /dev/zero >"$0/ballast" && exec "$@""#;
    // A name space of its own: the file system ends with the server, and nobody needs to be root.
    let served = serve(&dir, &["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script]);
    let inside = PathBuf::from(format!("/proc/{}/root{}", served.id(), dir.display()));
    fills_up(served, &inside, || std::fs::remove_file(inside.join("ballast")).unwrap(), "Disk full, SQLite").await;
}

/// No file may have more than 1 MB, as with a quota.
#[tokio::test(flavor = "multi_thread")]
async fn limited() {
    let dir = ScratchDir::new();
    let served = serve(&dir, &["sh", "-c", r#"trap '' XFSZ && ulimit -S -f 2000 && exec "$@""#]);
    let id = served.id().to_string();
    let lift = || {
        let lifted = Command::new("prlimit").args(["--fsize=unlimited:", "--pid", &id]).status();
        assert!(lifted.unwrap().success());
    };
    fills_up(served, &dir, lift, "File limited, SQLite").await;
}
