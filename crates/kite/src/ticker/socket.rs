//! A WebSocket over whatever connection the server hands over: bytes in and out, and waiting.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBuf, Write};
use torana_runtime::BoxFuture;

use super::frames::{self, CloseCode, Decoder, Message};

/// Bytes that are read at a time.
const READ_BYTES: usize = 8 * 1024;
/// Bytes that may wait for a client that does not read.
const WAITING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What happens next on a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum Happening {
    /// The client said something.
    Message(Message),
    /// The time is over.
    Time,
    /// The client is gone.
    Gone,
    /// The client broke the rules, and is to be told so.
    Broken(CloseCode),
}

/// One connection.
pub struct Socket<S> {
    stream: S,
    decoder: Decoder,
    /// What is not sent yet.
    waiting: Vec<u8>,
}

impl<S: Read + Write + Unpin> Socket<S> {
    /// A connection that has become a WebSocket.
    #[must_use]
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            decoder: Decoder::default(),
            waiting: Vec::new(),
        }
    }

    /// Sends text, as soon as the client reads.
    pub fn text(&mut self, text: &str) {
        frames::push_text(&mut self.waiting, text);
    }

    /// Sends bytes, as soon as the client reads.
    pub fn binary(&mut self, bytes: &[u8]) {
        frames::push_binary(&mut self.waiting, bytes);
    }

    /// Answers a ping.
    pub fn pong(&mut self, bytes: &[u8]) {
        frames::push_pong(&mut self.waiting, bytes);
    }

    /// Whether the client has read everything.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Sends what waits and reads, until something happens or `time` is over.
    pub async fn next(&mut self, time: &mut BoxFuture<'_, ()>) -> Happening {
        poll_fn(|cx| {
            match self.decoder.next() {
                Ok(Some(message)) => return Poll::Ready(Happening::Message(message)),
                Err(code) => return Poll::Ready(Happening::Broken(code)),
                Ok(None) => {}
            }
            if self.waiting.len() > WAITING_BYTES_MAX {
                return Poll::Ready(Happening::Broken(CloseCode::Policy));
            }
            if let Poll::Ready(Err(_)) = self.poll_send(cx) {
                return Poll::Ready(Happening::Gone);
            }
            if let Poll::Ready(happening) = self.poll_read(cx) {
                return Poll::Ready(happening);
            }
            time.as_mut().poll(cx).map(|()| Happening::Time)
        })
        .await
    }

    /// Sends the last frame and what waits before it, at most until `time` is over.
    pub async fn close(mut self, code: CloseCode, mut time: BoxFuture<'_, ()>) {
        frames::push_close(&mut self.waiting, code);
        poll_fn(|cx| match self.poll_send(cx) {
            Poll::Ready(Ok(())) => Pin::new(&mut self.stream).poll_shutdown(cx).map(drop),
            Poll::Ready(Err(_)) => Poll::Ready(()),
            Poll::Pending => time.as_mut().poll(cx),
        })
        .await;
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Happening> {
        loop {
            let mut bytes = [0; READ_BYTES];
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = Pin::new(&mut self.stream).poll_read(cx, buffer.unfilled());
            match read {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(Happening::Gone),
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => return Poll::Ready(Happening::Gone),
                Poll::Ready(Ok(())) => self.decoder.feed(buffer.filled()),
            }
            match self.decoder.next() {
                Ok(Some(message)) => return Poll::Ready(Happening::Message(message)),
                Err(code) => return Poll::Ready(Happening::Broken(code)),
                Ok(None) => {}
            }
        }
    }

    /// Ready when nothing waits any more.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let mut sent = 0;
        let result = loop {
            let rest = self.waiting.get(sent..).unwrap_or_default();
            if rest.is_empty() {
                break Pin::new(&mut self.stream).poll_flush(cx);
            }
            match Pin::new(&mut self.stream).poll_write(cx, rest) {
                Poll::Ready(Ok(0)) => break Poll::Ready(Err(std::io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => sent += written,
                Poll::Ready(Err(error)) => break Poll::Ready(Err(error)),
                Poll::Pending => break Poll::Pending,
            }
        };
        self.waiting.drain(..sent.min(self.waiting.len()));
        result
    }
}
