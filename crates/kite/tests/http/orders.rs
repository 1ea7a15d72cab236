use serde_json::{Value, json};

use crate::bench::{Bench, Login, order};

/// Path, further fields, what the answer names.
type Bad<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

/// The order as the book shows it.
pub fn row(bench: &Bench, login: &Login, id: &str) -> Value {
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
    let input: &[Bad<'_>] = &[
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
    let others: &[Bad<'_>] = &[
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
