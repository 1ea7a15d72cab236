//! The end of a connection whose client may still be sending. Closing at once would have the system answer the
//! bytes on their way with a reset, and a reset takes our answer with it before the client has read it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::Sleep;

/// Longest time in which what still comes is taken in.
const TIME_MAX: Duration = Duration::from_secs(5);

/// Most bytes of it.
const BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes taken in at a time.
const PART_BYTES: usize = 16 * 1024;

/// Takes in and throws away what a client sends until it closes, or is at it for too long.
pub(super) struct Linger {
    timer: Pin<Box<Sleep>>,
    bytes: usize,
}

impl Linger {
    pub(super) fn new() -> Self {
        Self {
            timer: Box::pin(tokio::time::sleep(TIME_MAX)),
            bytes: 0,
        }
    }

    /// Ready when there is nothing left to wait for.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, from: &mut (impl AsyncRead + Unpin)) -> Poll<()> {
        let mut part = [0; PART_BYTES];
        while self.timer.as_mut().poll(cx).is_pending() && self.bytes < BYTES_MAX {
            let mut buffer = ReadBuf::new(&mut part);
            let read = ready!(Pin::new(&mut *from).poll_read(cx, &mut buffer));
            match (read, buffer.filled().len()) {
                (Err(_), _) | (Ok(()), 0) => break,
                (Ok(()), count) => self.bytes += count,
            }
        }
        Poll::Ready(())
    }
}
