//! A request body that must arrive within a bounded time, and what is left of it when a route does not read
//! it to its end.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Sleep;

/// Most bytes of an unread rest that are taken in, so that the connection can be used for the next request.
const REST_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Longest time for that.
const REST_TIME_MAX: Duration = Duration::from_secs(3);

/// What became of a body, for the one who answers.
#[derive(Clone, Default)]
pub struct BodyFate(Arc<Fate>);

#[derive(Default)]
struct Fate {
    was_slow: AtomicBool,
    rest: Mutex<Option<Incoming>>,
}

impl BodyFate {
    /// Whether the time ran out.
    #[must_use]
    pub fn was_slow(&self) -> bool {
        self.0.was_slow.load(Ordering::Acquire)
    }

    /// Reads what the route left unread. False if the connection cannot be used any more, because even the rest
    /// was too much.
    pub async fn drain(&self) -> bool {
        let rest = self.0.rest.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut rest) = rest else { return true };
        let all = async {
            let mut read = 0;
            while let Some(Ok(frame)) = rest.frame().await {
                read += frame.data_ref().map_or(0, Bytes::len);
                if read > REST_BYTES_MAX {
                    return false;
                }
            }
            rest.is_end_stream()
        };
        tokio::time::timeout(REST_TIME_MAX, all).await.unwrap_or(false)
    }
}

/// The incoming body with its bound. The clock starts at the first wait, so that a body that is already
/// here costs no timer.
pub struct TimedBody {
    /// Taken out when it is dropped before its end.
    inner: Option<Incoming>,
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    fate: BodyFate,
}

impl TimedBody {
    /// Bounds `inner` and reports to `fate`.
    #[must_use]
    pub fn new(inner: Incoming, limit: Duration, fate: BodyFate) -> Self {
        Self {
            inner: Some(inner),
            limit,
            timer: None,
            fate,
        }
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        let Some(inner) = &mut this.inner else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(frame) = Pin::new(inner).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let limit = this.limit;
        let timer = this
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        if timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        this.fate.0.was_slow.store(true, Ordering::Release);
        let late = std::io::Error::new(
            std::io::ErrorKind::TimedOut,
            "the request body did not arrive in time",
        );
        Poll::Ready(Some(Err(late.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for TimedBody {
    fn drop(&mut self) {
        let unread = self.inner.take().filter(|inner| !inner.is_end_stream());
        if let Some(rest) = unread.filter(|_| !self.fate.was_slow()) {
            *self.fate.0.rest.lock().unwrap_or_else(PoisonError::into_inner) = Some(rest);
        }
    }
}
