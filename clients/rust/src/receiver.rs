//! Takes postbacks.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver as Queue};
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// How long one that is expected may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server on loopback that says yes to every body.
pub struct Receiver {
    /// Its address.
    pub url: String,
    bodies: Queue<Value>,
}

impl Receiver {
    /// Listens for as long as the process lives.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/postback", listener.local_addr().unwrap());
        let (sender, bodies) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if sender.send(take(stream)).is_err() {
                    return;
                }
            }
        });
        Self { url, bodies }
    }

    /// The first of the next postbacks that is about an order in a status.
    pub fn wait_for(&self, order_id: &str, status: &str) -> Value {
        loop {
            let body = self.bodies.recv_timeout(PATIENCE);
            let body = body.unwrap_or_else(|_| panic!("no postback about {order_id}, {status}"));
            if body["order_id"] == order_id && body["status"] == status {
                return body;
            }
        }
    }
}

/// Reads one request with a JSON body and answers it.
fn take(mut stream: TcpStream) -> Value {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let (name, value) = line.trim().split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    stream.write_all(answer).unwrap();
    serde_json::from_slice(&body).unwrap()
}
