//! `portero serve`: start, stop, and the probe that a container uses.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use crate::support::database::ScratchDir;
use crate::support::process::{Served, in_dir, portero, read_all, run, signal};
use crate::support::{Database, Engine, both_databases};

/// Runs a line of shell.
fn bash(line: &str) -> String {
    let output = Command::new("bash").args(["-c", line]).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

both_databases! {
    async fn the_block_says_where_and_its_curl_works(database: Database) {
        let served = Served::start(&["--database", &database.url]);
        let shown = database.url.parse::<portero::store::DatabaseUrl>().unwrap().to_string();
        let expected = format!(
            "portero listens on {url}\n  database  {shown}\n  mode      mock\n  docs      {url}/docs\n  \
             key       the published development secret: for trying out, on a machine of your own\n  token     {token}\n\n{curl}\n",
            url = served.url, token = served.token(), curl = served.curl()
        );
        assert_eq!(served.block, expected);
        let answer: serde_json::Value = serde_json::from_str(&bash(&format!("{} -s", served.curl()))).unwrap();
        assert_eq!((&answer["msisdn"], &answer["org"]), (&"666777888".into(), &"masmovil".into()));
    }

    /// A request is in flight when the server has asked for its body; it is answered although the server was told to stop before the
    /// body came.
    async fn what_is_in_flight_is_answered(database: Database) {
        let served = Served::start(&["--database", &database.url]);
        let mut connection = TcpStream::connect(served.url.trim_start_matches("http://")).unwrap();
        let body = r#"{"imsi": "214049000001111"}"#;
        let head = format!(
            "POST /v2/orgs/masmovil/msisdns/644555666 HTTP/1.1\r\nHost: portero\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            served.token(), body.len()
        );
        connection.write_all(head.as_bytes()).unwrap();
        let mut go_on = [0; 25];
        connection.read_exact(&mut go_on).unwrap();
        assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        served.terminate();
        served.log_line("stopping");
        connection.write_all(body.as_bytes()).unwrap();
        let answer = read_all(connection);
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
        assert_eq!(served.wait().0, Some(0));
    }

    async fn what_was_stored_is_there_after_a_restart(database: Database) {
        let first = Served::start(&["--database", &database.url]);
        let number = format!("{}/v2/orgs/masmovil/msisdns/666777888", first.url);
        bash(&format!("curl -sf -X DELETE {number} -H 'Authorization: Bearer {}'", first.token()));
        first.terminate();
        assert_eq!(first.wait().0, Some(0));
        // A database that holds something is not seeded again.
        let second = Served::start(&["--database", &database.url]);
        let status = bash(&format!("{} -s -o /dev/null -w '%{{http_code}}'", second.curl()));
        assert_eq!(status, "404");
    }

    async fn a_second_mock_on_the_same_database(database: Database) {
        let first = Served::start(&["--database", &database.url]);
        let second = ["serve", "--listen", "127.0.0.1:0", "--statement-timeout", "500", "--database", &database.url];
        let second = run(&mut portero(&second));
        let reason = "portero: another portero has this database; several processes on one database need Postgres and --mode reference\n";
        assert_eq!((second.code, second.stdout.as_str(), second.stderr.as_str()), (1, "", reason));
        let seed = run(&mut portero(&["seed", "empty", "--replace", "--database", &database.url]));
        assert_eq!((seed.code, seed.stderr.as_str()), (1, reason));
        first.terminate();
        assert_eq!(first.wait().0, Some(0));
        // A process that ends gives the database back, however it ends.
        drop(Served::start(&["--database", &database.url]));
        drop(Served::start(&["--database", &database.url]));
    }
}

#[test]
fn one_command_on_a_bare_machine_is_enough() {
    let dir = ScratchDir::new();
    let served = Served::from(&mut in_dir(&dir, &["serve", "--listen", "127.0.0.1:0"]));
    assert!(served.block.contains("\n  database  sqlite:portero.db\n"), "{}", served.block);
    assert!(dir.join("portero.db").exists());
    assert!(bash(&format!("{} -s", served.curl())).contains("666777888"));
    // The demo data have a history, but nobody has done it.
    let audit = run(&mut in_dir(&dir, &["audit"]));
    assert_eq!((audit.code, audit.stdout.as_str(), audit.stderr.as_str()), (0, "", ""));
}

/// Whoever removes the file alone, after a crash, begins anew: what the old one has left is not applied to the new one.
#[test]
fn a_file_that_was_removed_without_its_log() {
    let dir = ScratchDir::new();
    let serve = || Served::from(&mut in_dir(&dir, &["serve", "--listen", "127.0.0.1:0"]));
    let first = serve();
    bash(&format!("curl -sf -X DELETE {}/v2/orgs/masmovil/msisdns/666777888 -H 'Authorization: Bearer {}'", first.url, first.token()));
    drop(first);
    assert!(dir.join("portero.db-wal").exists());
    std::fs::remove_file(dir.join("portero.db")).unwrap();
    let second = serve();
    assert!(bash(&format!("{} -s", second.curl())).contains("666777888"));
}

#[test]
fn memory_is_a_database_too() {
    let served = Served::start(&["--database", "sqlite::memory:"]);
    assert!(bash(&format!("{} -s", served.curl())).contains("666777888"));
    // Nobody else's: any number of servers may have one.
    drop(Served::start(&["--database", "sqlite::memory:"]));
}

#[test]
fn a_secret_of_ones_own_is_not_called_published() {
    let secret = "a secret of the tests, with more than 32 bytes";
    let served = Served::start(&["--database", "sqlite::memory:", "--jwt-secret", secret, "--jwt-audience", "portero"]);
    assert!(!served.block.contains("published") && !served.block.contains(secret), "{}", served.block);
    assert!(bash(&format!("{} -s", served.curl())).contains("666777888"));
}

#[test]
fn ctrl_c_stops_it_too() {
    let served = Served::start(&["--database", "sqlite::memory:"]);
    signal("INT", served.id());
    assert_eq!(served.wait().0, Some(0));
}

#[test]
fn why_it_does_not_start() {
    let taken = Served::start(&["--database", "sqlite::memory:"]);
    let address = taken.url.trim_start_matches("http://");
    for (args, reason) in [
        (vec!["--database", "sqlite::memory:", "--listen", address], format!("portero: cannot listen on {address}: ")),
        (vec!["--database", "sqlite:/nowhere/portero.db"], "portero: opening sqlite:/nowhere/portero.db: ".to_owned()),
        (
            vec!["--database", "postgres://nobody@127.0.0.1:1/none", "--pool-acquire-timeout", "200"],
            "portero: opening postgres://nobody@127.0.0.1:1/none: error communicating with database: Connection refused".to_owned(),
        ),
        (vec!["--database", "sqlite::memory:", "--log", "portero=loud"], "portero: --log: ".to_owned()),
    ] {
        let output = run(portero(&["serve"]).args(&args));
        assert!(output.code == 1 && output.stderr.contains(&reason), "{args:?}: {output:?}");
        assert_eq!(output.stdout, "");
    }
    for (args, reason) in [
        (["--database", "mysql://x"], "a database is sqlite:FILE, sqlite::memory: or postgres://USER:PASSWORD@HOST:PORT/NAME"),
        (["--jwt-secret", "short"], "the secret must have at least 32 bytes"),
        (["--listen", "localhost"], "invalid socket address"),
        (["--mode", "play"], "possible values: mock, reference"),
        (["--request-timeout", "0"], "0 is not in 1..=3600"),
    ] {
        let output = run(portero(&["serve"]).args(args));
        assert!(output.code == 2 && output.stderr.contains(reason), "{args:?}: {output:?}");
    }
}

#[test]
fn healthcheck() {
    let served = Served::start(&["--database", "sqlite::memory:"]);
    let healthy = run(&mut portero(&["healthcheck", &served.url]));
    assert_eq!((healthy.code, healthy.stdout.as_str(), healthy.stderr.as_str()), (0, "", ""));
    // Without URL: where `serve` would listen, on this machine.
    let port = served.url.rsplit(':').next().unwrap();
    let by_environment = run(portero(&["healthcheck"]).env("PORTERO_LISTEN", format!("0.0.0.0:{port}")));
    assert_eq!(by_environment.code, 0);
    let nowhere = run(&mut portero(&["healthcheck", "http://127.0.0.1:1"]));
    assert!(nowhere.code == 1 && nowhere.stderr.starts_with("portero: not ready: "), "{nowhere:?}");
    let no_portero = run(&mut portero(&["healthcheck", &format!("{}/nothing/here", served.url)]));
    assert!(no_portero.code == 1 && no_portero.stderr.contains("404"), "{no_portero:?}");
}

#[tokio::test]
async fn healthcheck_of_a_server_whose_database_is_gone() {
    crate::support::database::with_database(Engine::Sqlite, async |database: Database| {
        let served = Served::start(&["--database", &database.url]);
        database.execute("DELETE FROM _sqlx_migrations").await;
        let sick = run(&mut portero(&["healthcheck", &served.url]));
        assert!(sick.code == 1 && sick.stderr.contains("503"), "{sick:?}");
    })
    .await;
}
