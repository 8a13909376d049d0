//! A backup of a database that is being written, from which another one is made: it holds what was acknowledged before it began, nothing by
//! halves, and portabilities go on there.

use std::path::Path;

use futures_util::future::join_all;
use jiff::SignedDuration;
use portero::clock::Clock as _;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::CLIENTS;
use crate::support::cluster::Cluster;
use crate::support::conn::Conn;
use crate::support::database::{ScratchDir, with_database};
use crate::support::load::Load;
use crate::support::portings::{array, body, text};
use crate::support::{App, Database, Engine};

/// Those who go on writing while the backup is made.
const WRITERS: u64 = 8;
/// The first of their numbers, which are nobody else's.
const FIRST_MSISDN: u64 = 612_000_000;

/// Adds a number to an org, and asks for one of DIGI's.
async fn write(app: &App, place: u64) -> String {
    let number = (FIRST_MSISDN + place).to_string();
    app.post(&format!("/v2/orgs/yoigo/msisdns/{number}"), &json!({"imsi": format!("21404612{place:07}")})).await.is(201);
    let (asked, contract) = (format!("634443{:03}", place % 1000), format!("005y{place:07}"));
    let request = body("INDIVIDUAL", &contract, "741111", &[(&asked, &asked)]);
    app.post("/v1/orgs/yoigo/portabilities", &request).await.is(201);
    number
}

/// Writes until that is enough.
async fn write_on(app: &App, writer: u64, enough: &CancellationToken) {
    let mut places = (1..).map(|turn| writer * 10_000 + turn);
    while !enough.is_cancelled() {
        write(app, places.next().unwrap()).await;
    }
}

async fn backed_up_and_restored(database: &Database, back_up: impl AsyncFnOnce(), restore: impl AsyncFnOnce() -> Database) {
    let app = App::serve(database, &["--mode", "reference"]).await;
    let load = Load::start(CLIENTS, &[&app.url], &app.token(&["*"], "api:everything"));
    load.acknowledged(200).await;
    let ledger = load.stop().await;
    let last = write(&app, 0).await;

    let enough = CancellationToken::new();
    let writing = join_all((0..WRITERS).map(|writer| write_on(&app, writer, &enough)));
    let backing_up = async {
        back_up().await;
        enough.cancel();
    };
    tokio::join!(writing, backing_up);
    app.stop().await;

    let restored = restore().await;
    ledger.check(&mut Conn::open(&restored).await).await;
    let app = App::serve(&restored, &["--mode", "reference"]).await;
    app.get(&format!("/v2/msisdns/{last}")).await.is(200);
    goes_on(&app).await;
    app.stop().await;
}

/// What waited for its window moves, what was asked for is known, and more can be asked for.
async fn goes_on(app: &App) {
    let waiting = array(&app.get("/v1/orgs/masmovil/portabilities?filter=state+eq+%22ASOL%22").await.is(200));
    let (id, number) = (text(&waiting[0], "id"), text(&waiting[0], "msisdn"));
    let contract = text(&waiting[0], "contract_code");
    let again = body("INDIVIDUAL", contract, "741111", &[(number, number)]);
    app.post("/v1/orgs/masmovil/portabilities", &again).await.is(204);
    write(app, 9_999).await;
    app.clock.set(app.clock.now() + SignedDuration::from_hours(24 * 7));
    let moved = app.get(&format!("/v1/orgs/masmovil/portabilities/id/{id}")).await.is(200).json();
    assert_eq!(text(&moved, "state"), "APOR");
    let owner = app.get(&format!("/v1/orgs/masmovil/ownerOperator/{number}")).await.is(200).json();
    assert_eq!((text(&owner, "codigoOperadorActual"), &owner["portada"]), ("005", &json!(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sqlite() {
    with_database(Engine::Sqlite, async |database: Database| {
        database.store().await.close().await;
        let dir = ScratchDir::new();
        let copy = dir.join("copy.db");
        let back_up = async || vacuum_into(&database, &copy).await;
        let restore = async || Database::at_url(Engine::Sqlite, &format!("sqlite:{}", copy.display()));
        backed_up_and_restored(&database, back_up, restore).await;
    })
    .await;
}

/// One transaction of SQLite's: what others write meanwhile is not in it.
async fn vacuum_into(database: &Database, copy: &Path) {
    let mut conn = Conn::open(database).await;
    conn.run(&format!("VACUUM INTO '{}'", copy.display())).await;
    conn.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_postgres() {
    let (cluster, other) = (Cluster::start().await, Cluster::start().await);
    let database = cluster.database().await;
    let back_up = async || cluster.dump().await;
    let restore = async || {
        other.restore(&cluster).await;
        Database::at_url(Engine::Postgres, &other.url())
    };
    backed_up_and_restored(&database, back_up, restore).await;
}
