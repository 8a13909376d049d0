//! The control plane, and what it does to the two APIs.

mod agenda;
mod clock;
mod donors;
mod export;
mod faults;
mod journal;
mod operator_tokens;
mod permissions;
mod port_outs;
mod prefer;
mod reference;
mod sandboxes;
mod seeds;
mod steps;
mod ts43;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::App;

/// A request of masmovil (005) for one number.
pub fn port_in(number: &str, contract: &str) -> Value {
    let bound = json!({"msisdn": {"country_code": "34", "number": number}});
    json!({
        "access_type": "INDIVIDUAL",
        "contract_code": format!("005{contract:0>8}"),
        "msisdn_ranges": [{"initial_range": bound, "end_range": bound}],
        "nrn_receptor": "741111"
    })
}

/// A server, as seen from one of its sandboxes.
pub struct Inside<'a> {
    pub app: &'a App,
    pub sandbox: &'a str,
}

impl Inside<'_> {
    pub async fn get(&self, path: &str) -> Value {
        self.app.get(path).header("X-Sandbox", self.sandbox).await.is(200).json()
    }

    /// Requests a number for masmovil; the portability.
    pub async fn request(&self, number: &str, contract: &str) -> Value {
        let call = self.app.post("/v1/orgs/masmovil/portabilities", &port_in(number, contract)).header("X-Sandbox", self.sandbox);
        call.await.is(201).json()[0].take()
    }

    /// The newest portability of a number that masmovil sees.
    pub async fn last(&self, number: &str) -> Value {
        self.get(&format!("/v1/orgs/masmovil/portabilities/msisdn/{number}/last")).await.get(0).cloned().unwrap_or_default()
    }

    /// State and cause of the newest portability of a number that masmovil sees.
    pub async fn state(&self, number: &str) -> (String, Option<String>) {
        let last = self.last(number).await;
        (last["state"].as_str().unwrap().to_owned(), last["cause_status"].as_str().map(str::to_owned))
    }

    /// The history of the newest portability of a number: message type and date of each event.
    pub async fn history(&self, number: &str) -> Vec<(String, String)> {
        let id = self.last(number).await["id"].as_str().unwrap().to_owned();
        let detail = self.get(&format!("/v1/orgs/masmovil/portabilities/id/{id}")).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let events = detail["portability_events"]["history"].as_array().unwrap();
        events.iter().map(|event| (text(&event["message_type"]), text(&event["event_date"]))).collect()
    }

    pub async fn clock(&self, change: Value) -> Value {
        self.app.put("/_mock/clock", &change).header("X-Sandbox", self.sandbox).await.is(200).json()
    }

    pub async fn post(&self, path: &str) -> Value {
        self.app.call(reqwest::Method::POST, path).header("X-Sandbox", self.sandbox).await.is(200).json()
    }
}

/// A server, as seen without naming a sandbox.
pub fn outside(app: &App) -> Inside<'_> {
    Inside { app, sandbox: "default" }
}

/// The events of a list, as [`Inside::history`] gives them.
pub fn events(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(kind, at)| ((*kind).to_owned(), (*at).to_owned())).collect()
}

/// Sends a request by hand and reads until the server closes the connection: everything that came, status line and headers included.
async fn raw(app: &App, method: &str, path: &str, body: Option<&Value>) -> String {
    let address = app.url.trim_start_matches("http://");
    let mut connection = TcpStream::connect(address).await.unwrap();
    let (token, body) = (app.token(&["*"], "api:everything"), body.map(Value::to_string).unwrap_or_default());
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all((head + &body).as_bytes()).await.unwrap();
    let mut came = Vec::new();
    // A connection that is closed with a reset has nothing more to read either.
    let _ = connection.read_to_end(&mut came).await;
    String::from_utf8(came).unwrap()
}
