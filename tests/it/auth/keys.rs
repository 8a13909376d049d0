//! Public keys from a JWKS file or URL: rotation, withdrawal, and how often they are asked for.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use portero::clock::Clock;
use portero::error::Kind;
use serde_json::{Value, json};

use crate::support::app::{config, config_without_secret};
use crate::support::database::ScratchDir;
use crate::support::stub::Stub;
use crate::support::tokens::{ED25519, P256, P256_NEXT, RSA, RSA_PUBLIC_PEM, TestKey, claims, hs256, key_set, signed};
use crate::support::{Answer, App, Database, both_databases};

const UNKNOWN: &str = "no key is known for the token";

async fn call(app: &App, token: &str) -> Answer {
    app.get("/v2/msisdns/666777888").token(token).await
}

fn good(app: &App) -> Value {
    claims(&["masmovil"], "msisdns:read", app.real_time.now())
}

async fn serve(database: &Database, jwks: &str) -> App {
    App::start(&config_without_secret(&database.url, &["--jwks", jwks])).await.unwrap()
}

both_databases! {
    async fn every_algorithm(database: Database) {
        let dir = ScratchDir::new();
        let file = dir.file("keys.json", key_set(&[RSA, P256, ED25519]).to_string());
        let app = serve(&database, &file).await;
        for key in [RSA, P256, ED25519] {
            call(&app, &key.sign(&good(&app))).await.is(200);
            // A kid is not needed.
            call(&app, &signed(&Header::new(key.algorithm), &good(&app), &key.signing())).await.is(200);
            // What is expired is expired under every key.
            let mut old = good(&app);
            old["exp"] = json!(0);
            call(&app, &key.sign(&old)).await.fails(Kind::InvalidToken, "the token has expired");
        }
        // Signed by a key of the right kind that is not in the set.
        let header = Header { kid: Some("p256".to_owned()), ..Header::new(Algorithm::ES256) };
        let forged = signed(&header, &good(&app), &P256_NEXT.signing());
        call(&app, &forged).await.fails(Kind::InvalidToken, "the token's signature is wrong");
    }

    async fn a_key_is_good_for_its_own_algorithm_alone(database: Database) {
        let dir = ScratchDir::new();
        let file = dir.file("keys.json", key_set(&[RSA, P256, ED25519]).to_string());
        let app = serve(&database, &file).await;
        for (key, kid) in [(RSA, "p256"), (P256, "ed25519"), (ED25519, "rsa")] {
            let header = Header { kid: Some(kid.to_owned()), ..Header::new(key.algorithm) };
            call(&app, &signed(&header, &good(&app), &key.signing())).await.fails(Kind::InvalidToken, UNKNOWN);
        }
        // There is no shared secret, least of all a public key or the published one.
        call(&app, &hs256(&good(&app))).await.fails(Kind::InvalidToken, UNKNOWN);
        let published = EncodingKey::from_secret(portero::auth::DEVELOPMENT_SECRET.as_bytes());
        call(&app, &signed(&Header::new(Algorithm::HS256), &good(&app), &published)).await.fails(Kind::InvalidToken, UNKNOWN);
    }

    async fn a_public_key_is_no_shared_secret(database: Database) {
        let dir = ScratchDir::new();
        let file = dir.file("keys.json", key_set(&[RSA, ED25519]).to_string());
        let app = App::start(&config(&database.url, &["--jwks", &file])).await.unwrap();
        call(&app, &hs256(&good(&app))).await.is(200);
        call(&app, &RSA.sign(&good(&app))).await.is(200);
        let published = |member: &str, key: TestKey| key.public_jwk()[member].as_str().unwrap().to_owned();
        for public in [RSA_PUBLIC_PEM.to_owned(), RSA_PUBLIC_PEM.trim_end().to_owned(), published("n", RSA), published("x", ED25519), ED25519.public_jwk().to_string()] {
            let secrets = [public.as_bytes().to_vec(), BASE64_URL_SAFE_NO_PAD.decode(&public).unwrap_or_default()];
            for secret in secrets {
                for kid in [None, Some("rsa".to_owned()), Some("ed25519".to_owned())] {
                    let header = Header { kid, ..Header::new(Algorithm::HS256) };
                    let forged = signed(&header, &good(&app), &EncodingKey::from_secret(&secret));
                    call(&app, &forged).await.fails(Kind::InvalidToken, "the token's signature is wrong");
                }
            }
        }
    }

    async fn keys_that_cannot_be_used_do_not_spoil_the_rest(database: Database) {
        let mut for_encryption = P256_NEXT.public_jwk();
        for_encryption["use"] = json!("enc");
        let mut mislabelled = RSA.public_jwk();
        mislabelled["alg"] = json!("PS256");
        let keys = json!({"keys": [{"kty": "oct", "k": "AAAA", "kid": "shared"}, {"kty": "novel"}, 5, for_encryption, mislabelled, P256.public_jwk()]});
        let dir = ScratchDir::new();
        let file = dir.file("keys.json", keys.to_string());
        let app = serve(&database, &file).await;
        call(&app, &P256.sign(&good(&app))).await.is(200);
        for unusable in [P256_NEXT, RSA] {
            call(&app, &unusable.sign(&good(&app))).await.fails(Kind::InvalidToken, UNKNOWN);
        }
    }

    async fn a_new_key_is_asked_for_at_most_once_a_minute(database: Database) {
        let server = Stub::start(key_set(&[P256]).to_string()).await;
        let app = serve(&database, &server.url).await;
        assert_eq!(server.asked(), 1, "asked at start-up");
        server.answers(200, key_set(&[P256, P256_NEXT]).to_string());
        let token = P256_NEXT.sign(&good(&app));
        app.real_time.advance(59);
        call(&app, &token).await.fails(Kind::InvalidToken, UNKNOWN);
        assert_eq!(server.asked(), 1, "asked less than a minute ago");
        app.real_time.advance(1);
        for answer in join_all((0..20).map(|_| call(&app, &token))).await {
            answer.is(200);
        }
        assert_eq!(server.asked(), 2, "one asks for all");
        for _ in 0..3 {
            call(&app, &ED25519.sign(&good(&app))).await.fails(Kind::InvalidToken, UNKNOWN);
        }
        assert_eq!(server.asked(), 2);
        call(&app, &P256.sign(&good(&app))).await.is(200);
    }

    async fn a_withdrawn_key_stops_working(database: Database) {
        let server = Stub::start(key_set(&[P256]).to_string()).await;
        let app = serve(&database, &server.url).await;
        let token = P256.sign(&good(&app));
        call(&app, &token).await.is(200);
        server.answers(200, key_set(&[P256_NEXT]).to_string());
        app.real_time.advance(601);
        call(&app, &P256_NEXT.sign(&good(&app))).await.is(200);
        call(&app, &P256.sign(&good(&app))).await.fails(Kind::InvalidToken, UNKNOWN);
        // Not even a token that was verified before.
        call(&app, &token).await.fails(Kind::InvalidToken, UNKNOWN);
    }

    async fn keys_that_grow_old_are_asked_for_again(database: Database) {
        let server = Stub::start(key_set(&[P256]).to_string()).await;
        let app = serve(&database, &server.url).await;
        let token = P256.sign(&good(&app));
        for _ in 0..3 {
            call(&app, &token).await.is(200);
        }
        app.real_time.advance(600);
        call(&app, &token).await.is(200);
        assert_eq!(server.asked(), 1);
        app.real_time.advance(1);
        // By a token that is remembered, without waiting: the next unknown key waits for what is under way.
        call(&app, &token).await.is(200);
        call(&app, &P256_NEXT.sign(&good(&app))).await.fails(Kind::InvalidToken, UNKNOWN);
        assert_eq!(server.asked(), 2);
    }

    async fn a_withdrawn_key_stops_working_although_the_clock_was_set_back(database: Database) {
        let server = Stub::start(key_set(&[P256, ED25519]).to_string()).await;
        let app = serve(&database, &server.url).await;
        server.answers(200, key_set(&[ED25519]).to_string());
        app.real_time.advance(-86_400);
        // A new token each time: one that was found good is remembered.
        let mut new = good(&app);
        let refused = async {
            while {
                new["exp"] = json!(new["exp"].as_i64().unwrap() + 1);
                call(&app, &P256.sign(&new)).await.status != 401
            } {}
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), refused).await.expect("the keys are asked for again");
    }

    async fn keys_are_kept_while_their_server_fails(database: Database) {
        let server = Stub::start(key_set(&[P256]).to_string()).await;
        let app = serve(&database, &server.url).await;
        let oversized = format!("{{\"keys\": [], \"padding\": \"{}\"}}", "x".repeat(300_000));
        let broken = [(500, String::new()), (404, String::new()), (200, "nonsense".to_owned()), (200, r#"{"keys": []}"#.to_owned()), (200, oversized)];
        for (asked, (status, body)) in (2..).zip(broken) {
            server.answers(status, body);
            app.real_time.advance(60);
            call(&app, &P256_NEXT.sign(&good(&app))).await.fails(Kind::InvalidToken, UNKNOWN);
            assert_eq!(server.asked(), asked);
            call(&app, &P256.sign(&good(&app))).await.is(200);
        }
        server.answers(200, key_set(&[P256_NEXT]).to_string());
        app.real_time.advance(60);
        call(&app, &P256_NEXT.sign(&good(&app))).await.is(200);
    }

    async fn a_file_that_changes(database: Database) {
        let dir = ScratchDir::new();
        let file = dir.file("keys.json", key_set(&[P256]).to_string());
        let app = serve(&database, &file).await;
        call(&app, &P256.sign(&good(&app))).await.is(200);
        std::fs::write(&file, key_set(&[P256_NEXT]).to_string()).unwrap();
        app.real_time.advance(60);
        call(&app, &P256_NEXT.sign(&good(&app))).await.is(200);
    }

    async fn no_server_starts_without_the_keys_it_is_told_to_use(database: Database) {
        let dir = ScratchDir::new();
        let empty = dir.file("keys.json", r#"{"keys": [{"kty": "oct", "k": "AAAA"}]}"#);
        let keyless = Stub::start(key_set(&[]).to_string()).await.url;
        for (jwks, cause) in [
            (empty.as_str(), "the key set has no key that can be used here"),
            ("/nowhere/keys.json", "reading the key set"),
            ("http://127.0.0.1:1/keys", "asking for the key set"),
            (keyless.as_str(), "the key set has no key that can be used here"),
        ] {
            let error = App::start(&config(&database.url, &["--jwks", jwks])).await.err().unwrap().to_string();
            assert!(error.contains(cause), "{jwks}: {error}");
        }
    }
}
