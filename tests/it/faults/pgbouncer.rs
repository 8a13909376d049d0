//! `PgBouncer` between the servers and Postgres, in transaction mode: every transaction may have another session.
//!
//! `PORTERO_TEST_PGBOUNCER` names the program, of version 1.21 or newer (`scripts/test` sets it); without it, the `pgbouncer` of the search
//! path is taken.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use reqwest::Url;

use super::{CLIENTS, report};
use crate::support::cluster::{as_owner, free_port, home};
use crate::support::conn::Conn;
use crate::support::database::{ScratchDir, with_database};
use crate::support::load::Load;
use crate::support::process::{Served, portero, run};
use crate::support::{Database, Engine, tokens};

/// The oldest version that keeps prepared statements apart.
const OLDEST: (u32, u32) = (1, 21);

#[expect(clippy::disallowed_methods, reason = "it says which program a test is to use")]
fn program() -> PathBuf {
    let program = std::env::var("PORTERO_TEST_PGBOUNCER").unwrap_or_else(|_| "pgbouncer".to_owned());
    let said = Command::new(&program).arg("--version").output().unwrap_or_else(|error| {
        panic!(
            "{program}: {error}. Install PgBouncer 1.21 or newer (scripts/test does, where it can), or name it in PORTERO_TEST_PGBOUNCER"
        )
    });
    let said = String::from_utf8(said.stdout).unwrap();
    let mut numbers = said.split([' ', '.', '\n']).filter_map(|word| word.parse().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    assert!(version >= OLDEST, "{program} is too old: {said}");
    program.into()
}

/// A program as the user can reach it who is to run it.
fn reachable(program: &Path, home: &Path) -> PathBuf {
    if program.is_relative() {
        return program.into();
    }
    let copy = home.join("pgbouncer");
    std::fs::copy(program, &copy).unwrap();
    copy
}

/// A running `PgBouncer`, with fewer sessions than it has clients.
struct PgBouncer {
    process: Child,
    url: String,
    _home: ScratchDir,
}

impl PgBouncer {
    fn before(database: &Database) -> Self {
        let (mut url, home, port): (Url, _, _) = (database.url.parse().unwrap(), home(), free_port());
        let mut target = format!("host={} port={} user={}", url.host_str().unwrap(), url.port().unwrap_or(5432), url.username());
        if let Some(password) = url.password() {
            write!(target, " password='{password}'").unwrap();
        }
        let config = home.file(
            "pgbouncer.ini",
            format!(
                "[databases]\n* = {target}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
                 pool_mode = transaction\ndefault_pool_size = 6\nmax_prepared_statements = 100\nignore_startup_parameters = extra_float_digits, statement_timeout\n"
            ),
        );
        let mut process =
            as_owner(&reachable(&program(), &home)).arg(&config).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let said: Vec<_> = log.by_ref().take_while(|line| !line.contains("process up")).collect();
        assert!(process.try_wait().unwrap().is_none(), "PgBouncer does not start: {}", said.join("\n"));
        // What else it says must not make it wait for a reader.
        std::thread::spawn(move || log.for_each(drop));
        url.set_port(Some(port)).unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        Self { process, url: url.into(), _home: home }
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Two servers that share six sessions: every statement is prepared in each of them sooner or later, and every answer is to its question.
#[tokio::test(flavor = "multi_thread")]
async fn in_transaction_mode() {
    with_database(Engine::Postgres, async |database: Database| {
        let pooler = PgBouncer::before(&database);
        let behind = database.at(&pooler.url);
        database.execute("DROP SCHEMA public CASCADE").await;
        database.execute("CREATE SCHEMA public").await;
        // Migrations leave no lock behind in a session that others get.
        for _ in 0..3 {
            assert_eq!(run(&mut portero(&["migrate", "--database", &behind.url])).code, 0);
        }
        let left = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        let mut conn = Conn::open(&database).await;
        assert_eq!(conn.number(left).await, 0);
        database.store().await.close().await;
        let servers = [Served::reference(&behind), Served::reference(&behind)];
        let load = Load::start(CLIENTS, &[&servers[0].url, &servers[1].url], &tokens::for_processes());
        load.acknowledged(200).await;
        let ledger = load.stop().await;
        assert_eq!(ledger.unknown, 0, "no request has failed");
        ledger.check(&mut conn).await;
        report("PgBouncer in transaction mode", &ledger, &[]);
    })
    .await;
}
