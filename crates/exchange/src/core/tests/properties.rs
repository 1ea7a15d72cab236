//! What must hold after any script.

use std::collections::BTreeMap;

use proptest::prelude::*;
use torana_domain::order::OrderState;

use super::*;
use crate::core::line::Worth;

#[derive(Clone, Debug)]
enum Act {
    Place {
        account: usize,
        order: OrderRequest,
    },
    CancelNth {
        account: usize,
        nth: usize,
    },
    Authorise {
        account: usize,
        isin: usize,
        quantity: i64,
    },
    Wait {
        minutes: i64,
    },
}

const ACCOUNTS: [&str; 6] = [
    "DEMO01",
    "TPIN01",
    "PARTIAL01",
    "SLOW01",
    "ORDERFAIL01",
    "EMPTY01",
];
const TICKERS: [&str; 4] = ["INFY", "ITC", "TCS", "NIFTYBEES"];
const ISINS: [&str; 4] = [INFY, ITC, "INE467B01029", "INF204KB14I2"];

fn any_order() -> impl Strategy<Value = OrderRequest> {
    let sizes = prop_oneof![1i64..6, 1i64..2_000];
    (
        0..4usize,
        any::<bool>(),
        sizes,
        any::<bool>(),
        -180i64..180,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(ticker, buys, quantity, is_limit, off, is_ioc, is_amo)| {
            let side = if buys { Side::Buy } else { Side::Sell };
            let centre = Market::bundled().listing(TICKERS[ticker]).unwrap().listed_price;
            // Around the centre in steps of one rupee tenth: on tick for all of them.
            let price = Price(centre.0 + off * centre.0 / 10_000 / 1_000 * 1_000);
            let order = market(side, TICKERS[ticker], quantity);
            let order = if is_limit {
                limit(side, TICKERS[ticker], quantity, price)
            } else {
                order
            };
            let order = if is_ioc { ioc(order) } else { order };
            if is_amo { amo(order) } else { order }
        })
}

fn any_act() -> impl Strategy<Value = Act> {
    let minutes = prop_oneof![3 => 0i64..30, 1 => 0i64..3_000];
    prop_oneof![
        6 => (0..6usize, any_order()).prop_map(|(account, order)| Act::Place { account, order }),
        1 => (0..6usize, 0..20usize).prop_map(|(account, nth)| Act::CancelNth { account, nth }),
        1 => (0..6usize, 0..4usize, 1i64..200).prop_map(|(account, isin, quantity)| Act::Authorise { account, isin, quantity }),
        3 => minutes.prop_map(|minutes| Act::Wait { minutes }),
    ]
}

fn perform(world: &mut World, act: Act) {
    match act {
        Act::Place { account, order } => {
            let session = world.login(ACCOUNTS[account]);
            world.place(&session, order);
        }
        Act::CancelNth { account, nth } => {
            let session = world.login(ACCOUNTS[account]);
            let id = world
                .book(&session)
                .orders
                .get(nth)
                .map(|order| order.broker_order_id.clone());
            world.run(Command::Cancel {
                session,
                broker_order_id: id.unwrap_or_default(),
            });
        }
        Act::Authorise {
            account,
            isin,
            quantity,
        } => {
            let session = world.login(ACCOUNTS[account]);
            let wanted = vec![Clearance {
                isin: ISINS[isin].to_owned(),
                quantity: Shares(quantity),
            }];
            world.run(Command::Authorise {
                session,
                wanted,
                tpin: "123456".to_owned(),
            });
        }
        Act::Wait { minutes } => {
            world.now = world.now.plus_ms(minutes * 60_000 + 7);
            world.run(Command::AdvanceTo);
        }
    }
}

fn check_account(account: &Account) {
    assert!(
        account.cash.0 >= 0 && account.blocked.0 >= 0 && account.available().0 >= 0,
        "{account:?}"
    );
    let blocked: i64 = account.orders.values().map(|order| order.blocked().0).sum();
    assert_eq!(account.blocked.0, blocked);
    for (isin, line) in &account.lines {
        assert!(
            line.sellable().0 >= 0 && line.settled.0 >= 0 && line.t1.0 >= 0 && line.cost.0 >= 0,
            "{isin} {line:?}"
        );
        let sells = account
            .orders
            .values()
            .filter(|order| order.isin == *isin && order.side == Side::Sell);
        assert_eq!(
            line.selling.0,
            sells.map(|order| order.reserved().0).sum::<i64>(),
            "{isin}"
        );
        if !account.ddpi {
            assert!(
                line.authorised >= line.needs_cleared(Shares(0)),
                "{isin}: sold what was not cleared"
            );
        }
    }
    for order in account.orders.values() {
        assert!((0..=order.quantity.0).contains(&order.filled.0));
        assert_eq!(
            order.state() == OrderState::Complete,
            order.filled == order.quantity
        );
        assert_eq!(
            order.status.is_final(),
            order.due.is_none(),
            "an open order always has a next thing"
        );
    }
}

/// Money and shares of each account according to its first event and its fills alone.
fn check_conservation(world: &World) {
    let mut orders: BTreeMap<(AccountKey, u64), PaperOrder> = BTreeMap::new();
    let mut books: BTreeMap<AccountKey, (i64, BTreeMap<String, i64>)> = BTreeMap::new();
    for event in &world.events {
        match &event.fact {
            Fact::AccountMade { key, account } => {
                let held = account
                    .lines
                    .iter()
                    .map(|(isin, line)| (isin.clone(), line.settled.0 + line.t1.0));
                books.insert(key.clone(), (account.cash.0, held.collect()));
            }
            Fact::OrderAccepted { key, order } => {
                orders.insert((key.clone(), order.number), (**order).clone());
            }
            Fact::OrderMoved {
                key, number, limit, ..
            } => {
                orders.get_mut(&(key.clone(), *number)).unwrap().limit = *limit;
            }
            Fact::OrderFilled {
                key,
                number,
                quantity,
                price,
                ..
            } => {
                let order = &orders[&(key.clone(), *number)];
                assert!(order.takes(*price), "outside its limit: {order:?} {price:?}");
                if let Some(asked) = order.price {
                    assert!(if order.side == Side::Buy {
                        *price <= asked
                    } else {
                        *price >= asked
                    });
                }
                let listing = world.market.listing(&order.ticker).unwrap();
                let day = world.market.date_of(event.at);
                assert!(
                    world
                        .market
                        .frame(world.state.prices(), &listing, day)
                        .allows(*price)
                );
                let prices = world.state.prices();
                let auctions = world.market.matches_on(prices, listing.group, day);
                assert!(
                    world.market.is_matching(prices, listing.group, event.at)
                        || auctions.iter().any(|(at, _)| *at == event.at)
                        || world.market.stage(prices, listing.group, event.at)
                            == crate::market::Stage::PostClose,
                    "filled outside the session"
                );
                let sign = if order.side == Side::Buy { 1 } else { -1 };
                let (cash, held) = books.get_mut(key).unwrap();
                *cash -= sign * Worth::of(*price, *quantity).to_paise().0;
                *held.entry(order.isin.clone()).or_default() += sign * quantity.0;
            }
            _ => {}
        }
    }
    for (key, (cash, held)) in books {
        let account = &world.state.accounts[&key];
        assert_eq!(account.cash.0, cash, "{key}");
        for (isin, shares) in held {
            let line = account.lines.get(&isin).cloned().unwrap_or_default();
            assert_eq!(line.settled.0 + line.t1.0 + line.net().0, shares, "{key} {isin}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn money_and_shares_reconcile_after_any_script(seed in 0u64..1_000, acts in prop::collection::vec(any_act(), 1..60)) {
        let mut world = World::starting(seed, at(MONDAY_10));
        for act in acts.clone() {
            perform(&mut world, act);
            for account in world.state.accounts.values() {
                check_account(account);
            }
        }
        check_conservation(&world);

        let mut rebuilt = State::empty();
        for event in &world.events {
            let text = serde_json::to_string(event).unwrap();
            rebuilt.evolve(&serde_json::from_str(&text).unwrap());
        }
        rebuilt.now = world.state.now;
        prop_assert_eq!(&rebuilt, &world.state, "the events are the state");
        let text = serde_json::to_string(&world.state).unwrap();
        prop_assert_eq!(&serde_json::from_str::<State>(&text).unwrap(), &world.state);

        let mut again = World::starting(seed, at(MONDAY_10));
        for act in acts {
            perform(&mut again, act);
        }
        prop_assert_eq!(again.events, world.events, "same seed, same script, same events");
    }
}
