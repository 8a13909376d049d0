//! The least that a server of the inventory over Postgres could do: axum and tokio-postgres, one prepared statement per request, pipelined.
//! No authentication, no rules, no log. LIMIT_DATABASE is the database, LIMIT_CONNECTIONS how many connections share the statements.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio_postgres::{Client, NoTls, Statement};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SELECT: &str = "SELECT m.org, m.belongs_to, m.status, m.checked_at, o.tenant_id, o.bit, o.tier,
        ARRAY(SELECT i.imsi FROM imsis i WHERE i.msisdn = m.msisdn ORDER BY i.slot) AS imsis
   FROM msisdns m JOIN orgs o ON o.name = m.org WHERE m.msisdn = $1";

const INSERT: &str =
    "INSERT INTO bench_numbers (msisdn, imsi, org, belongs_to, status, checked_at) VALUES ($1, $2, $3, 'mas-stack', 'OK', 0)
 ON CONFLICT (msisdn) DO NOTHING RETURNING checked_at";

struct Connection {
    client: Client,
    select: Statement,
    insert: Statement,
}

struct Database {
    connections: Vec<Connection>,
    turn: AtomicUsize,
}

impl Database {
    fn connection(&self) -> &Connection {
        &self.connections[self.turn.fetch_add(1, Ordering::Relaxed) % self.connections.len()]
    }
}

#[derive(Serialize)]
struct Number<'a> {
    msisdn: i64,
    org: &'a str,
    belongs_to: &'a str,
    status: &'a str,
    checked_at: i64,
    tenant: Tenant,
    imsis: Vec<&'a str>,
}

#[derive(Serialize)]
struct Tenant {
    tenant_id: i64,
    bit: i64,
    tier: i64,
}

#[derive(Deserialize)]
struct NewNumber {
    imsi: String,
}

#[derive(Serialize)]
struct Created {
    msisdn: i64,
    org: String,
    imsi: String,
    checked_at: i64,
}

async fn read(State(database): State<Arc<Database>>, Path(msisdn): Path<i64>) -> Response {
    let connection = database.connection();
    let row = connection.client.query_opt(&connection.select, &[&(34_000_000_000 + msisdn)]).await;
    let Some(row) = row.expect("Postgres answers") else { return StatusCode::NOT_FOUND.into_response() };
    let tenant = Tenant { tenant_id: row.get(4), bit: row.get(5), tier: row.get(6) };
    let number =
        Number { msisdn, org: row.get(0), belongs_to: row.get(1), status: row.get(2), checked_at: row.get(3), tenant, imsis: row.get(7) };
    Json(number).into_response()
}

async fn add(State(database): State<Arc<Database>>, Path((org, msisdn)): Path<(String, i64)>, Json(new): Json<NewNumber>) -> Response {
    let connection = database.connection();
    let row = connection.client.query_opt(&connection.insert, &[&(34_000_000_000 + msisdn), &new.imsi, &org]).await;
    let Some(row) = row.expect("Postgres answers") else { return StatusCode::CONFLICT.into_response() };
    let created = Created { msisdn, org, imsi: new.imsi, checked_at: row.get(0) };
    (StatusCode::CREATED, Json(created)).into_response()
}

async fn connect() -> Result<Connection, Box<dyn Error>> {
    let (client, io) = tokio_postgres::connect(&std::env::var("LIMIT_DATABASE")?, NoTls).await?;
    tokio::spawn(io);
    let (select, insert) = (client.prepare(SELECT).await?, client.prepare(INSERT).await?);
    Ok(Connection { client, select, insert })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut connections = Vec::new();
    for _ in 0..std::env::var("LIMIT_CONNECTIONS")?.parse()? {
        connections.push(connect().await?);
    }
    let database = Arc::new(Database { connections, turn: AtomicUsize::new(0) });
    let routes = Router::new()
        .route("/empty", get(async || ""))
        .route("/v2/msisdns/{msisdn}", get(read))
        .route("/v2/orgs/{org}/msisdns/{msisdn}", post(add))
        .with_state(database);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("limit listens on http://{}", listener.local_addr()?);
    axum::serve(listener.tap_io(|stream| drop(stream.set_nodelay(true))), routes).await?;
    Ok(())
}
