use serde_json::{Value, json};
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Paise, Price, Shares};
use torana_exchange::core::{AccountKey, Behaviour, Command, NewAccount, NewHolding, Reply, SecurityName};

use crate::bench::{Bench, Login, order};
use crate::orders::row;

/// Further fields, class, what the answer names.
type Bad<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

const DAY_MS: i64 = 24 * 3_600_000;
const ITC: &str = "INE154A01025";

/// Ten on Tuesday: nine ITC are missing, and a user has fifty.
fn auction() -> (Bench, Login, Value) {
    let bench = Bench::new();
    let make = |account: &str, quantity, t1_quantity| {
        let key = AccountKey::new(BrokerKey::Kite, account).unwrap();
        let made = bench.command(
            "acme",
            Command::CreateAccount(NewAccount {
                key: key.clone(),
                funds: Paise(10_000_000),
                holdings: vec![NewHolding {
                    security: SecurityName::Ticker("ITC".to_owned()),
                    quantity: Shares(quantity),
                    t1_quantity: Shares(t1_quantity),
                    average_price: Price(4_000_000),
                    authorised: Shares(0),
                }],
                ddpi: true,
                behaviour: Behaviour::Normal,
            }),
        );
        assert!(matches!(made, Reply::AccountMade(_)));
        key
    };
    // The first login opens the broker's market in this world.
    bench.user("DEMO01");
    let key = make("BTST01", 0, 9);
    make("HOLDER01", 50, 0);
    let seller = bench.user("BTST01");
    let isin = ITC.to_owned();
    assert_eq!(
        bench.command("acme", Command::FailDelivery { key, isin }),
        Reply::Done
    );
    let sale = [
        ("tradingsymbol", "ITC"),
        ("transaction_type", "SELL"),
        ("quantity", "9"),
    ];
    bench.place(&seller, &order(&sale));
    bench.advance(DAY_MS);
    let holder = bench.user("HOLDER01");
    let auctions = bench.get(&holder, "/portfolio/holdings/auctions").data();
    (bench, holder, auctions[0].clone())
}

#[test]
fn a_holder_offers_into_the_auction_of_missing_shares() {
    let (bench, holder, auction) = auction();
    let number = auction["auction_number"].as_str().unwrap();
    let price = auction["close_price"].to_string();
    let usual = [
        ("tradingsymbol", "ITC"),
        ("transaction_type", "SELL"),
        ("order_type", "LIMIT"),
        ("quantity", "4"),
        ("auction_number", number),
        ("price", price.as_str()),
    ];
    let post = |more: &[(&str, &str)]| {
        let is_kept = |(name, _): &&(&str, &str)| more.iter().all(|(other, _)| other != name);
        let fields: Vec<_> = usual.iter().filter(is_kept).chain(more).copied().collect();
        bench.post(&holder, "/orders/auction", &order(&fields))
    };
    let bad: [Bad<'_>; 9] = [
        (&[("auction_number", "")], "InputException", "`auction_number`"),
        (&[("auction_number", "one")], "InputException", "`auction_number`"),
        (&[("auction_number", "22")], "OrderException", "22"),
        (&[("transaction_type", "BUY")], "InputException", "SELL"),
        (&[("order_type", "MARKET")], "InputException", "LIMIT"),
        (&[("product", "MIS")], "InputException", "CNC"),
        (&[("exchange", "BSE")], "InputException", "NSE"),
        (&[("quantity", "10")], "InputException", "9 shares"),
        (&[("price", "1")], "InputException", "lower circuit limit"),
    ];
    for (more, class, named) in bad {
        let (status, kind, text) = post(more).failure();
        assert_eq!((status, kind.as_str()), (400, class), "{more:?}: {text}");
        assert!(text.contains(named), "{more:?}: {text}");
    }
    assert_eq!(bench.get(&holder, "/orders").data(), json!([]));

    let id = post(&[]).data()["order_id"].as_str().unwrap().to_owned();
    let other = post(&[]).data()["order_id"].as_str().unwrap().to_owned();
    let path = |id: &str| format!("/orders/auction/{id}");
    let changed = bench.put(&holder, &path(&id), &[("quantity", "5"), ("order_type", "LIMIT")]);
    assert_eq!(changed.data()["order_id"], *id);
    assert_eq!(bench.delete(&holder, &path(&other)).data()["order_id"], *other);
    let open = row(&bench, &holder, &id);
    assert_eq!(
        [
            &open["status"],
            &open["variety"],
            &open["auction_number"],
            &open["quantity"]
        ],
        [&json!("OPEN"), &json!("auction"), &json!(number), &json!(5)]
    );
    assert_eq!(row(&bench, &holder, &other)["status"], "CANCELLED");

    bench.advance(8 * 3_600_000);
    let done = row(&bench, &holder, &id);
    assert_eq!(
        (&done["status"], &done["filled_quantity"]),
        (&json!("COMPLETE"), &json!(5))
    );
    assert_eq!(done["average_price"], auction["close_price"]);
    let trades = bench.get(&holder, &format!("/orders/{id}/trades")).data();
    assert_eq!(trades[0]["quantity"], 5);
}
