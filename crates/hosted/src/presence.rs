//! Page presence: an event stream that is open as long as a page is, with a heartbeat where streams are
//! missing. Only the server decides whether a window is closed, and this is what it decides by.

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

/// Says goodbye for a page whose stream ended, however it ended.
struct Goodbye {
    engine: Engine,
    run: FlowRun,
}

impl Drop for Goodbye {
    fn drop(&mut self) {
        let (engine, run) = (self.engine.clone(), self.run.clone());
        self.engine.rt().spawn.spawn(
            "flow.goodbye",
            Box::pin(async move {
                if let Err(error) = engine.page_gone(&run).await {
                    tracing::warn!(?error, "a closed page could not be recorded");
                }
            }),
        );
    }
}

/// The event stream of one page.
pub fn stream(engine: Engine, run: FlowRun) -> Response {
    let goodbye = Goodbye { engine, run };
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
