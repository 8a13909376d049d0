//! `portero token`

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use portero::auth::DEVELOPMENT_SECRET;
use serde_json::{Value, json};

use crate::support::app::{client, config_without_secret};
use crate::support::process::{Served, portero, run};
use crate::support::{App, both_databases};

/// The claims of a printed token.
fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

#[test]
fn nothing_but_a_token() {
    let printed = run(&mut portero(&["token", "--org", "masmovil"]));
    assert_eq!((printed.code, printed.stderr.as_str()), (0, ""));
    let token = printed.stdout.strip_suffix('\n').unwrap();
    assert!(token.split('.').count() == 3 && !token.contains(char::is_whitespace), "{token}");
    let claims = claims(token);
    assert_eq!(claims["orgs"], json!(["masmovil"]));
    assert_eq!((&claims["sub"], &claims["scope"]), (&json!("portero"), &json!("api:everything")));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
}

#[test]
fn every_setting() {
    let args = ["--org", "masmovil", "--org", "*", "--scope", "msisdns:read mock", "--ttl", "2m", "--subject", "ci"];
    let more = ["--jwt-issuer", "https://id.example", "--jwt-audience", "portero"];
    let printed = run(portero(&["token"]).args(args).args(more).env("PORTERO_JWT_SECRET", "x".repeat(32)));
    let claims = claims(printed.stdout.trim_end());
    assert_eq!(claims["orgs"], json!(["masmovil", "*"]));
    assert_eq!((&claims["sub"], &claims["scope"]), (&json!("ci"), &json!("msisdns:read mock")));
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("https://id.example"), &json!("portero")));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 120);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_the_same_secret_takes_it() {
    let served = Served::start(&["--database", "sqlite::memory:"]);
    for (secret, status) in [(DEVELOPMENT_SECRET, 200), ("a secret that the server does not have", 401)] {
        let printed = run(&mut portero(&["token", "--org", "masmovil", "--jwt-secret", secret]));
        let call = client().get(format!("{}/v2/msisdns/666777888", served.url)).bearer_auth(printed.stdout.trim_end());
        assert_eq!(call.send().await.unwrap().status(), status);
    }
}

#[test]
fn refusals() {
    for (args, code, reason) in [
        (&["token"][..], 2, "--org"),
        (&["token", "--org", "masmovil", "--ttl=-1h"], 1, "portero: --ttl must be positive"),
        (&["token", "--org", "masmovil", "--ttl", "soon"], 2, "--ttl"),
        (&["token", "--org", "masmovil", "--jwks", "keys.json"], 1, "portero: a token needs a secret: --jwt-secret"),
        (&["token", "--org", "masmovil", "--jwt-secret", "short"], 2, "the secret must have at least 32 bytes"),
    ] {
        let output = run(&mut portero(args));
        assert!(output.code == code && output.stderr.contains(reason) && output.stdout.is_empty(), "{args:?}: {output:?}");
    }
}

both_databases! {
    async fn the_published_secret_is_the_mocks_own_where_there_is_none(database: crate::support::Database) {
        let app = App::start(&config_without_secret(&database.url, &[])).await.unwrap();
        let mut claims = crate::support::tokens::claims(&["*"], "api:everything", portero::clock::Clock::now(&*app.real_time));
        claims["sub"] = json!("anyone");
        let key = jsonwebtoken::EncodingKey::from_secret(DEVELOPMENT_SECRET.as_bytes());
        let token = crate::support::tokens::signed(&jsonwebtoken::Header::default(), &claims, &key);
        app.get("/v2/msisdns/666777888").token(&token).await.is(200);
    }
}
