//! Answers that break off.
//!
//! A body that fails makes the HTTP/1 connection end at once, without what was not sent yet: a body that fails before its first byte takes
//! the status line and the headers with it, and the caller sees a connection that was closed without an answer.

use std::io;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::http::response::Parts;
use axum::response::Response;
use futures_util::{StreamExt, stream};

use super::rule::Drop;

/// On an answer: break it off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut(pub Drop);

/// The answer, broken off as wanted.
///
/// That of a `HEAD` request cannot be: it has no body that could fail.
pub fn cut(head: Parts, body: &Bytes, cut: Cut) -> Response {
    let failure = || Err(io::Error::new(io::ErrorKind::ConnectionAborted, "a fault closes the connection"));
    let sent = if cut == Cut(Drop::Midway) { body.slice(..body.len() / 2) } else { Bytes::new() };
    if sent.is_empty() {
        // A head that promises a body, so that the body comes to fail: that of 204 would be sent alone.
        return Response::new(Body::from_stream(stream::iter([failure()] as [io::Result<Bytes>; 1])));
    }
    // Between the pieces the server gets its turn to send what it has.
    let pieces = stream::iter([Ok(sent), failure()].into_iter().enumerate()).then(|(place, piece)| async move {
        if place > 0 {
            tokio::task::yield_now().await;
        }
        piece
    });
    let mut response = Response::from_parts(head, Body::from_stream(pieces));
    // The announced length is that of the whole answer, so that the caller knows it has not got it.
    response.headers_mut().insert(header::CONTENT_LENGTH, body.len().into());
    response
}
