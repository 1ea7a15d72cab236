//! Sales that the depository must be asked about.

use crate::bench::{Bench, order};

#[test]
fn a_sale_without_standing_instruction_needs_the_depository() {
    let bench = Bench::new();
    let login = bench.user("TPIN01");
    let sale = order(&[("transaction_type", "SELL"), ("quantity", "3")]);
    let (status, kind, text) = bench.post(&login, "/orders/regular", &sale).failure();
    assert_eq!(
        (status, kind.as_str(), text.as_str()),
        (
            428,
            "HoldingException",
            "3 quantity needs authorisation at depository."
        )
    );
    let ask = |fields: &[(&str, &str)]| bench.post(&login, "/portfolio/holdings/authorise", fields);
    for bad in [
        &[("isin", "INE009A01021")][..],
        &[("isin", "INE009A01021"), ("quantity", "26")],
        &[("isin", "INE000000000"), ("quantity", "1")],
        &[("isin", "INE009A01021"), ("quantity", "none")],
    ] {
        assert_eq!(ask(bad).failure().1, "InputException", "{bad:?}");
    }
    let wanted = [
        ("isin", "INE009A01021"),
        ("quantity", "3.000000"),
        ("isin", "INE154A01025"),
        ("quantity", "10"),
    ];
    let id = ask(&wanted).data()["request_id"].as_str().unwrap().to_owned();
    let page = format!("/connect/portfolio/authorise/holdings/{}/{id}", login.api_key);
    let html = bench.form(http::Method::GET, &page, &[]);
    assert!(
        html.text().contains("INFY") && html.text().contains("ITC"),
        "{}",
        html.text()
    );
    let wrong = bench.form(http::Method::POST, &page, &[("tpin", "000000")]);
    assert!(wrong.text().contains("The TPIN is wrong"));
    assert_eq!(bench.post(&login, "/orders/regular", &sale).status, 428);
    let (to, pairs) = bench
        .form(http::Method::POST, &page, &[("tpin", "123456")])
        .location();
    assert!(to.ends_with("/finish") && pairs["status"] == "success", "{to}");
    assert!(
        bench
            .form(http::Method::GET, &format!("{page}/finish?status=success"), &[])
            .text()
            .contains("Shares authorised")
    );
    assert_eq!(
        bench.form(http::Method::GET, &page, &[]).status,
        400,
        "done is done"
    );
    let holdings = bench.get(&login, "/portfolio/holdings").data();
    let of = |isin: &str| {
        holdings
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["isin"] == isin)
            .unwrap()
            .clone()
    };
    assert_eq!(of("INE009A01021")["authorised_quantity"], 3);
    assert_eq!(of("INE009A01021")["authorised_date"], "2026-01-05 00:00:00");
    assert!(bench.post(&login, "/orders/regular", &sale).status.is_success());
    assert_eq!(
        bench.post(&login, "/orders/regular", &sale).status,
        428,
        "three were cleared, not six"
    );
}

#[test]
fn a_request_of_one_app_is_not_confirmed_under_another() {
    let bench = Bench::new();
    let keys = bench.app("acme");
    let login = bench.login(&keys, "TPIN01");
    let id = bench.post(&login, "/portfolio/holdings/authorise", &[]).data()["request_id"].clone();
    let (id, other) = (id.as_str().unwrap(), bench.app("acme"));
    let paths = [
        format!("/connect/portfolio/authorise/holdings/{}/{id}", other.api_key),
        format!(
            "/connect/portfolio/authorise/holdings/{}/{}DEMO01",
            keys.api_key,
            id.get(..48).unwrap()
        ),
        format!("/connect/portfolio/authorise/holdings/{}/x", keys.api_key),
        format!("/connect/portfolio/authorise/holdings/nobody/{id}"),
    ];
    for path in paths {
        assert_eq!(bench.form(http::Method::GET, &path, &[]).status, 400, "{path}");
        assert_eq!(
            bench
                .form(http::Method::POST, &path, &[("tpin", "123456")])
                .status,
            400,
            "{path}"
        );
    }
}
