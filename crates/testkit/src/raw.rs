//! Bytes on a socket, for requests that no decent client sends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long a raw exchange may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Opens a connection to `http://host:port`.
///
/// # Panics
/// If nobody listens.
#[must_use]
pub fn connect(url: &str) -> TcpStream {
    let authority = url
        .trim_start_matches("http://")
        .split('/')
        .next()
        .unwrap_or_default();
    let stream = TcpStream::connect(authority).unwrap_or_else(|error| panic!("{authority}: {error}"));
    stream.set_read_timeout(Some(TIMEOUT)).expect("a read time-out");
    stream
}

/// Sends bytes and reads the answer until the peer closes; ask for `connection: close`. A peer that closes
/// early, or resets because it does not want the rest, is an answer too.
#[must_use]
pub fn exchange(url: &str, bytes: &[u8]) -> String {
    let mut stream = connect(url);
    // The server may stop reading before all is written; what it says about it is read below.
    let _ = stream.write_all(bytes);
    read_to_end(&mut stream)
}

/// Reads what comes until the end, a reset or the time-out.
#[must_use]
pub fn read_to_end(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let mut part = [0_u8; 4096];
    while let Ok(count @ 1..) = stream.read(&mut part) {
        all.extend_from_slice(&part[..count]);
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// Status code of a raw answer; 0 where there is none.
#[must_use]
pub fn status_of(answer: &str) -> u16 {
    answer
        .split_whitespace()
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0)
}
