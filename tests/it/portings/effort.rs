//! What the database does for a reading among fifty thousand portings: it goes by an index, not through a table.
//!
//! Counted by Postgres itself, over the very statements that the store runs.

use jiff::Timestamp;
use portero::domain::filter::Predicate;
use portero::domain::msisdn::Msisdn;
use portero::domain::org::Tenancy;
use portero::store::{Claim, DueScope, ListScope, Listing, Store, Take};
use sqlx::{PgConnection, Row};

use super::bulk::{self, FIRST_MSISDN};
use super::world::org_name;
use crate::support::conn::Conn;
use crate::support::database::{open, with_database};
use crate::support::portings::madrid;
use crate::support::{Database, Engine};

const PORTINGS: i64 = 50_000;
/// Besides, so many wait for the Node to open.
const WAITING: i64 = 100;
/// The most rows that a reading of a few may touch, in tables and indexes together.
const FEW: i64 = 1_000;

/// How many numbers are asked for together.
const REQUESTS: i64 = 20;

/// Counts what readings cost.
struct Meter {
    database: Database,
    conn: PgConnection,
}

impl Meter {
    async fn new(database: Database) -> Self {
        let Conn::Postgres(conn) = Conn::open(&database).await else { panic!("it counts in Postgres") };
        Self { database, conn }
    }

    /// Fills the database.
    async fn fill(&self) {
        bulk::write(&mut Conn::open(&self.database).await, PORTINGS, WAITING).await;
    }

    /// Removes what it was filled with; Postgres does not know yet.
    async fn empty(&self) {
        let mut conn = Conn::open(&self.database).await;
        for table in ["portability_events", "portabilities", "portings", "portability_requests", "msisdns"] {
            conn.run(&format!("DELETE FROM {table}")).await;
        }
    }

    /// Lets all end but those that wait for the Node.
    async fn end_what_was_asked(&mut self) {
        let sql = "UPDATE portings SET state = 'APOR', message_type = 'PORTABILIDAD_EFECTIVA', due_at = NULL, due_state = NULL, due_message_type = NULL,
                then_at = NULL, then_state = NULL, then_message_type = NULL, unsent_at = NULL, unsent_answer = NULL WHERE state = 'ASOL'";
        sqlx::query(sql).execute(&mut self.conn).await.unwrap();
        sqlx::query("VACUUM ANALYZE portings").execute(&mut self.conn).await.unwrap();
    }

    /// Rows that were read from the tables of portings, one by one and by index.
    async fn rows_read(&mut self) -> (i64, i64) {
        let sql = "SELECT CAST(SUM(seq_tup_read) AS BIGINT), CAST(SUM(COALESCE(idx_tup_fetch, 0)) AS BIGINT) FROM pg_stat_user_tables
             WHERE relname IN ('portings', 'portabilities', 'portability_requests', 'portability_events')";
        let row = sqlx::query(sql).fetch_one(&mut self.conn).await.unwrap();
        (row.get(0), row.get(1))
    }

    /// Requires that a reading touches few rows.
    async fn is_small(&mut self, what: &str, reading: impl AsyncFnOnce(&dyn Store)) {
        let store = open(&self.database.url).await;
        self.is_small_in(&*store, what, reading).await;
    }

    /// The same in a store that is closed then: sessions report what they read when they end.
    async fn is_small_in(&mut self, store: &dyn Store, what: &str, reading: impl AsyncFnOnce(&dyn Store)) {
        let before = self.rows_read().await;
        reading(store).await;
        store.close().await;
        let sessions = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'portero'";
        while sqlx::query(sessions).fetch_one(&mut self.conn).await.unwrap().get::<i64, _>(0) > 0 {}
        let after = self.rows_read().await;
        let (one_by_one, by_index) = (after.0 - before.0, after.1 - before.1);
        assert!(one_by_one + by_index < FEW, "{what} reads {one_by_one} rows of tables and {by_index} by index");
    }

    /// Requires that a list that is not empty touches few rows.
    async fn list(&mut self, what: &str, listing: &Listing, now: Timestamp) {
        self.is_small(what, async |store| {
            assert!(!store.portabilities(&org_name("masmovil"), listing, now).await.unwrap().found.is_empty(), "{what}");
        })
        .await;
    }

    async fn filtered(&mut self, filters: &[&str], now: Timestamp) {
        for text in filters {
            let filter = Some(Predicate::parse(text).unwrap());
            self.list(text, &Listing { scope: ListScope::All, filter, before: None, limit: 100 }, now).await;
        }
    }

    async fn lists(&mut self, now: Timestamp) {
        for (what, scope, before) in [
            ("the first page", ListScope::All, None),
            ("a page in the middle", ListScope::All, Some(25_000)),
            ("of a process", ListScope::Process(PROCESS.to_owned()), None),
            ("of a number", ListScope::Number(number()), None),
        ] {
            self.list(what, &Listing { scope, filter: None, before, limit: 100 }, now).await;
        }
        self.filtered(&FILTERS, now).await;
        self.is_small("pendingDonor", async |store| {
            assert!(store.portabilities_awaiting_answer(&org_name("euskaltel"), now).await.unwrap().found.is_empty());
        })
        .await;
    }

    async fn single_readings(&mut self, now: Timestamp) {
        self.is_small("by id", async |store| {
            assert!(store.portability(&org_name("masmovil"), "v25000", now).await.unwrap().found.is_some());
        })
        .await;
        self.is_small("ownerOperator", async |store| {
            assert!(store.ownership(&org_name("masmovil"), number(), now).await.unwrap().found.in_process);
        })
        .await;
        self.is_small("a number of the inventory", async |store| {
            assert!(store.number(&Tenancy::Every, number(), now).await.unwrap().found.is_some());
        })
        .await;
    }

    async fn what_is_due(&mut self, early: Timestamp, late: Timestamp) {
        for (scope, now, is_due) in [
            (DueScope::Numbers(vec![number()]), early, false),
            (DueScope::Process(PROCESS.to_owned()), early, false),
            (DueScope::Waiting(org_name("masmovil")), early, false),
            (DueScope::Offered(org_name("masmovil")), early, false),
            (DueScope::All, late, true),
        ] {
            let what = format!("whether {scope:?} is due");
            self.is_small(&what, async |store| assert_eq!(store.is_due(&scope, now).await.unwrap(), is_due)).await;
        }
        self.is_small("what is due next", async |store| assert!(store.next_due().await.unwrap().is_some())).await;
        self.is_small("a batch", async |store| {
            let mut unit = store.begin(Tenancy::Every).await.unwrap();
            let take = Take { scope: &DueScope::All, now: late, claim: Claim::Skip, skip: 0, limit: 100 };
            assert_eq!(unit.orders_due(take).await.unwrap().len(), 100);
            assert_eq!(unit.requests_due(take).await.unwrap().len(), 100);
            assert_eq!(unit.orders_waiting(&["r50001".to_owned()]).await.unwrap().len(), 1);
        })
        .await;
        self.is_small("a command's orders", async |store| {
            let mut unit = store.begin(Tenancy::Every).await.unwrap();
            assert!(unit.orders_of_donor(&org_name("yoigo"), PROCESS).await.unwrap().is_empty());
            assert!(unit.order_of_recipient(&org_name("masmovil"), number()).await.unwrap().is_some());
        })
        .await;
    }
}

/// What callers ask for who look for a few.
const FILTERS: [&str; 6] = [
    r#"contract_code eq "00500025000""#,
    r#"contract_code in ("00500025000", "00500025001")"#,
    r#"external_reference eq "REF25000" and recipient_rol eq true"#,
    r#"process_id eq "00507511250113090025000""#,
    r#"id eq "v25000""#,
    r#"msisdn eq "607525000" and (state eq "ASOL" or state eq "APOR")"#,
];

/// The same where few are active.
const FILTERS_OF_ACTIVE: [&str; 2] = [r#"state eq "AENV""#, r#"contract_code sw "005" and state in ("AENV", "ASOL")"#];

const PROCESS: &str = "00507511250113090025000";

fn number() -> Msisdn {
    Msisdn::from_e164((FIRST_MSISDN + 25_000).cast_unsigned()).unwrap()
}

#[tokio::test]
async fn readings_go_by_an_index() {
    with_database(Engine::Postgres, async |database: Database| {
        let mut meter = Meter::new(database).await;
        meter.fill().await;
        // Lets Postgres know what it needs to plan well.
        sqlx::query("ANALYZE").execute(&mut meter.conn).await.unwrap();
        let (early, late) = (madrid("2025-01-13T07:00:00"), madrid("2025-01-14T07:00:00"));
        meter.lists(early).await;
        meter.single_readings(early).await;
        meter.what_is_due(early, late).await;
        meter.end_what_was_asked().await;
        meter.filtered(&FILTERS_OF_ACTIVE, early).await;
    })
    .await;
}

/// What requests of portabilities need to know is looked up, not searched for, even by a connection that has planned while the tables were
/// small: Postgres plans again only when it has counted, a minute later.
async fn planned_early(meter: &mut Meter) {
    let now = madrid("2025-01-13T07:00:00");
    let numbers: Vec<_> = (1..=REQUESTS).map(|turn| Msisdn::from_e164((FIRST_MSISDN + turn).cast_unsigned()).unwrap()).collect();
    let orders: Vec<_> = (1..=REQUESTS).map(|turn| format!("p{turn}")).collect();
    let orders: Vec<_> = orders.iter().map(String::as_str).collect();
    let store = open(&meter.database.url).await;
    // One transaction, so that it is one connection that plans and looks up.
    let mut unit = store.begin(Tenancy::Every).await.unwrap();
    let mut look_up = async || {
        let active = unit.number_facts(&numbers).await.unwrap().iter().filter(|facts| facts.active_order.is_some()).count();
        (active, unit.portabilities_of(&org_name("masmovil"), &orders, now).await.unwrap().len())
    };
    // After five times, Postgres keeps a plan.
    for _ in 0..8 {
        look_up().await;
    }
    meter.empty().await;
    meter.fill().await;
    assert_eq!(look_up().await, (orders.len(), orders.len()));
    meter.is_small_in(&*store, "what requests need", async |_| unit.undo().await.unwrap()).await;
}

#[tokio::test]
async fn readings_that_were_planned_for_empty_tables() {
    with_database(Engine::Postgres, async |database: Database| planned_early(&mut Meter::new(database).await).await).await;
}

#[tokio::test]
async fn readings_that_were_planned_for_a_few_rows() {
    with_database(Engine::Postgres, async |database: Database| {
        let mut meter = Meter::new(database).await;
        bulk::write(&mut Conn::open(&meter.database).await, 100, 0).await;
        sqlx::query("VACUUM ANALYZE").execute(&mut meter.conn).await.unwrap();
        planned_early(&mut meter).await;
    })
    .await;
}

/// A plan that cannot but read a small table as a whole looks dear there, and must not be compiled for it: that takes Postgres a tenth of a second
/// each time.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "it runs what the store itself has run")]
async fn what_is_written_goes_by_keys_and_is_not_compiled() {
    with_database(Engine::Postgres, async |database: Database| {
        let mut meter = Meter::new(database).await;
        let store = open(&meter.database.url).await;
        let unit = store.begin(Tenancy::Every).await.unwrap();
        let sql = "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'";
        let begun: String = sqlx::query_scalar(sql).fetch_one(&mut meter.conn).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(begun.as_str())).execute(&mut meter.conn).await.unwrap();
        let sql = "SELECT setting FROM pg_settings WHERE name IN ('enable_seqscan', 'jit')";
        let settings: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut meter.conn).await.unwrap();
        assert_eq!(settings, ["off", "off"], "{begun}");
        unit.undo().await.unwrap();
        store.close().await;
    })
    .await;
}
