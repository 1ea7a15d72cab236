//! Page presence: an event stream that is open as long as a page is, with a heartbeat where streams are
//! missing. Only the server decides whether a window is closed, and this is what it decides by.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, header};
use torana_engine::Engine;
use torana_engine::flow::access::FlowRun;

/// Pause between two signs of life on an open stream; well below the time after which a silent page is taken
/// for gone.
const BEAT: Duration = Duration::from_secs(8);

/// Open streams by flow. A user may have a flow open twice, and the stream of the page before may end after that
/// of the next one began: only the end of the last one is a goodbye. Known to this process only; another process
/// sees the signs of life in the database.
#[derive(Debug, Default)]
pub struct OpenStreams(Mutex<BTreeMap<i64, usize>>);

impl OpenStreams {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<i64, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, flow: i64) {
        *self.lock().entry(flow).or_default() += 1;
    }

    /// True if that was the last one.
    fn end(&self, flow: i64) -> bool {
        let mut open = self.lock();
        let left = open.get(&flow).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            open.remove(&flow);
        } else {
            open.insert(flow, left);
        }
        left == 0
    }

    /// Whether a page of the flow holds a stream.
    pub fn is_open(&self, flow: i64) -> bool {
        self.lock().contains_key(&flow)
    }
}

/// Says goodbye for the last page of a flow whose stream ended, however it ended.
struct Goodbye {
    engine: Engine,
    streams: Arc<OpenStreams>,
    run: FlowRun,
}

impl Drop for Goodbye {
    fn drop(&mut self) {
        if !self.streams.end(self.run.flow.id) {
            return;
        }
        let (engine, run) = (self.engine.clone(), self.run.clone());
        let task = async move {
            if let Err(error) = engine.page_gone(&run).await {
                tracing::warn!(?error, "a closed page could not be recorded");
            }
        };
        self.engine.rt().spawn.spawn("flow.goodbye", Box::pin(task));
    }
}

/// The event stream of one page.
pub fn stream(engine: Engine, streams: Arc<OpenStreams>, run: FlowRun) -> Response {
    streams.begin(run.flow.id);
    let goodbye = Goodbye { engine, streams, run };
    let beats = stream::unfold((goodbye, true), |(goodbye, is_first)| async move {
        if !is_first {
            goodbye.engine.rt().sleep.sleep(BEAT).await;
        }
        if goodbye.engine.rt().spawn.is_stopping() {
            return None;
        }
        if let Err(error) = goodbye.engine.page_seen(&goodbye.run).await {
            tracing::warn!(?error, "a present page could not be recorded");
        }
        Some((
            Ok::<_, std::convert::Infallible>(Bytes::from_static(b":\n\n")),
            (goodbye, false),
        ))
    });
    let mut response = Response::new(Body::from_stream(beats));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
