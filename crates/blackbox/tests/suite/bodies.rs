//! Bodies of creation: JSON objects of at most 256 KiB; and what a good one is answered with.

use serde_json::json;
use torana_testkit::partner::basket;
use torana_testkit::{Options, Torana};

#[test]
fn bodies_that_are_no_json_object_are_refused() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let guest = partner.guest();
    let send = |body: &[u8], content_type: &str| {
        let mut headers = partner.credentials(&guest);
        headers.push(("content-type", content_type));
        partner.send("POST", &partner.creation(), &headers, body)
    };
    let deep = [b"{\"intent\":\"CONNECT\",\"x\":".to_vec(), vec![b'['; 100_000]].concat();
    let bodies: [&[u8]; 12] = [
        b"",
        b" ",
        b"null",
        b"[]",
        b"\"CONNECT\"",
        b"1",
        b"{",
        b"{\"intent\":}",
        b"{\"intent\":\"CONNECT\"} x",
        b"{\"intent\":\"CON\xff\"}",
        b"{'intent':'CONNECT'}",
        &deep,
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let answer = send(body, "application/json");
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (400, "malformed_json"),
            "{shown}"
        );
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        assert_eq!(
            send(b"{\"intent\":\"CONNECT\"}", content_type).status,
            200,
            "{content_type:?}"
        );
    }
}

#[test]
fn a_body_may_have_256_kib_and_not_a_byte_more() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let guest = partner.guest();
    let padded = |length: usize| {
        let mut body = br#"{"intent":"CONNECT"}"#.to_vec();
        body.resize(length, b' ');
        partner.send("POST", &partner.creation(), &partner.credentials(&guest), &body)
    };
    assert_eq!(padded(256 * 1024).status, 200);
    padded(256 * 1024 + 1).refused(413, "payload_too_large");
}

#[test]
fn ids_and_expiry_have_their_form() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    partner.start_world_at("2026-01-05T04:30:00.000Z", true);
    let guest = partner.guest();
    let first = partner.create(&guest, &json!({"intent": "CONNECT"})).data();
    let second = partner.create(&guest, &basket(&[("INFY", 1)])).data();
    for data in [&first, &second] {
        let id = data["transactionId"].as_str().unwrap();
        let hex = id.strip_prefix("TRX_").expect("TRX_");
        assert!(
            hex.len() == 32
                && hex
                    .bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)),
            "{id}"
        );
    }
    assert_ne!(first["transactionId"], second["transactionId"]);
    assert_eq!(
        first["expireAt"], "2026-01-05T04:35:00.000Z",
        "five minutes, world time"
    );
    assert_eq!(
        second["expireAt"], "2026-01-05T04:45:00.000Z",
        "fifteen minutes for orders"
    );
}
