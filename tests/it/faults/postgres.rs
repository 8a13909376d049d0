//! A Postgres that is stopped, crashes, and is restarted.

use portero::error::Kind;
use reqwest::Method;
use serde_json::json;

use super::{CLIENTS, is_ready, report};
use crate::support::App;
use crate::support::cluster::Cluster;
use crate::support::conn::Conn;
use crate::support::load::Load;

#[tokio::test(flavor = "multi_thread")]
async fn stopped_crashed_and_restarted_under_load() {
    let cluster = Cluster::start().await;
    let database = cluster.database().await;
    let app = App::serve(&database, &["--mode", "reference", "--pool-acquire-timeout", "200"]).await;
    let load = Load::start(CLIENTS, &[&app.url], &app.token(&["*"], "api:everything"));
    load.acknowledged(40).await;

    cluster.stop().await;
    load.refused(CLIENTS).await;
    is_down(&app).await;
    cluster.start_again().await;
    let after_stop = load.acknowledged(1).await;
    is_ready(&app).await;
    load.acknowledged(40).await;

    cluster.crash().await;
    cluster.start_again().await;
    let after_crash = load.acknowledged(1).await;
    load.acknowledged(40).await;

    cluster.stop().await;
    cluster.start_again().await;
    let after_restart = load.acknowledged(1).await;
    load.acknowledged(40).await;

    let ledger = load.stop().await;
    ledger.check(&mut Conn::open(&database).await).await;
    report("Postgres stopped, crashed, restarted", &ledger, &[after_stop, after_crash, after_restart]);
    app.stop().await;
}

/// Without its database, a server lives, says that it is not ready, and answers everything else 503.
async fn is_down(app: &App) {
    let number = "/v2/orgs/masmovil/msisdns/666777888";
    app.get("/health/ready").await.fails(Kind::NotReady, "the database does not answer");
    let calls = [
        app.get("/v2/msisdns/666777888"),
        app.get("/v1/orgs/masmovil/portabilities"),
        app.put(number, &json!({"imsi": "214049000001111"})),
        app.call(Method::DELETE, number),
    ];
    for call in calls {
        let answer = call.await;
        answer.fails(Kind::Unavailable, "Service unavailable, please try again later");
        assert_eq!(answer.header("retry-after"), "1");
    }
    app.get("/health/live").await.is(200);
}
