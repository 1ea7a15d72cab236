//! One connection: requests one after the other, watched for slowness, closed politely at shutdown.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use torana_kite::Cut;

use crate::net::pulse::{Pulse, PulseStream, Verdict};
use crate::net::{Gate, Limits};
use crate::rim::stop::Stop;

const REQUEST_TIMEOUT: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut off without an answer")]
struct CutOff;

/// Serves a connection to its end.
pub(super) async fn serve_connection(
    socket: TcpStream,
    peer: IpAddr,
    gate: Arc<Gate>,
    limits: Limits,
    stop: Stop,
) {
    // Answers are written in one piece; waiting for more would only delay them.
    let _ = socket.set_nodelay(true);
    let pulse = Pulse::new();
    let stream = PulseStream::new(socket, pulse.clone());
    let service_pulse = pulse.clone();
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (gate, pulse) = (gate.clone(), service_pulse.clone());
        async move {
            pulse.request_begins();
            let answered = gate.answer(peer, request).await;
            // A sandbox's broker may break off in the middle of a call.
            match answered.response.extensions().get::<Cut>() {
                None => {}
                Some(Cut::Closed) => return Err(CutOff),
                Some(Cut::Reset) => {
                    pulse.will_be_reset();
                    return Err(CutOff);
                }
            }
            if answered.has_unread_body {
                pulse.body_stays_unread();
            }
            pulse.request_ends();
            Ok::<http::Response<Body>, CutOff>(answered.response)
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // The watcher below bounds heads; hyper's own timer would also count the time between requests.
        .header_read_timeout(None)
        .max_headers(limits.headers_max)
        .max_header_size(limits.head_bytes_max)
        .max_buf_size(limits.head_bytes_max * 2);
    // A request may become a WebSocket: then its route takes the stream over, and this connection is done.
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut connection = connection.with_upgrades();
    let mut is_closing = false;
    let mut look = std::pin::pin!(tokio::time::sleep(limits.head_time_max));
    loop {
        tokio::select! {
            biased;
            result = &mut connection => {
                if let Err(error) = result {
                    tracing::debug!(error = %error, "connection ended early");
                }
                return;
            }
            () = stop.wait(), if !is_closing => {
                is_closing = true;
                std::pin::Pin::new(&mut connection).graceful_shutdown();
            }
            () = &mut look => match pulse.verdict(&limits) {
                Verdict::LookAgain(wait) => look.as_mut().reset(tokio::time::Instant::now() + wait),
                Verdict::SlowHead => break,
                Verdict::Idle => return,
            },
        }
    }
    metrics::counter!("torana_http_slow_requests_total", "part" => "head").increment(1);
    let Some(parts) = connection.into_parts() else {
        return;
    };
    let mut stream = parts.io.into_inner();
    let _ = stream.write_all(REQUEST_TIMEOUT).await;
    let _ = stream.shutdown().await;
}
