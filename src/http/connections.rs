//! Serving connections: bounded in number, in what a client may send before it is heard, and in how long it may take; ended in good order.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::impatient::Impatient;
use super::refusals::Enveloping;
use super::tls::Tls;

/// How long to wait when no connection can be accepted: too many files are open, and some will close.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What connections may cost.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How many there may be; others wait to be accepted.
    pub most: usize,
    /// Bytes that a request's line and headers may have, 8192 at least.
    pub head: usize,
    /// How long a client may take to send a request's line and headers, stay without a request, take in nothing of an answer, or shake hands.
    pub patience: Duration,
    /// How long what is in flight may take once the server was told to stop.
    pub drain: Duration,
}

/// Accepts connections until `stop` completes; then answers what is in flight.
pub async fn serve(listener: TcpListener, tls: Option<Arc<Tls>>, router: Router, stop: impl Future<Output = ()>, bounds: Bounds) {
    let connections = GracefulShutdown::new();
    let host = Host { tls, router, bounds };
    tokio::select! {
        never = accept(&listener, &host, &connections) => match never {},
        () = stop => {}
    }
    drop(listener);
    tracing::info!("stopping: no new connections, what is in flight is answered");
    if timeout(bounds.drain, connections.shutdown()).await.is_err() {
        tracing::warn!("some requests were still in flight when the time to answer them had passed");
    }
}

async fn accept(listener: &TcpListener, host: &Host, connections: &GracefulShutdown) -> Infallible {
    let places = Arc::new(Semaphore::new(host.bounds.most));
    loop {
        // It is never closed, so there always is a permit in the end.
        let place = places.clone().acquire_owned().await.ok();
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(host.clone().receive(stream, connections.watcher(), place))),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// What a connection is served with.
#[derive(Clone)]
struct Host {
    tls: Option<Arc<Tls>>,
    router: Router,
    bounds: Bounds,
}

impl Host {
    /// Serves a connection, which has a place until it ends.
    async fn receive(self, stream: TcpStream, watcher: Watcher, _place: Option<OwnedSemaphorePermit>) {
        // Small answers, each of which its client waits for: an error costs speed alone.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else { return self.converse(stream, watcher).await };
        match timeout(self.bounds.patience, tls.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => self.converse(stream, watcher).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn converse(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, watcher: Watcher) {
        let stream = TokioIo::new(Enveloping::new(Impatient::new(stream, self.bounds.patience)));
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(self.bounds.patience).max_buf_size(self.bounds.head);
        let connection = builder.serve_connection(stream, TowerToHyperService::new(self.router));
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}
