//! The contract of the store, which both databases keep: what HTTP cannot show.

use jiff::Timestamp;
use portero::clock::Clock;
use portero::domain::audit::{AuditLine, Operation};
use portero::domain::imsi::Imsi;
use portero::domain::inventory::{BelongsTo, NewNumber, Segment, Status};
use portero::domain::msisdn::Msisdn;
use portero::domain::org::{Org, OrgName, Tenancy};
use portero::error::Kind;
use portero::store::{Added, Store};

use crate::support::clock::ManualClock;
use crate::support::database::open;
use crate::support::{Database, Engine, both_databases};

fn msisdn(text: &str) -> Msisdn {
    Msisdn::parse(text).unwrap()
}

fn imsi(text: &str) -> Imsi {
    Imsi::parse(text).unwrap()
}

fn name(text: &str) -> OrgName {
    OrgName::parse(text).unwrap()
}

async fn org(store: &dyn Store, text: &str) -> Org {
    store.org(&name(text)).await.unwrap().unwrap()
}

async fn sees(store: &dyn Store, tenancy: &Tenancy, number: &str) -> bool {
    store.number(tenancy, msisdn(number), Timestamp::UNIX_EPOCH).await.unwrap().found.is_some()
}

both_databases! {
    async fn a_unit_of_work_that_is_dropped_leaves_nothing(database: Database) {
        let store = database.store().await;
        let new = NewNumber::of(&org(&*store, "yoigo").await, msisdn("644555666"), &imsi("214049000001111"), ManualClock::default().now());
        let mut unit = store.begin(Tenancy::Every).await.unwrap();
        assert_eq!(unit.numbers_load(&[&new]).await.unwrap(), Added::New);
        unit.number_remove(msisdn("666777001")).await.unwrap();
        drop(unit);
        assert!(!sees(&*store, &Tenancy::Every, "644555666").await);
        assert!(sees(&*store, &Tenancy::Every, "666777001").await);
        // The connection is as good as new.
        let mut unit = store.begin(Tenancy::Every).await.unwrap();
        assert_eq!(unit.numbers_load(&[&new]).await.unwrap(), Added::New);
        unit.commit().await.unwrap();
        assert!(sees(&*store, &Tenancy::Every, "644555666").await);
    }

    async fn what_another_org_holds_does_not_exist(database: Database) {
        let store = database.store().await;
        let (yoigo, simyo) = (Tenancy::of(&name("yoigo")), Tenancy::of(&name("simyo")));
        for (tenancy, seen) in [(&yoigo, true), (&simyo, false), (&Tenancy::Orgs(vec![]), false), (&Tenancy::Every, true)] {
            assert_eq!(sees(&*store, tenancy, "666777001").await, seen);
            let by_sim = store.number_of_sim(tenancy, &imsi("214049000000001"), Timestamp::UNIX_EPOCH).await.unwrap().found;
            assert_eq!(by_sim.is_some(), seen);
            let mut unit = store.begin(tenancy.clone()).await.unwrap();
            assert_eq!(unit.number_for_update(msisdn("666777001")).await.unwrap().is_some(), seen);
        }
    }

    async fn a_unit_of_work_writes_for_its_own_org_alone(database: Database) {
        let store = database.store().await;
        let yoigo = org(&*store, "yoigo").await;
        let new = NewNumber::of(&yoigo, msisdn("644555666"), &imsi("214049000001111"), ManualClock::default().now());
        let simyo = Tenancy::of(&name("simyo"));
        let line = AuditLine::by_command(Operation::AddMsisdn, new.checked_at);
        assert_eq!(store.number_insert(&simyo, new.clone(), line).await.unwrap_err().kind(), Kind::Internal);
        let mut unit = store.begin(simyo).await.unwrap();
        assert_eq!(unit.numbers_load(&[&new]).await.unwrap_err().kind(), Kind::Internal);
        assert_eq!(unit.org_put(&yoigo).await.unwrap_err().kind(), Kind::Internal);
        assert_eq!(unit.setting_put("mode", "reference").await.unwrap_err().kind(), Kind::Internal);
        assert_eq!(unit.clear().await.unwrap_err().kind(), Kind::Internal);
    }

    async fn what_must_be_unique_is_taken_once(database: Database) {
        let store = database.store().await;
        let yoigo = org(&*store, "yoigo").await;
        let taken = NewNumber::of(&yoigo, msisdn("666777888"), &imsi("214049000001111"), ManualClock::default().now());
        let mut unit = store.begin(Tenancy::Every).await.unwrap();
        assert_eq!(unit.numbers_load(&[&taken]).await.unwrap(), Added::Taken);
        assert_eq!(unit.sim_add(msisdn("666777001"), 1, &imsi("2140420422222227"), Segment::B2c, taken.checked_at).await.unwrap(), Added::Taken);
        // A refusal does not spoil the transaction.
        assert_eq!(unit.sim_add(msisdn("666777001"), 1, &imsi("214049000001111"), Segment::B2c, taken.checked_at).await.unwrap(), Added::New);
        unit.commit().await.unwrap();
        let entry = store.number(&Tenancy::Every, msisdn("666777001"), Timestamp::UNIX_EPOCH).await.unwrap().found.unwrap();
        assert_eq!(entry.sims.len(), 2);
    }

    async fn a_number_has_one_current_sim_whatever_is_written(database: Database) {
        let store = database.store().await;
        let mut unit = store.begin(Tenancy::Every).await.unwrap();
        let now = ManualClock::default().now();
        let second = unit.sim_add(msisdn("666777001"), 0, &imsi("214049000001111"), Segment::B2c, now).await;
        assert_eq!(second.unwrap_err().kind(), Kind::Internal);
    }

    async fn instants_are_kept_to_the_microsecond(database: Database) {
        let store = database.store().await;
        let now = ManualClock::default().now();
        let mut unit = store.begin(Tenancy::Every).await.unwrap();
        unit.number_change(msisdn("666777001"), BelongsTo::Heos, Status::Migrating, now).await.unwrap();
        unit.commit().await.unwrap();
        let entry = store.number(&Tenancy::Every, msisdn("666777001"), Timestamp::UNIX_EPOCH).await.unwrap().found.unwrap();
        assert_eq!((entry.checked_at, entry.belongs_to, entry.status), (now, BelongsTo::Heos, Status::Migrating));
    }

    async fn an_unreadable_column_is_named_in_the_log_alone(database: Database) {
        let store = database.store().await;
        for (sql, column) in [
            ("UPDATE msisdns SET belongs_to = 'nonsense' WHERE msisdn = 34666777001", "column belongs_to of msisdns"),
            ("UPDATE imsis SET imsi = 'nonsense' WHERE msisdn = 34666777002", "column imsi of imsis"),
            ("UPDATE orgs SET home_system = 'nonsense' WHERE name = 'pepephone'", "column home_system of orgs"),
        ] {
            database.execute(sql).await;
            let number = sql.split('=').next_back().unwrap().trim();
            let number = if number.starts_with("34") { number } else { "666777003" };
            let error = store.number(&Tenancy::Every, msisdn(number), Timestamp::UNIX_EPOCH).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Internal);
            assert!(error.story().contains(column), "{}", error.story());
            assert!(!error.detail().contains("column"));
        }
    }

    async fn migrating_at_the_same_time(database: Database) {
        if database.engine == Engine::Postgres {
            database.execute("DROP SCHEMA public CASCADE").await;
            database.execute("CREATE SCHEMA public").await;
        }
        let stores = [open(&database.url).await, open(&database.url).await, open(&database.url).await];
        let outcomes = futures_util::future::join_all(stores.iter().map(|store| store.migrate())).await;
        for outcome in outcomes {
            outcome.unwrap();
        }
        stores[0].is_ready().await.unwrap();
    }

    async fn an_older_binary_does_not_touch_a_newer_schema(database: Database) {
        let store = database.store().await;
        database.execute(
            "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time)
             SELECT 9999, 'of the future', installed_on, success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
        ).await;
        let error = store.migrate().await.unwrap_err();
        assert!(error.story().contains("newer than this binary knows (migration 9999)"), "{}", error.story());
        // But it may go on serving beside the newer one, as long as the schema is a superset of its own.
        store.is_ready().await.unwrap();
    }

    async fn a_database_without_schema_is_not_ready(database: Database) {
        let store = open(&database.url).await;
        if database.engine == Engine::Postgres {
            database.execute("DROP TABLE _sqlx_migrations").await;
        }
        assert!(store.is_ready().await.is_err());
    }

    async fn one_claims_a_database(database: Database) {
        let (first, second) = (database.store().await, open(&database.url).await);
        assert!(first.claim().await.unwrap());
        assert!(!second.claim().await.unwrap());
        first.close().await;
        assert!(second.claim().await.unwrap());
    }

    async fn a_closed_store_says_so(database: Database) {
        let store = database.store().await;
        store.close().await;
        assert_eq!(store.is_ready().await.unwrap_err().kind(), Kind::Unavailable);
        assert_eq!(store.begin(Tenancy::Every).await.err().unwrap().kind(), Kind::Unavailable);
    }
}
