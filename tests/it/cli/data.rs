//! `portero migrate`, `seed` and `load`

use portero::domain::msisdn::Msisdn;
use portero::domain::org::{OrgName, Tenancy};
use portero::store::Store;
use serde_json::{Value, json};

use crate::support::database::{ScratchDir, open};
use crate::support::process::{Output, portero, run};
use crate::support::{Database, Engine, both_databases};

fn command(database: &Database, args: &[&str]) -> Output {
    run(portero(args).args(["--database", &database.url]))
}

#[track_caller]
fn succeeds(output: &Output) {
    assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (0, "", ""));
}

async fn has_number(store: &dyn Store, msisdn: &str) -> bool {
    store.number(&Tenancy::Every, Msisdn::parse(msisdn).unwrap(), jiff::Timestamp::UNIX_EPOCH).await.unwrap().found.is_some()
}

fn org(name: &str, tier: i64) -> Value {
    json!({"name": name, "operator_code": "005", "nrn": "741111", "home_system": "mas-stack", "tenant_id": 99, "bit": 256, "tier": tier})
}

both_databases! {
    async fn migrate_is_idempotent(database: Database) {
        succeeds(&command(&database, &["migrate"]));
        succeeds(&command(&database, &["migrate"]));
        let store = open(&database.url).await;
        store.is_ready().await.unwrap();
        // Migrating seeds nothing: what there is on Postgres was there before.
        assert_eq!(store.is_empty().await.unwrap(), database.engine == Engine::Sqlite);
    }

    async fn seeding(database: Database) {
        succeeds(&command(&database, &["seed", "empty", "--replace"]));
        let store = open(&database.url).await;
        assert!(store.is_empty().await.unwrap());
        succeeds(&command(&database, &["seed", "demo"]));
        assert!(has_number(&*store, "666777888").await);
        // Whatever is there is not thrown away by accident.
        let refused = command(&database, &["seed", "demo"]);
        assert_eq!((refused.code, refused.stderr.as_str()), (1, "portero: the database holds data already: --replace throws them away\n"));
        let number = json!({
            "msisdn": "644555666", "org": "nova", "belongs_to": "heos", "status": "OK", "checked_at": "2026-01-01T00:00:00+02:00",
            "imsis": [{"imsi": "214049000001111", "segment": "B2B", "created_at": "2026-01-01T00:00:00Z"}]
        });
        let dir = ScratchDir::new();
        let own = dir.file("data.json", json!({"orgs": [org("nova", 1)], "msisdns": [number]}).to_string());
        succeeds(&command(&database, &["seed", own.as_str(), "--replace"]));
        assert!(has_number(&*store, "644555666").await && !has_number(&*store, "666777888").await);
    }

    async fn a_seed_that_contradicts_itself_changes_nothing(database: Database) {
        succeeds(&command(&database, &["seed", "demo", "--replace"]));
        let number = |msisdn: &str, imsi: &str| json!({
            "msisdn": msisdn, "org": "nova", "belongs_to": "heos", "status": "OK", "checked_at": "2026-01-01T00:00:00Z",
            "imsis": [{"imsi": imsi, "segment": "B2B", "created_at": "2026-01-01T00:00:00Z"}]
        });
        for (numbers, reason) in [
            (json!([number("644555666", "214049000001111"), number("644555667", "214049000001111")]), "Imsi belongs to another msisdn"),
            (json!([number("644555666", "214049000001111"), number("+34644555666", "214049000001112")]), "Msisdn is already in the inventory"),
        ] {
            let dir = ScratchDir::new();
            let wrong = dir.file("data.json", json!({"orgs": [org("nova", 1)], "msisdns": numbers}).to_string());
            let output = command(&database, &["seed", wrong.as_str(), "--replace"]);
            assert!(output.code == 1 && output.stderr.contains(reason), "{output:?}");
        }
        assert!(has_number(&*open(&database.url).await, "666777888").await);
    }

    async fn load_adds_and_replaces(database: Database) {
        succeeds(&command(&database, &["seed", "demo", "--replace"]));
        let store = open(&database.url).await;
        let nova = OrgName::parse("nova").unwrap();
        for tier in [1, 1, 2] {
            let dir = ScratchDir::new();
            let data = dir.file("data.json", json!({"orgs": [org("nova", tier), org("yoigo", 3)]}).to_string());
            succeeds(&command(&database, &["load", data.as_str()]));
            assert_eq!(store.org(&nova).await.unwrap().unwrap().tier, tier);
        }
        assert_eq!(store.org(&OrgName::parse("yoigo").unwrap()).await.unwrap().unwrap().tier, 3);
        // What it does not name stays.
        assert!(store.org(&OrgName::parse("masmovil").unwrap()).await.unwrap().is_some());
        assert!(has_number(&*store, "666777888").await && has_number(&*store, "666777001").await);
    }
}

#[test]
fn files_that_are_wrong() {
    for (content, reason) in [
        ("{", "data set"),
        (r#"{"organisations": []}"#, "unknown field `organisations`"),
        (r#"{"orgs": [{"name": "x"}]}"#, "orgs[0]"),
        (
            r#"{"orgs": [{"name": "Nova", "operator_code": "005", "nrn": "741111", "home_system": "heos", "tenant_id": 1, "bit": 1, "tier": 1}]}"#,
            "orgs[0].name is not valid",
        ),
    ] {
        let dir = ScratchDir::new();
        let path = dir.file("data.json", content);
        for command in ["load", "seed"] {
            let output = run(&mut portero(&[command, path.as_str(), "--database", "sqlite::memory:"]));
            assert!(output.code == 1 && output.stderr.contains(reason), "{command} {content}: {output:?}");
        }
    }
    let missing = run(&mut portero(&["load", "/nowhere/data.json", "--database", "sqlite::memory:"]));
    assert!(missing.code == 1 && missing.stderr.starts_with("portero: /nowhere/data.json: "), "{missing:?}");
}
