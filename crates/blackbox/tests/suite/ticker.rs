//! The ticker of the binary: a WebSocket that lives longer than any request may take.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};
use torana_testkit::partner::MARKET_OPEN;
use torana_testkit::process::free_port;
use torana_testkit::{Engine, Options, Torana, raw};

/// Signs of life that take longer than the listener waits for the head of a request.
const HEARTBEATS: usize = 6;
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;

/// One frame: its first byte and its payload.
fn frame(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut head = [0; 2];
    stream.read_exact(&mut head).unwrap();
    let mut long = [0; 2];
    let length = if head[1] == 126 {
        stream.read_exact(&mut long).unwrap();
        usize::from(u16::from_be_bytes(long))
    } else {
        usize::from(head[1])
    };
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).unwrap();
    (head[0], payload)
}

/// A text frame with a mask of zeros.
fn say(stream: &mut TcpStream, text: &str) {
    let length = u8::try_from(text.len()).unwrap();
    stream.write_all(&[TEXT, 0x80 | length, 0, 0, 0, 0]).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
}

fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

#[test]
fn a_socket_outlives_the_patience_for_requests_and_ends_with_the_process() {
    let listen = format!("127.0.0.1:{}", free_port());
    let options = Options::new(Engine::Sqlite).set("exchange.kite.listen", &format!("\"{listen}\""));
    let (mut torana, partner) = Torana::with_partner(options);
    partner.start_world_at(MARKET_OPEN, true);
    let app = json!({"redirectUrl": "http://127.0.0.1:9/done", "postbackUrl": null});
    let app = partner
        .post_as_gateway(&partner.sandbox("kite/apps"), &app)
        .data();
    let session = json!({"apiKey": app["api_key"], "account": "DEMO01"});
    let session = partner
        .post_as_gateway(&partner.sandbox("kite/sessions"), &session)
        .data();
    let text = |name: &str| session[name].as_str().unwrap();
    let (key, token) = (text("api_key"), text("access_token"));

    let mut stream = raw::connect(&format!("http://{listen}"));
    let request = format!(
        "GET /?api_key={key}&access_token={token} HTTP/1.1\r\nhost: {listen}\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let head = head(&mut stream);
    assert_eq!(raw::status_of(&head), 101, "{head}");
    assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    let (kind, greeting) = frame(&mut stream);
    let greeting: Value = serde_json::from_slice(&greeting).unwrap();
    assert_eq!((kind, &greeting["type"]), (TEXT, &json!("instruments_meta")));

    say(&mut stream, r#"{"a":"mode","v":["ltp",[408065]]}"#);
    let (kind, packets) = frame(&mut stream);
    assert_eq!((kind, &packets[..8]), (BINARY, &[0, 1, 0, 8, 0, 6, 0x3a, 1][..]));
    for _ in 0..HEARTBEATS {
        let (kind, payload) = frame(&mut stream);
        assert_eq!((kind, payload.len()), (BINARY, 1), "a sign of life");
    }
    let _ = partner.clock(&json!({"advance": "PT30M"})).data();
    let moved = loop {
        let (_, payload) = frame(&mut stream);
        if payload.len() > 1 {
            break payload;
        }
    };
    assert_ne!(moved[8..], packets[8..], "another price of the same security");

    assert_eq!(torana.stop(), Some(0));
    loop {
        let (kind, payload) = frame(&mut stream);
        if kind == CLOSE {
            assert_eq!(payload, 1001_u16.to_be_bytes(), "going away");
            break;
        }
    }
}
