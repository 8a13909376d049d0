mod misbehaviour;

use std::process::Command;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use reqwest::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

use super::stub::{Reply, Stub, reply};
use super::{AccessToken, Ts43Client, Ts43Config, Ts43ConfigError, pause};
use crate::domain::operator_token::OperatorToken;
use crate::entitlement::EntitlementError::{BadGateway, Forbidden, InvalidRequest, UnknownToken};
use crate::entitlement::{EntitlementError, EntitlementServer};

const TOKEN: &str = "S3cr3t+/=~Operat0r";
const NUMBER: &str = r#"{"Vers":{"version":"1","validity":"1"},"ap2015":{"OperationResult":1,"MSISDN":"+34666777888"}}"#;
const XML_NUMBER: &str = r#"<?xml version="1.0"?><wap-provisioningdoc version="1.1"><characteristic type="APPLICATION"><parm name="AppID" value="ap2015"/><parm name="OperationResult" value="1"/><parm name="MSISDN" value="+34666777888"/></characteristic></wap-provisioningdoc>"#;
/// For questions whose answer must not depend on how fast the machine is.
const AMPLE: Duration = Duration::from_mins(1);
/// For questions that are never answered.
const SCANT: Duration = Duration::from_millis(30);

type Outcome = Result<String, EntitlementError>;

fn config(url: Url, budget: Duration) -> Ts43Config {
    Ts43Config { budget, backoff: Duration::from_millis(1), ..Ts43Config::new(url, "requestor 1/ü".to_owned(), "12.0".to_owned()) }
}

async fn ask(config: Ts43Config) -> Outcome {
    let token = OperatorToken::parse(TOKEN).unwrap();
    let client = Ts43Client::new(config).unwrap();
    client.msisdn(&token, Timestamp::UNIX_EPOCH).await
}

/// Asks a server that follows the script; gives the outcome and how often it was asked.
async fn outcome(script: Vec<Reply>, budget: Duration) -> (Outcome, usize) {
    let stub = Stub::start(script).await;
    let outcome = ask(config(stub.url.clone(), budget)).await;
    (outcome, stub.requests().len())
}

fn number() -> String {
    "+34666777888".to_owned()
}

fn bad(cause: &str) -> Outcome {
    Err(BadGateway(cause.to_owned()))
}

fn json(body: impl AsRef<[u8]>) -> Reply {
    reply("200 OK", "Content-Type: application/json\r\n", body)
}

fn status(line: &str) -> Reply {
    reply(line, "", NUMBER)
}

#[tokio::test]
async fn every_status_has_its_meaning() {
    let table = [
        ("200 OK", Ok(number())),
        ("201 Created", bad("status 201")),
        ("204 No Content", bad("status 204")),
        ("206 Partial Content", bad("status 206")),
        ("301 Moved Permanently", bad("status 301")),
        ("302 Found", bad("status 302")),
        ("400 Bad Request", Err(InvalidRequest)),
        ("401 Unauthorized", Err(UnknownToken)),
        ("403 Forbidden", Err(Forbidden)),
        ("404 Not Found", Err(UnknownToken)),
        ("405 Method Not Allowed", bad("status 405")),
        ("406 Not Acceptable", bad("status 406")),
        ("407 Proxy Authentication Required", bad("status 407")),
        ("410 Gone", bad("status 410")),
        ("418 Whatever", bad("status 418")),
        ("429 Too Many Requests", bad("status 429")),
        ("500 Internal Server Error", bad("status 500")),
        ("501 Not Implemented", bad("status 501")),
        ("502 Bad Gateway", bad("status 502")),
        ("504 Gateway Timeout", bad("status 504")),
        ("511 Network Authentication Required", Err(UnknownToken)),
        ("599 Unheard Of", bad("status 599")),
    ];
    for (line, expected) in table {
        let outcome = outcome(vec![status(line)], AMPLE).await;
        assert_eq!(outcome, (expected, 1), "{line}");
    }
}

#[tokio::test]
async fn only_503_is_asked_again_and_only_as_long_as_it_is_worth_it() {
    let busy = |headers: &str| reply("503 Service Unavailable", headers, "");
    let later = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 09:49:37 GMT\r\n";
    let table = [
        ("once", vec![busy(""), json(NUMBER)], Ok(number()), 2),
        ("twice", vec![busy(""), busy(""), json(NUMBER)], Ok(number()), 3),
        ("for ever", vec![busy("")], bad("status 503"), 3),
        ("at once", vec![busy("Retry-After: 0\r\n"), json(NUMBER)], Ok(number()), 2),
        ("unreadable", vec![busy("Retry-After: soon\r\n"), json(NUMBER)], Ok(number()), 2),
        ("in an hour", vec![busy("Retry-After: 3600\r\n"), json(NUMBER)], bad("status 503"), 1),
        ("in an hour by date", vec![busy(later), json(NUMBER)], bad("status 503"), 1),
        ("then unknown", vec![busy(""), status("404 Not Found")], Err(UnknownToken), 2),
        ("500 is final", vec![status("500 Oops"), json(NUMBER)], bad("status 500"), 1),
        ("429 is final", vec![reply("429 Slow", "Retry-After: 0\r\n", ""), json(NUMBER)], bad("status 429"), 1),
    ];
    for (name, script, expected, requests) in table {
        assert_eq!(outcome(script, AMPLE).await, (expected, requests), "{name}");
    }
}

#[test]
fn the_pause_is_what_the_server_asks_for_but_not_less_than_the_back_off() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let table: [(&[(HeaderName, &str)], u64); 9] = [
        (&[], 5),
        (&[(RETRY_AFTER, "0")], 5),
        (&[(RETRY_AFTER, "7")], 7),
        (&[(RETRY_AFTER, "-1")], 5),
        (&[(RETRY_AFTER, "1.5")], 5),
        (&[(RETRY_AFTER, "Sun, 06 Nov 1994 08:49:57 GMT"), (DATE, date)], 20),
        (&[(RETRY_AFTER, "Sun, 06 Nov 1994 08:49:17 GMT"), (DATE, date)], 5),
        (&[(RETRY_AFTER, "Sun, 06 Nov 1994 08:49:57 GMT")], 5),
        (&[(RETRY_AFTER, "Sun, 06 Nov 1994 08:49:57 GMT"), (DATE, "now")], 5),
    ];
    for (headers, seconds) in table {
        let map: HeaderMap = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect();
        let pause = pause(&map, Duration::from_secs(5), 0);
        assert_eq!(pause, Duration::from_secs(seconds), "{headers:?}");
    }
    let doubled = [0, 1, 2].map(|retries| pause(&HeaderMap::new(), SCANT, retries));
    assert_eq!(doubled, [SCANT, SCANT * 2, SCANT * 4]);
}

#[tokio::test]
async fn the_body_is_read_whatever_its_label_and_framing() {
    let labelled = |label: &str, body: &str| reply("200 OK", label, body);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n",
        &NUMBER[..9],
        NUMBER.len() - 9,
        &NUMBER[9..]
    );
    let to_the_end = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{NUMBER}");
    let padded = |length: usize| format!("{NUMBER}{}", " ".repeat(length - NUMBER.len()));
    let table = [
        ("JSON", json(NUMBER)),
        ("XML", labelled("Content-Type: text/vnd.wap.connectivity-xml\r\n", XML_NUMBER)),
        ("no label", labelled("", XML_NUMBER)),
        ("JSON as text", labelled("Content-Type: text/html; charset=latin1\r\n", NUMBER)),
        ("XML as JSON", json(XML_NUMBER)),
        ("JSON as XML", labelled("Content-Type: text/vnd.wap.connectivity-xml\r\n", NUMBER)),
        ("unreadable label", labelled("Content-Type: \u{fc};;=\r\n", NUMBER)),
        ("chunked", Reply::Bytes(chunked.into_bytes())),
        ("until the connection closes", Reply::Bytes(to_the_end.into_bytes())),
        ("just not too long", json(padded(super::MAX_BODY))),
    ];
    for (name, script) in table {
        assert_eq!(outcome(vec![script], AMPLE).await, (Ok(number()), 1), "{name}");
    }
    let (outcome, _) = outcome(vec![json(padded(super::MAX_BODY + 1))], AMPLE).await;
    assert_eq!(outcome, bad("body of more than 65536 bytes"));
}

#[tokio::test]
async fn the_budget_is_for_all_attempts_together() {
    let script = vec![reply("503 Service Unavailable", "", ""), Reply::Silence];
    let (outcome, _) = outcome(script, SCANT).await;
    assert_eq!(outcome, bad("no answer within 30ms"));
}

#[test]
fn debug_hides_the_access_token_and_display_the_cause() {
    let mut config = config("http://localhost/".parse().unwrap(), AMPLE);
    config.access_token = Some(AccessToken::from("S3cr3t.Acc3ss".to_owned()));
    let client = Ts43Client::new(config.clone()).unwrap();
    for text in [format!("{config:?}"), format!("{client:?}")] {
        assert!(text.contains("AccessToken(redacted)"), "{text}");
        assert!(!text.contains("S3cr3t"), "{text}");
    }
    let error = BadGateway("the cause".to_owned());
    assert_eq!(error.to_string(), "the Entitlement Server gave no usable answer");
}

#[tokio::test]
async fn the_request_is_the_one_of_ts43() {
    let version = env!("CARGO_PKG_VERSION");
    let mut expected = vec![
        ("app", "ap2015"),
        ("operation", "GetSubscriberDeviceInfo"),
        ("operator_token", TOKEN),
        ("requestor_id", "requestor 1/ü"),
        ("entitlement_version", "12.0"),
        ("vers", "1"),
        ("terminal_vendor", "PRTR"),
        ("terminal_model", "portero"),
        ("terminal_sw_version", version),
    ];
    let stub = Stub::start(vec![json(NUMBER)]).await;
    assert_eq!(ask(config(stub.url.clone(), AMPLE)).await, Ok(number()));
    let mut with_access_token = config(stub.url.join("/aes?tenant=7").unwrap(), AMPLE);
    with_access_token.access_token = Some(AccessToken::from("a+b/c=".to_owned()));
    assert_eq!(ask(with_access_token).await, Ok(number()));

    let requests = stub.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(path_and_parameters(&requests[0]), ("/".to_owned(), owned(&expected)));
    expected.insert(0, ("tenant", "7"));
    expected.push(("access_token", "a+b/c="));
    assert_eq!(path_and_parameters(&requests[1]), ("/aes".to_owned(), owned(&expected)));
    for request in requests {
        let agent = format!("PRD-TS43 term-PRTR/portero portero/{version} OS-none/0");
        assert_eq!(header(&request, "user-agent"), Some(agent.as_str()));
        assert_eq!(header(&request, "accept"), Some("application/json, text/vnd.wap.connectivity-xml"));
        assert_eq!(header(&request, "host"), stub.url.as_str().split('/').nth(2));
        for absent in ["authorization", "cookie", "accept-encoding", "referer"] {
            assert_eq!(header(&request, absent), None, "{absent}");
        }
    }
}

/// The environment belongs to the process, so this needs one of its own: the test above, in another environment.
#[test]
fn the_proxy_of_the_environment_does_not_see_the_request() {
    let (_crate_name, module) = module_path!().split_once("::").unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("{module}::the_request_is_the_one_of_ts43")])
        .envs(["http_proxy", "HTTP_PROXY", "ALL_PROXY"].map(|name| (name, "http://127.0.0.1:1/")))
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    assert!(output.contains("1 passed; 0 failed"), "{output}");
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn path_and_parameters(head: &str) -> (String, Vec<(String, String)>) {
    let target = head.strip_prefix("GET ").unwrap().split(' ').next().unwrap();
    let url = Url::parse("http://stub/").unwrap().join(target).unwrap();
    (url.path().to_owned(), url.query_pairs().into_owned().collect())
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().filter_map(|line| line.split_once(": ")).find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
}

#[test]
fn the_defaults_are_3_s_and_no_access_token() {
    let url = "https://aes.mnc004.mcc214.pub.3gppnetwork.org/".parse().unwrap();
    let config = Ts43Config::new(url, "id".to_owned(), "12.0".to_owned());
    assert_eq!(config.budget, Duration::from_secs(3));
    assert_eq!(config.backoff, Duration::from_millis(100));
    assert!(config.access_token.is_none());
}

#[test]
fn a_base_url_must_be_http_without_credentials() {
    let error = |url: &str| Ts43Client::new(config(url.parse().unwrap(), AMPLE)).map(|_client| ()).unwrap_err();
    for url in ["ftp://aes.example/", "file:///etc/passwd", "mailto:aes@example.org"] {
        assert!(matches!(error(url), Ts43ConfigError::Scheme), "{url}");
    }
    for url in ["https://user:password@aes.example/", "http://user@aes.example/", "http://:p@aes.example/"] {
        assert!(matches!(error(url), Ts43ConfigError::Credentials), "{url}");
    }
}
