//! A server on loopback that answers by a script, well or badly, and remembers what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// What the stub does once it has read a request.
#[derive(Clone)]
pub(super) enum Reply {
    /// Writes these bytes and closes.
    Bytes(Vec<u8>),
    /// Keeps the connection open and says nothing.
    Silence,
    /// Writes these bytes, then the piece again and again until the client goes.
    Forever(&'static str, Vec<u8>),
    /// As `Forever`, with a pause before every piece.
    Drip(&'static str, Vec<u8>),
}

/// A whole answer: status line and headers as given, a fitting `Content-Length`, the body.
pub(super) fn reply(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Reply {
    let body = body.as_ref();
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    Reply::Bytes([head.as_bytes(), body].concat())
}

pub(super) struct Stub {
    pub(super) url: Url,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    /// Answers the first request with the first reply and so on; the last one is for all the rest.
    pub(super) async fn start(script: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let head = read_head(&mut stream).await;
                let turn = {
                    let mut seen = seen.lock().unwrap();
                    seen.push(head);
                    seen.len() - 1
                };
                let reply = script.get(turn).or(script.last()).unwrap().clone();
                tokio::spawn(answer(stream, reply));
            }
        });
        Self { url: url.parse().unwrap(), requests }
    }

    /// The heads of the requests so far.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Up to the empty line, or as much as there is (a TLS greeting has none).
async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") && !head.starts_with(&[0x16]) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(count) => head.extend_from_slice(&buffer[..count]),
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

async fn answer(mut stream: TcpStream, reply: Reply) {
    // The client may go at any time: that is what many tests are about.
    match reply {
        Reply::Bytes(bytes) => {
            let _gone = stream.write_all(&bytes).await;
            let _gone = stream.shutdown().await;
        }
        Reply::Silence => {}
        Reply::Forever(head, piece) => repeat(&mut stream, head, &piece, None).await,
        Reply::Drip(head, piece) => {
            repeat(&mut stream, head, &piece, Some(Duration::from_millis(5))).await;
        }
    }
    // Reading to the end keeps the connection open until the client closes it.
    let _gone = stream.read_to_end(&mut Vec::new()).await;
}

async fn repeat(stream: &mut TcpStream, head: &str, piece: &[u8], pause: Option<Duration>) {
    let mut next = head.as_bytes();
    while stream.write_all(next).await.is_ok() {
        if let Some(pause) = pause {
            sleep(pause).await;
        }
        next = piece;
    }
}
