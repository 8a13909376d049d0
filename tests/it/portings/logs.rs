//! The log of a real process, at its most talkative, in the middle of portings: nothing personal in it.

use regex::RegexSet;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::app::client;
use crate::support::process::Served;

/// What must not be found in the log: document, names, addresses, references, whole numbers and SIMs. The postal code
/// only as a word: its five digits may be any five of a measured time or of a request's id.
const PERSONAL: [&str; 12] = [
    "09288205",
    "Martina",
    "Fraile",
    "Leonardo",
    r"\b28040\b",
    "martina@",
    "kunde-4711",
    "PORTIN_",
    "634443633",
    "600300001",
    "8934221507160508791",
    "hidden",
];

async fn call(served: &Served, method: Method, path: &str, body: Option<Value>) -> (u16, String) {
    let request = client().request(method, format!("{}{path}", served.url)).bearer_auth(served.token());
    let request = match body {
        Some(body) => request.header("content-type", "application/json").body(body.to_string()),
        None => request,
    };
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_personal() {
    let served = Served::start(&["--database", "sqlite::memory:", "--log", "trace,hyper=info,h2=info,rustls=info"]);
    let mut body: Value = serde_json::from_str(include_str!("../../../src/http/portability/samples/request.json")).unwrap();
    body["subscriber"]["email"] = json!("martina@example.com");
    body["subscriber"]["id"] = json!("kunde-4711");
    body["subscriber"]["msisdn"]["number"] = json!("600300001");
    let base = "/v1/orgs/masmovil/portabilities";
    let with = |pointer: &str, value: Value| {
        let mut body = body.clone();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[member] = value;
        Some(body)
    };
    let (mut asked, mut sent) = (0, String::new());
    for (method, path, body, status) in [
        (Method::POST, base.to_owned(), Some(body.clone()), 201),
        (Method::POST, base.to_owned(), Some(body.clone()), 204),
        (Method::POST, base.to_owned(), with("/subscriber/name", json!("Martina Dos")), 400),
        (Method::POST, base.to_owned(), with("/subscriber/document", json!("09288205X")), 400),
        (Method::POST, base.to_owned(), with("/subscriber/name", json!({"Martina": 1})), 400),
        (Method::POST, base.to_owned(), with("/contract_code", json!("Martina")), 400),
        (Method::GET, format!("{base}/msisdn/634443633"), None, 200),
        (Method::GET, format!("{base}/msisdn/634443633/last"), None, 200),
        (Method::GET, format!("{base}?filter=external_reference+co+%22PORTIN_%22"), None, 200),
        (Method::GET, format!("{base}?filter=external_reference+co+%22hidden"), None, 400),
        (Method::GET, format!("{base}?filter=hidden+co+%22x%22"), None, 400),
        (Method::GET, format!("{base}?cursor=hidden"), None, 400),
        (Method::GET, format!("{base}/id/hidden"), None, 404),
        (Method::POST, format!("{base}/hidden/accept"), None, 404),
        (Method::POST, format!("{base}/634443633/cancel"), Some(json!({"cause": "hidden"})), 400),
        (Method::POST, format!("{base}/634443633/cancel"), Some(json!({"cause": "CANC_ABONA"})), 201),
        (Method::POST, format!("{base}/634443633/cancel"), Some(json!({"cause": "CANC_TECNI"})), 409),
        (Method::GET, "/v1/orgs/masmovil/ownerOperator/634443633".to_owned(), None, 200),
        (Method::GET, "/v1/orgs/masmovil/operator?operator=hidden".to_owned(), None, 404),
    ] {
        sent.extend([path.clone(), body.as_ref().map(Value::to_string).unwrap_or_default()]);
        let (got, text) = call(&served, method.clone(), &path, body).await;
        assert_eq!(got, status, "{method} {path}: {text}");
        asked += 1;
    }
    served.terminate();
    let (code, log) = served.wait();
    assert_eq!(code, Some(0));
    assert_eq!(log.iter().filter(|line| line.contains("\"answered\"")).count(), asked, "one line a request");
    let personal = RegexSet::new(PERSONAL).unwrap();
    assert_eq!(personal.matches(&sent).iter().count(), PERSONAL.len(), "all of it was sent");
    for line in log {
        let found: Vec<_> = personal.matches(&line).into_iter().map(|found| PERSONAL[found]).collect();
        assert!(found.is_empty(), "{found:?} in {line}");
    }
}
