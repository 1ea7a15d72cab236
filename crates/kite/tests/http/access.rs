use http::{Method, Request, header};
use torana_exchange::core::Command;

use crate::bench::{Bench, Login, checksum, order};

const TOKEN: &str = "TokenException";

#[test]
fn a_request_token_is_good_once_and_with_the_right_checksum() {
    let bench = Bench::new();
    let keys = bench.app("acme");
    let request_token = bench.request_token(&keys, "DEMO01");
    let with = |sum: &str| {
        let fields = [
            ("api_key", keys.api_key.as_str()),
            ("request_token", request_token.as_str()),
            ("checksum", sum),
        ];
        bench.form(Method::POST, "/session/token", &fields)
    };
    let right = checksum(&keys, &request_token);
    let mut other = keys.clone();
    other.api_secret.push('0');
    for wrong in [
        &checksum(&other, &request_token),
        "",
        "0",
        right.get(..63).unwrap(),
    ] {
        let (status, kind, text) = with(wrong).failure();
        let expected = if wrong.is_empty() {
            (400, "InputException")
        } else {
            (403, TOKEN)
        };
        assert_eq!((status, kind.as_str()), expected, "{text}");
    }
    let session = with(&right.to_uppercase()).data();
    assert_eq!(session["user_id"], "DEMO01");
    assert_eq!(session["login_time"], "2026-01-05 10:00:00");
    let (status, kind, _) = with(&right).failure();
    assert_eq!((status, kind.as_str()), (403, TOKEN), "used up");
}

#[test]
fn a_request_token_ends_after_minutes_and_belongs_to_its_app() {
    let bench = Bench::new();
    let (keys, other) = (bench.app("acme"), bench.app("acme"));
    let token = bench.request_token(&keys, "DEMO01");
    assert_eq!(bench.exchange_token(&other, &token).failure().1, TOKEN);
    bench.advance(5 * 60_000 - 1);
    assert!(
        bench.exchange_token(&keys, &token).status.is_success(),
        "another app could not use it up"
    );
    let token = bench.request_token(&keys, "DEMO01");
    bench.advance(5 * 60_000);
    assert_eq!(bench.exchange_token(&keys, &token).failure().1, TOKEN);
}

#[test]
fn tokens_end_at_six_in_the_morning_and_with_a_logout() {
    let bench = Bench::new();
    let (one, two) = (bench.user("DEMO01"), bench.user("DEMO01"));
    assert_eq!(bench.get(&one, "/user/profile").data()["user_id"], "DEMO01");
    let path = format!(
        "/session/token?api_key={}&access_token={}",
        one.api_key, one.token
    );
    assert_eq!(bench.form(Method::DELETE, &path, &[]).data(), true);
    assert_eq!(bench.get(&one, "/user/profile").failure().1, TOKEN);
    assert_eq!(bench.form(Method::DELETE, &path, &[]).failure().1, TOKEN);
    assert!(
        bench.get(&two, "/user/profile").status.is_success(),
        "the other one goes on"
    );
    bench.advance(20 * 3_600_000 - 1);
    assert!(
        bench.get(&two, "/user/profile").status.is_success(),
        "05:59:59.999"
    );
    bench.advance(1);
    let (status, kind, text) = bench.get(&two, "/user/profile").failure();
    assert_eq!((status, kind.as_str()), (403, TOKEN));
    assert_eq!(text, "Incorrect `api_key` or `access_token`.");
}

#[test]
fn nothing_crosses_apps_accounts_and_worlds() {
    let bench = Bench::new();
    let (keys, foreign) = (bench.app("acme"), bench.app("other"));
    let one = bench.login(&keys, "DEMO01");
    let id = bench.place(&one, &order(&[("order_type", "LIMIT"), ("price", "1400")]));
    let theirs = bench.login(&foreign, "DEMO01");
    let second = bench.login(&keys, "DEMO02");
    for login in [&theirs, &second] {
        assert_eq!(bench.get(login, "/orders").data(), serde_json::json!([]));
        for answer in [
            bench.get(login, &format!("/orders/{id}")),
            bench.get(login, &format!("/orders/{id}/trades")),
            bench.delete(login, &format!("/orders/regular/{id}")),
            bench.put(login, &format!("/orders/regular/{id}"), &[("quantity", "3")]),
        ] {
            assert_eq!(
                answer.failure(),
                (
                    400,
                    "OrderException".to_owned(),
                    "Couldn't find that `order_id`.".to_owned()
                )
            );
        }
    }
    let mixed = Login {
        api_key: foreign.api_key,
        token: one.token.clone(),
    };
    assert_eq!(
        bench.get(&mixed, "/orders").failure().1,
        TOKEN,
        "a token is its app's"
    );
    assert_eq!(
        bench.get(&one, &format!("/orders/{id}")).data()[3]["status"],
        "OPEN"
    );
}

#[test]
fn what_is_no_token_is_refused_for_that() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let long = "x".repeat(5000);
    let request_token = bench.request_token(&bench.app("acme"), "DEMO01");
    for value in [
        String::new(),
        "token".to_owned(),
        format!("token {}", login.api_key),
        format!("token {}:", login.api_key),
        format!("token {}:{long}", login.api_key),
        format!("token {}:{request_token}", login.api_key),
        format!("Bearer {}:{}", login.api_key, login.token),
    ] {
        let request = Request::get("/orders").header(header::AUTHORIZATION, &value);
        let answer = bench.send(request.body(axum::body::Body::empty()).unwrap());
        assert_eq!(answer.failure().1, TOKEN, "{value}");
    }
    let bare = bench.send(Request::get("/orders").body(axum::body::Body::empty()).unwrap());
    assert_eq!(bare.failure().0, 403);
}

#[test]
fn a_reset_world_has_forgotten_its_logins() {
    let bench = Bench::new();
    let keys = bench.app("acme");
    let login = bench.login(&keys, "DEMO01");
    let request_token = bench.request_token(&keys, "DEMO01");
    bench.command(
        "acme",
        Command::Reset {
            seed: None,
            start: None,
        },
    );
    assert_eq!(bench.get(&login, "/orders").failure().1, TOKEN);
    assert_eq!(bench.exchange_token(&keys, &request_token).failure().1, TOKEN);
    assert!(
        bench
            .get(&bench.login(&keys, "DEMO01"), "/orders")
            .status
            .is_success(),
        "the app is the same"
    );
}

#[test]
fn a_world_that_is_not_served_has_no_interface() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    bench.close("acme");
    let (status, kind, _) = bench.get(&login, "/orders").failure();
    assert_eq!((status, kind.as_str()), (503, "NetworkException"));
}

#[test]
fn a_refresh_token_gives_new_access_tokens() {
    let bench = Bench::new();
    let keys = bench.app("acme");
    let session = bench
        .exchange_token(&keys, &bench.request_token(&keys, "DEMO01"))
        .data();
    let refresh = session["refresh_token"].as_str().unwrap();
    let renew = |sum: &str| {
        let fields = [
            ("api_key", keys.api_key.as_str()),
            ("refresh_token", refresh),
            ("checksum", sum),
        ];
        bench.form(Method::POST, "/session/refresh_token", &fields)
    };
    assert_eq!(renew("0").failure().1, TOKEN);
    let renewed = renew(&checksum(&keys, refresh)).data();
    assert_eq!(renewed["refresh_token"], refresh);
    let login = Login {
        api_key: keys.api_key.clone(),
        token: renewed["access_token"].as_str().unwrap().to_owned(),
    };
    assert!(bench.get(&login, "/orders").status.is_success());
    let path = format!("/session/token?api_key={}&refresh_token={refresh}", keys.api_key);
    assert_eq!(bench.form(Method::DELETE, &path, &[]).data(), true);
    assert_eq!(renew(&checksum(&keys, refresh)).failure().1, TOKEN);
}

#[test]
fn calls_are_counted_by_user_and_class_unless_the_app_has_it_off() {
    let bench = Bench::new();
    let keys = bench.app_with("acme", None, true);
    let (one, two) = (bench.login(&keys, "DEMO01"), bench.login(&keys, "DEMO02"));
    for _ in 0..10 {
        assert!(bench.get(&one, "/orders").status.is_success());
    }
    let refused = bench.get(&one, "/orders");
    assert_eq!(refused.failure().0, 429);
    assert_eq!(refused.headers[header::RETRY_AFTER], "1");
    assert_eq!(refused.failure().1, "NetworkException");
    assert!(bench.get(&two, "/orders").status.is_success());
    assert!(
        bench
            .post(&one, "/orders/regular", &order(&[]))
            .status
            .is_success(),
        "another class"
    );
    bench.machine.pass(std::time::Duration::from_secs(1));
    assert!(bench.get(&one, "/orders").status.is_success());
    let free = bench.user("DEMO01");
    assert!((0..50).all(|_| bench.get(&free, "/orders").status.is_success()));
}

#[test]
fn unknown_paths_and_methods_are_kite_errors() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let general = |status: u16, text: &str| (status, "GeneralException".to_owned(), text.to_owned());
    assert_eq!(
        bench.get(&login, "/nothing/here").failure(),
        general(404, "Route not found")
    );
    assert_eq!(
        bench.put(&login, "/trades", &[]).failure(),
        general(405, "Method not allowed")
    );
    for path in ["/orders/%ff", "/gtt/triggers/%ff", "/orders/%ff/trades"] {
        let (status, kind, _) = bench.get(&login, path).failure();
        assert_eq!((status, kind.as_str()), (400, "InputException"), "{path}");
    }
    let huge = "a".repeat(2 * 1024 * 1024);
    let answer = bench.post(&login, "/orders/regular", &[("tag", &huge)]);
    assert_eq!(
        (answer.failure().0, answer.failure().1.as_str()),
        (400, "InputException")
    );
}
