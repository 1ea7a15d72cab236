//! The client against real sockets: what is sent, what is refused, and when an outcome is unknown.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use torana_runtime::EgressClass;

use super::*;

const FOREIGN: EgressClass = EgressClass::Foreign {
    allow_http_if_listed: true,
};

fn request(url: String, egress: EgressClass) -> HttpRequest {
    HttpRequest {
        method: http::Method::POST,
        url,
        headers: http::HeaderMap::new(),
        body: bytes::Bytes::from_static(b"{}"),
        timeout: Duration::from_millis(500),
        max_response_bytes: 10,
        egress,
    }
}

/// Accepts one connection, reads the request's head and answers with `answer`; gives the address and what
/// was read.
async fn peer(answer: &'static [u8]) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let served = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut read = vec![0; 4096];
        let count = socket.read(&mut read).await.unwrap();
        socket.write_all(answer).await.unwrap();
        if answer.is_empty() {
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        String::from_utf8_lossy(&read[..count]).into_owned()
    });
    (address, served)
}

fn client(listed: &[&str]) -> HttpClient {
    HttpClient::new(AllowList::parse(listed).unwrap())
}

#[tokio::test]
async fn an_answer_is_cut_at_the_cap_and_redirects_are_answers() {
    let (address, served) = peer(
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 14\r\n\r\n0123456789ABCD",
    )
    .await;
    let url = format!("http://{address}/hook?x=1");
    let answer = client(&[&address]).send(request(url, FOREIGN)).await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (302, &b"0123456789"[..]));
    let sent = served.await.unwrap();
    assert!(sent.starts_with("POST /hook?x=1 HTTP/1.1\r\n"), "{sent}");
    assert!(
        sent.to_ascii_lowercase()
            .contains(&format!("host: {address}\r\n")),
        "{sent}"
    );
}

#[tokio::test]
async fn private_addresses_need_listing() {
    let (address, _served) = peer(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let unlisted = client(&[])
        .send(request(format!("http://{address}/"), FOREIGN))
        .await;
    assert!(matches!(unlisted, Err(HttpError::NotSent(_))), "{unlisted:?}");
    // The name is public in form, its address is loopback: only the check after resolution can tell.
    let named = client(&[])
        .send(request("https://localhost.localdomain/".to_owned(), FOREIGN))
        .await;
    assert!(matches!(named, Err(HttpError::NotSent(_))), "{named:?}");
    assert!(
        client(&[])
            .send(request(format!("http://{address}/"), EgressClass::Broker))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn nothing_listening_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = client(&[])
        .send(request(format!("http://{address}/"), EgressClass::Broker))
        .await;
    assert!(matches!(refused, Err(HttpError::NotSent(_))), "{refused:?}");
}

#[tokio::test]
async fn silence_and_broken_answers_are_unknown() {
    let (address, _served) = peer(b"").await;
    let silent = client(&[])
        .send(request(format!("http://{address}/"), EgressClass::Broker))
        .await;
    assert!(matches!(silent, Err(HttpError::Unknown(_))), "{silent:?}");
    let (address, _served) = peer(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nabc").await;
    let broken = client(&[])
        .send(request(format!("http://{address}/"), EgressClass::Broker))
        .await;
    assert!(matches!(broken, Err(HttpError::Unknown(_))), "{broken:?}");
    let (address, _served) = peer(b"SSH-2.0-OpenSSH\r\n").await;
    let strange = client(&[])
        .send(request(format!("http://{address}/"), EgressClass::Broker))
        .await;
    assert!(matches!(strange, Err(HttpError::Unknown(_))), "{strange:?}");
}
