//! Whatever a stranger sends is answered, and never with a failure of the server: whole requests with mistakes in any part of them.
//!
//! `PROPTEST_CASES=100000 scripts/test -E 'test(/^strangers::/)'` runs it at length.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::support::database::with_database;
use crate::support::mangled::mangled_bytes;
use crate::support::{App, Engine, both_databases};

/// One request of each kind that reads something of its own. `TOKEN` stands for a token for everything.
const REQUESTS: &[&str] = &[
    "GET /v2/msisdns/666777888?imsi=214040119172971&embed=(tenant,+imsis) HTTP/1.1\r\nhost: x\r\nauthorization: Bearer TOKEN\r\n\
     feature-flag.preserve-the-prefix: yes\r\nx-sandbox: ci-7\r\nx-request-id: a.b-c\r\ntraceparent: \
     00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nconnection: close\r\n\r\n",
    "GET /v2/imsis/2140420422222227 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer TOKEN\r\nprefer: code=404; example=\"MM0000030\"\r\n\r\n",
    "GET /v2/operatorToken/abc123xyz456 HTTP/1.0\r\nauthorization: Bearer TOKEN\r\n\r\n",
    "POST /v2/orgs/masmovil/msisdns/%2B34644555666 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer TOKEN\r\nprefer: code=201\r\n\
     content-type: application/json\r\ncontent-length: 26\r\nconnection: close\r\n\r\n{\"imsi\":\"214049000001111\"}",
    "PATCH /v2/orgs/masmovil/msisdns/666777888 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer TOKEN\r\ncontent-type: application/json\r\n\
     transfer-encoding: chunked\r\nconnection: close\r\n\r\n24\r\n{\"belongs_to\":\"heos\",\"status\":\"OK\" }\r\n0\r\n\r\n",
    "GET /v1/orgs/masmovil/portabilities?filter=state+eq+%22ASOL%22+and+not+(window_date+lt+%222026-12-01T00:00:00Z%22+or+msisdn+sw+\
     %22666%22)&limit=5&cursor=AQAAAAAAAABl HTTP/1.1\r\nhost: x\r\nauthorization: Bearer TOKEN\r\nconnection: close\r\n\r\n",
    "GET /v1/orgs/masmovil/operator?operator=movil&operator_code=005&status=ACTIVO HTTP/1.1\r\nhost: x\r\nauthorization: Bearer TOKEN\r\n\r\n",
    "GET /v1/orgs/masmovil/ownerOperator/634443633 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer TOKEN\r\n\r\n",
    "POST /v1/orgs/masmovil/portabilities HTTP/1.1\r\nhost: x\r\nauthorization: Bearer TOKEN\r\ncontent-type: application/json\r\n\
     content-length: 288\r\nconnection: close\r\n\r\n{\"access_type\":\"INDIVIDUAL\",\"contract_code\":\"00528902840\",\
     \"nrn_receptor\":\"741111\",\"window_date\":null,\"msisdn_ranges\":[{\"initial_range\":{\"msisdn\":{\"country_code\":\"34\",\
     \"number\":\"634443633\"},\"icc_id\":\"8934221507160508791\"},\"end_range\":{\"msisdn\":{\"country_code\":\"34\",\"number\":\"634443633\"}}}]}",
    "POST /v1/orgs/masmovil/portabilities/00507511270302100000001/deny HTTP/1.1\r\nhost: x\r\nauthorization: Bearer TOKEN\r\n\
     content-type: application/json\r\ncontent-length: 22\r\n\r\n{\"cause\":\"RECH_IDENT\"}",
    "GET /_mock/ts43?app=ap2015&operation=GetSubscriberDeviceInfo&operator_token=abc123xyz456&requestor_id=x&entitlement_version=12.0 \
     HTTP/1.1\r\nhost: x\r\naccept: text/vnd.wap.connectivity-xml\r\n\r\n",
    "POST /_mock/requests/verify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer TOKEN\r\ncontent-type: application/json\r\n\
     content-length: 102\r\n\r\n{\"match\":{\"operation\":\"createPortability\",\"path\":\"/v1/{org}\",\"body\":{\"a\":[1]}},\"count\":{\"at_least\":1}}",
    "GET /health/ready HTTP/1.1\r\nhost: x\r\n\r\n",
];

/// How long to wait for an answer to a request that may lack its end, for which the server waits too.
const IMPATIENCE: Duration = Duration::from_millis(300);

/// What the server answers: the first answer, or what there is of it when time is up or the server closes the connection.
async fn answer(app: &App, request: &[u8], patience: Duration) -> Vec<u8> {
    let mut stream = TcpStream::connect(app.url.strip_prefix("http://").unwrap()).await.unwrap();
    let mut answer = Vec::new();
    // The server may have answered, and closed, before everything was sent. A client that closes its side is taken for one that has gone away.
    let _ = stream.write_all(request).await;
    let reading = async { while !is_whole(&answer) && stream.read_buf(&mut answer).await.is_ok_and(|length| length > 0) {} };
    let _ = tokio::time::timeout(patience, reading).await;
    answer
}

/// Whether this is an answer to its end.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    length.map_or(head.starts_with("HTTP/1.1 204"), |length: usize| body.len() >= length)
}

fn with_token(mut request: Vec<u8>, token: &str) -> Vec<u8> {
    let place = request.windows(5).position(|word| word == b"TOKEN");
    if let Some(place) = place {
        request.splice(place..place + 5, token.bytes());
    }
    request
}

/// The statuses of the answers to one request, or to several where its mistakes have made it several.
fn statuses(answer: &str) -> impl Iterator<Item = &str> {
    answer.split("HTTP/1.").skip(1).filter_map(|answer| answer.get(2..5))
}

both_databases! {
    /// Without mistakes, none of them is refused for one.
    async fn the_requests_are_good(app: App) {
        let token = app.token(&["*"], "api:everything");
        let mut refused = Vec::new();
        for request in REQUESTS {
            let answer = answer(&app, &with_token(request.as_bytes().to_vec(), &token), Duration::from_secs(30)).await;
            let answer = String::from_utf8_lossy(&answer);
            let statuses: Vec<_> = statuses(&answer).collect();
            if !matches!(statuses[..], ["200" | "201" | "204" | "404" | "409"]) {
                refused.push(format!("{request}\n{answer}"));
            }
        }
        assert!(refused.is_empty(), "{}", refused.join("\n"));
    }
}

fn ask_mangled(engine: Engine) {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(with_database(engine, async |app: App| {
        let token = app.token(&["*"], "api:everything");
        let asking = tokio::task::spawn_blocking(move || {
            let runtime = Runtime::new().unwrap();
            let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
            let (cases, answered) = (config.cases, AtomicU32::new(0));
            let outcome = TestRunner::new(config).run(&mangled_bytes(REQUESTS), |request| {
                let answer = runtime.block_on(answer(&app, &with_token(request, &token), IMPATIENCE));
                let answer = String::from_utf8_lossy(&answer);
                answered.fetch_add(u32::from(!answer.is_empty()), Ordering::Relaxed);
                prop_assert!(statuses(&answer).all(|status| status != "500" && status != "502" && status != "503"), "{}", answer);
                Ok(())
            });
            // The others wait for an end that never comes.
            let answered = answered.into_inner();
            assert!(answered > cases / 2, "{answered} of {cases} are answered");
            (app, outcome)
        });
        let (app, outcome) = asking.await.unwrap();
        app.get("/health/ready").await.is(200);
        outcome.unwrap();
    }));
}

#[test]
fn any_request_is_answered_by_sqlite() {
    ask_mangled(Engine::Sqlite);
}

#[test]
fn any_request_is_answered_by_postgres() {
    ask_mangled(Engine::Postgres);
}
