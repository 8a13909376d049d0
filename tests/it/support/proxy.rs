//! A proxy between the server and Postgres that counts what is asked, and can be cut like a cable, be slow, go silent, and lead elsewhere.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
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
    target: Mutex<String>,
    cut: AtomicBool,
    /// How long each piece of what is said is held back, in milliseconds.
    delay: AtomicU64,
    /// How many connections have been made.
    made: AtomicUsize,
    /// How many of them, the first ones, are silent.
    silent: AtomicUsize,
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
        let shared = Arc::new(Shared { target: Mutex::new(target), ..Shared::default() });
        tokio::spawn(accept(listener, shared.clone()));
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

    /// Holds back each piece of what either side says from now on.
    pub fn delay(&self, delay: Duration) {
        self.shared.delay.store(delay.as_millis().try_into().unwrap(), Ordering::SeqCst);
    }

    /// Lets nothing through any more on the connections that there are, and does not end them either: like a host that has lost its power.
    pub fn silence(&self) {
        self.shared.silent.store(self.shared.made.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Leads new connections to this address.
    pub fn lead_to(&self, address: &str) {
        address.clone_into(&mut self.shared.target.lock().unwrap());
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        if shared.cut.load(Ordering::SeqCst) {
            continue;
        }
        let connection = tokio::spawn(connect(client, shared.clone()));
        shared.connections.lock().unwrap().push(connection.abort_handle());
    }
}

async fn connect(client: TcpStream, shared: Arc<Shared>) {
    let target = shared.target.lock().unwrap().clone();
    // Where nobody listens, the client finds its connection closed.
    let Ok(server) = TcpStream::connect(target).await else { return };
    let number = shared.made.fetch_add(1, Ordering::SeqCst);
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut messages = Messages::default();
    let asking = pass(from_client, to_server, &shared, number, |piece| {
        shared.round_trips.fetch_add(messages.round_trips(piece), Ordering::SeqCst);
    });
    tokio::select! {
        () = asking => {}
        () = pass(from_server, to_client, &shared, number, |_| {}) => {}
    }
}

/// Passes on what one side says, until one of them has gone.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, shared: &Shared, number: usize, mut seen: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 8192];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        seen(&buffer[..count]);
        let delay = shared.delay.load(Ordering::SeqCst);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        if number < shared.silent.load(Ordering::SeqCst) {
            pending::<()>().await;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            break;
        }
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
