//! Answers that break off.
//!
//! A body that fails makes the HTTP/1 connection end at once, without what was not sent yet: a body that fails before its first byte takes
//! the status line and the headers with it, and the caller sees a connection that was closed without an answer. Over HTTP/2 the stream is
//! reset instead, for the connection has other streams.

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
pub fn cut(mut head: Parts, body: &Bytes, cut: Cut) -> Response {
    let sent = if cut == Cut(Drop::Midway) { body.slice(..body.len() / 2) } else { Bytes::new() };
    let failure = || Err(io::Error::new(io::ErrorKind::ConnectionAborted, "a fault closes the connection"));
    let pieces = if sent.is_empty() { vec![failure()] } else { vec![Ok(sent), failure()] };
    // Between the pieces the server gets its turn to send what it has.
    let pieces = stream::iter(pieces.into_iter().enumerate()).then(|(place, piece)| async move {
        if place > 0 {
            tokio::task::yield_now().await;
        }
        piece
    });
    // The announced length is that of the whole answer, so that the caller knows it has not got it.
    head.headers.insert(header::CONTENT_LENGTH, body.len().into());
    Response::from_parts(head, Body::from_stream(pieces))
}
