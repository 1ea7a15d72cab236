//! Every check at the door has its own text and code.

use torana_domain::order::Side::{Buy, Sell};

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
    let text = "Insufficient funds: the order needs 1001550, available is 1000000";
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
    let text = "Insufficient funds: the order needs 135000, available is 55000";
    expect(
        &mut world,
        s,
        limit(Buy, "INFY", 100, low),
        "marginsExceeded",
        text,
    );
    world.taken(s, limit(Buy, "INFY", 40, low));
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
    let order = ioc(limit(
        Buy,
        "ITC",
        1,
        world.market.listing("ITC").unwrap().frame.low,
    ));
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

#[test]
fn kinds_of_orders_that_are_not_taken() {
    let mut world = World::new();
    let s = &world.login("DEMO01");
    let text =
        "This kind of order is not taken: send a market or limit order for delivery, for the day or IOC";
    let plain = market(Buy, "INFY", 1);
    let kinds = [
        OrderRequest {
            product: Product::Mis,
            ..plain.clone()
        },
        OrderRequest {
            order_type: OrderType::SlM,
            ..plain.clone()
        },
        OrderRequest {
            validity: Validity::Ttl(5),
            ..plain.clone()
        },
    ];
    for order in kinds {
        expect(&mut world, s, order, "adapterError", text);
    }
    let on_bse = OrderRequest {
        exchange: torana_instruments::Exchange::Bse,
        ..plain
    };
    expect(
        &mut world,
        s,
        on_bse,
        "adapterError",
        "Unknown instrument INFY: it is not traded on NSE",
    );
}
