//! What must hold for the orders of any script: the table of states, the limits, the queue, the log.

use proptest::prelude::*;

use super::*;
use crate::core::book::Shelf;
use crate::core::status::Turn;

#[derive(Clone, Debug)]
enum Act {
    Place(usize, OrderRequest),
    Modify(usize, usize, Change),
    Cancel(usize, usize),
    Trigger(usize, Vec<(bool, i64)>),
    Latency(i64),
    Wait(i64),
}

const ACCOUNTS: [&str; 5] = ["WHALE1", "WHALE2", "TPIN01", "PARTIAL01", "SLOW01"];
const TICKERS: [&str; 2] = ["INFY", "ITC"];

/// A price near the close of yesterday, in steps of a tenth of a rupee: on tick for both securities.
fn near(ticker: &str, steps: i64) -> Price {
    let centre = Market::bundled().listing(ticker).unwrap().listed_price;
    Price((centre.0 / 1_000 + steps) * 1_000)
}

fn any_order() -> impl Strategy<Value = OrderRequest> {
    let quantity = prop_oneof![1i64..20, 1i64..2_000, 50_000i64..65_000];
    let order_type = prop::sample::select(OrderType::ALL.to_vec());
    let validity = prop::sample::select(vec![
        Validity::Day,
        Validity::Day,
        Validity::Ioc,
        Validity::Ttl(7),
    ]);
    let words = (
        prop::sample::select(vec![0, 0, 0, 1usize]),
        any::<bool>(),
        order_type,
        validity,
        prop::bool::weighted(0.1),
    );
    (words, quantity, -200i64..200, -200i64..200).prop_map(|(words, quantity, off, trigger)| {
        let (ticker, buys, order_type, validity, is_amo) = words;
        let (ticker, side) = (TICKERS[ticker], if buys { Side::Buy } else { Side::Sell });
        OrderRequest {
            order_type,
            price: order_type.has_price().then(|| near(ticker, off)),
            trigger_price: order_type.has_trigger().then(|| near(ticker, trigger)),
            validity,
            variety: if is_amo { Variety::Amo } else { Variety::Regular },
            ..market(side, ticker, quantity)
        }
    })
}

fn any_change() -> impl Strategy<Value = Change> {
    let order_type = prop::option::of(prop::sample::select(OrderType::ALL.to_vec()));
    let price =
        prop::option::of((0..2usize, -200i64..200).prop_map(|(ticker, off)| near(TICKERS[ticker], off)));
    (prop::option::of(1i64..100), order_type, price.clone(), price).prop_map(
        |(quantity, order_type, price, trigger_price)| Change {
            quantity: quantity.map(Shares),
            order_type,
            price,
            trigger_price,
            ..Change::default()
        },
    )
}

fn any_act() -> impl Strategy<Value = Act> {
    let minutes = prop_oneof![4 => 0i64..5, 1 => 0i64..2_000];
    prop_oneof![
        8 => (prop_oneof![3 => 0..2usize, 2 => 2..5usize], any_order()).prop_map(|(account, order)| Act::Place(account, order)),
        3 => (0..5usize, 0..8usize, any_change()).prop_map(|(account, nth, change)| Act::Modify(account, nth, change)),
        1 => (0..5usize, 0..8usize).prop_map(|(account, nth)| Act::Cancel(account, nth)),
        1 => (0..5usize, prop::collection::vec((any::<bool>(), -60i64..60), 0..3)).prop_map(|(account, legs)| Act::Trigger(account, legs)),
        1 => prop::sample::select(vec![0, 0, 150, 40_000]).prop_map(Act::Latency),
        4 => minutes.prop_map(Act::Wait),
    ]
}

fn perform(world: &mut World, act: Act) {
    match act {
        Act::Place(account, order) => {
            let session = world.login(ACCOUNTS[account]);
            world.place(&session, order);
        }
        Act::Modify(account, nth, change) => {
            let session = world.login(ACCOUNTS[account]);
            if let Some(order) = world.book(&session).orders.get(nth) {
                let id = order.broker_order_id.clone();
                world.modify(&session, &id, change);
            }
        }
        Act::Cancel(account, nth) => {
            let session = world.login(ACCOUNTS[account]);
            if let Some(order) = world.book(&session).orders.get(nth) {
                let id = order.broker_order_id.clone();
                world.cancel(&session, &id);
            }
        }
        Act::Trigger(account, legs) => {
            let session = world.login(ACCOUNTS[account]);
            let leg = |(buys, off): (bool, i64)| GttLeg {
                trigger: near("INFY", off),
                side: if buys { Side::Buy } else { Side::Sell },
                quantity: Shares(3),
                price: near("INFY", off),
                product: Product::Cnc,
            };
            let gtt = GttRequest {
                exchange: torana_instruments::Exchange::Nse,
                ticker: "INFY".to_owned(),
                legs: legs.into_iter().map(leg).collect(),
                app: None,
            };
            world.run(Command::PlaceGtt { session, gtt });
        }
        Act::Latency(ms) => {
            world.run(Command::SetLatency { ms });
        }
        Act::Wait(minutes) => {
            world.now = world.now.plus_ms(minutes * 60_000 + 7);
            world.run(Command::AdvanceTo);
        }
    }
}

/// Every status of an order follows from the one before; only fills repeat one.
fn check_history(order: &PaperOrder) {
    let rows: Vec<_> = order.history.iter().collect();
    assert_eq!(rows[0].status, Status::Received);
    for pair in rows.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let is_turn = Turn::ALL
            .iter()
            .any(|turn| from.status.after(*turn) == Some(to.status));
        let is_fill = from.status == to.status && to.filled > from.filled;
        assert!(is_turn || is_fill, "{from:?} {to:?}");
        assert!(from.at <= to.at && from.filled <= to.filled);
    }
    let last = order.history.last().unwrap();
    assert_eq!((last.status, last.filled), (order.status, order.filled));
    let traded: i64 = order.trades.iter().map(|trade| trade.quantity.0).sum();
    assert_eq!(traded, order.filled.0);
}

/// A fill of the first order of its side, within its limit, its quantity, the band and the session.
fn check_fill(world: &World, before: &State, event: &Event) {
    let Fact::OrderFilled {
        key,
        number,
        quantity,
        price,
        ..
    } = &event.fact
    else {
        return;
    };
    let order = &before.accounts[key].orders[number];
    let frame = world.frame_at(&order.ticker, event.at);
    assert!(order.takes(*price) && (frame.low..=frame.high).contains(price) && price.is_on_tick(frame.tick));
    assert!(order.price.is_none_or(|_| order.takes(*price)));
    assert!(quantity.0 > 0 && quantity.0 <= order.fillable().0);
    assert!(world.is_trading(&order.ticker, event.at), "outside the session");
    let first = before.books[&order.instrument()]
        .first(Shelf::of(order.side))
        .unwrap();
    assert_eq!(Some(first.turn), order.turn, "somebody was before {order:?}");
}

proptest! {
    #[test]
    fn orders_keep_the_rules(seed in 0u64..1_000, acts in prop::collection::vec(any_act(), 1..50)) {
        let mut world = World::starting(seed, at(MONDAY_10));
        for rich in ["WHALE1", "WHALE2"] {
            world.rich(rich);
        }
        for act in acts {
            perform(&mut world, act);
            for account in world.state.accounts.values() {
                account.orders.values().for_each(check_history);
                prop_assert!(account.available().0 >= 0);
            }
        }
        let mut rebuilt = State::empty();
        for event in &world.events {
            check_fill(&world, &rebuilt, event);
            let text = serde_json::to_string(event).unwrap();
            rebuilt.evolve(&serde_json::from_str(&text).unwrap());
        }
        rebuilt.now = world.state.now;
        prop_assert_eq!(&rebuilt, &world.state, "the events are the state");
        let text = serde_json::to_string(&world.state).unwrap();
        prop_assert_eq!(&serde_json::from_str::<State>(&text).unwrap(), &world.state);
    }
}
