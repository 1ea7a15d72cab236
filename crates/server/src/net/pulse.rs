//! What a connection is doing, seen from its bytes: waiting, sending us a request's head, or being served.
//! It costs two stores per request where a timer per request would cost an allocation.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::net::Limits;
use crate::net::linger::Linger;

/// The highest two bits say what is going on, the rest since when, in milliseconds after `started`.
const WAITING: u64 = 0;
const HEAD: u64 = 1 << 62;
const SERVING: u64 = 2 << 62;
const CLOSING: u64 = 3 << 62;
const KIND: u64 = 3 << 62;

/// What a connection is doing and since when.
pub(super) struct Pulse {
    started: Instant,
    state: AtomicU64,
    has_unread_body: AtomicBool,
    is_reset: AtomicBool,
}

/// What the watcher should do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Look again after this time.
    LookAgain(Duration),
    /// The head of a request is too slow.
    SlowHead,
    /// Nothing came for too long.
    Idle,
}

impl Pulse {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            started: Instant::now(),
            state: AtomicU64::new(WAITING),
            has_unread_body: AtomicBool::new(false),
            is_reset: AtomicBool::new(false),
        })
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(0) & !KIND
    }

    fn bytes_came(&self) {
        if self.state.load(Ordering::Relaxed) & KIND == WAITING {
            self.state.store(HEAD | self.now_ms(), Ordering::Relaxed);
        }
    }

    /// The head is complete.
    pub(super) fn request_begins(&self) {
        self.state.store(SERVING | self.now_ms(), Ordering::Relaxed);
    }

    /// The answer is on its way.
    pub(super) fn request_ends(&self) {
        self.state.store(WAITING | self.now_ms(), Ordering::Relaxed);
    }

    /// The request was answered, but its body did not come to its end.
    pub(super) fn body_stays_unread(&self) {
        self.has_unread_body.store(true, Ordering::Relaxed);
    }

    /// The connection is to be reset when it is dropped, whatever its client has not read.
    pub(super) fn will_be_reset(&self) {
        self.is_reset.store(true, Ordering::Relaxed);
    }

    /// The connection ends from our side. Whether its client may be in the middle of a request.
    fn closes(&self) -> bool {
        let before = self.state.swap(CLOSING | self.now_ms(), Ordering::Relaxed);
        before & KIND == HEAD || self.has_unread_body.load(Ordering::Relaxed)
    }

    pub(super) fn verdict(&self, limits: &Limits) -> Verdict {
        self.verdict_at(self.now_ms(), limits)
    }

    fn verdict_at(&self, now_ms: u64, limits: &Limits) -> Verdict {
        let state = self.state.load(Ordering::Relaxed);
        let elapsed = Duration::from_millis(now_ms.saturating_sub(state & !KIND));
        // A head that begins just after a look must not get twice its time.
        let soon = limits.head_time_max / 4;
        match state & KIND {
            HEAD if elapsed >= limits.head_time_max => Verdict::SlowHead,
            HEAD => Verdict::LookAgain(limits.head_time_max - elapsed),
            WAITING if elapsed >= limits.idle_time_max => Verdict::Idle,
            WAITING => Verdict::LookAgain(soon.min(limits.idle_time_max - elapsed)),
            _ => Verdict::LookAgain(soon),
        }
    }
}

/// A socket that reports arriving bytes, and that closes so that its client can read the last answer.
pub(super) struct PulseStream {
    inner: TcpStream,
    pulse: Arc<Pulse>,
    end: End,
}

/// How far the closing has come.
enum End {
    Open,
    Closed { linger: Option<Linger> },
}

impl PulseStream {
    pub(super) fn new(inner: TcpStream, pulse: Arc<Pulse>) -> Self {
        Self {
            inner,
            pulse,
            end: End::Open,
        }
    }
}

impl AsyncRead for PulseStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let result = Pin::new(&mut this.inner).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            this.pulse.bytes_came();
        }
        result
    }
}

impl AsyncWrite for PulseStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        if matches!(this.end, End::Open) {
            ready!(Pin::new(&mut this.inner).poll_shutdown(cx))?;
            let linger = this.pulse.closes().then(Linger::new);
            this.end = End::Closed { linger };
        }
        if let End::Closed { linger: Some(linger) } = &mut this.end {
            ready!(linger.poll(cx, &mut this.inner));
        }
        Poll::Ready(Ok(()))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write_vectored(cx, bytes)
    }
}

impl Drop for PulseStream {
    fn drop(&mut self) {
        if self.pulse.is_reset.load(Ordering::Relaxed) {
            let _ = self.inner.set_zero_linger();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits::PUBLIC;

    fn at(pulse: &Pulse, seconds: u64) -> Verdict {
        pulse.verdict_at(pulse.now_ms() + seconds * 1000, &LIMITS)
    }

    #[test]
    fn a_slow_head_is_noticed_and_a_slow_answer_is_not() {
        let pulse = Pulse::new();
        assert!(matches!(at(&pulse, 60), Verdict::LookAgain(_)));
        assert_eq!(at(&pulse, 90), Verdict::Idle);
        pulse.bytes_came();
        assert!(matches!(at(&pulse, 9), Verdict::LookAgain(wait) if wait <= Duration::from_secs(1)));
        assert_eq!(at(&pulse, 10), Verdict::SlowHead);
        pulse.request_begins();
        assert!(matches!(at(&pulse, 3600), Verdict::LookAgain(_)));
        pulse.bytes_came();
        assert!(
            matches!(at(&pulse, 3600), Verdict::LookAgain(_)),
            "body bytes are no head"
        );
        pulse.request_ends();
        assert_eq!(at(&pulse, 90), Verdict::Idle);
    }
}
