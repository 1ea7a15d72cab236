//! What holds for every answer: envelope, headers, unknown routes and methods, limits of a request.

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};
use torana_testkit::{Answer, Client, Options, Partner, Torana, raw};

fn check_refusal(answer: &Answer, base: &str) {
    let body = answer.json();
    let slug = body["errors"][0]
        .as_str()
        .unwrap_or_else(|| panic!("errors[0] in {body}"));
    assert_eq!(
        (&body["success"], &body["data"]),
        (&json!(false), &Value::Null),
        "{body}"
    );
    assert_eq!(
        (body["message"].as_str(), body["errorCode"].as_str()),
        (Some(slug), Some(slug)),
        "{body}"
    );
    let class = body["errorType"].as_str().unwrap_or_default();
    let expected = match answer.status {
        401 | 403 => "AccessDenied",
        429 => "RateLimited",
        400 | 404 | 405 | 413 | 422 => "InputException",
        _ => class,
    };
    assert_eq!(class, expected, "{body}");
    assert_eq!(
        answer.header("x-request-id"),
        body["requestId"].as_str(),
        "{body}"
    );
    assert!(
        body["requestId"]
            .as_str()
            .is_some_and(|id| id.starts_with("req_")),
        "{body}"
    );
    assert_eq!(
        body["documentationUrl"],
        format!("{base}/docs/errors#{slug}"),
        "{body}"
    );
    assert!(
        answer
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/json")),
        "{:?}",
        answer.headers
    );
    assert!(
        body["errors"].as_array().unwrap().iter().all(Value::is_string),
        "{body}"
    );
}

fn refusals(partner: &Partner) -> Vec<Answer> {
    let guest = partner.guest();
    vec![
        partner.send("GET", "/gateway/acme/nothing", &[], b""),
        partner.send("GET", "/gateway/", &[], b""),
        partner.send("GET", "/v1/acme/engine/nothing", &[], b""),
        partner.send("GET", "/torana/v1/gateways/acme/nothing", &[], b""),
        partner.send("GET", "/torana/nothing", &[], b""),
        partner.send("PUT", "/gateway/acme/transaction", &[], b"{}"),
        partner.send("GET", "/gateway/nobody/transaction/x", &[], b""),
        partner.send("POST", "/gateway/nobody/transaction", &[], b"{}"),
        partner.send("POST", &partner.creation(), &[], b"{}"),
        partner.create(&guest, &json!({"intent": "PAY"})),
        partner.create(&guest, &json!({"intent": "FETCH_FUNDS"})),
        partner.details(&guest, "TRX_nothing"),
        partner.details(&guest, &format!("TRX_{}", "0".repeat(32))),
        partner.send("POST", &partner.creation(), &[], &vec![b'x'; 300 * 1024]),
    ]
}

#[test]
fn every_refusal_has_the_whole_envelope_and_its_page_exists() {
    let (torana, partner) = Torana::with_partner(Options::default());
    let docs = Client::default().get(&format!("{}/docs/errors", torana.url()), &[]);
    assert_eq!(docs.status, 200, "{}", docs.text);
    for answer in refusals(&partner) {
        check_refusal(&answer, torana.url());
        let slug = answer.error();
        assert!(
            docs.text.contains(&format!("id=\"{slug}\"")),
            "/docs/errors has no entry for {slug}"
        );
    }
}

#[test]
fn request_ids_differ_and_success_has_the_small_envelope() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let guest = partner.guest();
    let first = partner.create(&guest, &json!({"intent": "CONNECT"}));
    let second = partner.get(&partner.engine("market/status"), &guest);
    assert_ne!(
        first.header("x-request-id").expect("x-request-id"),
        second.header("x-request-id").expect("x-request-id")
    );
    assert_eq!(second.header("cache-control"), Some("no-store"));
    for answer in [&first, &second] {
        let body = answer.json();
        let members: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(members, ["data", "errors", "success"], "{body}");
        assert_eq!(
            answer.header_all("set-cookie"),
            Vec::<&str>::new(),
            "server routes set no cookie"
        );
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[test]
fn other_methods_answer_405_with_allow() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let cases = [
        ("GET", partner.creation(), "POST"),
        ("DELETE", partner.creation(), "POST"),
        ("POST", partner.engine("transactiondetails"), "GET"),
        ("PATCH", partner.engine("user/holdings"), "GET"),
        ("POST", "/gateway/acme/user/holdings".to_owned(), "GET"),
        ("GET", partner.sandbox("accounts"), "POST"),
        ("GET", partner.sandbox("reset"), "POST"),
        ("POST", "/openapi.json".to_owned(), "GET"),
    ];
    for (method, path, allowed) in cases {
        let answer = partner.send(method, &path, &[], b"");
        assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text);
        let allow = answer.header("allow").unwrap_or_default();
        assert!(
            allow.split(',').any(|one| one.trim() == allowed),
            "{method} {path}: Allow is {allow:?}"
        );
    }
}

#[test]
fn a_trailing_slash_is_accepted_and_a_double_slash_is_not() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let guest = partner.guest();
    assert_eq!(
        partner
            .post(
                &format!("{}/", partner.creation()),
                &guest,
                &json!({"intent": "CONNECT"})
            )
            .status,
        200
    );
    assert_eq!(partner.get(&partner.engine("market/status/"), &guest).status, 200);
    for path in [
        "/gateway//acme/transaction",
        "//gateway/acme/transaction",
        "/gateway/acme//transaction",
        "/gateway/acme/transaction//",
    ] {
        let answer = partner.post(path, &guest, &json!({"intent": "CONNECT"}));
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
    }
    for path in [
        "/gateway/acme/../acme/transaction",
        "/gateway/%61cme%2ftransaction",
        "/gateway/acme%00/transaction",
    ] {
        let answer = partner.post(path, &guest, &json!({"intent": "CONNECT"}));
        assert!([400, 404].contains(&answer.status), "{path}: {}", answer.status);
    }
}

#[test]
fn routes_of_later_issues_are_unknown() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let guest = partner.guest();
    for path in [
        "/gateway/mf/getOtp",
        "/gateway/mf/verifyOtp",
        "/v1/acme/engine/user/investments",
        "/v1/acme/engine/smallcases",
        "/v1/acme/engine/subscriptions",
        "/backend/las/v1/user",
        "/gateway/acme/otp",
    ] {
        for method in ["GET", "POST"] {
            let answer = partner.send(method, path, &partner.credentials(&guest), b"");
            assert_eq!(
                (answer.status, answer.error().as_str()),
                (404, "route_not_found"),
                "{method} {path}"
            );
        }
    }
}

#[test]
fn oversized_and_broken_requests_are_cut_off_and_the_server_goes_on() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let large_header = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\nx-a: {}\r\n\r\n",
        "a".repeat(200_000)
    );
    let many_headers = format!(
        "GET /healthz HTTP/1.1\r\nhost: x\r\n{}\r\n",
        "x-a: 1\r\n".repeat(2000)
    );
    let requests: [&[u8]; 7] = [
        large_header.as_bytes(),
        many_headers.as_bytes(),
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /gateway/acme/transaction HTTP/1.1\r\nhost: x\r\ncontent-length: abc\r\n\r\n",
        b"POST /gateway/acme/transaction HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n0\r\n\r\n",
        b"GET /v1/acme/engine/market/status HTTP/1.1\r\nhost: x\r\nx-gateway-secret: \xff\xfe\r\nconnection: close\r\n\r\n",
    ];
    for request in requests {
        let shown = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
        let status = raw::status_of(&raw::exchange(&partner.base, request));
        assert!(status == 0 || (400..500).contains(&status), "{shown}: {status}");
    }
    for request in [large_header.as_bytes(), many_headers.as_bytes()] {
        assert_eq!(raw::status_of(&raw::exchange(&partner.base, request)), 431);
    }
    assert_eq!(
        partner
            .get(&partner.engine("market/status"), &partner.guest())
            .status,
        200
    );
}

#[test]
fn a_body_that_never_ends_is_cut_off() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let guest = partner.guest();
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: x\r\nx-gateway-secret: {}\r\nx-gateway-authtoken: {guest}\r\ncontent-length: 100\r\n\r\n{{",
        partner.creation(),
        partner.keys.api_secret
    );
    let mut stream = raw::connect(&partner.base);
    stream.write_all(head.as_bytes()).unwrap();
    let started = std::time::Instant::now();
    let answer = raw::read_to_end(&mut stream);
    assert!(
        started.elapsed() < Duration::from_secs(55),
        "the server waits for the rest of a body for ever"
    );
    assert!([0, 408].contains(&raw::status_of(&answer)), "{answer}");
}

#[test]
fn query_parameters_are_read_in_all_their_spellings() {
    let (_torana, partner) = Torana::with_partner(Options::default());
    let guest = partner.guest();
    let ids: Vec<String> = (0..3)
        .map(|digit| format!("TRX_{}", digit.to_string().repeat(32)))
        .collect();
    for query in [
        format!("transactionId={}&transactionId={}", ids[0], ids[1]),
        format!("transactionId[]={}&transactionId%5B%5D={}", ids[0], ids[1]),
        format!("transactionId={},{}&unknown=1", ids[0], ids[1]),
        format!("transactionId={}&includeOpen=True", ids[2]),
    ] {
        let answer = partner.get(&partner.engine(&format!("user/orders?{query}")), &guest);
        assert_eq!(answer.data()["orderBatches"], json!([]), "{query}");
    }
    partner
        .get(
            &partner.engine("user/orders?transactionId=x&includeOpen=maybe"),
            &guest,
        )
        .refused(400, "validation_failed");
}
