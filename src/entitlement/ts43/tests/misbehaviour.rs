//! Servers that answer 200 in every wrong way, or do not answer at all.

use super::{AMPLE, BadGateway, NUMBER, Reply, SCANT, Stub, TOKEN, Ts43Config, ask, config, json, reply};
use crate::entitlement::ts43::AccessToken;

/// The name of a fault, what the server does, and a part of the cause it must lead to.
type Fault = (&'static str, Reply, &'static str);

fn bytes(text: &str) -> Reply {
    Reply::Bytes(text.as_bytes().to_vec())
}

fn refusals() -> Vec<Fault> {
    let result = |code: &str| json(NUMBER.replace("Result\":1", &format!("Result\":{code}")));
    vec![
        ("result 0", result("0"), "OperationResult 0"),
        ("result 100", result("100"), "OperationResult 100"),
        ("result 101", result("\"101\""), "OperationResult 101"),
        ("result 103", result("103"), "OperationResult 103"),
    ]
}

fn faults_of_the_transport() -> Vec<Fault> {
    let short = bytes("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{");
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let endless_head = Reply::Forever("HTTP/1.1 200 OK\r\n", vec![b'a'; 4096]);
    let endless_body = Reply::Forever("HTTP/1.1 200 OK\r\n\r\n", vec![b' '; 4096]);
    let endless_chunks = Reply::Forever(chunks, b"4\r\n    \r\n".repeat(512));
    vec![
        ("closed at once", bytes(""), "closed"),
        ("closed in the head", bytes("HTTP/1.1 200 OK\r\nConte"), "closed"),
        ("closed in the body", short, "response body"),
        ("closed in a chunk", bytes(&format!("{chunks}9\r\n{{")), "response body"),
        ("bad chunk", bytes(&format!("{chunks}zz\r\n")), "response body"),
        ("not HTTP", bytes("SSH-2.0-OpenSSH_9.2\r\n\r\n"), "invalid HTTP"),
        ("status not a number", bytes("HTTP/1.1 abc OK\r\n\r\n"), "status"),
        ("endless head", endless_head, "head is too large"),
        ("a megabyte", json(vec![b' '; 1 << 20]), "body of more than"),
        ("endless body", endless_body, "body of more than"),
        ("endless chunks", endless_chunks, "body of more than"),
    ]
}

fn unusable_bodies() -> Vec<Fault> {
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xe6, 0x02, 0, 0x43, 0xbf];
    let gzip = reply("200 OK", "Content-Encoding: gzip\r\n", gzip);
    let entity = "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>";
    vec![
        ("empty", json(""), "unreadable JSON"),
        ("cut off", json(&NUMBER[..40]), "unreadable JSON"),
        ("no members", json("{}"), "nothing of application"),
        ("no number", json(r#"{"ap2015":{"OperationResult":1}}"#), "no MSISDN"),
        ("garbage for a number", json(NUMBER.replace("+34", "tel:")), "E.164"),
        ("broken XML", json("<wap-provisioningdoc>"), "unreadable XML"),
        ("a web page", json("<html><body/></html>"), "nothing of application"),
        ("document type", json(entity), "unreadable XML"),
        ("gzip nobody asked for", gzip, "not UTF-8"),
        ("no UTF-8", json(b"{\"ap2015\":\"\xff\"}"), "not UTF-8"),
    ]
}

/// Answers that repeat the token wherever one can be put.
fn echoes() -> Vec<Fault> {
    let echo = |text: &str| json(text.replace("TOKEN", TOKEN));
    let redirect = format!("Location: /?operator_token={TOKEN}\r\n");
    let number = r#"{"ap2015":{"OperationResult":1,"MSISDN":"TOKEN"}}"#;
    let result = r#"{"ap2015":{"OperationResult":"TOKEN"}}"#;
    vec![
        ("redirect", reply("302 Found", &redirect, ""), "status 302"),
        ("reason", reply(&format!("500 {TOKEN}"), "", TOKEN), "status 500"),
        ("body", echo("TOKEN"), "unreadable JSON"),
        ("application", echo(r#"{"ap2015":"TOKEN"}"#), "unreadable JSON"),
        ("result", echo(result), "no readable OperationResult"),
        ("number", echo(number), "E.164"),
        ("member", echo(r#"{"TOKEN":{}}"#), "nothing of application"),
        ("element", json("<S3cr3t></Operat0r>"), "unreadable XML"),
        ("entity", json("<a>&S3cr3t;</a>"), "unreadable XML"),
        ("prefix", json("<S3cr3t:a/>"), "unreadable XML"),
        ("header", reply("200 OK", &format!("{TOKEN}: x\r\n"), ""), "invalid HTTP"),
        ("protocol", bytes(&format!("{TOKEN}\r\n\r\n")), "invalid HTTP"),
    ]
}

fn delays() -> Vec<Fault> {
    let head = Reply::Drip("HTTP/1.1 200 OK\r\nX: ", vec![b'a']);
    let body = Reply::Drip("HTTP/1.1 200 OK\r\n\r\n", vec![b' ']);
    let hints = Reply::Drip("", b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec());
    vec![
        ("silence", Reply::Silence, "no answer within 30ms"),
        ("dripping head", head, "no answer within 30ms"),
        ("dripping body", body, "no answer within 30ms"),
        ("interim answers for ever", hints, "no answer within 30ms"),
    ]
}

fn with_access_token(config: Ts43Config) -> Ts43Config {
    Ts43Config { access_token: Some(AccessToken::from("S3cr3t.Acc3ss".to_owned())), ..config }
}

/// Asks, and checks that the outcome is a bad gateway for this cause that shows none of the tokens.
async fn assert_bad_gateway(name: &str, config: Ts43Config, part: &str) {
    let error = ask(with_access_token(config)).await.unwrap_err();
    assert!(matches!(&error, BadGateway(cause) if cause.contains(part)), "{name}: {error:?}");
    for text in [error.to_string(), format!("{error:?}")] {
        for secret in ["S3cr3t", "Operat0r", "Acc3ss"] {
            assert!(!text.contains(secret), "{name}: {text}");
        }
    }
}

/// Checks every fault, and that the server was not asked again.
async fn assert_bad_gateways(faults: Vec<Fault>) {
    for (name, script, part) in faults {
        let stub = Stub::start(vec![script]).await;
        assert_bad_gateway(name, config(stub.url.clone(), AMPLE), part).await;
        assert_eq!(stub.requests().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_refusal_in_a_200_is_a_bad_gateway() {
    assert_bad_gateways(refusals()).await;
}

#[tokio::test]
async fn a_broken_transport_is_a_bad_gateway() {
    assert_bad_gateways(faults_of_the_transport()).await;
}

#[tokio::test]
async fn an_unusable_body_is_a_bad_gateway() {
    assert_bad_gateways(unusable_bodies()).await;
}

#[tokio::test]
async fn an_answer_that_repeats_the_token_does_not_get_it_into_the_error() {
    assert_bad_gateways(echoes()).await;
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_a_bad_gateway() {
    for (name, script, part) in delays() {
        let stub = Stub::start(vec![script]).await;
        assert_bad_gateway(name, config(stub.url.clone(), SCANT), part).await;
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_a_bad_gateway() {
    let plain = Stub::start(vec![bytes("HTTP/1.1 400 Bad Request\r\n\r\n")]).await;
    let no_tls = plain.url.as_str().replace("http:", "https:");
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    for (name, url, part) in [("nobody listens", closed, "Connection refused"), ("no TLS", no_tls, "corrupt message")] {
        assert_bad_gateway(name, config(url.parse().unwrap(), AMPLE), part).await;
    }
}
