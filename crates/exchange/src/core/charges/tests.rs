//! Charges against a table that was worked out without this code.

use proptest::prelude::*;
use serde::Deserialize;
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Price, Shares};
use torana_domain::order::Side;
use torana_domain::time::Date;
use torana_instruments::Exchange;

use super::*;

#[derive(Deserialize)]
struct Golden {
    note: Vec<Note>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    name: String,
    day: Date,
    broker: String,
    orders: Vec<Order>,
    charges: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    exchange: String,
    product: String,
    side: Side,
    isin: String,
    fills: Vec<(i64, String)>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    brokerage: i64,
    transaction_tax: i64,
    exchange_charge: i64,
    sebi_fee: i64,
    stamp_duty: i64,
    gst: i64,
    total: i64,
    depository: i64,
}

fn rates_of(note: &Note, order: &Order) -> Rates {
    let exchange = match order.exchange.as_str() {
        "NSE" => Exchange::Nse,
        "BSE" => Exchange::Bse,
        other => panic!("{other}"),
    };
    let kind = match order.product.as_str() {
        "CNC" => TradeKind::Delivery,
        "MIS" => TradeKind::Intraday,
        other => panic!("{other}"),
    };
    let broker = BrokerKey::parse(&note.broker).unwrap();
    Tariff::bundled().rates(broker, note.day, exchange, kind, order.side)
}

fn worth_of(order: &Order) -> Worth {
    let fills = order.fills.iter();
    fills.fold(Worth(0), |sum, (quantity, price)| {
        sum.plus(Worth::of(Price::parse(price).unwrap(), Shares(*quantity)))
    })
}

fn computed(note: &Note) -> Expected {
    let legs = note
        .orders
        .iter()
        .map(|order| (rates_of(note, order), worth_of(order)));
    let charges = Charges::of_note(legs);
    let mut delivered: Vec<_> = note
        .orders
        .iter()
        .map(|order| (order.isin.clone(), rates_of(note, order).depository_with_gst().0))
        .filter(|(_, fee)| *fee > 0)
        .collect();
    delivered.sort();
    delivered.dedup();
    assert_eq!(charges.gst.total(), charges.gst.igst, "{}", note.name);
    Expected {
        brokerage: charges.brokerage.0,
        transaction_tax: charges.transaction_tax.0,
        exchange_charge: charges.exchange_charge.0,
        sebi_fee: charges.sebi_fee.0,
        stamp_duty: charges.stamp_duty.0,
        gst: charges.gst.igst.0,
        total: charges.total().0,
        depository: delivered.iter().map(|(_, fee)| fee).sum(),
    }
}

fn golden() -> Vec<Note> {
    let golden: Golden = toml::from_str(include_str!("../../../tests/golden/contract_notes.toml")).unwrap();
    golden.note
}

#[test]
fn contract_notes_are_right_to_the_paisa() {
    let notes = golden();
    assert!(notes.len() >= 30, "{}", notes.len());
    for note in &notes {
        assert_eq!(computed(note), note.charges, "{}", note.name);
    }
}

#[test]
fn reserves_cover_the_note_of_the_day() {
    for note in golden() {
        let legs = note
            .orders
            .iter()
            .map(|order| rates_of(&note, order).reserve(worth_of(order)).0);
        assert!(legs.sum::<i64>() >= note.charges.total, "{}", note.name);
    }
}

#[test]
fn inside_a_state_the_tax_has_two_halves() {
    let rates = Rates {
        gst: PerCrore(1_800_000),
        gst_is_split: true,
        brokerage: PerCrore(10_000_000),
        brokerage_max: Paise(2_000),
        ..Rates::default()
    };
    // 9 % of ₹20 each.
    let gst = rates.order(Worth(10_000_000)).gst;
    assert_eq!(
        gst,
        Gst {
            igst: Paise(0),
            cgst: Paise(180),
            sgst: Paise(180)
        }
    );
    assert_eq!(gst.total(), Paise(360));
}

#[test]
fn the_bundled_tariff_is_in_force_by_trade_date() {
    let rate = |day: &str, exchange| {
        let day = Date::parse(day).unwrap();
        let rates = Tariff::bundled().rates(BrokerKey::Kite, day, exchange, TradeKind::Delivery, Side::Buy);
        rates.exchange.0
    };
    assert_eq!(
        rate("2010-01-04", Exchange::Nse),
        297,
        "the first entry serves earlier days"
    );
    assert_eq!(rate("2026-02-28", Exchange::Nse), 297);
    assert_eq!(rate("2026-03-01", Exchange::Nse), 307);
    assert_eq!(rate("2099-01-01", Exchange::Bse), 375);
}

#[test]
fn bad_tariffs_are_refused_with_the_entry() {
    let good = include_str!("../../../data/tariff.toml");
    let refusal = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        Tariff::parse(&good.replacen(from, to, 1))
            .unwrap_err()
            .to_string()
    };
    let cases = [
        ("sebi = 10\n", "sebi = -1\n", "rates of 2024-10-01: a rate is"),
        ("2026-03-01", "2024-10-01", "two entries"),
        ("[broker.groww]", "[broker.nobody]", "broker.nobody: no broker"),
        (
            "[broker.default]",
            "[broker.sbi]",
            "broker.default: the entry is missing",
        ),
        ("leverage = 5", "leverage = 0", "leverage is 1 to 100"),
        (
            "auction_penalty = 20",
            "auction_penalty = 101",
            "auction_penalty is",
        ),
        ("depository = 1_300", "depository = -1", "an amount is"),
        (
            "max = 2_000 }",
            "max = 2_000, min = 1 }",
            "tariff file: TOML parse error at line",
        ),
        ("\"17:30\"", "\"25:30\"", "expected a time of day"),
        (
            "square_off_minutes = 10",
            "square_off_minutes = 0",
            "square_off_minutes is 1 to 120",
        ),
    ];
    for (from, to, reason) in cases {
        let text = refusal(from, to);
        assert!(text.contains(reason), "{text}");
    }
    assert!(matches!(
        Tariff::parse("settlement_holidays = []\nrates = []\nbroker = {}"),
        Err(TariffError::Entry { .. })
    ));
    assert!(matches!(
        Tariff::parse(&"#".repeat(2 << 20)),
        Err(TariffError::Syntax(_))
    ));
}

fn any_rates() -> impl Strategy<Value = Rates> {
    let days = prop::sample::select(vec!["2025-06-02", "2026-11-02"]);
    let brokers = prop::sample::select(vec![BrokerKey::Kite, BrokerKey::Upstox]);
    (days, brokers, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(day, broker, nse, delivery, buys)| {
            Tariff::bundled().rates(
                broker,
                Date::parse(day).unwrap(),
                if nse { Exchange::Nse } else { Exchange::Bse },
                if delivery {
                    TradeKind::Delivery
                } else {
                    TradeKind::Intraday
                },
                if buys { Side::Buy } else { Side::Sell },
            )
        },
    )
}

proptest! {
    #[test]
    fn a_reserve_never_falls_and_always_suffices(
        orders in prop::collection::vec((any_rates(), 0i64..2_000_000_000_000), 1..20),
        more in 0i64..1_000_000_000,
    ) {
        for (rates, worth) in &orders {
            prop_assert!(rates.reserve(Worth(*worth)) <= rates.reserve(Worth(worth + more)));
        }
        let note = Charges::of_note(orders.iter().map(|(rates, worth)| (*rates, Worth(*worth))));
        let reserved: i64 = orders.iter().map(|(rates, worth)| rates.reserve(Worth(*worth)).0).sum();
        prop_assert!(note.total().0 <= reserved);
    }
}
