//! A receiver of webhooks on loopback: keeps what comes, answers what it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use crate::partner::GatewayKeys;
use crate::signature::{checksum, webhook_signature};
use crate::wait::wait_until_for;

const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// How long a webhook may take; the lease of a killed process included, which PostgreSQL lets run out.
const DELIVERY_PATIENCE: Duration = Duration::from_secs(60);

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Path.
    pub path: String,
    /// Header names in lower case with their values.
    pub headers: Vec<(String, String)>,
    /// The raw body.
    pub body: String,
}

impl Webhook {
    /// A header, empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("a webhook with no JSON ({error}): {}", self.body))
    }

    /// Checks content type, checksum and signature as a careful partner does.
    ///
    /// # Panics
    /// If one of them is wrong.
    pub fn verify(&self, keys: &GatewayKeys) {
        let body = self.json();
        assert_eq!(self.header("content-type"), "application/json");
        let timestamp = body["timestamp"].as_str().expect("timestamp is a string");
        assert_eq!(timestamp.len(), 24, "{timestamp}");
        let id = body["smallcaseAuthId"].as_str().expect("smallcaseAuthId");
        assert_eq!(
            body["checksum"],
            checksum(&keys.api_secret, timestamp, id).as_str(),
            "checksum of {body}"
        );
        let (id, sent_at) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        assert!(id.starts_with("msg_"), "webhook-id {id:?}");
        let age = crate::jwt::now_seconds() - sent_at.parse::<i64>().expect("webhook-timestamp in seconds");
        assert!(
            age.abs() < 300,
            "webhook-timestamp is wall time, and it is {age} s off"
        );
        let expected = webhook_signature(&keys.webhook_key, id, sent_at, &self.body);
        let signatures: Vec<&str> = self.header("webhook-signature").split(' ').collect();
        assert!(
            signatures.contains(&expected.as_str()),
            "{signatures:?} has no {expected}"
        );
    }
}

/// What the receiver answers next.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Waits this long first.
    pub delay: Duration,
    /// Further header lines.
    pub headers: Vec<(String, String)>,
}

impl Reply {
    /// An immediate answer.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self {
            status,
            delay: Duration::ZERO,
            headers: Vec::new(),
        }
    }
}

#[derive(Debug)]
struct State {
    received: Mutex<Vec<Webhook>>,
    /// Used up from the front; the last one stays.
    replies: Mutex<Vec<Reply>>,
    closing: AtomicBool,
}

/// The receiver; dropping it closes its port.
#[derive(Debug)]
pub struct Receiver {
    state: Arc<State>,
    port: u16,
    thread: Option<JoinHandle<()>>,
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

impl Receiver {
    /// Listens on a free port and answers 200.
    ///
    /// # Panics
    /// If loopback has no free port.
    #[must_use]
    pub fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let state = Arc::new(State {
            received: Mutex::default(),
            replies: Mutex::new(vec![Reply::status(200)]),
            closing: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.closing.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(&shared, stream));
            }
        });
        Self {
            state,
            port,
            thread: Some(thread),
        }
    }

    /// `host:port`, as for `egress.allow`.
    #[must_use]
    pub fn host_port(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// A URL to register.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.host_port())
    }

    /// The answers from now on, one after the other; the last one stays.
    ///
    /// # Panics
    /// If there is none.
    pub fn answer(&self, replies: Vec<Reply>) {
        assert!(!replies.is_empty(), "at least one reply");
        *self.state.replies.lock().unwrap_or_else(PoisonError::into_inner) = replies;
    }

    /// Everything received so far.
    #[must_use]
    pub fn received(&self) -> Vec<Webhook> {
        self.state
            .received
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Waits until at least `count` requests came and returns all.
    #[must_use]
    pub fn wait_for(&self, count: usize) -> Vec<Webhook> {
        wait_until_for(DELIVERY_PATIENCE, &format!("{count} webhooks"), || {
            let received = self.received();
            (received.len() >= count).then_some(received)
        })
    }

    /// Waits for an event of this type about a transaction.
    #[must_use]
    pub fn wait_for_event(&self, event_type: &str, transaction_id: &str) -> Webhook {
        wait_until_for(
            DELIVERY_PATIENCE,
            &format!("the webhook {event_type} of {transaction_id}"),
            || {
                self.received().into_iter().find(|webhook| {
                    let body = webhook.json();
                    body["eventType"] == event_type && body["transactionId"] == transaction_id
                })
            },
        )
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.state.closing.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, which then sees the flag.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(state: &State, stream: TcpStream) {
    let Some(webhook) = read(&stream) else { return };
    state
        .received
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(webhook);
    let reply = {
        let mut replies = state.replies.lock().unwrap_or_else(PoisonError::into_inner);
        if replies.len() > 1 {
            replies.remove(0)
        } else {
            replies[0].clone()
        }
    };
    std::thread::sleep(reply.delay);
    let mut text = format!(
        "HTTP/1.1 {} Answer\r\ncontent-length: 0\r\nconnection: close\r\n",
        reply.status
    );
    for (name, value) in &reply.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    let mut stream = stream;
    // The sender may have given up while we were slow; that is what some tests want.
    let _ = stream.write_all(text.as_bytes());
}

fn read(stream: &TcpStream) -> Option<Webhook> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split_whitespace().nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length: usize = headers
        .iter()
        .find(|(name, _)| name == "content-length")?
        .1
        .parse()
        .ok()?;
    let mut body = vec![0; length.min(BODY_BYTES_MAX)];
    reader.read_exact(&mut body).ok()?;
    Some(Webhook {
        path,
        headers,
        body: String::from_utf8(body).ok()?,
    })
}
