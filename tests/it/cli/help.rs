//! `portero --help`, and `portero openapi`

use clap::{Args, Command};
use portero::config::ServeConfig;

use crate::support::database::{ScratchDir, root};
use crate::support::process::{in_dir, portero, run};

#[test]
fn every_command_is_listed() {
    let help = run(&mut portero(&["--help"]));
    assert_eq!(help.code, 0);
    for command in ["serve", "token", "migrate", "seed", "load", "audit", "purge", "openapi", "healthcheck"] {
        assert!(help.stdout.contains(&format!("\n  {command}")), "{command}: {}", help.stdout);
        assert_eq!(run(&mut portero(&[command, "--help"])).code, 0);
    }
    // Without a command, help is all there is to give.
    assert_eq!(run(&mut portero(&[])).code, 2);
    let version = run(&mut portero(&["--version"])).stdout;
    assert_eq!(version, format!("portero {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_setting_is_explained() {
    let help = run(&mut portero(&["serve", "--help"])).stdout;
    let settings = ServeConfig::augment_args(Command::new("serve"));
    for setting in settings.get_arguments() {
        let (long, env) = (setting.get_long().unwrap(), setting.get_env().unwrap().to_str().unwrap());
        assert!(help.contains(&format!("--{long} ")), "--{long}");
        assert!(help.contains(&format!("[env: {env}")), "{env}");
        assert!(setting.get_help().is_some(), "--{long} is not explained");
    }
}

#[test]
fn secrets_of_the_environment_are_not_shown() {
    let secrets = [
        ("PORTERO_JWT_SECRET", "hunter2-hunter2-hunter2-hunter2-hunter2"),
        ("DATABASE_URL", "postgres://me:hunter2@db/stock"),
        ("PORTERO_ENTITLEMENT_ACCESS_TOKEN", "hunter2"),
        ("PORTERO_SENTRY_DSN", "https://hunter2@sentry.example/1"),
    ];
    for command in ["serve", "token", "migrate", "seed", "load", "audit", "purge"] {
        let help = run(portero(&[command, "--help"]).envs(secrets));
        assert!(!help.stdout.contains("hunter2"), "{command}: {}", help.stdout);
    }
}

#[test]
fn documents() {
    for document in portero::http::documents() {
        let printed = run(&mut portero(&["openapi", document.name]));
        assert_eq!((printed.code, printed.stdout), (0, document.to_json().unwrap()));
    }
    let unknown = run(&mut portero(&["openapi", "telepathy"]));
    assert!(unknown.code == 1 && unknown.stderr.starts_with("portero: there is no API 'telepathy': "), "{unknown:?}");
}

#[test]
fn the_committed_documents_are_checked() {
    assert_eq!(run(&mut in_dir(root(), &["openapi", "--check"])).code, 0);
    let dir = ScratchDir::new();
    std::fs::create_dir(dir.join("openapi")).unwrap();
    assert_eq!(run(&mut in_dir(&dir, &["openapi", "--check"])).code, 1);
    assert_eq!(run(&mut in_dir(&dir, &["openapi", "--write"])).code, 0);
    assert_eq!(run(&mut in_dir(&dir, &["openapi", "--check"])).code, 0);
    let document = dir.join("openapi/discovery-v2.json");
    let text = std::fs::read_to_string(&document).unwrap();
    std::fs::write(&document, text.replace("Bad Request", "Bad request")).unwrap();
    let outdated = run(&mut in_dir(&dir, &["openapi", "--check"]));
    let reason = "portero: openapi/discovery-v2.json is not what this binary generates: 'portero openapi --write' brings it up to date\n";
    assert_eq!((outdated.code, outdated.stderr.as_str()), (1, reason));
}
