//! Alerts, and the orders behind them.

use torana_instruments::Exchange;

use super::*;
use crate::core::alerts::{ALERT_ORDERS_MAX, AlertOperator, AlertRequest};
use crate::core::command::NewTick;

fn asked(operator: AlertOperator, price: Price) -> AlertRequest {
    AlertRequest {
        name: "a price".to_owned(),
        exchange: Exchange::Nse,
        ticker: "INFY".to_owned(),
        operator,
        price,
        orders: Vec::new(),
        is_enabled: true,
    }
}

impl World {
    fn alert(&mut self, session: &SessionRef, alert: AlertRequest) -> Alert {
        let command = Command::SetAlert {
            session: session.clone(),
            id: None,
            alert,
        };
        match self.run(command) {
            Reply::AlertSet(alert) => *alert,
            other => panic!("{other:?}"),
        }
    }

    fn alerts(&mut self, session: &SessionRef) -> Vec<Alert> {
        match self.run(Command::Alerts(session.clone().into())) {
            Reply::Alerts(alerts) => alerts,
            other => panic!("{other:?}"),
        }
    }

    fn price(&mut self, price: Price) {
        let tick = NewTick {
            security: SecurityName::Ticker("INFY".to_owned()),
            exchange: Exchange::Nse,
            price,
            at: None,
        };
        let reply = self.run(Command::SetPrices(vec![tick]));
        assert_eq!(reply, Reply::PricesSet { accepted: 1 });
    }
}

#[test]
fn an_alert_fires_once_when_its_price_is_reached() {
    use AlertOperator::{Above, AtLeast, AtMost, Below, Equal};
    for (operator, before, reached) in [
        (AtLeast, 15_199_000, 15_200_000),
        (Above, 15_200_000, 15_201_000),
        (AtMost, 15_201_000, 15_200_000),
        (Below, 15_200_000, 15_199_000),
        (Equal, 15_199_000, 15_200_000),
        (Equal, 15_201_000, 15_200_000),
    ] {
        let mut world = World::new();
        let session = world.login("DEMO01");
        world.price(Price(before));
        let set = world.alert(&session, asked(operator, Price(15_200_000)));
        world.price(Price(before));
        assert_eq!(
            world.alerts(&session),
            std::slice::from_ref(&set),
            "{operator:?} is not reached"
        );
        world.price(Price(reached));
        let fired = world.alerts(&session).remove(0);
        assert_eq!(fired.firings.len(), 1, "{operator:?}");
        assert_eq!(fired.disabled.as_deref(), Some("Triggered"));
        let quote = fired.firings[0].quote.as_ref().unwrap();
        assert_eq!(quote.last_price, Price(reached));
        world.price(Price(before));
        world.price(Price(reached));
        assert_eq!(world.alerts(&session), [fired], "{operator:?} fires once");
        assert!(world.state.books.is_empty());
    }
}

#[test]
fn what_was_reached_already_fires_with_the_next_price() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let alert = world.alert(&session, asked(AlertOperator::AtLeast, Price(10_000)));
    assert_eq!(alert.disabled, None);
    world.go_to("2026-01-05T04:31:00.000Z");
    let fired = world.alerts(&session).remove(0);
    assert_eq!(fired.firings[0].at, at("2026-01-05T04:31:00.000Z"));
    assert_eq!(fired.updated_at, fired.firings[0].at);
}

#[test]
fn orders_behind_an_alert_go_to_the_market() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let buy = |ticker: &str, quantity: i64| OrderRequest::delivery(Side::Buy, ticker, Shares(quantity));
    let request = AlertRequest {
        orders: vec![buy("ITC", 1), buy("ITC", 0), buy("INFY", 2)],
        ..asked(AlertOperator::AtLeast, Price(15_200_000))
    };
    world.alert(&session, request);
    world.price(Price(15_200_000));
    let fired = world.alerts(&session).remove(0);
    let came: Vec<bool> = fired.firings[0].orders.iter().map(Result::is_ok).collect();
    assert_eq!(came, [true, false, true], "{fired:?}");
    let Reply::Book(book) = world.run(Command::OrderBook(session.into())) else {
        panic!("no book")
    };
    assert_eq!(book.orders.len(), 2);
    let infy = &book.orders[1];
    assert_eq!(infy.worth.average(infy.filled), Price(15_201_000));
}

#[test]
fn an_alert_is_set_anew_and_deleted_by_its_own_user() {
    let mut world = World::new();
    let (session, other) = (world.login("DEMO01"), world.login("DEMO02"));
    let set = world.alert(&session, asked(AlertOperator::AtLeast, Price(15_200_000)));
    assert_eq!(set.id.len(), 36);
    let anew = |session: &SessionRef| Command::SetAlert {
        session: session.clone(),
        id: Some(set.id.clone()),
        alert: asked(AlertOperator::AtLeast, Price(15_300_000)),
    };
    assert_eq!(world.run(anew(&other)), Reply::AlertNotFound);
    world.price(Price(15_200_000));
    let Reply::AlertSet(again) = world.run(anew(&session)) else {
        panic!("not set")
    };
    assert_eq!((&again.id, again.disabled.is_none()), (&set.id, true));
    assert_eq!(again.firings.len(), 1, "it remembers");
    let delete = |session: &SessionRef, more: Option<&str>| Command::DeleteAlerts {
        session: session.clone(),
        ids: [Some(set.id.as_str()), more]
            .into_iter()
            .flatten()
            .map(str::to_owned)
            .collect(),
    };
    assert_eq!(world.run(delete(&other, None)), Reply::AlertNotFound);
    assert_eq!(world.run(delete(&session, Some("x"))), Reply::AlertNotFound);
    assert_eq!(world.alerts(&session).len(), 1, "all or none");
    assert_eq!(world.run(delete(&session, None)), Reply::Done);
    assert!(world.alerts(&session).is_empty() && world.state.books.is_empty());
}

#[test]
fn an_alert_that_is_set_disabled_waits_for_nothing() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let disabled = AlertRequest {
        is_enabled: false,
        ..asked(AlertOperator::AtLeast, Price(15_200_000))
    };
    let set = world.alert(&session, disabled);
    assert_eq!(set.disabled.as_deref(), Some(""));
    world.price(Price(15_200_000));
    assert_eq!(world.alerts(&session), [set]);
}

#[test]
fn what_no_alert_can_be_is_refused() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let good = asked(AlertOperator::AtLeast, Price(15_200_000));
    let order = OrderRequest::delivery(Side::Buy, "ITC", Shares(1));
    for alert in [
        AlertRequest {
            ticker: "NOSUCH".to_owned(),
            ..good.clone()
        },
        AlertRequest {
            price: Price(0),
            ..good.clone()
        },
        AlertRequest {
            orders: vec![order; ALERT_ORDERS_MAX + 1],
            ..good
        },
    ] {
        let command = Command::SetAlert {
            session: session.clone(),
            id: None,
            alert,
        };
        assert!(matches!(world.run(command), Reply::AlertRefused { .. }));
    }
}
