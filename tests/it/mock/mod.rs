//! What a mock has besides the two APIs.

mod faults;
mod journal;
mod prefer;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::App;

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
