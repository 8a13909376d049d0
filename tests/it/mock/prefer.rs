//! The `Prefer` header.

use portero::error::Kind;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::contract::DOCUMENTS;
use crate::support::{App, both_databases};

const NUMBER: &str = "/v2/msisdns/666777888";

/// An operation of a document: its method, its path with the examples of its parameters, and what it documents.
struct Documented {
    document: &'static Value,
    method: Method,
    path: String,
    responses: Vec<(u16, &'static Value)>,
}

/// Every operation of the two APIs.
fn operations() -> Vec<Documented> {
    let mut found = Vec::new();
    for document in DOCUMENTS.iter() {
        for (template, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let responses = operation["responses"].as_object().unwrap();
                found.push(Documented {
                    document,
                    method: method.to_uppercase().parse().unwrap(),
                    path: filled(template, operation),
                    responses: responses.iter().map(|(status, answer)| (status.parse().unwrap(), answer)).collect(),
                });
            }
        }
    }
    found.retain(|operation| !operation.path.starts_with("/_mock"));
    assert_eq!(found.len(), 20);
    found
}

/// A path with its parameters' examples in it.
fn filled(template: &str, operation: &Value) -> String {
    let in_path = operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == "path");
    in_path.fold(template.to_owned(), |path, parameter| {
        let example = parameter["example"].as_str().unwrap_or("01993f5e-7d1c-7a52-9c1e-5b1f0d3a7e42");
        path.replace(&format!("{{{}}}", parameter["name"].as_str().unwrap()), example)
    })
}

/// The names of an answer's examples.
fn examples(document: &'static Value, answer: &'static Value) -> Vec<&'static str> {
    let answer = answer["$ref"].as_str().map_or(answer, |reference| document.pointer(reference.trim_start_matches('#')).unwrap());
    let examples = answer["content"]["application/json"]["examples"].as_object();
    examples.into_iter().flat_map(|examples| examples.keys().map(String::as_str)).collect()
}

both_databases! {
    /// The client checks every answer against the document: its status, its body, and the envelope's parts.
    async fn every_documented_answer(app: App) {
        let mut forced = 0;
        for operation in operations() {
            for (status, _) in operation.responses {
                let prefer = format!("code={status}");
                let answer = app.call(operation.method.clone(), &operation.path).header("prefer", &prefer).await.is(status);
                assert_eq!(answer.header("preference-applied"), prefer);
                assert_eq!(answer.header("location").is_empty(), status != 201, "{}", operation.path);
                assert_eq!(answer.header("retry-after").is_empty(), !matches!(status, 429 | 503));
                assert_eq!(answer.header("www-authenticate").is_empty(), status != 401);
                assert_eq!(answer.body.is_empty(), status == 204);
                forced += 1;
            }
        }
        assert!(forced > 150, "{forced}");
    }

    async fn every_named_example(app: App) {
        for operation in operations() {
            for (status, answer) in operation.responses {
                for name in examples(operation.document, answer) {
                    let call = || app.call(operation.method.clone(), &operation.path);
                    call().header("prefer", &format!("code={status}, example={name}")).await.is(status);
                    let answer = call().header("prefer", &format!("example={name}")).await;
                    assert_eq!(answer.header("preference-applied"), format!("example={name}"));
                    if status >= 400 {
                        assert_eq!(answer.json()["id"], name);
                    }
                }
            }
        }
    }

    async fn the_bodies_are_the_examples(app: App) {
        let forced = async |path: &str, prefer: &str| app.get(path).header("prefer", prefer).await.json();
        assert_eq!(forced(NUMBER, "code=200").await, DOCUMENTS[0]["components"]["schemas"]["MsisdnInfo"]["example"]);
        assert_eq!(forced(NUMBER, "example=prefixed").await["msisdn"], "+34666777888");
        let portabilities = "/v1/orgs/masmovil/portabilities";
        for state in ["AENV", "ASOL", "ACON", "APOR", "AREC", "ACAN"] {
            assert_eq!(forced(portabilities, &format!("example={state}")).await[0]["state"], state);
            assert_eq!(forced(&format!("{portabilities}/id/x"), &format!("example={state}")).await["state"], state);
        }
        assert_eq!(forced(portabilities, "example=empty").await, json!([]));
        let accepted = app.call(Method::POST, &format!("{portabilities}/07500511251021171100203/accept")).header("prefer", "code=201").await;
        assert_eq!((&accepted.json()[0]["state"], &accepted.json()[0]["recipient_rol"]), (&json!("ACON"), &json!(false)));
    }

    async fn after_authentication(app: App) {
        for prefer in ["code=200", "delay=1", "code=418"] {
            app.get(NUMBER).header("prefer", prefer).without_token().await.fails(Kind::Unauthenticated, "the bearer token is missing");
            let answer = app.get(NUMBER).header("prefer", prefer).token("nonsense").await.is(401);
            assert_eq!(answer.header("preference-applied"), "");
        }
    }

    async fn before_authorisation_and_validation(app: App) {
        let token = app.token(&["yoigo"], "");
        let path = "/v2/orgs/nowhere/msisdns/12";
        let answer = app.call(Method::POST, path).body("text/plain", "not JSON").token(&token).header("prefer", "code=201").await.is(201);
        assert_eq!(answer.header("location"), "/v2/msisdns/666777888");
        app.call(Method::POST, path).body("text/plain", "not JSON").token(&token).header("prefer", "wait=1").await.is(403);
    }

    async fn nothing_is_stored(app: App) {
        let before = app.get(NUMBER).await.json();
        let path = "/v2/orgs/masmovil/msisdns/666777888";
        app.delete(path).header("prefer", "code=204").await.is(204);
        app.patch(path, &json!({"status": "Deleted"})).header("prefer", "code=204").await.is(204);
        app.post("/v2/orgs/masmovil/msisdns/644555666", &json!({"imsi": "214049000001111"})).header("prefer", "code=201").await.is(201);
        assert_eq!(app.get(NUMBER).await.json(), before);
        app.get("/v2/msisdns/644555666").await.is(404);
    }

    async fn undocumented_answers(app: App) {
        let documented = "which answers 200, 400, 401, 403, 404, 429, 500, 503";
        for code in ["418", "201", "0", "99999", "-1", "2oo", ""] {
            let answer = app.get(NUMBER).header("prefer", &format!("code={code}")).await;
            answer.fails(Kind::BadRequest, &format!("Prefer: code={code} is not documented for getMsisdn, {documented}"));
        }
        let message = |names: &str| format!("Prefer: example is not one of getMsisdn's there, which are: {names}");
        let answer = app.get(NUMBER).header("prefer", "code=200, example=APOR").await;
        answer.fails(Kind::BadRequest, &message("embedded (200), plain (200), prefixed (200)"));
        let answer = app.get(NUMBER).header("prefer", "code=401, example=plain").await;
        answer.fails(Kind::BadRequest, &message("MM0000010 (401), MM0000011 (401)"));
        app.get(NUMBER).header("prefer", "example=nonsense").await.is(400);
        app.delete("/v2/orgs/masmovil/msisdns/1").header("prefer", "code=204, example=x").await.is(400);
        app.get(NUMBER).header("prefer", "delay=60001").await.fails(Kind::BadRequest, "Prefer: delay is 0 to 60000 milliseconds");
    }

    async fn what_is_not_ours_is_ignored(app: App) {
        for prefer in ["return=minimal", "respond-async; code=404", "codes=404", ""] {
            let answer = app.get(NUMBER).header("prefer", prefer).await.is(200);
            assert_eq!(answer.header("preference-applied"), "", "{prefer}");
        }
        for (method, path, status) in [(Method::GET, "/nowhere", 404), (Method::PUT, NUMBER, 405), (Method::GET, "/health/live", 200)] {
            let answer = app.call(method, path).header("prefer", "code=500").without_token().await.is(status);
            assert_eq!(answer.header("preference-applied"), "");
        }
    }

    async fn a_delay_alone_leaves_the_answer_as_it_is(app: App) {
        let at_once = app.get(NUMBER).await.is(200);
        let later = app.get(NUMBER).header("prefer", "delay=30").await.is(200);
        assert_eq!((later.json(), later.header("preference-applied")), (at_once.json(), "delay=30"));
        app.get(NUMBER).header("prefer", "delay=30; code=404").await.is(404);
        let entries = app.get("/_mock/requests").await.json()["requests"].clone();
        let micros: Vec<_> = (0..3).map(|place| entries[place]["micros"].as_u64().unwrap()).collect();
        assert!(micros[1] >= 30_000 && micros[2] >= 30_000, "{micros:?}");
    }

    async fn combinations_and_several_headers(app: App) {
        for prefer in [&["code=404, delay=1"][..], &["delay=1; code=404"], &["delay=1", "code=404"], &["wait=3, CODE=\"404\"", "code=500", "delay = 1"]] {
            let call = prefer.iter().fold(app.get(NUMBER), |call, line| call.header("prefer", line));
            let answer = call.await.is(404);
            assert_eq!(answer.header("preference-applied"), "code=404, delay=1");
        }
    }
}

/// A reference server looks at no preference.
#[tokio::test]
async fn a_reference_server_has_none() {
    crate::support::database::with_database(crate::support::Engine::Sqlite, async |database: crate::support::Database| {
        let app = App::serve(&database, &["--mode", "reference"]).await;
        app.get(NUMBER).header("prefer", "code=200").await.is(404);
        app.get(NUMBER).header("prefer", "code=418").await.is(404);
    })
    .await;
}
