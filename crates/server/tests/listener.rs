//! The listener against raw sockets: slowness, size, panics, and a shutdown that finishes what is in flight.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may stop the test"
)]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use torana_domain::ids::RequestId;
use torana_server::net::{Gate, Limits, serve};
use torana_server::rim::entropy::SystemEntropy;
use torana_server::rim::stop::{StopTrigger, stop_signal};

const LIMITS: Limits = Limits {
    connections_max: 8,
    head_bytes_max: 8 * 1024,
    headers_max: 20,
    head_time_max: Duration::from_millis(300),
    body_time_max: Duration::from_millis(300),
    idle_time_max: Duration::from_millis(900),
    shutdown_grace: Duration::from_secs(2),
};

struct Running {
    address: std::net::SocketAddr,
    trigger: StopTrigger,
    served: tokio::task::JoinHandle<()>,
}

async fn start() -> Running {
    let who =
        |axum::Extension(client): axum::Extension<std::net::IpAddr>,
         axum::Extension(id): axum::Extension<RequestId>| async move { format!("{client} {id}") };
    let router = Router::new()
        .route("/who", get(who))
        .route(
            "/gateway/boom",
            get(|| async {
                if true {
                    panic!("expected in this test")
                }
            }),
        )
        .route("/gateway/echo", post(|body: Bytes| async { body }))
        .route(
            "/slow",
            get(|| async {
                tokio::time::sleep(Duration::from_millis(600)).await;
                "done"
            }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (trigger, stop) = stop_signal();
    let proxies = vec![torana_config::IpBlock::parse("127.0.0.1").unwrap()];
    let gate = Gate::new(
        "test",
        router,
        "https://g.example",
        proxies,
        Arc::new(SystemEntropy::default()),
        LIMITS,
    );
    let served = tokio::spawn(serve(listener, gate, LIMITS, stop));
    Running {
        address,
        trigger,
        served,
    }
}

/// Sends bytes and reads until the other side is silent for a second or closes.
async fn talk(address: std::net::SocketAddr, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    read_all(&mut socket).await
}

async fn read_all(socket: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(Ok(count @ 1..)) =
        tokio::time::timeout(Duration::from_secs(1), socket.read(&mut buffer)).await
    {
        read.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn routes_get_client_address_and_request_id() {
    let running = start().await;
    let answer = talk(
        running.address,
        b"GET /who HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 1.1.1.1, 198.51.100.7\r\n\r\n",
    )
    .await;
    let id = answer
        .split("x-request-id: ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap();
    assert!(RequestId::parse(id).is_ok(), "{answer}");
    assert!(answer.ends_with(&format!("198.51.100.7 {id}")), "{answer}");
}

#[tokio::test]
async fn a_panic_is_500_with_the_contracts_body_and_the_connection_lives() {
    let running = start().await;
    let twice = b"GET /gateway/boom HTTP/1.1\r\nhost: x\r\n\r\nGET /who HTTP/1.1\r\nhost: x\r\n\r\n";
    let answer = talk(running.address, twice).await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(answer.contains(r#""errors":["internal_error"]"#), "{answer}");
    assert!(
        answer.contains("https://g.example/docs/errors#internal_error"),
        "{answer}"
    );
    assert!(answer.contains("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test]
async fn slow_heads_and_bodies_are_408() {
    let running = start().await;
    let head = talk(running.address, b"GET /who HTTP/1.1\r\nhost: x\r\n").await;
    assert!(head.starts_with("HTTP/1.1 408 "), "{head}");
    let body = talk(
        running.address,
        b"POST /gateway/echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc",
    )
    .await;
    assert!(body.starts_with("HTTP/1.1 408 "), "{body}");
    assert!(
        body.contains(r#""errors":["request_timeout"]"#) && body.contains("connection: close"),
        "{body}"
    );
}

#[tokio::test]
async fn drop_by_drop_is_slow_too() {
    let running = start().await;
    let mut socket = TcpStream::connect(running.address).await.unwrap();
    for byte in b"GET /who HTTP/1.1\r\nhost: xxxxxxxxxxxxxxxxxxxxxxxxx" {
        if socket.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let answer = read_all(&mut socket).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408 "),
        "never served: {answer}"
    );
}

#[tokio::test]
async fn large_heads_are_431_and_nonsense_is_400() {
    let running = start().await;
    let large = format!(
        "GET /who HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "a".repeat(9 * 1024)
    );
    let many = format!("GET /who HTTP/1.1\r\n{}\r\n", "h: 1\r\n".repeat(21));
    for head in [large, many] {
        let answer = talk(running.address, head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    assert!(
        talk(running.address, b"NONSENSE\r\n\r\n")
            .await
            .starts_with("HTTP/1.1 400 ")
    );
}

#[tokio::test]
async fn idle_connections_are_closed_and_busy_ones_are_not() {
    let running = start().await;
    let mut socket = TcpStream::connect(running.address).await.unwrap();
    for _ in 0..3 {
        socket
            .write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        let mut buffer = [0; 1024];
        let count = socket.read(&mut buffer).await.unwrap();
        assert!(std::str::from_utf8(&buffer[..count]).unwrap().ends_with("done"));
    }
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(3), socket.read_to_end(&mut rest))
        .await
        .unwrap()
        .unwrap();
    assert!(rest.is_empty(), "closed without a word");
}

#[tokio::test]
async fn shutdown_finishes_what_is_in_flight_and_takes_nothing_new() {
    let running = start().await;
    let idle = TcpStream::connect(running.address).await.unwrap();
    let asking = tokio::spawn(talk(running.address, b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n"));
    tokio::time::sleep(Duration::from_millis(200)).await;
    running.trigger.stop();
    tokio::time::timeout(Duration::from_secs(2), running.served)
        .await
        .expect("in time")
        .unwrap();
    assert!(asking.await.unwrap().ends_with("done"));
    assert!(TcpStream::connect(running.address).await.is_err());
    drop(idle);
}

#[tokio::test]
async fn an_unread_body_does_not_cost_its_sender_the_answer() {
    let running = start().await;
    for (megabytes, is_kept) in [(2, true), (9, false), (40, false)] {
        let mut socket = TcpStream::connect(running.address).await.unwrap();
        let length = megabytes * 1024 * 1024;
        let head = format!("POST /gateway/boom HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        socket.write_all(head.as_bytes()).await.unwrap();
        socket.write_all(&vec![b'x'; length]).await.unwrap();
        let answer = read_all(&mut socket).await;
        assert!(answer.starts_with("HTTP/1.1 405 "), "{megabytes} MB: {answer}");
        assert_eq!(
            !answer.contains("connection: close"),
            is_kept,
            "{megabytes} MB: {answer}"
        );
    }
}

#[tokio::test]
async fn an_unread_head_does_not_cost_its_sender_the_answer() {
    let running = start().await;
    let mut socket = TcpStream::connect(running.address).await.unwrap();
    socket
        .write_all(b"GET /who HTTP/1.1\r\nhost: x\r\nx: ")
        .await
        .unwrap();
    socket.write_all(&vec![b'x'; 4 * 1024 * 1024]).await.unwrap();
    let answer = read_all(&mut socket).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}
