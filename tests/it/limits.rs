//! What callers may cost: requests in flight, requests a second, connections, and patience with slow ones.

use std::time::Duration;

use portero::clock::Clock as _;
use portero::error::Kind;
use reqwest::Method;
use serde_json::json;
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::database::with_database;
use crate::support::tokens::{claims, hs256};
use crate::support::{Answer, App, Database, Engine, both_databases, contract};

const NUMBER: &str = "/v2/orgs/masmovil/msisdns/644555666";

async fn connect(app: &App) -> TcpStream {
    TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap()
}

/// A request whose body is still to come: the server has begun to answer it, for it has asked for the body.
async fn begun(app: &App, body: &str) -> TcpStream {
    let mut connection = connect(app).await;
    let token = app.token(&["*"], "api:everything");
    let length = body.len();
    let head = format!(
        "POST {NUMBER} HTTP/1.1\r\nHost: portero\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    connection.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    connection
}

/// What comes until the connection ends, in good order or not.
async fn rest(mut connection: TcpStream) -> String {
    let mut text = Vec::new();
    let mut piece = [0; 8192];
    while let Ok(count @ 1..) = connection.read(&mut piece).await {
        text.extend_from_slice(&piece[..count]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Requires a whole answer with the envelope.
#[track_caller]
fn refused(answer: &str, kind: Kind, component_msg: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
    let mut lines = head.lines();
    assert!(lines.next().unwrap().starts_with(&format!("HTTP/1.1 {} ", kind.status())), "{answer}");
    let headers =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let answer = Answer { status: kind.status(), headers, body: body.to_owned() };
    contract::check(&Method::GET, "/", &answer);
    assert_eq!(answer.header("content-length"), body.len().to_string());
    answer.fails(kind, component_msg);
}

both_databases! {
    async fn more_in_flight_than_may_be(database: Database) {
        let app = App::serve(&database, &["--max-concurrency", "1"]).await;
        let body = r#"{"imsi": "214049000001111"}"#;
        let mut first = begun(&app, body).await;
        for call in [app.get("/v2/msisdns/666777888"), app.get("/docs/"), app.get("/nowhere")] {
            let answer = call.await;
            answer.fails(Kind::Unavailable, "Service unavailable, please try again later");
            assert_eq!(answer.header("retry-after"), "1");
        }
        // Whoever looks after the server learns of it.
        app.get("/health/live").await.is(200);
        app.get("/health/ready").await.is(200);
        let metrics = app.get("/metrics").await.is(200).body;
        assert!(metrics.contains("portero_http_requests_shed_total 3\n") && metrics.contains("portero_http_requests_in_flight 2\n"), "{metrics}");
        first.write_all(body.as_bytes()).await.unwrap();
        assert!(rest(first).await.starts_with("HTTP/1.1 201 "));
        app.get("/v2/msisdns/666777888").await.is(200);
    }

    async fn a_caller_that_asks_too_often(database: Database) {
        let app = App::serve(&database, &["--rate-limit", "2"]).await;
        let token = |subject: &str| {
            let mut claims = claims(&["*"], "api:everything", app.real_time.now());
            claims["sub"] = json!(subject);
            hs256(&claims)
        };
        let (one, other) = (token("one"), token("other"));
        let ask = async |token: &str| app.get("/v2/msisdns/666777888").token(token).await;
        for _ in 0..2 {
            ask(&one).await.is(200);
        }
        let refused = ask(&one).await;
        refused.fails(Kind::RateLimited, "the token asks more often than it may");
        assert_eq!(refused.header("retry-after"), "1");
        // Another token of the same caller does not help; another caller is not hindered.
        let mut renewed = claims(&["masmovil"], "msisdns:read", app.real_time.now());
        renewed["sub"] = json!("one");
        ask(&hs256(&renewed)).await.is(429);
        ask(&other).await.is(200);
        app.get("/health/ready").await.is(200);
        assert!(app.get("/metrics").await.body.contains("portero_http_requests_rate_limited_total 2\n"));
        app.real_time.advance(1);
        ask(&one).await.is(200);
    }

    async fn any_number_of_requests_by_default(app: App) {
        for _ in 0..50 {
            app.get("/v2/msisdns/1").await.is(400);
        }
    }

    /// A request that never comes, and one whose caller says nothing after the answer.
    async fn connections_without_a_request(database: Database) {
        let app = App::changed(&database, &[], |server| server.bounds.patience = Duration::from_millis(50)).await;
        for beginning in ["", "GET /health/live HT", "GET /health/live HTTP/1.1\r\nHost: portero\r\nX-Slow: "] {
            let mut connection = connect(&app).await;
            connection.write_all(beginning.as_bytes()).await.unwrap();
            assert_eq!(rest(connection).await, "", "{beginning}");
        }
        let mut connection = connect(&app).await;
        connection.write_all(b"GET /health/live HTTP/1.1\r\nHost: portero\r\n\r\n").await.unwrap();
        assert!(rest(connection).await.starts_with("HTTP/1.1 200 "));
    }

    /// There is one place for a connection, and who asks for much and reads nothing does not keep it.
    async fn a_client_that_does_not_read(database: Database) {
        let app = App::changed(&database, &[], |server| {
            server.bounds.most = 1;
            server.bounds.patience = Duration::from_millis(200);
        }).await;
        let mut greedy = connect(&app).await;
        let request = "GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: portero\r\n\r\n".repeat(20);
        greedy.write_all(request.as_bytes()).await.unwrap();
        app.get("/health/live").await.is(200);
        let read = rest(greedy).await.len();
        assert!(read < 20_000_000, "{read}");
    }

    async fn more_connections_than_may_be(database: Database) {
        let app = App::changed(&database, &[], |server| server.bounds.most = 1).await;
        let mut first = connect(&app).await;
        first.write_all(b"GET /health/live HTTP/1.1\r\nHost: portero\r\n\r\n").await.unwrap();
        let mut answer = [0; 12];
        first.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        let second = tokio::spawn(app.get("/health/live").into_future());
        first.write_all(b"GET /health/live HTTP/1.1\r\nHost: portero\r\nConnection: close\r\n\r\n").await.unwrap();
        assert!(!second.is_finished());
        rest(first).await;
        second.await.unwrap().is(200);
    }

    async fn a_long_head(database: Database) {
        let app = App::serve(&database, &["--max-head-bytes", "8192"]).await;
        app.get("/v2/msisdns/666777888").header("x-long", &"x".repeat(4000)).await.is(200);
        let mut connection = connect(&app).await;
        let head = format!("GET /health/live HTTP/1.1\r\nHost: portero\r\nX-Long: {}\r\n\r\n", "x".repeat(9000));
        connection.write_all(head.as_bytes()).await.unwrap();
        let answer = rest(connection).await;
        refused(&answer, Kind::HeadTooLarge, "the request's line and headers have more bytes than allowed");
    }

    /// What the parser refuses has the envelope too.
    async fn what_is_not_http(app: App) {
        for nonsense in ["nonsense\r\n\r\n", "GET /health/live HTTP/3.0\r\n\r\n", "GET /a b HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHo st: x\r\n\r\n"] {
            let mut connection = connect(&app).await;
            connection.write_all(nonsense.as_bytes()).await.unwrap();
            refused(&rest(connection).await, Kind::BadRequest, "the request is not HTTP/1.1");
        }
        app.get("/health/live").await.is(200);
    }
}

/// A statement that waits for another transaction is given up, and its connection goes on to serve.
#[tokio::test]
async fn a_slow_statement() {
    with_database(Engine::Postgres, async |database: Database| {
        let app = App::serve(&database, &["--pool-size", "1", "--statement-timeout", "100", "--worker", "false"]).await;
        app.get("/v2/msisdns/666777888").await.is(200);
        let mut other = PgConnection::connect(&database.url).await.unwrap();
        sqlx::raw_sql("BEGIN; LOCK TABLE msisdns IN ACCESS EXCLUSIVE MODE").execute(&mut other).await.unwrap();
        for call in [app.get("/v2/msisdns/666777888"), app.call(Method::DELETE, "/v2/orgs/masmovil/msisdns/666777888")] {
            let answer = call.await;
            answer.fails(Kind::Unavailable, "Service unavailable, please try again later");
            assert_eq!(answer.header("retry-after"), "1");
        }
        sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
        app.get("/v2/msisdns/666777888").await.is(200);
        other.close().await.unwrap();
    })
    .await;
}

/// Bringing the schema up to date may take longer than a request may make the database work: here it waits for somebody's transaction.
#[tokio::test]
async fn a_migration_has_its_time() {
    with_database(Engine::Postgres, async |database: Database| {
        let app = App::serve(&database, &["--pool-size", "1", "--statement-timeout", "200", "--worker", "false"]).await;
        let mut other = PgConnection::connect(&database.url).await.unwrap();
        sqlx::raw_sql("BEGIN; LOCK TABLE _sqlx_migrations IN ACCESS EXCLUSIVE MODE").execute(&mut other).await.unwrap();
        let slow = sqlx::raw_sql("SELECT pg_sleep(0.4); COMMIT").execute(&mut other);
        let (migrated, committed) = tokio::join!(app.store.migrate(), slow);
        committed.unwrap();
        migrated.unwrap();
        // From then on the limit holds again.
        sqlx::raw_sql("BEGIN; LOCK TABLE msisdns IN ACCESS EXCLUSIVE MODE").execute(&mut other).await.unwrap();
        app.get("/v2/msisdns/666777888").await.fails_with(Kind::Unavailable);
        other.close().await.unwrap();
    })
    .await;
}
