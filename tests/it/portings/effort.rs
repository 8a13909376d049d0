//! What the database does for a reading among fifty thousand portings: it goes by an index, not through a table.
//!
//! Counted by Postgres itself, over the very statements that the store runs.

use jiff::{SignedDuration, Timestamp};
use portero::domain::msisdn::Msisdn;
use portero::domain::org::Tenancy;
use portero::store::{DueScope, ListScope, Listing, Store};
use sqlx::{Connection as _, PgConnection, Row};

use super::bulk::{self, Conn, FIRST_MSISDN};
use super::world::org_name;
use crate::support::database::{open, with_database};
use crate::support::portings::madrid;
use crate::support::{Database, Engine};

const PORTINGS: i64 = 50_000;
/// Besides, so many wait for the Node to open.
const WAITING: i64 = 100;
/// The most rows that a reading of a few may touch, in tables and indexes together.
const FEW: i64 = 1_000;

/// Rows that were read from the tables of portings, one by one and by index.
async fn rows_read(conn: &mut PgConnection) -> (i64, i64) {
    let sql = "SELECT CAST(SUM(seq_tup_read) AS BIGINT), CAST(SUM(COALESCE(idx_tup_fetch, 0)) AS BIGINT) FROM pg_stat_user_tables
         WHERE relname IN ('portings', 'portabilities', 'portability_requests', 'portability_events')";
    let row = sqlx::query(sql).fetch_one(conn).await.unwrap();
    (row.get(0), row.get(1))
}

/// What a reading cost: the server's sessions report when they end.
async fn cost(database: &Database, conn: &mut PgConnection, reading: impl AsyncFnOnce(&dyn Store)) -> (i64, i64) {
    let before = rows_read(conn).await;
    let store = open(&database.url).await;
    reading(&*store).await;
    store.close().await;
    let sessions = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'portero'";
    while sqlx::query(sessions).fetch_one(&mut *conn).await.unwrap().get::<i64, _>(0) > 0 {}
    let after = rows_read(conn).await;
    (after.0 - before.0, after.1 - before.1)
}

/// A listing of masmovil's.
fn listing(scope: ListScope, before: Option<i64>) -> Listing {
    Listing { scope, filter: None, before, limit: 100 }
}

#[tokio::test]
async fn readings_go_by_an_index() {
    with_database(Engine::Postgres, async |database: Database| {
        let Conn::Postgres(mut conn) = filled(&database).await else { unreachable!() };
        let masmovil = org_name("masmovil");
        let number = Msisdn::from_e164((FIRST_MSISDN + 25_000).cast_unsigned()).unwrap();
        // Nothing is due yet, but for one case below.
        let early: Timestamp = madrid("2025-01-13T07:00:00");
        let due = early + SignedDuration::from_hours(24);
        let list = async |listing: Listing| {
            cost(&database, &mut PgConnection::connect(&database.url).await.unwrap(), async |store| {
                assert!(!store.portabilities(&masmovil, &listing, early).await.unwrap().found.is_empty());
            })
            .await
        };
        let process = "00507511250113090025000".to_owned();
        let costs = [
            ("the first page", list(listing(ListScope::All, None)).await),
            ("a page in the middle", list(listing(ListScope::All, Some(25_000))).await),
            ("of a process", list(listing(ListScope::Process(process.clone()), None)).await),
            ("of a number", list(listing(ListScope::Number(number), None)).await),
            (
                "by id",
                cost(&database, &mut conn, async |store| {
                    assert!(store.portability(&masmovil, "v25000", early).await.unwrap().found.is_some());
                })
                .await,
            ),
            (
                "pendingDonor",
                cost(&database, &mut conn, async |store| {
                    assert!(store.portabilities_awaiting_answer(&org_name("euskaltel"), early).await.unwrap().found.is_empty());
                })
                .await,
            ),
            (
                "ownerOperator",
                cost(&database, &mut conn, async |store| {
                    assert!(store.ownership(&masmovil, number, early).await.unwrap().found.in_process);
                })
                .await,
            ),
            (
                "a number of the inventory",
                cost(&database, &mut conn, async |store| {
                    assert!(store.number(&Tenancy::Every, number, early).await.unwrap().found.is_some());
                })
                .await,
            ),
            (
                "whether a number is due",
                cost(&database, &mut conn, async |store| {
                    assert!(!store.is_due(&DueScope::Numbers(vec![number]), early).await.unwrap());
                })
                .await,
            ),
            (
                "whether an org is due",
                cost(&database, &mut conn, async |store| {
                    assert!(!store.is_due(&DueScope::Org(masmovil.clone()), early).await.unwrap());
                })
                .await,
            ),
            (
                "whether anything is due",
                cost(&database, &mut conn, async |store| {
                    assert!(store.is_due(&DueScope::All, due).await.unwrap());
                })
                .await,
            ),
            (
                "what is due next",
                cost(&database, &mut conn, async |store| {
                    assert!(store.next_due().await.unwrap().is_some());
                })
                .await,
            ),
            (
                "a batch of what is due",
                cost(&database, &mut conn, async |store| {
                    let mut unit = store.begin(Tenancy::Every).await.unwrap();
                    assert_eq!(unit.orders_due(&DueScope::All, due, portero::store::Claim::Skip, 100).await.unwrap().len(), 100);
                    assert_eq!(unit.requests_due(&DueScope::All, due, portero::store::Claim::Skip, 100).await.unwrap().len(), 100);
                    assert_eq!(unit.orders_waiting("r50001").await.unwrap().len(), 1);
                    assert_eq!(unit.orders_of_donor(&org_name("yoigo"), &process).await.unwrap().len(), 0);
                    assert!(unit.order_of_recipient(&masmovil, number).await.unwrap().is_some());
                })
                .await,
            ),
        ];
        for (what, (one_by_one, by_index)) in costs {
            assert!(one_by_one + by_index < FEW, "{what} reads {one_by_one} rows of tables and {by_index} by index");
        }
    })
    .await;
}

/// The database with its portings, and what Postgres wants to know of them to plan well.
async fn filled(database: &Database) -> Conn {
    let mut conn = Conn::open(database).await;
    bulk::write(&mut conn, PORTINGS, WAITING).await;
    conn.run("ANALYZE").await;
    conn
}
