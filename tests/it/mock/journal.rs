//! `/_mock/requests`

use std::future::IntoFuture;
use std::time::Duration;

use portero::error::Kind;
use reqwest::Method;
use serde_json::{Value, json};

use super::raw;
use crate::support::app::client;
use crate::support::{App, both_databases};

const NUMBER: &str = "/v2/msisdns/666777888";
const ORGS_NUMBER: &str = "/v2/orgs/masmovil/msisdns/666777888";

/// The entries that a query gives.
async fn entries(app: &App, query: &str) -> Vec<Value> {
    app.get(&format!("/_mock/requests{query}")).await.is(200).json()["requests"].as_array().unwrap().clone()
}

/// One member of every entry that a query gives.
async fn column(app: &App, query: &str, member: &str) -> Vec<Value> {
    entries(app, query).await.iter().map(|entry| entry[member].clone()).collect()
}

/// A stream of server-sent events that is being read.
struct Events {
    answer: reqwest::Response,
    unread: String,
}

impl Events {
    async fn open(app: &App, query: &str) -> Self {
        let request = client().get(format!("{}/_mock/requests/stream{query}", app.url));
        let answer = request.bearer_auth(app.token(&["*"], "mock")).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.headers()["content-type"]), (200, &"text/event-stream".parse().unwrap()));
        Self { answer, unread: String::new() }
    }

    /// The data of the next event; `None` where the stream has ended.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((event, rest)) = self.unread.split_once("\n\n") {
                assert!(event.contains("event: request"), "{event}");
                let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
                let data: Value = serde_json::from_str(data).unwrap();
                assert!(event.contains(&format!("id: {}", data["id"])), "{event}");
                self.unread = rest.to_owned();
                return Some(data);
            }
            self.unread += std::str::from_utf8(&self.answer.chunk().await.unwrap()?).unwrap();
        }
    }
}

both_databases! {
    async fn an_entry_tells_everything(app: App) {
        let call = app.call(Method::PUT, &format!("{ORGS_NUMBER}?x=1&access_token=secret")).header("x-request-id", "run-1").header("cookie", "a=b");
        let refused = call.json(&json!({"imsi": "12"})).await.is(400);
        let [entry] = &entries(&app, "").await[..] else { panic!("one entry") };
        let expected = json!({
            "id": 1,
            "method": "PUT",
            "path": ORGS_NUMBER,
            "query": "x=1&access_token=[redacted]",
            "operation": "swapSim",
            "status": 400,
            "request_id": "run-1",
            "refusal": {
                "id": "MM0000001",
                "component_msg": "Error:Field validation for 'Imsi' failed on the 'len' tag",
                "sentry_code": refused.json()["sentryCode"],
            },
        });
        for (member, value) in expected.as_object().unwrap() {
            assert_eq!(entry[member], *value, "{member}");
        }
        assert_eq!((&entry["request"]["body"], &entry["request"]["length"], &entry["request"]["truncated"]), (&json!({"imsi": "12"}), &json!(13), &json!(false)));
        assert_eq!(entry["request"]["headers"]["authorization"], "[redacted]");
        assert_eq!(entry["request"]["headers"]["cookie"], "[redacted]");
        assert_eq!(entry["request"]["headers"]["content-type"], "application/json");
        assert_eq!(entry["response"]["body"], refused.json());
        assert_eq!(entry["response"]["headers"]["x-request-id"], "run-1");
        assert!(entry["micros"].as_u64().is_some() && entry.get("fault").is_none());
        assert_eq!((entry["at"].as_str().unwrap(), entry["real_at"].as_str().unwrap()), (crate::support::clock::START, crate::support::clock::START));
    }

    async fn no_secret_is_kept(app: App) {
        app.get("/v2/operatorToken/abc123xyz456").await.is(200);
        app.get("/v2/operatorTokens/abc123xyz456").await.is(404);
        let answer = app.get("/_mock/requests").await;
        assert!(!answer.body.contains("abc123xyz456") && !answer.body.contains("eyJ"), "{}", answer.body);
        assert_eq!(column(&app, "", "path").await, ["/v2/operatorToken/[redacted]", "/v2/operatorTokens/[redacted]"]);
    }

    async fn what_misses_every_operation_is_kept_and_what_is_the_servers_own_is_not(app: App) {
        for path in ["/health/live", "/docs/", "/openapi/discovery-v2.json", "/_mock/faults", "/_mock/nowhere"] {
            app.get(path).await;
        }
        app.get("/v2/msisdn/666777888").without_token().await.is(404);
        app.call(Method::POST, NUMBER).await.is(405);
        app.get(NUMBER).without_token().await.is(401);
        let seen: Vec<_> = entries(&app, "").await.iter().map(|entry| (entry["path"].clone(), entry["operation"].clone(), entry["refusal"]["id"].clone())).collect();
        let expected = [
            (json!("/v2/msisdn/666777888"), Value::Null, json!("MM0000031")),
            (json!(NUMBER), Value::Null, json!("MM0000040")),
            (json!(NUMBER), json!("getMsisdn"), json!("MM0000010")),
        ];
        assert_eq!(seen, expected);
    }

    async fn which_entries(app: App) {
        app.get(NUMBER).await.is(200);
        app.get("/v2/msisdns/666777999").await.is(404);
        app.patch(ORGS_NUMBER, &json!({"status": "OK"})).await.is(204);
        for (query, ids) in [
            ("", &[1, 2, 3][..]),
            ("?operation=getMsisdn", &[1, 2]),
            ("?operation=PATCH%20/v2/orgs/%7Borg%7D/msisdns/%7Bmsisdn%7D", &[3]),
            ("?status=404", &[2]),
            ("?method=patch", &[3]),
            ("?path=/v2/msisdns/%7Bm%7D&status=200", &[1]),
            ("?since=1", &[2, 3]),
            ("?since=9", &[]),
            ("?limit=2", &[2, 3]),
            ("?limit=1&status=200", &[1]),
        ] {
            assert_eq!(column(&app, query, "id").await, ids, "{query}");
        }
        let answer = app.get("/_mock/requests?limit=1").await.json();
        assert_eq!((&answer["total"], &answer["forgotten"]), (&json!(3), &json!(0)));
        app.get("/_mock/requests?operation=getmsisdn").await.violates("Operation", "oneof");
        for wrong in ["?limit=0", "?limit=1001", "?since=x", "?status=abc", "?limit=1&limit=2"] {
            app.get(&format!("/_mock/requests{wrong}")).await.fails_with(Kind::BadRequest);
        }
        app.delete("/_mock/requests").await.is(204);
        assert_eq!(column(&app, "", "id").await, [0; 0]);
        app.get(NUMBER).await;
        assert_eq!(column(&app, "", "id").await, [4]);
    }

    async fn bodies_are_bounded(app: App) {
        let long = format!("{{\"status\": \"OK\", \"padding\": \"{}\"}}", "x".repeat(100_000));
        let length = long.len();
        app.call(Method::PATCH, ORGS_NUMBER).body("application/json", long).await.is(204);
        app.call(Method::PATCH, ORGS_NUMBER).body("application/json", "no JSON").await.is(400);
        let [long, text] = &entries(&app, "").await[..] else { panic!("two entries") };
        assert_eq!((&long["request"]["length"], &long["request"]["truncated"]), (&json!(length), &json!(true)));
        assert_eq!(long["request"]["body"].as_str().unwrap().len(), 64 << 10);
        assert_eq!((&text["request"]["body"], &text["request"]["truncated"]), (&json!("no JSON"), &json!(false)));
        assert!(long["response"].get("body").is_none());
    }

    async fn verified(app: App) {
        let verify = async |body: Value| app.post("/_mock/requests/verify", &body).await;
        verify(json!({"count": 0})).await.is(200);
        app.put(ORGS_NUMBER, &json!({"imsi": "2140420422222227"})).header("x-run", "7").await.is(204);
        app.put(ORGS_NUMBER, &json!({"imsi": "12"})).await.is(400);
        for (wanted, count, matched) in [
            (json!({"operation": "swapSim"}), json!(2), 2),
            (json!({"operation": "swapSim", "status": 204, "header": {"X-Run": "7"}}), json!(1), 1),
            (json!({"body": {"imsi": "12"}}), json!({"at_least": 1}), 1),
            (json!({"method": "DELETE"}), json!({"at_most": 0}), 0),
            (json!({"path": "/v2/orgs/{org}/msisdns/666777888"}), json!({"at_least": 1, "at_most": 2}), 2),
        ] {
            let answer = verify(json!({"match": wanted, "count": count})).await.is(200);
            assert_eq!(answer.json(), json!({"matched": matched, "satisfied": true}), "{wanted}");
        }
        verify(json!({"match": {"operation": "swapSim", "status": 204}, "count": 2})).await.fails(
            Kind::Conflict,
            "expected exactly 2 that match, found 1 among 2 requests\n\
             #2 PUT /v2/orgs/masmovil/msisdns/666777888: status is 400; refused: Error:Field validation for 'Imsi' failed on the 'len' tag",
        );
        verify(json!({"match": {"operation": "swapsim"}, "count": 0})).await.violates("Match.Operation", "oneof");
        for wrong in [json!({}), json!({"count": -1}), json!({"count": {"min": 1}}), json!({"match": {"state": 1}, "count": 1})] {
            verify(wrong).await.fails_with(Kind::Invalid);
        }
    }

    async fn forced_and_faulty_requests_are_kept_with_their_bodies(app: App) {
        let body = json!({"imsi": "214049000001111"});
        let path = "/v2/orgs/masmovil/msisdns/644555666";
        app.post(path, &body).header("prefer", "code=409").await.is(409);
        app.put("/_mock/faults", &json!({"rules": [{"operation": "*", "status": 503, "count": 1}, {"operation": "*", "drop": "before"}]})).await.is(200);
        app.post(path, &body).await.is(503);
        raw(&app, "POST", path, Some(&body)).await;
        let [forced, failed, dropped] = &entries(&app, "").await[..] else { panic!("three entries") };
        for entry in [forced, failed, dropped] {
            assert_eq!(entry["request"]["body"], body);
        }
        assert_eq!(forced["response"]["headers"]["preference-applied"], "code=409");
        assert_eq!(forced.get("fault"), None);
        assert_eq!((&failed["fault"], &failed["status"]), (&json!({"rule": 0, "delay": 0, "status": 503}), &json!(503)));
        assert_eq!((&dropped["fault"], dropped.get("status")), (&json!({"rule": 1, "delay": 0, "drop": "before"}), None));
    }

    async fn a_stream_tells_what_is_asked_as_it_is_asked(app: App) {
        app.get(NUMBER).await.is(200);
        let (mut from_now, mut from_the_start) = (Events::open(&app, "").await, Events::open(&app, "?since=0").await);
        app.get("/v2/msisdns/1").await.is(400);
        let first = from_the_start.next().await.unwrap();
        assert_eq!((&first["id"], &first["status"]), (&json!(1), &json!(200)));
        for events in [&mut from_now, &mut from_the_start] {
            let event = events.next().await.unwrap();
            assert_eq!(event, entries(&app, "?since=1").await[0]);
        }
    }

    async fn a_caller_that_goes_away_is_kept(app: App) {
        let mut events = Events::open(&app, "").await;
        let slow = app.get(NUMBER).header("prefer", "delay=60000").into_future();
        assert!(tokio::time::timeout(Duration::from_millis(200), slow).await.is_err());
        let entry = events.next().await.unwrap();
        assert_eq!((&entry["operation"], entry.get("status"), entry.get("response")), (&json!("getMsisdn"), None, None));
    }

    async fn of_one_sandbox(app: App) {
        app.get(NUMBER).header("x-sandbox", "mine").await.is(200);
        app.get("/v2/msisdns/666777001").await.is(200);
        assert_eq!(column(&app, "", "path").await, ["/v2/msisdns/666777001"]);
        let mine = app.get("/_mock/requests").header("x-sandbox", "mine").await.json();
        assert_eq!((&mine["total"], &mine["requests"][0]["path"]), (&json!(1), &json!(NUMBER)));
    }

    async fn for_those_who_may(app: App) {
        for call in [
            |app: &App| app.get("/_mock/requests"),
            |app: &App| app.delete("/_mock/requests"),
            |app: &App| app.post("/_mock/requests/verify", &json!({"count": 0})),
            |app: &App| app.get("/_mock/requests/stream"),
        ] {
            call(&app).without_token().await.is(401);
            call(&app).token(&app.token(&["*"], "msisdns:read")).await.fails(Kind::Forbidden, "the token lacks the scope mock");
        }
    }
}
