//! 401: tokens that are missing or do not hold.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use portero::clock::Clock;
use portero::error::Kind;
use serde_json::{Value, json};

use crate::support::tokens::{self, SECRET, claims, hs256, raw, signed};
use crate::support::{Answer, App, Database, both_databases};

const PATH: &str = "/v2/msisdns/666777888";

async fn call(app: &App, authorization: &str) -> Answer {
    app.get(PATH).without_token().header("authorization", authorization).await
}

/// Claims that are good except for some members: `null` takes one away.
fn claims_but(app: &App, members: &Value) -> Value {
    let mut claims = claims(&["masmovil"], "msisdns:read", app.real_time.now());
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

#[track_caller]
fn assert_invalid_token(answer: &Answer, reason: &str) {
    answer.fails(Kind::InvalidToken, reason);
    assert_eq!(answer.header("www-authenticate"), format!("Bearer error=\"invalid_token\", error_description=\"{reason}\""));
}

#[track_caller]
fn assert_unauthenticated(answer: &Answer, reason: &str) {
    answer.fails(Kind::Unauthenticated, reason);
    assert_eq!(answer.header("www-authenticate"), "Bearer");
}

/// A token under any header, signed with the tests' secret.
fn under(header: &Value, claims: &Value) -> String {
    let unsigned = raw(&header.to_string(), &claims.to_string(), "");
    let unsigned = unsigned.trim_end_matches('.');
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let signature = jsonwebtoken::crypto::sign(unsigned.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{unsigned}.{signature}")
}

both_databases! {
    async fn no_token(app: App) {
        assert_unauthenticated(&app.get(PATH).without_token().await, "the bearer token is missing");
        let form = "the Authorization header is not of the form 'Bearer TOKEN'";
        for header in ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "Token abc", "abc", "", "Bearerabc def"] {
            assert_unauthenticated(&call(&app, header).await, form);
        }
    }

    async fn the_scheme_is_case_insensitive(app: App) {
        let token = app.token(&["masmovil"], "msisdns:read");
        for scheme in ["Bearer", "bearer", "BEARER", "Bearer "] {
            call(&app, &format!("{scheme} {token}")).await.is(200);
        }
    }

    async fn two_headers(app: App) {
        let token = format!("Bearer {}", app.token(&["masmovil"], "msisdns:read"));
        let answer = app.get(PATH).without_token().header("authorization", &token).header("authorization", &token).await;
        assert_invalid_token(&answer, "there is more than one Authorization header");
    }

    async fn malformed_tokens(app: App) {
        let good = claims_but(&app, &json!({})).to_string();
        let token = app.token(&["masmovil"], "msisdns:read");
        for malformed in [
            "abc".to_owned(),
            "a.b".to_owned(),
            "a.b.c".to_owned(),
            "..".to_owned(),
            format!("{token}.x"),
            format!("{token} x"),
            raw("{}", &good, "x"),
            raw("[]", &good, "x"),
            raw(r#"{"alg": 5}"#, &good, "x"),
            format!("{}é", &token[..token.len() - 1]),
        ] {
            let answer = call(&app, &format!("Bearer {malformed}")).await;
            if malformed.is_ascii() {
                assert_invalid_token(&answer, "the token is malformed");
            } else {
                answer.is(401);
            }
        }
    }

    async fn algorithms(app: App) {
        let good = claims_but(&app, &json!({}));
        for algorithm in ["none", "None", "", "hs256", "HS384", "HS512", "RS384", "PS256", "ES384", "HS256 "] {
            let token = under(&json!({"alg": algorithm, "typ": "JWT"}), &good);
            assert_invalid_token(&call(&app, &format!("Bearer {token}")).await, "the token's algorithm is not accepted");
            let unsigned = raw(&json!({"alg": algorithm}).to_string(), &good.to_string(), "");
            assert_invalid_token(&call(&app, &format!("Bearer {unsigned}")).await, "the token's algorithm is not accepted");
        }
        let critical = under(&json!({"alg": "HS256", "crit": ["b64"], "b64": false}), &good);
        let reason = "the token has a critical extension, and none is known here";
        assert_invalid_token(&call(&app, &format!("Bearer {critical}")).await, reason);
        // A server without public keys knows none for a token that names an asymmetric algorithm.
        for key in [tokens::RSA, tokens::P256, tokens::ED25519] {
            let answer = call(&app, &format!("Bearer {}", key.sign(&good))).await;
            assert_invalid_token(&answer, "no key is known for the token");
        }
    }

    async fn signatures(app: App) {
        let good = claims_but(&app, &json!({}));
        let token = hs256(&good);
        let (unsigned, signature) = token.rsplit_once('.').unwrap();
        let other = hs256(&claims_but(&app, &json!({"orgs": ["*"]})));
        let swapped = format!("{}.{signature}", other.rsplit_once('.').unwrap().0);
        let foreign = signed(&Header::new(Algorithm::HS256), &good, &EncodingKey::from_secret(b"another secret, with more than 32 bytes"));
        let empty_key = signed(&Header::new(Algorithm::HS256), &good, &EncodingKey::from_secret(b""));
        for bad in [swapped, foreign, empty_key, format!("{unsigned}."), format!("{unsigned}.AAAA")] {
            assert_invalid_token(&call(&app, &format!("Bearer {bad}")).await, "the token's signature is wrong");
        }
        call(&app, &format!("Bearer {token}")).await.is(200);
    }

    async fn times(app: App) {
        let now = app.real_time.now().as_second();
        for (members, outcome) in [
            (json!({"exp": now - 60}), "the token has expired"),
            (json!({"exp": 0}), "the token has expired"),
            (json!({"exp": -1}), "the token has expired"),
            (json!({"exp": now - 59}), ""),
            (json!({"exp": now - 59, "nbf": now - 100}), ""),
            (json!({"nbf": now + 61}), "the token is not valid yet"),
            (json!({"nbf": now + 60}), ""),
            (json!({"exp": 99_999_999_999_i64}), ""),
            (json!({"exp": 1.0e300}), ""),
        ] {
            let token = hs256(&claims_but(&app, &members));
            let answer = call(&app, &format!("Bearer {token}")).await;
            if outcome.is_empty() {
                assert_eq!(answer.status, 200, "{members}: {}", answer.body);
            } else {
                assert_invalid_token(&answer, outcome);
            }
        }
    }

    async fn claims_of_the_wrong_form(app: App) {
        for members in [
            json!({"exp": "tomorrow"}),
            json!({"nbf": "yesterday"}),
            json!({"orgs": "masmovil"}),
            json!({"orgs": [1]}),
            json!({"scope": ["msisdns:read"]}),
            json!({"sub": 5}),
        ] {
            let token = hs256(&claims_but(&app, &members));
            assert_invalid_token(&call(&app, &format!("Bearer {token}")).await, "the token's claims are malformed");
        }
        let token = hs256(&claims_but(&app, &json!({"exp": null})));
        assert_invalid_token(&call(&app, &format!("Bearer {token}")).await, "the token has no expiry");
        let token = hs256(&claims_but(&app, &json!({"sub": null, "nbf": null, "other": {"x": 1}})));
        call(&app, &format!("Bearer {token}")).await.is(200);
    }

    async fn issuer_and_audience(database: Database) {
        let app = App::serve(&database, &["--jwt-issuer", "https://id.example", "--jwt-audience", "portero"]).await;
        for (members, outcome) in [
            (json!({"iss": "https://id.example", "aud": "portero"}), ""),
            (json!({"iss": "https://id.example", "aud": ["other", "portero"]}), ""),
            (json!({"iss": "https://id.example"}), "the token names no audience"),
            (json!({"iss": "https://id.example", "aud": "other"}), "the token is for another audience"),
            (json!({"iss": "https://id.example", "aud": ["other"]}), "the token is for another audience"),
            (json!({"iss": "https://id.example", "aud": []}), "the token is for another audience"),
            (json!({"aud": "portero"}), "the token names no issuer"),
            (json!({"iss": "https://evil.example", "aud": "portero"}), "the token is from another issuer"),
        ] {
            let answer = call(&app, &format!("Bearer {}", hs256(&claims_but(&app, &members)))).await;
            if outcome.is_empty() {
                assert_eq!(answer.status, 200, "{members}: {}", answer.body);
            } else {
                assert_invalid_token(&answer, outcome);
            }
        }
    }

    async fn neither_is_asked_for_by_default(app: App) {
        let token = hs256(&claims_but(&app, &json!({"iss": "anyone", "aud": ["anything"]})));
        call(&app, &format!("Bearer {token}")).await.is(200);
    }

    async fn a_remembered_token_is_refused_once_it_has_expired(app: App) {
        let token = format!("Bearer {}", app.token(&["masmovil"], "msisdns:read"));
        call(&app, &token).await.is(200);
        // The clock of the data is not the clock of tokens.
        app.clock.advance(1_000_000);
        call(&app, &token).await.is(200);
        app.real_time.advance(3600 + 59);
        call(&app, &token).await.is(200);
        app.real_time.advance(1);
        assert_invalid_token(&call(&app, &token).await, "the token has expired");
    }
}
