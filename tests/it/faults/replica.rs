//! A Postgres standby that lists are read from: it may be a little older, lag, stop, fall silent, be promoted, and nobody's request fails.

use std::time::Duration;

use portero::server::StartError;
use portero::store::Position;
use serde_json::Value;

use crate::metrics::value;
use crate::support::app::config;
use crate::support::cluster::Cluster;
use crate::support::conn::Conn;
use crate::support::portings::{Node, array, text};
use crate::support::process::{portero, run};
use crate::support::proxy::Proxy;
use crate::support::{App, Database, Engine};

/// So far behind that no test gets there.
const FAR: &str = "600000";

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_mins(1);

/// A primary, its standby, and what they hold.
struct Pair {
    primary: Cluster,
    standby: Cluster,
    database: Database,
}

impl Pair {
    async fn start() -> Self {
        let primary = Cluster::start().await;
        let database = primary.database().await;
        let standby = primary.replica().await;
        Self { primary, standby, database }
    }

    /// A server of both that is ready to read from the standby at this URL.
    async fn serve_at(&self, standby: &str, max_lag: &str) -> Node {
        let flags = ["--mode", "reference", "--replica-url", standby, "--replica-max-lag", max_lag];
        let node = Node::serve(&self.database, &flags).await;
        until("the replica is used", async || is_used(&node).await).await;
        node
    }

    async fn serve(&self, max_lag: &str) -> Node {
        self.serve_at(&self.standby.url(), max_lag).await
    }

    /// The standby as a database of its own.
    fn replica(&self) -> Database {
        Database::at_url(Engine::Postgres, &self.standby.url())
    }

    /// Stops the standby from applying anything more.
    async fn pause(&self) {
        let mut conn = Conn::open(&self.replica()).await;
        conn.run("SELECT pg_wal_replay_pause()").await;
        while conn.number("SELECT COUNT(*) WHERE pg_get_wal_replay_pause_state() = 'paused'").await == 0 {}
    }

    async fn resume(&self) {
        self.replica().execute("SELECT pg_wal_replay_resume()").await;
    }
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async { while !holds().await {} };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}

/// Whether lists may be read from the replica.
async fn is_used(app: &App) -> bool {
    value(app, "portero_replica_up").await == Some(1.0)
}

/// How many lists have been answered by the replica and by the primary.
async fn answered(app: &App) -> [f64; 2] {
    let by_replica = value(app, r#"portero_list_reads_total{from="replica"}"#).await.unwrap();
    [by_replica, value(app, r#"portero_list_reads_total{from="primary"}"#).await.unwrap()]
}

/// The numbers that an org's list has, and which of the two answered.
async fn list(node: &Node, org: &str) -> (Vec<String>, &'static str) {
    let before = answered(node).await;
    let list = node.list(org, "").await;
    let numbers = list.iter().map(|one| text(one, "msisdn").to_owned()).collect();
    (numbers, if answered(node).await[0] > before[0] { "replica" } else { "primary" })
}

fn listed(numbers: &[&str], by: &'static str) -> (Vec<String>, &'static str) {
    (numbers.iter().map(|number| (*number).to_owned()).collect(), by)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_from_it_and_what_they_find() {
    let pair = Pair::start().await;
    let (one, other) = (pair.serve(FAR).await, pair.serve(FAR).await);
    which_operations(&one).await;

    pair.pause().await;
    let masmovil = one.port_in("masmovil", "634443600").await;
    let pepephone = other.port_in("pepephone", "634443601").await;
    // Who commanded on this server finds it, on every list.
    assert_eq!(list(&one, "masmovil").await, listed(&["634443600"], "primary"));
    assert_eq!(one.last("masmovil", "634443600").await, masmovil);
    assert_eq!(one.list("masmovil", &format!("/processId/{}", text(&masmovil, "process_id"))).await, [masmovil]);
    // Who did not may find what was there before, of this server and of others.
    assert_eq!(list(&one, "pepephone").await, listed(&[], "replica"));
    assert_eq!(list(&other, "masmovil").await, listed(&[], "replica"));
    // Unless asked for what is there now; and what is read by its key always is.
    let path = "/v1/orgs/pepephone/portabilities";
    let insisting = one.get(path).header("cache-control", "max-age=0, No-Cache").await.is(200);
    assert_eq!(array(&insisting), std::slice::from_ref(&pepephone));
    assert_eq!(one.get(&format!("{path}/id/{}", text(&pepephone, "id"))).await.is(200).json()["id"], pepephone["id"]);
    exports(&pair, &pepephone).await;

    pair.resume().await;
    until("it has come as far", async || list(&one, "masmovil").await == listed(&["634443600"], "replica")).await;
    until("it has come as far", async || list(&one, "pepephone").await == listed(&["634443601"], "replica")).await;
    // A command that changes nothing is one too: what it found must be found.
    pair.pause().await;
    one.cancel("masmovil", "634443602", "CANC_ABONA").await.is(404);
    assert_eq!(list(&one, "masmovil").await, listed(&["634443600"], "primary"));
}

/// Every reading that there is, and whether it may be answered by the replica.
async fn which_operations(node: &Node) {
    for (path, by_replica) in [
        ("/v1/orgs/yoigo/portabilities", true),
        ("/v1/orgs/yoigo/portabilities?filter=state+eq+%22ASOL%22", true),
        ("/v1/orgs/yoigo/portabilities/processId/00507511251021171100203", true),
        ("/v1/orgs/yoigo/portabilities/msisdn/634443600", true),
        ("/v1/orgs/yoigo/portabilities/msisdn/634443600/last", true),
        ("/v1/orgs/yoigo/portabilities/pendingDonor", true),
        ("/v1/orgs/yoigo/operator", true),
        ("/v1/orgs/yoigo/portabilities/id/none", false),
        ("/v1/orgs/yoigo/ownerOperator/634443600", false),
        ("/v2/msisdns/666777888", false),
        ("/v2/imsis/2140420422222227", false),
        ("/v2/operatorToken/abc123xyz456", false),
    ] {
        let before = answered(node).await;
        node.get(path).await;
        let after = answered(node).await;
        assert_eq!(after[0] > before[0], by_replica, "{path}");
        assert_eq!(after[1].to_bits(), before[1].to_bits(), "{path}");
    }
}

/// The command of the same name: from the standby if that has everything, else, after it has said so, from the database.
async fn exports(pair: &Pair, later: &Value) {
    let export = |standby: &str| {
        let flags = ["--of", "inventory", "--database", &pair.database.url, "--replica-url", standby];
        run(portero(&["export", "-"]).args(flags))
    };
    let behind = export(&pair.standby.url());
    assert_eq!((behind.code, behind.stderr.as_str()), (0, "the replica cannot be used: reading from the database itself\n"));
    assert!(behind.stdout.contains("666777888"), "{later}");
    pair.resume().await;
    let recent = export(&pair.standby.url());
    assert_eq!((recent.code, recent.stderr.as_str(), recent.stdout), (0, "", behind.stdout));
    pair.pause().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_lags_stops_falls_silent_or_is_promoted() {
    let pair = Pair::start().await;
    let proxy = Proxy::before(&pair.replica()).await;
    let node = pair.serve_at(&proxy.url, "300").await;
    let other = Node::serve(&pair.database, &["--mode", "reference"]).await;

    // Further behind than it may be: nobody reads from it until it is not any more.
    pair.pause().await;
    other.port_in("pepephone", "634443601").await;
    until("it lags", async || !is_used(&node).await).await;
    assert_eq!(list(&node, "pepephone").await, listed(&["634443601"], "primary"));
    pair.resume().await;
    until("it has come as far", async || list(&node, "pepephone").await == listed(&["634443601"], "replica")).await;

    // Silent, stopped, and there again; a list that is under way goes on with the database.
    for fault in ["silent", "stopped"] {
        match fault {
            "silent" => proxy.silence(),
            _ => pair.standby.stop().await,
        }
        for _ in 0..20 {
            assert_eq!(node.list("pepephone", "").await.len(), 1, "{fault}");
        }
        node.get("/health/ready").await.is(200);
        if fault == "stopped" {
            until(fault, async || !is_used(&node).await).await;
            pair.standby.start_again().await;
        }
        until("it is used again", async || list(&node, "pepephone").await == listed(&["634443601"], "replica")).await;
    }

    // With a schema that is not the program's.
    pair.database.execute("UPDATE _sqlx_migrations SET version = -version WHERE version > 1").await;
    until("its schema is older", async || !is_used(&node).await).await;
    assert_eq!(list(&node, "pepephone").await, listed(&["634443601"], "primary"));
    pair.database.execute("UPDATE _sqlx_migrations SET version = -version WHERE version < 0").await;
    until("it is used again", async || is_used(&node).await).await;

    // A primary of its own.
    pair.standby.promote().await;
    until("it is no standby any more", async || !is_used(&node).await).await;
    assert_eq!(list(&node, "pepephone").await, listed(&["634443601"], "primary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_standby_of_the_database_is_not_read() {
    let pair = Pair::start().await;
    let elsewhere = Pair::start().await;
    let stranger = elsewhere.standby.url();
    for url in [&pair.primary.url(), &stranger, "postgres://nobody@127.0.0.1:1/nothing"] {
        let node = Node::serve(&pair.database, &["--mode", "reference", "--replica-url", url]).await;
        node.get("/health/ready").await.is(200);
        // As long as it takes to come to know a good one.
        drop(pair.serve(FAR).await);
        assert_eq!(list(&node, "masmovil").await, listed(&[], "primary"));
        assert!(!is_used(&node).await, "{url}");
    }
    let position: Option<Position> = pair.database.store().await.position().await.unwrap();
    assert!(!position.unwrap().is_standby);
}

#[tokio::test]
async fn settings_that_contradict_each_other() {
    let replica = ["--replica-url", "postgres://me@127.0.0.1:1/portero"];
    let start = async |database: &str, flags: &[&str]| App::start(&config(database, flags)).await.err();
    let reference = [&["--mode", "reference"], &replica[..]].concat();
    assert!(matches!(start("sqlite::memory:", &reference).await, Some(StartError::Replica(_))));
    let of_sqlite = ["--mode", "reference", "--replica-url", "sqlite:replica.db"];
    let error = start("postgres://me@127.0.0.1:1/portero", &of_sqlite).await.unwrap();
    assert_eq!(error.to_string(), "--replica-url is for a standby of Postgres: both it and --database must be postgres://…");
    assert!(matches!(start("postgres://me@127.0.0.1:1/portero", &replica).await, Some(StartError::MockReplica)));
}
