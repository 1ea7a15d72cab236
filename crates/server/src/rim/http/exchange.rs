//! One request and its answer over one connection.

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use torana_runtime::HttpError;

/// Largest header block of an answer.
const ANSWER_HEADERS_MAX: usize = 32 * 1024;

/// An answer with as much of its body as was asked for.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

/// Sends `message` and reads at most `cap` bytes of the answer's body; the rest is cut off.
pub(crate) async fn exchange<S>(
    stream: S,
    message: http::Request<Full<Bytes>>,
    cap: usize,
) -> Result<Answer, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handshake = http1::Builder::new()
        .max_buf_size(ANSWER_HEADERS_MAX)
        .handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake
        .await
        .map_err(|error| HttpError::NotSent(error.to_string()))?;
    let work = async move {
        let answer = sender.try_send_request(message).await.map_err(|mut error| {
            // hyper hands the message back only if none of it was written.
            match error.take_message() {
                Some(_) => HttpError::NotSent(format!("connection lost before sending: {}", error.error())),
                None => HttpError::Unknown(format!("connection lost after sending: {}", error.error())),
            }
        })?;
        let (head, mut body) = answer.into_parts();
        let mut read = BytesMut::new();
        while read.len() < cap {
            let Some(frame) = body.frame().await else { break };
            let frame = frame.map_err(|error| HttpError::Unknown(format!("answer broken off: {error}")))?;
            if let Some(data) = frame.data_ref() {
                let rest = cap - read.len();
                read.extend_from_slice(data.get(..rest).unwrap_or(data));
            }
        }
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: read.freeze(),
        })
    };
    let (mut work, mut connection) = (std::pin::pin!(work), std::pin::pin!(connection));
    let mut is_open = true;
    loop {
        tokio::select! {
            biased;
            result = &mut work => return result,
            // The connection's own error reaches `work` through its channel.
            _ = &mut connection, if is_open => is_open = false,
        }
    }
}
