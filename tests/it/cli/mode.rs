//! `--mode reference`, and what a database remembers of it.

use portero::auth::DEVELOPMENT_SECRET;

use crate::support::database::ScratchDir;
use crate::support::process::{Served, portero, run};
use crate::support::tokens::{P256, SECRET, key_set};
use crate::support::{Database, both_databases};

const NO_KEY: &str =
    "portero: a reference server needs a key of its own: set --jwt-secret (not the published development secret) or --jwks\n";
const REFERENCE_DATA: &str = "portero: this database was served as a reference server's: mock mode and 'seed' do not touch it\n";

#[test]
fn a_key_of_its_own() {
    for args in [&[][..], &["--jwt-secret", DEVELOPMENT_SECRET], &["--jwt-secret", DEVELOPMENT_SECRET, "--jwks", "keys.json"]] {
        let output = run(portero(&["serve", "--mode", "reference", "--listen", "127.0.0.1:0", "--database", "sqlite::memory:"]).args(args));
        assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (1, "", NO_KEY), "{args:?}");
    }
    let dir = ScratchDir::new();
    let keys = dir.file("keys.json", key_set(&[P256]).to_string());
    for args in [["--jwt-secret", SECRET], ["--jwks", keys.as_str()]] {
        let served =
            Served::from(portero(&["serve", "--mode", "reference", "--listen", "127.0.0.1:0", "--database", "sqlite::memory:"]).args(args));
        let expected = format!(
            "portero listens on {url}\n  database  sqlite::memory:\n  mode      reference\n  docs      {url}/docs\n",
            url = served.url
        );
        assert_eq!(served.block, expected);
    }
}

both_databases! {
    async fn a_database_of_a_reference_server_is_not_played_with(database: Database) {
        let reference = ["--mode", "reference", "--jwt-secret", SECRET, "--database", &database.url];
        let served = Served::start(&reference);
        served.terminate();
        assert_eq!(served.wait().0, Some(0));
        for args in [
            &["serve", "--listen", "127.0.0.1:0", "--database", &database.url][..],
            &["seed", "demo", "--database", &database.url],
            &["seed", "empty", "--replace", "--database", &database.url],
        ] {
            let output = run(&mut portero(args));
            assert_eq!((output.code, output.stderr.as_str()), (1, REFERENCE_DATA), "{args:?}");
        }
        drop(Served::start(&reference));
    }

    async fn several_reference_servers_share_a_database(database: Database) {
        let reference = ["--mode", "reference", "--jwt-secret", SECRET, "--database", &database.url];
        let (first, second) = (Served::start(&reference), Served::start(&reference));
        for served in [first, second] {
            assert_eq!(run(&mut portero(&["healthcheck", &served.url])).code, 0);
        }
    }
}

/// A reference server starts with what `load` gives it, never with demo data.
#[test]
fn no_demo_data() {
    let dir = ScratchDir::new();
    let url = format!("sqlite:{}", dir.join("reference.db").display());
    let served = Served::start(&["--mode", "reference", "--jwt-secret", SECRET, "--database", &url]);
    let token = run(&mut portero(&["token", "--org", "*", "--jwt-secret", SECRET])).stdout;
    let curl = format!(
        "curl -s -o /dev/null -w '%{{http_code}}' {}/v2/msisdns/666777888 -H 'Authorization: Bearer {}'",
        served.url,
        token.trim_end()
    );
    let status = run(std::process::Command::new("bash").args(["-c", &curl]));
    assert_eq!(status.stdout, "404");
}
