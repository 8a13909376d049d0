//! A proxy between the server and Postgres that counts what is asked, and can be cut like a cable.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use super::Database;

/// A TCP proxy in front of a Postgres database.
pub struct Proxy {
    /// The database's URL through the proxy.
    pub url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    cut: AtomicBool,
    connections: Mutex<Vec<AbortHandle>>,
    round_trips: AtomicUsize,
}

impl Proxy {
    /// Listens in front of a database.
    pub async fn before(database: &Database) -> Self {
        let mut url: Url = database.url.parse().unwrap();
        let target = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        // What is counted must not be encrypted.
        url.query_pairs_mut().append_pair("sslmode", "disable");
        let shared = Arc::new(Shared::default());
        tokio::spawn(accept(listener, target, shared.clone()));
        Self { url: url.into(), shared }
    }

    /// How often a client has asked something and waited for the answer so far. A `Sync` by itself asks nothing: by it the pool checks a
    /// connection that it gets back, when the caller has had its answer already.
    pub fn round_trips(&self) -> usize {
        self.shared.round_trips.load(Ordering::SeqCst)
    }

    /// Breaks every connection, and each one that is tried from now on.
    pub fn cut(&self) {
        self.shared.cut.store(true, Ordering::SeqCst);
        for connection in self.shared.connections.lock().unwrap().drain(..) {
            connection.abort();
        }
    }

    /// Undoes [`Proxy::cut`] for new connections.
    pub fn mend(&self) {
        self.shared.cut.store(false, Ordering::SeqCst);
    }
}

async fn accept(listener: TcpListener, target: String, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        if shared.cut.load(Ordering::SeqCst) {
            continue;
        }
        let connection = tokio::spawn(connect(client, target.clone(), shared.clone()));
        shared.connections.lock().unwrap().push(connection.abort_handle());
    }
}

async fn connect(client: TcpStream, target: String, shared: Arc<Shared>) {
    let server = TcpStream::connect(target).await.unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let asking = async {
        let mut messages = Messages::default();
        let mut buffer = vec![0; 8192];
        while let Ok(count @ 1..) = from_client.read(&mut buffer).await {
            let asked = messages.round_trips(&buffer[..count]);
            shared.round_trips.fetch_add(asked, Ordering::SeqCst);
            if to_server.write_all(&buffer[..count]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = asking => {}
        _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
    }
}

/// The messages of a client, which arrive in pieces: a type byte (but for the first message) and a length that counts itself.
#[derive(Default)]
struct Messages {
    unread: Vec<u8>,
    started: bool,
    asking: bool,
}

impl Messages {
    fn round_trips(&mut self, piece: &[u8]) -> usize {
        self.unread.extend_from_slice(piece);
        let mut asked = 0;
        loop {
            let head = usize::from(self.started);
            let Some(length) = self.unread.get(head..head + 4) else { return asked };
            let length = head + u32::from_be_bytes(length.try_into().unwrap()) as usize;
            if self.unread.len() < length {
                return asked;
            }
            match self.unread[0] {
                _ if !self.started => {}
                b'Q' => asked += 1,
                b'S' => asked += usize::from(std::mem::take(&mut self.asking)),
                _ => self.asking = true,
            }
            self.unread.drain(..length);
            self.started = true;
        }
    }
}
