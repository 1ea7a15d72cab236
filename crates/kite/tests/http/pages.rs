//! The login page, and baskets.

use axum::body::Body;
use http::{Method, Request, header};
use serde_json::json;

use crate::bench::{Bench, Keys, REDIRECT, encoded};

#[test]
fn the_login_page_lists_the_worlds_accounts_and_leads_back_to_the_app() {
    let bench = Bench::new();
    let keys = bench.app("acme");
    let wanted = "a=1&b=x%20y&request_token=mine";
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("v", "3"),
            ("api_key", &keys.api_key),
            ("redirect_params", wanted),
        ])
        .finish();
    let page = bench.form(Method::GET, &format!("/connect/login?{query}"), &[]);
    assert_eq!(page.status, 200);
    for account in ["DEMO01", "TPIN01", "LOWFUNDS01"] {
        assert!(page.text().contains(account), "{account}");
    }
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(
        policy.contains("form-action 'self' http://127.0.0.1:9000;"),
        "{policy}"
    );
    assert_eq!(page.headers[header::X_FRAME_OPTIONS], "DENY");
    let fields = [
        ("api_key", keys.api_key.as_str()),
        ("redirect_params", wanted),
        ("account", "DEMO01"),
        ("account__other", "IGNORED"),
    ];
    let (to, pairs) = bench.form(Method::POST, "/connect/login", &fields).location();
    assert_eq!(to, REDIRECT.split('?').next().unwrap());
    let got: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let token = pairs["request_token"].as_str();
    assert_eq!(
        got,
        [
            ("a", "1"),
            ("action", "login"),
            ("b", "x y"),
            ("own", "1"),
            ("request_token", token),
            ("status", "success"),
            ("type", "login")
        ]
    );
    assert_ne!(token, "mine", "an app's parameter is not taken for a token");
}

#[test]
fn logins_that_fail_are_told_on_the_page() {
    let bench = Bench::new();
    let keys = bench.app("acme");
    let log_in = |account: &str| {
        bench.form(
            Method::POST,
            "/connect/login",
            &[("api_key", &keys.api_key), ("account__other", account)],
        )
    };
    let unknown = log_in("nobody1");
    assert!(
        unknown
            .text()
            .contains("There is no such account at this broker."),
        "{}",
        unknown.text()
    );
    assert!(log_in("").text().contains("Choose an account."));
    assert!(log_in("<script>").text().contains("There is no such account"));
    let own = log_in("demo01").location();
    assert_eq!(own.1["status"], "success", "names are upper case");
    for path in ["/connect/login?v=3", "/connect/login?v=3&api_key=nobody"] {
        let page = bench.form(Method::GET, path, &[]);
        assert_eq!(page.status, 400);
        assert!(page.text().contains("Invalid address"));
    }
}

#[test]
fn forms_of_other_pages_are_refused() {
    let bench = Bench::new();
    let keys = bench.app("acme");
    let fields = [("api_key", keys.api_key.as_str()), ("account", "DEMO01")];
    for path in ["/connect/login", "/connect/basket/confirm"] {
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "cross-site"),
        ] {
            let request = Request::post(path)
                .header(name, value)
                .body(encoded(&fields))
                .unwrap();
            let answer = bench.send(request);
            assert_eq!(answer.status, 403, "{path} {name}");
            assert!(answer.text().contains("This form was not accepted"));
        }
    }
    let own = Request::post("/connect/login")
        .header("origin", "null")
        .header("sec-fetch-site", "same-origin");
    assert_eq!(bench.send(own.body(encoded(&fields)).unwrap()).status, 303);
}

fn basket(keys: &Keys, data: &str, more: &[(&str, &str)]) -> Body {
    let mut fields = vec![
        ("api_key", keys.api_key.as_str()),
        ("data", data),
        ("redirect_params", "state=7"),
    ];
    fields.extend_from_slice(more);
    encoded(&fields)
}

#[test]
fn a_basket_is_checked_edited_and_placed() {
    let bench = Bench::new();
    let keys = bench.app("acme");
    let data = json!([
        { "variety": "regular", "exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY", "quantity": 2,
          "order_type": "LIMIT", "price": 1400, "product": "CNC", "tag": "one" },
        { "exchange": "NSE", "tradingsymbol": "ITC", "transaction_type": "BUY", "quantity": 3, "order_type": "MARKET",
          "readonly": true, "tag": "two" },
    ])
    .to_string();
    // It comes from the app's own page, as a form of another site does.
    let handed = Request::post("/connect/basket").header("origin", "http://127.0.0.1:9000");
    let page = bench.send(handed.body(basket(&keys, &data, &[])).unwrap());
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.text().contains("INFY") && page.text().contains("readonly"));
    let confirm = |more: &[(&str, &str)]| {
        let request = Request::post("/connect/basket/confirm").header("sec-fetch-site", "same-origin");
        bench.send(request.body(basket(&keys, &data, more)).unwrap())
    };
    let wrong = confirm(&[("account", "DEMO01"), ("quantity.0", "none")]);
    assert_eq!(wrong.status, 200);
    assert!(wrong.text().contains("Invalid"), "{}", wrong.text());
    let edits = [
        ("account", "DEMO01"),
        ("quantity.0", "5"),
        ("price.0", "1405"),
        ("quantity.1", "500"),
    ];
    let (_, pairs) = confirm(&edits).location();
    assert_eq!(
        (pairs["status"].as_str(), pairs["state"].as_str()),
        ("success", "7")
    );
    let session = bench.exchange_token(&keys, &pairs["request_token"]).data();
    let login = crate::bench::Login {
        api_key: keys.api_key.clone(),
        token: session["access_token"].as_str().unwrap().to_owned(),
    };
    let book = bench.get(&login, "/orders").data();
    let shown: Vec<_> = book
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["tag"].as_str().unwrap(),
                row["quantity"].as_i64().unwrap(),
                &row["price"],
            )
        })
        .collect();
    assert_eq!(
        shown,
        [("one", 5, &json!(1405)), ("two", 3, &json!(0))],
        "what is fixed stays"
    );
    let (_, pairs) = confirm(&[("action", "cancel")]).location();
    assert_eq!(pairs["status"], "cancelled");
    assert!(!pairs.contains_key("request_token"));
}

#[test]
fn a_basket_that_cannot_be_read_says_why() {
    let bench = Bench::new();
    let keys = bench.app("acme");
    for (data, named) in [
        ("[", "data"),
        ("[]", "1 to 60"),
        ("{}", "data"),
        (
            r#"[{"tradingsymbol":"INFY","transaction_type":"BUY"}]"#,
            "order 1",
        ),
        (
            r#"[{"tradingsymbol":"NOSUCH","transaction_type":"BUY","quantity":1}]"#,
            "does not exist",
        ),
    ] {
        let page = bench.send(
            Request::post("/connect/basket")
                .body(basket(&keys, data, &[]))
                .unwrap(),
        );
        assert_eq!(page.status, 400, "{data}");
        assert!(page.text().contains(named), "{data}: {}", page.text());
    }
    let nobody = Keys {
        api_key: "nobody".to_owned(),
        api_secret: String::new(),
    };
    let page = bench.send(
        Request::post("/connect/basket")
            .body(basket(&nobody, "[]", &[]))
            .unwrap(),
    );
    assert!(page.status == 400 && page.text().contains("Invalid address"));
}

#[test]
fn large_answers_are_compressed_for_those_who_take_it() {
    use std::io::Read as _;
    let bench = Bench::new();
    let keys = bench.app("acme");
    let login = bench.login(&keys, "DEMO01");
    let plain = bench.get(&login, "/portfolio/holdings");
    let request = Request::get("/portfolio/holdings")
        .header(
            header::AUTHORIZATION,
            format!("token {}:{}", login.api_key, login.token),
        )
        .header(header::ACCEPT_ENCODING, "gzip, deflate");
    let packed = bench.send(request.body(Body::empty()).unwrap());
    assert_eq!(packed.headers[header::CONTENT_ENCODING], "gzip");
    assert!(packed.bytes.len() < plain.bytes.len() / 2);
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.bytes.as_slice())
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, plain.text());
    assert!(!plain.headers.contains_key(header::CONTENT_ENCODING));
}
