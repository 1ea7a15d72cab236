use serde_json::{Value, json};

use crate::bench::{Bench, Login, order};

fn positions(bench: &Bench, login: &Login) -> Vec<Value> {
    bench.get(login, "/portfolio/positions").data()["net"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn amounts_are_exact_decimals() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    let holdings = bench.get(&login, "/portfolio/holdings");
    assert!(
        holdings.text().contains(r#""average_price":1284.5,"#),
        "{}",
        holdings.text()
    );
    for row in holdings.data().as_array().unwrap() {
        let number = |name: &str| row[name].as_f64().unwrap();
        let gain =
            (number("last_price") - number("average_price")) * (number("quantity") + number("t1_quantity"));
        assert!((gain - number("pnl")).abs() < 0.005, "{row}");
        let change = number("last_price") - number("close_price");
        assert!((change - number("day_change")).abs() < 0.000_05, "{row}");
        let percent = change / number("close_price") * 100.0;
        assert!(
            (percent - number("day_change_percentage")).abs() < 0.000_001,
            "{row}"
        );
    }
    let on_bse = holdings.data();
    let bse = on_bse
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["isin"] == "INE979B01015")
        .unwrap();
    assert_eq!(bse["exchange"], "BSE", "it is listed there only");
}

#[test]
fn todays_trades_are_positions_and_can_be_converted() {
    let bench = Bench::new();
    let login = bench.user("DEMO01");
    bench.place(&login, &order(&[("product", "MIS"), ("quantity", "10")]));
    bench.place(
        &login,
        &order(&[
            ("product", "MIS"),
            ("quantity", "4"),
            ("transaction_type", "SELL"),
        ]),
    );
    let row = &positions(&bench, &login)[0];
    assert_eq!(
        (
            &row["quantity"],
            &row["buy_quantity"],
            &row["day_sell_quantity"],
            &row["overnight_quantity"]
        ),
        (&json!(6), &json!(10), &json!(4), &json!(0))
    );
    let fields = |quantity, old, new| {
        [
            ("exchange", "NSE"),
            ("tradingsymbol", "INFY"),
            ("transaction_type", "BUY"),
            ("position_type", "day"),
            ("quantity", quantity),
            ("old_product", old),
            ("new_product", new),
        ]
    };
    let convert = |fields: &[(&str, &str)]| bench.put(&login, "/portfolio/positions", fields);
    assert_eq!(
        convert(&fields("7", "MIS", "CNC")).failure().1,
        "OrderException",
        "more than there are"
    );
    assert_eq!(convert(&fields("6", "MIS", "MIS")).failure().1, "InputException");
    assert_eq!(convert(&fields("6", "MIS", "NRML")).failure().1, "InputException");
    assert_eq!(convert(&fields("", "MIS", "CNC")).failure().1, "InputException");
    assert_eq!(convert(&fields("6", "MIS", "CNC")).data(), true);
    let products: Vec<_> = positions(&bench, &login)
        .iter()
        .map(|row| (row["product"].clone(), row["quantity"].clone()))
        .collect();
    assert_eq!(products, [(json!("CNC"), json!(6)), (json!("MIS"), json!(0))]);
}

#[test]
fn what_was_bought_is_a_holding_on_the_next_day() {
    let bench = Bench::new();
    let keys = bench.app("acme");
    let login = bench.login(&keys, "EMPTY01");
    assert_eq!(bench.get(&login, "/portfolio/holdings").data(), json!([]));
    let rich = bench.login(&keys, "DEMO02");
    bench.place(&rich, &order(&[("tradingsymbol", "SBIN"), ("quantity", "3")]));
    bench.place(&rich, &order(&[("quantity", "5"), ("transaction_type", "SELL")]));
    let of = |login: &Login, symbol: &str| {
        let rows = bench.get(login, "/portfolio/holdings").data();
        rows.as_array()
            .unwrap()
            .iter()
            .find(|row| row["tradingsymbol"] == symbol)
            .cloned()
    };
    let sold = of(&rich, "INFY").unwrap();
    assert_eq!(
        (&sold["quantity"], &sold["used_quantity"]),
        (&json!(25), &json!(5))
    );
    assert_eq!(of(&rich, "SBIN"), None);
    let money = bench.get(&rich, "/user/margins/equity").data();
    assert!(
        money["utilised"]["holding_sales"].as_f64().unwrap() > 7_000.0,
        "{money}"
    );
    bench.advance(24 * 3_600_000);
    let rich = bench.login(&keys, "DEMO02");
    let bought = of(&rich, "SBIN").unwrap();
    assert_eq!(
        (&bought["quantity"], &bought["t1_quantity"]),
        (&json!(0), &json!(3))
    );
    assert_eq!(of(&rich, "INFY").unwrap()["quantity"], 20);
    assert_eq!(
        bench.get(&rich, "/orders").data(),
        json!([]),
        "the book is of one day"
    );
}
