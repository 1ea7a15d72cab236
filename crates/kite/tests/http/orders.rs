use serde_json::{Value, json};

use crate::bench::{Bench, Login, order};

fn row(bench: &Bench, login: &Login, id: &str) -> Value {
    let book = bench.get(login, "/orders").data();
    let found = book.as_array().unwrap().iter().find(|row| row["order_id"] == id);
    found.unwrap_or_else(|| panic!("no {id} in {book}")).clone()
}

fn statuses(bench: &Bench, login: &Login, id: &str) -> Vec<String> {
    let rows = bench.get(login, &format!("/orders/{id}")).data();
    let words = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["status"].as_str().unwrap().to_owned());
    words.collect()
}

#[test]
fn a_market_order_fills_and_its_tag_comes_back() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let id = bench.place(&login, &order(&[("tag", "mine 1"), ("market_protection", "-1")]));
    let row = row(&bench, &login, &id);
    assert_eq!(
        (
            &row["status"],
            &row["tag"],
            &row["tags"],
            &row["filled_quantity"],
            &row["pending_quantity"]
        ),
        (
            &json!("COMPLETE"),
            &json!("mine 1"),
            &json!(["mine 1"]),
            &json!(2),
            &json!(0)
        )
    );
    let way = [
        "PUT ORDER REQ RECEIVED",
        "VALIDATION PENDING",
        "OPEN PENDING",
        "OPEN",
        "COMPLETE",
    ];
    assert_eq!(statuses(&bench, &login, &id), way);
    let trades = bench
        .get(&login, &format!("/orders/{id}/trades?order_id={id}"))
        .data();
    assert_eq!(trades, bench.get(&login, "/trades").data());
    assert_eq!(trades[0]["quantity"], 2);
    assert_eq!(trades[0]["average_price"], row["average_price"]);
}

#[test]
fn a_limit_order_is_changed_and_cancelled() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let id = bench.place(&login, &order(&[("order_type", "LIMIT"), ("price", "1400.5")]));
    let path = format!("/orders/regular/{id}");
    let again = [
        ("variety", "regular"),
        ("order_id", id.as_str()),
        ("quantity", "5"),
        ("price", "1401"),
        ("order_type", "LIMIT"),
        ("trigger_price", "0"),
        ("disclosed_quantity", "0"),
        ("validity", "DAY"),
    ];
    assert_eq!(bench.put(&login, &path, &again).data(), json!({ "order_id": id }));
    let changed = row(&bench, &login, &id);
    assert_eq!(
        (
            &changed["quantity"],
            &changed["price"],
            &changed["modified"],
            &changed["pending_quantity"]
        ),
        (&json!(5), &json!(1401), &json!(true), &json!(5))
    );
    assert_eq!(
        bench.put(&login, &path, &again).failure().1,
        "OrderException",
        "nothing is new"
    );
    let cancel = format!("{path}?variety=regular&order_id={id}&parent_order_id=");
    assert_eq!(bench.delete(&login, &cancel).data(), json!({ "order_id": id }));
    let ended = row(&bench, &login, &id);
    assert_eq!(
        (
            &ended["status"],
            &ended["pending_quantity"],
            &ended["cancelled_quantity"]
        ),
        (&json!("CANCELLED"), &json!(0), &json!(5))
    );
    assert_eq!(bench.delete(&login, &cancel).failure().1, "OrderException");
    assert_eq!(statuses(&bench, &login, &id).last().unwrap(), "CANCELLED");
}

#[test]
fn a_stop_order_has_no_price_and_waits() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let stop = order(&[
        ("transaction_type", "SELL"),
        ("order_type", "SL-M"),
        ("price", "0"),
        ("trigger_price", "1400"),
    ]);
    let id = bench.place(&login, &stop);
    let row = row(&bench, &login, &id);
    assert_eq!(
        (&row["status"], &row["price"], &row["trigger_price"]),
        (&json!("TRIGGER PENDING"), &json!(0), &json!(1400))
    );
}

#[test]
fn bad_orders_have_the_right_class_and_name_what_is_wrong() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let refused =
        |path: &str, more: &[(&'static str, &'static str)]| bench.post(&login, path, &order(more)).failure();
    let input: &[(&str, &[(&str, &str)], &str)] = &[
        (
            "/orders/regular",
            &[("tradingsymbol", "NOSUCH")],
            "does not exist",
        ),
        ("/orders/regular", &[("tradingsymbol", "")], "`tradingsymbol`"),
        ("/orders/regular", &[("exchange", "NFO")], "`exchange`"),
        ("/orders/regular", &[("product", "NRML")], "`product`"),
        (
            "/orders/regular",
            &[("transaction_type", "buy")],
            "`transaction_type`",
        ),
        ("/orders/regular", &[("order_type", "STOP")], "`order_type`"),
        ("/orders/regular", &[("quantity", "")], "`quantity`"),
        ("/orders/regular", &[("quantity", "-1")], "`quantity`"),
        ("/orders/regular", &[("quantity", "1.5")], "`quantity`"),
        ("/orders/regular", &[("quantity", "0")], "at least 1"),
        ("/orders/regular", &[("quantity", "100001")], "1,00,000"),
        ("/orders/regular", &[("order_type", "LIMIT")], "price"),
        (
            "/orders/regular",
            &[("order_type", "LIMIT"), ("price", "1400.03")],
            "Tick size for this script is 0.10",
        ),
        (
            "/orders/regular",
            &[("order_type", "LIMIT"), ("price", "10")],
            "lower circuit limit",
        ),
        (
            "/orders/regular",
            &[("order_type", "LIMIT"), ("price", "ten")],
            "`price`",
        ),
        ("/orders/regular", &[("validity", "GTC")], "`validity`"),
        ("/orders/regular", &[("validity", "TTL")], "`validity_ttl`"),
        (
            "/orders/regular",
            &[("market_protection", "101")],
            "`market_protection`",
        ),
        ("/orders/regular", &[("tag", "123456789012345678901")], "`tag`"),
        ("/orders/bo", &[], "`variety`"),
        ("/orders/co", &[("product", "MIS")], "`trigger_price`"),
        (
            "/orders/co",
            &[("product", "CNC"), ("trigger_price", "1400")],
            "`product`",
        ),
        ("/orders/iceberg", &[], "`iceberg_legs`"),
        ("/orders/iceberg", &[("iceberg_legs", "11")], "`iceberg_legs`"),
    ];
    for (path, more, named) in input {
        let (status, kind, text) = refused(path, more);
        assert_eq!(
            (status, kind.as_str()),
            (400, "InputException"),
            "{more:?}: {text}"
        );
        assert!(text.contains(named), "{more:?}: {text}");
    }
    let others: &[(&str, &[(&str, &str)], &str)] = &[
        ("/orders/regular", &[("quantity", "50000")], "MarginException"),
        (
            "/orders/regular",
            &[("quantity", "500"), ("transaction_type", "SELL")],
            "HoldingException",
        ),
        ("/orders/amo", &[], "OrderException"),
        ("/orders/auction", &[("auction_number", "22")], "OrderException"),
    ];
    for (path, more, class) in others {
        let (status, kind, text) = refused(path, more);
        assert_eq!((status, kind.as_str()), (400, *class), "{more:?}: {text}");
    }
    assert_eq!(
        bench.get(&login, "/orders").data(),
        json!([]),
        "nothing was taken"
    );
}

#[test]
fn after_the_close_only_after_market_orders_are_taken() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    bench.advance(8 * 3_600_000);
    assert_eq!(
        bench.post(&login, "/orders/regular", &order(&[])).failure().1,
        "OrderException"
    );
    let answer = bench.post(&login, "/orders/amo", &order(&[]));
    let id = answer.data()["order_id"].as_str().unwrap().to_owned();
    let kept = row(&bench, &login, &id);
    assert_eq!(
        (&kept["status"], &kept["variety"]),
        (&json!("AMO REQ RECEIVED"), &json!("amo"))
    );
    assert_eq!(
        bench.delete(&login, &format!("/orders/amo/{id}")).data()["order_id"],
        id
    );
}

#[test]
fn an_order_above_the_freeze_quantity_is_sliced_if_that_is_asked_for() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let large = order(&[
        ("tradingsymbol", "IDEA"),
        ("product", "MIS"),
        ("quantity", "250000"),
        ("autoslice", "true"),
        ("tag", "large"),
    ]);
    let data = bench.post(&login, "/orders/regular", &large).data();
    let children = data["children"].as_array().unwrap();
    assert_eq!(children.len(), 3, "{data}");
    assert_eq!(data["order_id"], children[0]["order_id"]);
    let sum: i64 = children
        .iter()
        .map(|child| {
            let row = row(&bench, &login, child["order_id"].as_str().unwrap());
            let parent = format!("autoslice:{}", data["order_id"].as_str().unwrap());
            assert_eq!(row["tags"], json!(["large", "autoslice", parent]));
            row["quantity"].as_i64().unwrap()
        })
        .sum();
    assert_eq!(sum, 250_000);
    let small = order(&[("autoslice", "true")]);
    let data = bench.post(&login, "/orders/regular", &small).data();
    assert_eq!(data["children"], json!([]), "nothing to slice");
}

#[test]
fn a_slice_that_is_refused_says_why_beside_its_siblings() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let large = order(&[
        ("tradingsymbol", "IDEA"),
        ("order_type", "LIMIT"),
        ("price", "8.9"),
        ("quantity", "180000"),
        ("autoslice", "true"),
    ]);
    let data = bench.post(&login, "/orders/regular", &large).data();
    let refused = &data["children"][1]["error"];
    assert_eq!(
        (&refused["code"], &refused["error_type"], &refused["data"]),
        (&json!(400), &json!("MarginException"), &Value::Null),
        "{data}"
    );
}

#[test]
fn the_parts_of_an_iceberg_order_follow_each_other() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let legs = order(&[
        ("quantity", "10"),
        ("iceberg_legs", "3"),
        ("iceberg_quantity", "4"),
    ]);
    let first = bench.post(&login, "/orders/iceberg", &legs).data()["order_id"].clone();
    let book = bench.get(&login, "/orders").data();
    let shown: Vec<_> = book
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["quantity"].as_i64().unwrap(),
                &row["meta"]["iceberg"]["leg"],
                &row["parent_order_id"],
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (4, &json!(1), &Value::Null),
            (4, &json!(2), &first),
            (2, &json!(3), &first)
        ]
    );
    let meta =
        json!({ "leg": 2, "legs": 3, "leg_quantity": 4, "total_quantity": 10, "remaining_quantity": 2 });
    assert_eq!(book[1]["meta"], json!({ "iceberg": meta }));
    let waiting = order(&[
        ("quantity", "9"),
        ("iceberg_legs", "3"),
        ("order_type", "LIMIT"),
        ("price", "1400"),
    ]);
    let id = bench.post(&login, "/orders/iceberg", &waiting).data()["order_id"].clone();
    let book = bench.get(&login, "/orders").data();
    assert_eq!(book.as_array().unwrap().len(), 4, "the first part waits");
    let cancelled = bench.delete(&login, &format!("/orders/iceberg/{}", id.as_str().unwrap()));
    assert_eq!(cancelled.data()["order_id"], id);
    assert_eq!(
        bench.get(&login, "/orders").data().as_array().unwrap().len(),
        4,
        "and nothing follows it"
    );
}

#[test]
fn a_cover_order_has_its_stop_behind_it_and_is_left_at_the_market() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let cover = order(&[("product", "MIS"), ("quantity", "3"), ("trigger_price", "1450")]);
    let entry = bench.post(&login, "/orders/co", &cover).data()["order_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let book = bench.get(&login, "/orders").data();
    assert_eq!(
        (&book[0]["status"], &book[0]["product"]),
        (&json!("COMPLETE"), &json!("CO"))
    );
    assert_eq!(
        (
            &book[1]["status"],
            &book[1]["order_type"],
            &book[1]["transaction_type"],
            &book[1]["parent_order_id"]
        ),
        (
            &json!("TRIGGER PENDING"),
            &json!("SL-M"),
            &json!("SELL"),
            &json!(entry)
        )
    );
    assert!(
        bench
            .delete(&login, &format!("/orders/co/{entry}"))
            .status
            .is_success()
    );
    let book = bench.get(&login, "/orders").data();
    assert_eq!(
        (&book[1]["status"], &book[1]["filled_quantity"]),
        (&json!("COMPLETE"), &json!(3))
    );
    assert_eq!(
        bench.get(&login, "/portfolio/positions").data()["net"][0]["quantity"],
        0
    );
    let (_, kind, text) = bench.delete(&login, &format!("/orders/co/{entry}")).failure();
    assert_eq!(
        (kind.as_str(), text.as_str()),
        ("OrderException", "The cover order is closed already")
    );
    let wrong_side = order(&[
        ("product", "MIS"),
        ("order_type", "LIMIT"),
        ("price", "1490"),
        ("trigger_price", "1495"),
    ]);
    assert_eq!(
        bench.post(&login, "/orders/co", &wrong_side).failure().1,
        "InputException"
    );
}

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
            &id[..48]
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
