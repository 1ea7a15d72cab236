//! Every check at the door has its own text and code.

use torana_domain::order::Side::{Buy, Sell};
use torana_instruments::Exchange;

use super::*;

#[track_caller]
fn expect(world: &mut World, session: &SessionRef, order: OrderRequest, code: &str, text: &str) {
    let before = world.state.clone();
    assert_eq!(world.refused(session, order), (code_of(code), text.to_owned()));
    assert_eq!(world.state, before, "a refusal changes nothing");
}

fn code_of(code: &str) -> &'static str {
    torana_domain::order::OrderErrorCode::parse(code)
        .unwrap()
        .as_str()
}

#[test]
fn instruments_and_quantities() {
    let mut world = World::new();
    let s = &world.login("DEMO01");
    let adapter = "adapterError";
    expect(
        &mut world,
        s,
        market(Buy, "NOPE", 1),
        adapter,
        "Unknown instrument NOPE: it is not traded on NSE",
    );
    let bse = "Unknown instrument HAWKINCOOK: it is not traded on NSE";
    expect(&mut world, s, market(Sell, "HAWKINCOOK", 1), adapter, bse);
    for quantity in [0, -5, i64::MIN] {
        expect(
            &mut world,
            s,
            market(Buy, "INFY", quantity),
            adapter,
            "Quantity must be at least 1",
        );
    }
    let freeze = "Quantity 100001 is above the freeze quantity: one order may have 100000 shares";
    expect(&mut world, s, market(Sell, "INFY", 100_001), adapter, freeze);
    let sme = torana_instruments::Master::bundled()
        .iter()
        .find(|security| security.lot.0 > 1)
        .unwrap();
    let text = format!("Quantity 1 is not a multiple of the lot size {}", sme.lot.0);
    expect(&mut world, s, market(Buy, &sme.ticker, 1), adapter, &text);
}

#[test]
fn prices() {
    let mut world = World::new();
    let s = &world.login("DEMO01");
    let adapter = "adapterError";
    let off = "Price 1500.05 is not a multiple of the tick size 0.1";
    expect(
        &mut world,
        s,
        limit(Buy, "INFY", 1, Price(15_000_500)),
        adapter,
        off,
    );
    let above = "Price 1650.1 is outside the price band of 1350 to 1650";
    expect(
        &mut world,
        s,
        limit(Buy, "INFY", 1, Price(16_501_000)),
        adapter,
        above,
    );
    let below = "Price 1349.9 is outside the price band of 1350 to 1650";
    expect(
        &mut world,
        s,
        limit(Sell, "INFY", 1, Price(13_499_000)),
        adapter,
        below,
    );
    let missing = "A limit order needs a price above 0";
    expect(&mut world, s, limit(Buy, "INFY", 1, Price(0)), adapter, missing);
    let none = OrderRequest {
        price: None,
        ..limit(Buy, "INFY", 1, Price(0))
    };
    expect(&mut world, s, none, adapter, missing);
    let priced = OrderRequest {
        price: Some(Price(15_000_000)),
        ..market(Buy, "INFY", 1)
    };
    expect(&mut world, s, priced, adapter, "A market order takes no price");
}

#[test]
fn sessions() {
    let mut world = World::new();
    let s = world.login("DEMO01");
    let not_ready = "tradingSystemNotReady";
    let amo_text =
        "After-market orders are not taken now; send a regular order or wait for the after-market window";
    expect(&mut world, &s, amo(market(Buy, "INFY", 1)), not_ready, amo_text);
    let closed = "The market is closed; send the order as an after-market order or while the market is open";
    for instant in ["2026-01-05T10:00:00.000Z", "2026-01-05T12:00:00.000Z"] {
        world.go_to(instant);
        expect(&mut world, &s, market(Buy, "INFY", 1), not_ready, closed);
    }
    world.go_to("2026-01-10T06:00:00.000Z");
    let s = world.login("DEMO01");
    expect(&mut world, &s, market(Buy, "INFY", 1), not_ready, closed);
    world.taken(&s, amo(market(Buy, "INFY", 1)));
}

#[test]
fn money_and_shares() {
    let mut world = World::new();
    let s = &world.login("DEMO01");
    let high = Price(16_500_000);
    let text = "Insufficient funds: the order needs 1002738.52, available is 1000000";
    expect(
        &mut world,
        s,
        limit(Buy, "INFY", 607, high),
        "marginsExceeded",
        text,
    );
    let sells = "Insufficient holdings: the order sells 26, available are 25 shares";
    expect(&mut world, s, market(Sell, "INFY", 26), "checkHoldings", sells);
    let large = "Order value 165000000 is above the limit of 100000000 for one order";
    expect(
        &mut world,
        s,
        limit(Buy, "INFY", 100_000, high),
        "adapterError",
        large,
    );
}

#[test]
fn money_of_open_orders_is_not_there_twice() {
    let mut world = World::new();
    let s = &world.login("DEMO01");
    let low = Price(13_500_000);
    world.taken(s, limit(Buy, "INFY", 700, low));
    let text = "Insufficient funds: the order needs 135160.15, available is 53879.01";
    expect(
        &mut world,
        s,
        limit(Buy, "INFY", 100, low),
        "marginsExceeded",
        text,
    );
    world.taken(s, limit(Buy, "INFY", 39, low));
}

#[test]
fn an_empty_account_can_do_nothing() {
    let mut world = World::new();
    let s = world.login("EMPTY01");
    assert_eq!(world.funds(&s), Paise(0));
    assert_eq!(world.refused(&s, market(Buy, "ITC", 1)).0, "marginsExceeded");
    assert_eq!(world.refused(&s, market(Sell, "ITC", 1)).0, "checkHoldings");
}

#[test]
fn a_day_takes_so_many_orders() {
    let mut world = World::new();
    let s = world.login("DEMO01");
    let order = ioc(limit(Buy, "ITC", 1, world.day_frame("ITC").low));
    let account = world.state.accounts.get_mut(&s.key).unwrap();
    let max = crate::core::checks::ORDERS_PER_DAY_MAX;
    let market = Market::bundled();
    let mut state = State {
        accounts: [(s.key.clone(), account.clone())].into(),
        ..world.state.clone()
    };
    for _ in 0..max {
        let command = Command::Place {
            session: s.clone(),
            order: order.clone(),
        };
        assert!(matches!(
            apply(&mut state, &market, command, world.now).1.reply,
            Reply::OrderTaken { .. }
        ));
    }
    world.state = state;
    let text = "The account has sent 5000 orders today; no more are taken";
    expect(&mut world, &s, order, "adapterError", text);
}

/// 100 INFY at the limit price of its previous close: right in every respect, for DEMO01.
fn right(world: &World) -> OrderRequest {
    limit(Buy, "INFY", 100, world.frame("INFY").0)
}

#[test]
fn triggers_products_and_kinds() {
    let mut world = World::new();
    let s = &world.login("DEMO01");
    let (centre, low, high) = world.frame("INFY");
    let last = world.last("INFY");
    let (up, down) = (Price(last.0 + 20_000), Price(last.0 - 20_000));
    let delivery_only = world.market.listing(delivery_only()).unwrap();
    let plain = right(&world);
    let text = |price: Price| price.to_decimal();
    let cases = [
        (stop(Buy, up, Some(Price(up.0 + 500))), format!("Price {} is not a multiple of the tick size 0.1", text(Price(up.0 + 500)))),
        (stop(Buy, Price(up.0 + 500), Some(Price(up.0 + 1_000))), format!("Trigger price {} is not a multiple of the tick size 0.1", text(Price(up.0 + 500)))),
        (stop(Buy, Price(high.0 + 1_000), None), format!("Trigger price {} is outside the price band of {} to {}", text(Price(high.0 + 1_000)), text(low), text(high))),
        (OrderRequest { product: Product::Mis, ..market(Buy, &delivery_only.ticker, 1) }, "This security is in the trade-to-trade segment: it is traded for delivery (CNC) only, not intraday (MIS)".to_owned()),
        (OrderRequest { order_type: OrderType::Sl, ..stop(Buy, up, None) }, "A stop-loss limit order (SL) needs a price above 0".to_owned()),
        (OrderRequest { order_type: OrderType::SlM, ..stop(Buy, up, Some(up)) }, "A stop-loss market order (SL-M) takes no price, only a trigger price".to_owned()),
        (OrderRequest { trigger_price: None, ..stop(Buy, up, Some(up)) }, "A stop-loss order needs a trigger price above 0".to_owned()),
        (OrderRequest { trigger_price: Some(centre), ..plain.clone() }, "Market and limit orders take no trigger price; send SL or SL-M".to_owned()),
        (stop(Buy, up, Some(Price(up.0 - 1_000))), format!("Trigger price {} is above the limit price {}; a stop-loss buy needs a trigger at or below its price", text(up), text(Price(up.0 - 1_000)))),
        (stop(Sell, down, Some(Price(down.0 + 1_000))), format!("Trigger price {} is below the limit price {}; a stop-loss sale needs a trigger at or above its price", text(down), text(Price(down.0 + 1_000)))),
        (stop(Buy, last, None), format!("Trigger price {0} is not above the last price {0}; a stop-loss buy waits for a rise", text(last))),
        (stop(Sell, last, None), format!("Trigger price {0} is not below the last price {0}; a stop-loss sale waits for a fall", text(last))),
        (ioc(stop(Buy, up, None)), "A stop-loss order waits for its trigger: it cannot be IOC".to_owned()),
        (OrderRequest { validity: Validity::Ttl(0), ..plain.clone() }, "An order with minutes lives 1 to 1440 minutes".to_owned()),
        (OrderRequest { protection: Protection::Bps(0), ..market(Buy, "INFY", 1) }, "The market protection is more than 0 and at most 100 percent".to_owned()),
        (OrderRequest { protection: Protection::Bps(100), ..plain.clone() }, "Only orders without a price (MARKET, SL-M) take a market protection".to_owned()),
        (OrderRequest { disclosed: Some(Shares(9)), ..plain.clone() }, "Disclosed quantity 9 is less than a tenth of the order: disclose at least 10 shares".to_owned()),
        (OrderRequest { disclosed: Some(Shares(100)), ..plain.clone() }, "Disclosed quantity 100 must be less than the quantity 100; leave it out to show all".to_owned()),
        (ioc(OrderRequest { disclosed: Some(Shares(20)), ..plain.clone() }), "An IOC order never waits in the book: it takes no disclosed quantity".to_owned()),
        (OrderRequest { reference: Some("R".repeat(21)), ..plain }, "The reference of an order has at most 20 characters".to_owned()),
    ];
    let texts: std::collections::BTreeSet<_> = cases.iter().map(|(_, text)| text.clone()).collect();
    assert_eq!(texts.len(), cases.len(), "every refusal has its own text");
    for (order, text) in cases {
        expect(&mut world, s, order, "adapterError", &text);
    }
    let on_bse = OrderRequest {
        exchange: Exchange::Bse,
        ..market(Buy, "NOPE", 1)
    };
    expect(
        &mut world,
        s,
        on_bse,
        "adapterError",
        "Unknown instrument NOPE: it is not traded on BSE",
    );
}

#[test]
fn trade_to_trade_shares_are_sold_when_they_are_settled() {
    let mut world = World::new();
    let s = &world.login("DEMO01");
    let ticker = delivery_only();
    world.taken(s, market(Buy, ticker, 3));
    let text =
        "Trade-to-trade shares can be sold after they are settled: the order sells 3, settled are 0 shares";
    expect(&mut world, s, market(Sell, ticker, 3), "checkHoldings", text);
    world.go_to("2026-01-07T04:30:00.000Z");
    let s = &world.login("DEMO01");
    world.taken(s, market(Sell, ticker, 3));
}

/// An order with two faults is refused for the one that is checked first.
#[test]
fn the_order_of_the_checks() {
    let mut world = World::new();
    let s = &world.login("TPIN01");
    let (_, _, high) = world.frame("INFY");
    let (off_tick, outside) = (Price(15_000_500), Price(high.0 + 1_000));
    let ladder = |price: Price, quantity: i64| limit(Buy, "INFY", quantity, price);
    let up = Price(world.last("INFY").0 + 20_000);
    let first_words = |world: &mut World, order: OrderRequest| {
        let text = match world.place(s, order) {
            Reply::OrderRefused { text, .. } | Reply::OrderNeedsClearance { text } => text,
            other => panic!("{other:?}"),
        };
        text.split(' ').take(2).collect::<Vec<_>>().join(" ")
    };
    let trigger_and_disclosed = OrderRequest {
        disclosed: Some(Shares(100)),
        ..stop(Buy, up, None)
    };
    let cases = [
        (
            OrderRequest {
                ticker: "NOPE".to_owned(),
                ..amo(ladder(off_tick, 1))
            },
            "Unknown instrument",
        ),
        (amo(ladder(off_tick, 1)), "After-market orders"),
        (ladder(Price(outside.0 + 500), 0), "Price 1650.15"),
        (ladder(outside, 0), "Price 1650.1"),
        (
            OrderRequest {
                product: Product::Mis,
                ..market(Buy, delivery_only(), 0)
            },
            "Quantity must",
        ),
        (
            OrderRequest {
                disclosed: Some(Shares(9)),
                product: Product::Mis,
                ..market(Buy, delivery_only(), 1)
            },
            "This security",
        ),
        (
            OrderRequest {
                quantity: Shares(100),
                ..ioc(trigger_and_disclosed)
            },
            "A stop-loss",
        ),
        (
            OrderRequest {
                disclosed: Some(Shares(1)),
                ..ladder(high, 60_000)
            },
            "Disclosed quantity",
        ),
        (
            OrderRequest {
                reference: Some("R".repeat(30)),
                ..ladder(high, 60_000)
            },
            "The reference",
        ),
        (ladder(high, 60_000), "Insufficient funds:"),
        (market(Sell, "INFY", 26), "Insufficient holdings:"),
        (market(Sell, "INFY", 25), "The shares"),
    ];
    for (order, wanted) in cases {
        let found = first_words(&mut world, order.clone());
        assert!(
            found.starts_with(wanted) || wanted.starts_with(&found),
            "{found} is not {wanted}: {order:?}"
        );
    }
}
