//! Orders that become several: slices, icebergs, cover orders.

use serde_json::{Value, json};

use crate::bench::{Bench, order};
use crate::orders::row;

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
