//! One connection: a request out, an answer of known length in.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest answer that needs no more room than a connection has at first.
const ANSWER_BYTES: usize = 16 * 1024;
/// Longest answer.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
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

/// An answer's status, and where its parts lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    status: u16,
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
            buffer: vec![0; ANSWER_BYTES],
        })
    }

    /// Sends a request and waits for the whole answer, which must have status 200.
    pub async fn send(&mut self, request: &[u8]) -> Result<()> {
        self.exchange_bytes(request).await.map(|_| ())
    }

    /// As [`Self::send`], and gives the answer.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        let body = self.exchange_bytes(request).await?;
        Ok(Answer {
            body: String::from_utf8(body.to_vec()).context("the answer is no UTF-8")?,
        })
    }

    async fn exchange_bytes(&mut self, request: &[u8]) -> Result<&[u8]> {
        let (status, body) = self.ask(request).await?;
        ensure!(
            status == 200,
            "expected status 200, got {status}: {:?}",
            String::from_utf8_lossy(body)
        );
        Ok(body)
    }

    /// Sends a request and gives status and body of the answer, whatever it is.
    pub async fn ask(&mut self, request: &[u8]) -> Result<(u16, &[u8])> {
        let layout = self.round_trip(request).await?;
        let body = self.buffer.get(layout.body_start..layout.end);
        Ok((layout.status, body.unwrap_or_default()))
    }

    async fn round_trip(&mut self, request: &[u8]) -> Result<Layout> {
        self.stream
            .write_all(request)
            .await
            .context("sending a request")?;
        let (mut filled, mut layout) = (0, None);
        loop {
            if filled == self.buffer.len() {
                ensure!(
                    filled < ANSWER_BYTES_MAX,
                    "an answer of more than {ANSWER_BYTES_MAX} bytes"
                );
                self.buffer.resize(filled * 2, 0);
            }
            let room = self.buffer.get_mut(filled..).unwrap_or_default();
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

/// The layout once the head is complete; an error for an answer without a status or a length.
fn find_layout(seen: &[u8]) -> Result<Option<Layout>> {
    let Some(head_end) = seen
        .windows(END_OF_HEAD.len())
        .position(|part| part == END_OF_HEAD)
    else {
        return Ok(None);
    };
    let head = seen.get(..head_end).unwrap_or_default();
    let status = head
        .get(9..12)
        .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    let status = status.with_context(|| format!("no status in {:?}", String::from_utf8_lossy(head)))?;
    let body_start = head_end + END_OF_HEAD.len();
    let length = head.split(|byte| *byte == b'\n').find_map(content_length);
    let length = length.context("an answer without content-length")?;
    Ok(Some(Layout {
        status,
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
        let refused = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(
            (layout.status, find_layout(refused).unwrap().unwrap().status),
            (200, 429)
        );
    }

    #[test]
    fn answers_without_a_status_or_a_length_are_errors() {
        for answer in [
            &b"HTTP/1.1 OK\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        ] {
            assert!(find_layout(answer).is_err(), "{answer:?}");
        }
    }
}
