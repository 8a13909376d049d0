//! A network between the server and Postgres that is cut, slow, or silent.

use std::time::Duration;

use portero::error::Kind;

use super::{CLIENTS, report};
use crate::support::conn::Conn;
use crate::support::database::with_database;
use crate::support::load::Load;
use crate::support::proxy::Proxy;
use crate::support::{App, Database, Engine};

/// Serves over the proxy with the worker on, and some clients.
async fn serve(database: &Database, proxy: &Proxy, flags: &[&str]) -> (App, Load) {
    let app = App::serve(&database.at(&proxy.url), &[&["--mode", "reference"], flags].concat()).await;
    let load = Load::start(CLIENTS, &[&app.url], &app.token(&["*"], "api:everything"));
    load.acknowledged(50).await;
    (app, load)
}

async fn check(database: &Database, load: Load, fault: &str, recovery: &[Duration]) {
    let ledger = load.stop().await;
    ledger.check(&mut Conn::open(database).await).await;
    report(fault, &ledger, recovery);
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_under_load_again_and_again() {
    with_database(Engine::Postgres, async |database: Database| {
        let proxy = Proxy::before(&database).await;
        let (_app, load) = serve(&database, &proxy, &["--pool-acquire-timeout", "500"]).await;
        let mut recovery = Vec::new();
        for _ in 0..3 {
            proxy.cut();
            load.refused(CLIENTS).await;
            proxy.mend();
            recovery.push(load.acknowledged(1).await);
            load.acknowledged(50).await;
        }
        check(&database, load, "Network cut", &recovery).await;
    })
    .await;
}

/// Slowness alone is no failure: answers are late and right. Slower than the time a request has, it is one.
#[tokio::test(flavor = "multi_thread")]
async fn slow() {
    with_database(Engine::Postgres, async |database: Database| {
        let proxy = Proxy::before(&database).await;
        let (app, load) = serve(&database, &proxy, &["--pool-acquire-timeout", "30000", "--request-timeout", "2"]).await;
        proxy.delay(Duration::from_millis(5));
        load.acknowledged(50).await;
        proxy.delay(Duration::from_millis(600));
        load.refused(CLIENTS).await;
        let late = app.get("/v2/msisdns/666777888").await;
        assert!([Kind::TimedOut.id(), Kind::Unavailable.id()].contains(&late.json()["id"].as_str().unwrap()), "{}", late.body);
        proxy.delay(Duration::ZERO);
        let recovery = load.acknowledged(1).await;
        load.acknowledged(50).await;
        check(&database, load, "Network slow (600 ms for each piece)", &[recovery]).await;
    })
    .await;
}

/// A host that loses its power says no farewell: what was asked of it is never answered, and every connection to it is worth nothing.
#[tokio::test(flavor = "multi_thread")]
async fn silent() {
    with_database(Engine::Postgres, async |database: Database| {
        let proxy = Proxy::before(&database).await;
        let (_app, load) = serve(&database, &proxy, &["--pool-acquire-timeout", "500", "--request-timeout", "1"]).await;
        proxy.silence();
        load.refused(CLIENTS).await;
        let recovery = load.acknowledged(1).await;
        load.acknowledged(50).await;
        check(&database, load, "Network silent", &[recovery]).await;
    })
    .await;
}

/// Readers keep connections of their own, which are worth as little.
#[tokio::test(flavor = "multi_thread")]
async fn silent_for_readers() {
    with_database(Engine::Postgres, async |database: Database| {
        let proxy = Proxy::before(&database).await;
        let app = App::serve(&database.at(&proxy.url), &["--mode", "reference", "--request-timeout", "1"]).await;
        let read = async || app.get("/v2/msisdns/666777888").await.status;
        assert_eq!(read().await, 200);
        proxy.silence();
        assert_eq!(read().await, 503);
        let recovered = async { while read().await != 200 {} };
        assert_eq!(tokio::time::timeout(Duration::from_mins(1), recovered).await, Ok(()));
    })
    .await;
}
