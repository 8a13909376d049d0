//! The envelope on what the HTTP parser refuses.
//!
//! The parser answers by itself what it cannot read, before there is a request, with a head of its own making and no body. On its way out that head
//! is recognised, to the last byte of what it always is, and an answer with the envelope takes its place.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::observe;
use crate::error::{Error, Kind};

/// How the parser's own answers begin, and what they mean. No answer of a handler begins so: it has an `X-Request-Id` before its length.
const REFUSALS: [(&[u8], Kind, &str); 3] = [
    (b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n", Kind::BadRequest, "the request is not HTTP/1.1"),
    (
        b"HTTP/1.1 414 URI Too Long\r\nconnection: close\r\ncontent-length: 0\r\n",
        Kind::HeadTooLarge,
        "the request's line and headers have more bytes than allowed",
    ),
    (
        b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n",
        Kind::HeadTooLarge,
        "the request's line and headers have more bytes than allowed",
    ),
];

/// A stream on which the parser's own answers become ours.
pub struct Enveloping<IO> {
    io: IO,
    /// What is being sent in place of what the parser wrote, and how much of it has been sent.
    replacement: Option<(Vec<u8>, usize)>,
}

impl<IO> Enveloping<IO> {
    /// Around a stream.
    pub fn new(io: IO) -> Self {
        Self { io, replacement: None }
    }
}

/// The answer in place of what is about to be written, if that is the parser's own.
fn replacement(written: &[u8]) -> Option<Vec<u8>> {
    let (_, kind, detail) = REFUSALS.iter().find(|(head, ..)| written.starts_with(head))?;
    Some(observe::refusal(Error::new(*kind, *detail)))
}

impl<IO: AsyncWrite + Unpin> Enveloping<IO> {
    /// Sends the replacement to its end, if there is one; whether there was.
    fn poll_replacement(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let Some((answer, sent)) = &mut self.replacement else { return Poll::Ready(Ok(false)) };
        while let Some(rest) = answer.get(*sent..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.io).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => *sent += count,
            }
        }
        self.replacement = None;
        Poll::Ready(Ok(true))
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for Enveloping<IO> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Enveloping<IO> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(buffer)])
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if self.replacement.is_none() {
            self.replacement = buffers.first().and_then(|first| replacement(first)).map(|answer| (answer, 0));
        }
        if ready!(self.poll_replacement(context))? {
            return Poll::Ready(Ok(buffers.iter().map(|buffer| buffer.len()).sum()));
        }
        Pin::new(&mut self.io).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
