//! Secrets stay where they belong: not in the log, in answers, in the help, in `Debug`, in the list of processes.

use portero::config::Mode;
use reqwest::Url;

use crate::support::app::{client, config_without_secret};
use crate::support::process::{Served, portero, run};
use crate::support::{Database, both_databases};

/// Part of every secret here.
const SECRET: &str = "hunter2";

/// The secrets of a server that is configured by its environment.
fn secrets(database: &str) -> [(&'static str, String); 5] {
    [
        ("PORTERO_JWT_SECRET", format!("{SECRET}-of-the-tokens-with-more-than-32-bytes")),
        ("DATABASE_URL", database.to_owned()),
        ("PORTERO_ENTITLEMENT_ACCESS_TOKEN", format!("{SECRET}-of-the-entitlement-server")),
        ("PORTERO_SENTRY_DSN", format!("http://{SECRET}@127.0.0.1:1/1")),
        ("PORTERO_ENTITLEMENT_URL", "http://127.0.0.1:1".to_owned()),
    ]
}

/// The database's URL with a password, where it needs none.
fn with_password(database: &Database) -> String {
    let Ok(mut url) = database.url.parse::<Url>() else { return database.url.clone() };
    if url.scheme().starts_with("postgres") && url.password().is_none() {
        url.set_password(Some(SECRET)).unwrap();
        return url.into();
    }
    database.url.clone()
}

both_databases! {
    async fn a_server_that_fails_in_many_ways(database: Database) {
        let secrets = secrets(&with_password(&database));
        let served = Served::from(portero(&["serve", "--listen", "127.0.0.1:0", "--log", "trace", "--log-format", "json"]).envs(secrets.clone()));
        let (url, token) = (served.url.clone(), served.token().to_owned());
        let ask = async |path: &str, token: &str| {
            let answer = client().get(format!("{url}{path}")).bearer_auth(token).send().await.unwrap();
            (answer.status().as_u16(), format!("{:?}", answer.headers()) + &answer.text().await.unwrap())
        };
        let mut answers = Vec::new();
        for (path, token, status) in [
            ("/v2/msisdns/666777888", token.as_str(), 200),
            ("/v2/msisdns/666777888", "hunter2.is.no-token", 401),
            ("/v2/operatorToken/hunter2-operator-token", token.as_str(), 502),
            ("/nowhere/hunter2", token.as_str(), 404),
            ("/v2/msisdns/hunter2", token.as_str(), 400),
            ("/metrics", token.as_str(), 200),
        ] {
            let (got, answer) = ask(path, token).await;
            assert_eq!(got, status, "{path}: {answer}");
            answers.push(answer);
        }
        database.execute("ALTER TABLE imsis RENAME TO lost").await;
        let (status, answer) = ask("/v2/msisdns/666777888", &token).await;
        assert_eq!(status, 500, "{answer}");
        answers.push(answer);
        let process = std::fs::read_to_string(format!("/proc/{}/cmdline", served.id())).unwrap();
        let comm = std::fs::read_to_string(format!("/proc/{}/comm", served.id())).unwrap();
        answers.extend([process, comm, served.block.clone()]);
        served.terminate();
        let log = tokio::task::spawn_blocking(|| served.wait()).await.unwrap().1;
        for text in answers.iter().chain(&log) {
            assert!(!text.contains(SECRET), "{text}");
        }
        // The token of the start-up block is meant for whoever starts the server, and for nobody who reads its log.
        assert!(log.len() > 7 && log.iter().all(|line| !line.contains(&token)));
    }

    async fn settings_are_debugged_without_secrets(database: Database) {
        let flags = ["--jwt-secret", "hunter2-of-the-tokens-with-more-than-32-bytes", "--sentry-dsn", "http://hunter2:hunter2@127.0.0.1/1",
            "--entitlement-access-token", "hunter2"];
        let settings = config_without_secret(&with_password(&database), &flags);
        assert_eq!(settings.mode, Mode::Mock);
        assert!(!format!("{settings:?}").contains(SECRET), "{settings:?}");
    }
}

/// Why a server does not start is said without what it was told in confidence.
#[test]
fn a_server_that_does_not_start() {
    let nowhere = format!("postgres://me:{SECRET}@127.0.0.1:1/none");
    for (args, environment) in [
        (vec!["serve", "--pool-acquire-timeout", "200"], secrets(&nowhere)),
        (vec!["serve", "--listen", "nowhere"], secrets("sqlite::memory:")),
        (vec!["serve"], secrets(&format!("mysql://me:{SECRET}@127.0.0.1/none"))),
        (vec!["serve", "--help"], secrets(&nowhere)),
        (vec!["migrate", "--pool-acquire-timeout", "200"], secrets(&nowhere)),
    ] {
        let output = run(portero(&args).envs(environment));
        assert!(!format!("{output:?}").contains(SECRET), "{args:?}: {output:?}");
    }
    for (name, value) in [("PORTERO_JWT_SECRET", "hunter2"), ("PORTERO_SENTRY_DSN", "hunter2"), ("DATABASE_URL", "hunter2:")] {
        let output = run(portero(&["serve"]).env(name, value));
        assert_eq!(output.code, 2);
        assert!(!format!("{output:?}").contains(SECRET), "{name}: {output:?}");
    }
}
