//! A Postgres of a test's own, which can be stopped, crashed, copied to a standby and promoted.
//!
//! `PORTERO_TEST_POSTGRES_BIN` names the directory of the server's programs (`scripts/test` sets it); without it, the newest in the usual
//! places is taken.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use uuid::Uuid;

use super::database::ScratchDir;
use super::process::signal;
use super::{Database, Engine};

/// Those who may own a cluster where the tests run as root, whom Postgres refuses.
const OWNERS: [&str; 2] = ["postgres", "nobody"];
/// Enough tries to find a port that nobody has.
const TRIES: usize = 20;

/// A running Postgres, removed with its data when it is dropped.
pub struct Cluster {
    dir: ScratchDir,
    port: u16,
}

impl Cluster {
    /// Makes and starts one. What it has acknowledged is safe from everything but a failure of the machine itself.
    pub async fn start() -> Self {
        blocking(|| {
            let cluster = Self { dir: home(), port: 0 };
            let data = cluster.data();
            let arguments = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"];
            run(program("initdb").arg("--pgdata").arg(&data).args(arguments));
            cluster.configure("listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 200\nfsync = off\n");
            cluster.listen()
        })
        .await
    }

    /// The URL of its database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.address())
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its database, with the demo data.
    pub async fn database(&self) -> Database {
        let database = Database::at_url(Engine::Postgres, &self.url());
        database.store().await.close().await;
        database
    }

    /// Stops it as an administrator does: open transactions are rolled back, connections are closed.
    pub async fn stop(&self) {
        self.control(&["stop", "--mode=fast"]).await;
    }

    /// Ends it like a crash: nothing is written any more, and it has to recover when it starts.
    pub async fn crash(&self) {
        self.control(&["stop", "--mode=immediate"]).await;
    }

    /// Starts it again, and waits until it takes connections.
    pub async fn start_again(&self) {
        self.control(&["start"]).await;
    }

    /// Kills its first process: the others end as soon as they see it, and acknowledge nothing any more.
    pub fn kill(&self) {
        signal("KILL", self.process().unwrap());
    }

    /// Makes a standby that follows it, and waits for that one's word before it acknowledges anything, from now on.
    pub async fn with_standby(&self) -> Self {
        let standby = self.replica().await;
        let database = Database::at_url(Engine::Postgres, &self.url());
        database.execute("ALTER SYSTEM SET synchronous_standby_names = '*'").await;
        database.execute("SELECT pg_reload_conf()").await;
        standby
    }

    /// Makes a standby that follows it, without waiting for it.
    pub async fn replica(&self) -> Self {
        let (host, port) = ("--host=127.0.0.1", format!("--port={}", self.port));
        blocking(move || {
            let standby = Self { dir: home(), port: 0 };
            let arguments = ["--username=postgres", "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"];
            run(program("pg_basebackup").arg("--pgdata").arg(standby.data()).args([host, &port]).args(arguments));
            standby.listen()
        })
        .await
    }

    /// Writes its database to a file, as an administrator's backup does.
    pub async fn dump(&self) {
        let (file, url) = (self.dump_file(), self.url());
        blocking(move || run(program("pg_dump").args(["--format=custom", "--dbname", &url, "--file"]).arg(file))).await;
    }

    /// Fills its database, which is empty, with what another one has written.
    pub async fn restore(&self, other: &Self) {
        let (file, url) = (other.dump_file(), self.url());
        blocking(move || run(program("pg_restore").args(["--exit-on-error", "--no-owner", "--dbname", &url]).arg(file))).await;
    }

    fn dump_file(&self) -> PathBuf {
        self.dir.join("portero.dump")
    }

    /// Makes a standby the primary.
    pub async fn promote(&self) {
        self.control(&["promote"]).await;
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// The id of its first process.
    fn process(&self) -> Option<u32> {
        let file = std::fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        file.lines().next()?.parse().ok()
    }

    fn configure(&self, settings: &str) {
        let file = self.data().join("postgresql.conf");
        let mut text = std::fs::read_to_string(&file).unwrap();
        text.write_str(settings).unwrap();
        std::fs::write(file, text).unwrap();
    }

    /// Starts it on a port that nobody has.
    fn listen(mut self) -> Self {
        for _ in 0..TRIES {
            self.port = free_port();
            self.configure(&format!("port = {}\n", self.port));
            if succeeds(&mut pg_ctl(&self.data(), &["start"])) {
                return self;
            }
            assert!(self.log().contains("could not create any TCP/IP sockets"), "the cluster does not start: {}", self.log());
        }
        panic!("no port for a cluster");
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    async fn control(&self, arguments: &'static [&str]) {
        let data = self.data();
        let done = blocking(move || succeeds(&mut pg_ctl(&data, arguments))).await;
        assert!(done, "pg_ctl {arguments:?}: {}", self.log());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It may have been killed already.
        succeeds(&mut pg_ctl(&self.data(), &["stop", "--mode=immediate"]));
    }
}

/// A port that nobody has, below the range from which systems take the ports of outgoing connections.
pub fn free_port() -> u16 {
    let random = || 20_000 + u16::from_be_bytes(Uuid::new_v4().as_bytes()[..2].try_into().unwrap()) % 12_000;
    std::iter::repeat_with(random).take(1000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}

/// Runs what waits for other processes, without keeping the runtime from its work.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// A new directory that the owner of such a program may write.
pub fn home() -> ScratchDir {
    let dir = ScratchDir::new();
    if let Some(owner) = owner() {
        run(Command::new("chown").arg(owner).arg(&*dir));
    }
    dir
}

/// The user to run a cluster as, where it is not the one that runs the tests.
fn owner() -> Option<&'static str> {
    if output(Command::new("id").arg("-u")).trim() != "0" {
        return None;
    }
    let known = OWNERS.into_iter().find(|user| succeeds(Command::new("id").arg(user)));
    Some(known.expect("Postgres refuses to run as root, and there is neither a user postgres nor nobody"))
}

/// One of the server's programs, run as the cluster's owner.
fn program(name: &str) -> Command {
    as_owner(&bin().join(name))
}

/// A program that refuses root, run as somebody who may run it.
pub fn as_owner(path: &Path) -> Command {
    let mut command = match owner() {
        None => Command::new(path),
        Some(owner) => {
            let group = output(Command::new("id").args(["-g", owner]));
            let mut command = Command::new("setpriv");
            command.args(["--reuid", owner, "--regid", group.trim(), "--clear-groups"]).arg(path);
            command
        }
    };
    // A directory that every user may enter.
    command.current_dir("/").stdin(Stdio::null());
    command
}

fn pg_ctl(data: &Path, arguments: &[&str]) -> Command {
    let mut command = program("pg_ctl");
    command.args(arguments).arg("--wait").arg("--pgdata").arg(data).arg("--log").arg(data.with_file_name("log"));
    command
}

/// Where the server's programs are.
#[expect(clippy::disallowed_methods, reason = "it is a setting of the tests, not of the program")]
fn bin() -> PathBuf {
    if let Ok(dir) = std::env::var("PORTERO_TEST_POSTGRES_BIN") {
        return dir.into();
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut places: Vec<_> = versions.map(|entry| entry.path().join("bin")).collect();
    places.sort();
    if let Ok(said) = Command::new("pg_config").arg("--bindir").output() {
        places.push(String::from_utf8(said.stdout).unwrap().trim().into());
    }
    places.retain(|dir| ["initdb", "pg_ctl", "pg_basebackup"].iter().all(|name| dir.join(name).exists()));
    places.pop().expect(
        "the tests of faults stop and copy a Postgres of their own, and its programs (initdb, pg_ctl, pg_basebackup) were not found: \
         install the Postgres server, or name their directory in PORTERO_TEST_POSTGRES_BIN",
    )
}

/// Runs a command that must succeed.
fn run(command: &mut Command) {
    output(command);
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Whether a command succeeds; what it starts may outlive it, so nobody reads what it says.
fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
