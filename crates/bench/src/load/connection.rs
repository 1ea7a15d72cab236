//! One connection: a request out, an answer of known length in.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest answer.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// A connection that is kept.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer with status 200.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its body.
    pub body: String,
}

/// Where an answer's parts lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    body_start: usize,
    end: usize,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true).context("TCP_NODELAY")?;
        Ok(Self {
            stream,
            buffer: vec![0; ANSWER_BYTES_MAX],
        })
    }

    /// Sends a request and waits for the whole answer, which must have status 200.
    pub async fn send(&mut self, request: &[u8]) -> Result<()> {
        self.round_trip(request).await.map(|_| ())
    }

    /// As [`Self::send`], and gives the answer.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        let layout = self.round_trip(request).await?;
        let body = self.buffer.get(layout.body_start..layout.end).unwrap_or_default();
        Ok(Answer {
            body: String::from_utf8(body.to_vec()).context("the answer is no UTF-8")?,
        })
    }

    async fn round_trip(&mut self, request: &[u8]) -> Result<Layout> {
        self.stream
            .write_all(request)
            .await
            .context("sending a request")?;
        let (mut filled, mut layout) = (0, None);
        loop {
            let room = self.buffer.get_mut(filled..).filter(|room| !room.is_empty());
            let Some(room) = room else {
                bail!("an answer of more than {ANSWER_BYTES_MAX} bytes")
            };
            let count = self.stream.read(room).await.context("reading an answer")?;
            filled += count;
            let seen = self.buffer.get(..filled).unwrap_or_default();
            ensure!(
                count > 0,
                "the server closed the connection after {:?}",
                String::from_utf8_lossy(seen)
            );
            if layout.is_none() {
                layout = find_layout(seen)?;
            }
            match layout {
                Some(layout) if filled == layout.end => return Ok(layout),
                Some(layout) if filled > layout.end => bail!("more bytes than the answer announced"),
                _ => {}
            }
        }
    }
}

/// The layout once the head is complete; an error for anything but a 200 with a length.
fn find_layout(seen: &[u8]) -> Result<Option<Layout>> {
    let Some(head_end) = seen
        .windows(END_OF_HEAD.len())
        .position(|part| part == END_OF_HEAD)
    else {
        return Ok(None);
    };
    let head = seen.get(..head_end).unwrap_or_default();
    if head.get(9..12) != Some(b"200") {
        bail!("expected status 200, got {:?}", String::from_utf8_lossy(seen));
    }
    let body_start = head_end + END_OF_HEAD.len();
    let length = head.split(|byte| *byte == b'\n').find_map(content_length);
    let length = length.context("an answer without content-length")?;
    Ok(Some(Layout {
        body_start,
        end: body_start + length,
    }))
}

fn content_length(line: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let (name, value) = line.split_at_checked(NAME.len())?;
    if !name.eq_ignore_ascii_case(NAME) {
        return None;
    }
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_when_its_length_is_there() {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nx: y\r\n\r\n";
        assert_eq!(find_layout(b"HTTP/1.1 200 OK\r\n").unwrap(), None);
        let layout = find_layout(head).unwrap().unwrap();
        assert_eq!((layout.body_start, layout.end), (head.len(), head.len() + 5));
    }

    #[test]
    fn other_answers_are_errors() {
        for answer in [
            &b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        ] {
            assert!(find_layout(answer).is_err(), "{answer:?}");
        }
    }
}
