//! What must hold after any script. Scripts: 256, or as many as `PROPTEST_CASES` says.

use std::sync::Arc;

use proptest::prelude::*;
use torana_domain::order::OrderState;
use torana_instruments::Exchange;

use super::audit::{Audit, check_account};
use super::*;
use crate::core::convert::Conversion;
use crate::core::terms::Product;
use crate::corporate::CorporateActions;

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
    Depository {
        account: usize,
        isin: usize,
        quantity: i64,
    },
    Convert {
        account: usize,
        conversion: Conversion,
    },
    FailDelivery {
        account: usize,
        isin: usize,
    },
    Wait {
        minutes: i64,
    },
    /// Until some minutes after the next opening.
    WaitForSession,
}

/// A split and a bonus issue within the reach of the scripts.
const ACTIONS: &str = r#"
[[action]]
isin = "INE154A01025"
ex_date = "2026-01-07"
kind = "split"
ratio = "3:2"

[[action]]
isin = "INE467B01029"
ex_date = "2026-01-10"
kind = "bonus"
ratio = "1:3"
"#;

fn world(seed: u64) -> World {
    static PARSED: std::sync::OnceLock<Arc<CorporateActions>> = std::sync::OnceLock::new();
    let actions = PARSED.get_or_init(|| Arc::new(CorporateActions::parse(ACTIONS).unwrap()));
    let mut world = World::starting(seed, at(MONDAY_10));
    world.market = world.market.with_actions(Arc::clone(actions));
    world
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

/// Mostly the first accounts, so that scripts come back to what they began.
fn any_account() -> impl Strategy<Value = usize> {
    prop_oneof![3 => 0..2usize, 1 => 0..ACCOUNTS.len()]
}

fn any_security() -> impl Strategy<Value = usize> {
    prop_oneof![2 => 0..2usize, 1 => 0..TICKERS.len()]
}

fn any_order() -> impl Strategy<Value = OrderRequest> {
    let sizes = prop_oneof![3 => 1i64..6, 2 => 1i64..60, 1 => 1i64..2_000];
    (
        any_security(),
        any::<bool>(),
        sizes,
        prop::bool::weighted(0.3),
        prop_oneof![3 => -40i64..40, 1 => -180i64..180],
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.15),
        any::<bool>(),
    )
        .prop_map(
            |(ticker, buys, quantity, is_limit, off, is_ioc, is_amo, is_intraday)| {
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
                let product = if is_intraday { Product::Mis } else { Product::Cnc };
                let order = OrderRequest { product, ..order };
                if is_amo { amo(order) } else { order }
            },
        )
}

fn any_conversion() -> impl Strategy<Value = Conversion> {
    (
        any_security(),
        any::<bool>(),
        prop_oneof![1i64..6, 1i64..50],
        any::<bool>(),
    )
        .prop_map(|(ticker, is_long, quantity, is_intraday)| Conversion {
            exchange: Exchange::Nse,
            ticker: TICKERS[ticker].to_owned(),
            side: if is_long { Side::Buy } else { Side::Sell },
            quantity: Shares(quantity),
            from: if is_intraday { Product::Mis } else { Product::Cnc },
        })
}

fn any_act() -> impl Strategy<Value = Act> {
    let minutes = prop_oneof![12 => 0i64..20, 1 => 0i64..3_000];
    prop_oneof![
        12 => (any_account(), any_order()).prop_map(|(account, order)| Act::Place { account, order }),
        1 => (any_account(), 0..20usize).prop_map(|(account, nth)| Act::CancelNth { account, nth }),
        1 => (any_account(), any_security(), 1i64..200).prop_map(|(account, isin, quantity)| Act::Authorise { account, isin, quantity }),
        1 => (any_account(), any_security(), 1i64..200).prop_map(|(account, isin, quantity)| Act::Depository { account, isin, quantity }),
        2 => (any_account(), any_conversion()).prop_map(|(account, conversion)| Act::Convert { account, conversion }),
        1 => (any_account(), any_security()).prop_map(|(account, isin)| Act::FailDelivery { account, isin }),
        4 => minutes.prop_map(|minutes| Act::Wait { minutes }),
        1 => Just(Act::WaitForSession),
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
        Act::Depository {
            account,
            isin,
            quantity,
        } => {
            let session = world.login(ACCOUNTS[account]);
            let key = session.key.clone();
            let wanted = vec![Clearance {
                isin: ISINS[isin].to_owned(),
                quantity: Shares(quantity),
            }];
            if let Reply::ClearanceRequested { id } = world.run(Command::RequestClearance { session, wanted })
            {
                let tpin = "123456".to_owned();
                assert_eq!(
                    world.run(Command::ConfirmClearance { key, id, tpin }),
                    Reply::Done
                );
            }
        }
        Act::Convert { account, conversion } => {
            let session = world.login(ACCOUNTS[account]);
            world.run(Command::Convert { session, conversion });
        }
        Act::FailDelivery { account, isin } => {
            let session = world.login(ACCOUNTS[account]);
            world.run(Command::FailDelivery {
                key: session.key,
                isin: ISINS[isin].to_owned(),
            });
        }
        Act::WaitForSession => {
            world.now = world.market.next_open(world.now).plus_ms(45 * 60_000);
            world.run(Command::AdvanceTo);
        }
        Act::Wait { minutes } => {
            world.now = world.now.plus_ms(minutes * 60_000 + 7);
            world.run(Command::AdvanceTo);
        }
    }
}

fn check_orders(account: &Account) {
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

proptest! {
    #[test]
    fn money_and_shares_reconcile_after_any_script(seed in 0u64..1_000, acts in prop::collection::vec(any_act(), 1..80)) {
        let (mut world, mut audit) = (world(seed), Audit::default());
        for act in acts.clone() {
            perform(&mut world, act);
            audit.follow(&world);
            audit.check(&world);
            for (key, account) in &world.state.accounts {
                check_account(key, account, audit.may_owe.contains(key));
                check_orders(account);
            }
        }

        let mut rebuilt = State::empty();
        for event in &world.events {
            let text = serde_json::to_string(event).unwrap();
            rebuilt.evolve(&serde_json::from_str(&text).unwrap());
        }
        rebuilt.now = world.state.now;
        prop_assert_eq!(&rebuilt, &world.state, "the events are the state");
        let text = serde_json::to_string(&world.state).unwrap();
        prop_assert_eq!(&serde_json::from_str::<State>(&text).unwrap(), &world.state);

        let mut again = self::world(seed);
        for act in acts {
            perform(&mut again, act);
        }
        prop_assert_eq!(again.events, world.events, "same seed, same script, same events");
    }
}
