//! A primary that dies, and a standby that takes its place: with synchronous replication nothing acknowledged is lost.

use portero::error::Kind;
use serde_json::json;

use super::{CLIENTS, is_ready, report};
use crate::support::cluster::Cluster;
use crate::support::conn::Conn;
use crate::support::load::Load;
use crate::support::proxy::Proxy;
use crate::support::{App, Database, Engine};

/// How the primary knows that it has a standby whose word it waits for.
const IS_SYNCHRONOUS: &str = "SELECT COUNT(*) FROM pg_stat_replication WHERE sync_state = 'sync'";

#[tokio::test(flavor = "multi_thread")]
async fn to_a_promoted_standby_under_load() {
    let primary = Cluster::start().await;
    let database = primary.database().await;
    let standby = primary.with_standby().await;
    let mut conn = Conn::open(&database).await;
    while conn.number(IS_SYNCHRONOUS).await == 0 {}
    // Where clients of the database find it, whichever it is: an address that moves.
    let proxy = Proxy::before(&database).await;
    let app = App::serve(&database.at(&proxy.url), &["--mode", "reference", "--pool-acquire-timeout", "500"]).await;
    let load = Load::start(CLIENTS, &[&app.url], &app.token(&["*"], "api:everything"));
    load.acknowledged(60).await;

    primary.kill();
    proxy.cut();
    load.refused(1).await;
    proxy.lead_to(&standby.address());
    proxy.mend();
    // A standby can be read, but not yet be written.
    read_only(&app).await;
    standby.promote().await;
    let recovery = load.acknowledged(1).await;
    load.acknowledged(60).await;
    is_ready(&app).await;

    let ledger = load.stop().await;
    let promoted = Database::at_url(Engine::Postgres, &standby.url());
    ledger.check(&mut Conn::open(&promoted).await).await;
    report("Primary killed, standby promoted, synchronous replication", &ledger, &[recovery]);
}

async fn read_only(app: &App) {
    // The pool finds its way by itself: what it had led to the primary.
    let reading = async { while app.get("/v2/msisdns/666777888").await.status != 200 {} };
    tokio::time::timeout(std::time::Duration::from_secs(30), reading).await.expect("a standby can be read");
    let answer = app.put("/v2/orgs/masmovil/msisdns/666777888", &json!({"imsi": "214049000001111"})).await;
    answer.fails(Kind::Unavailable, "Service unavailable, please try again later");
    assert_eq!(answer.header("retry-after"), "1");
}
