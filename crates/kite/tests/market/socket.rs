//! A client of the ticker over a pipe, with hyper serving the other end.

use std::time::Duration;

use axum::body::Body;
use futures_util::{SinkExt as _, StreamExt as _};
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::DuplexStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tower::ServiceExt as _;

use crate::bench::{Bench, Login};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);
const PIPE_BYTES: usize = 64 * 1024;

pub struct Client(WebSocketStream<DuplexStream>);

/// What the ticker says.
#[derive(Debug)]
pub enum Said {
    Text(Value),
    /// The packets of one message.
    Packets(Vec<Vec<u8>>),
    Heartbeat,
    /// The code with which the connection ends.
    Closed(u16),
}

impl Client {
    /// Connects; the status of a refusal.
    pub async fn connect(bench: &Bench, query: &str) -> Result<Self, u16> {
        let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
        let router = bench.router.clone();
        let service =
            service_fn(move |request: Request<Incoming>| router.clone().oneshot(request.map(Body::new)));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(theirs), service);
        tokio::spawn(connection.with_upgrades());
        let url = format!("ws://localhost/?{query}");
        match tokio_tungstenite::client_async(url, ours).await {
            Ok((stream, _)) => Ok(Self(stream)),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn logged_in(bench: &Bench, Login { api_key, token }: &Login) -> Self {
        let query = format!("api_key={api_key}&access_token={token}&uid=1&user-agent=test");
        let mut client = Self::connect(bench, &query).await.unwrap();
        let Said::Text(meta) = client.next().await else {
            panic!("no greeting")
        };
        assert_eq!(meta["type"], "instruments_meta");
        assert!(meta["data"]["count"].as_u64().unwrap() > 1_000);
        client
    }

    pub async fn say(&mut self, text: &str) {
        self.send(Message::text(text)).await;
    }

    pub async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// What comes next.
    pub async fn next(&mut self) -> Said {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.0.next()).await;
            match next.expect("the ticker is silent") {
                Some(Ok(Message::Text(text))) => return Said::Text(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Binary(bytes))) if bytes.len() == 1 => return Said::Heartbeat,
                Some(Ok(Message::Binary(bytes))) => return Said::Packets(packets(&bytes)),
                Some(Ok(Message::Close(frame))) => return Said::Closed(frame.unwrap().code.into()),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next packets; signs of life in between do not count.
    pub async fn packets(&mut self) -> Vec<Vec<u8>> {
        loop {
            match self.next().await {
                Said::Packets(packets) => return packets,
                Said::Heartbeat => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next text; anything else does not count.
    pub async fn text(&mut self) -> Value {
        loop {
            match self.next().await {
                Said::Text(text) => return text,
                Said::Closed(code) => panic!("closed with {code}"),
                Said::Heartbeat | Said::Packets(_) => {}
            }
        }
    }
}

fn packets(message: &[u8]) -> Vec<Vec<u8>> {
    let short = |at: usize| usize::from(u16::from_be_bytes([message[at], message[at + 1]]));
    let (mut at, mut all) = (2, Vec::new());
    for _ in 0..short(0) {
        let length = short(at);
        all.push(message[at + 2..at + 2 + length].to_vec());
        at += 2 + length;
    }
    assert_eq!(at, message.len());
    all
}

/// The number at a place of a packet.
pub fn word(packet: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(packet[at..at + 4].try_into().unwrap())
}
