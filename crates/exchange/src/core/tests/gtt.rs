//! Standing triggers.

use torana_domain::order::OrderState::Complete;
use torana_domain::order::Side::{Buy, Sell};
use torana_instruments::Exchange;

use super::*;

fn leg(side: Side, trigger: Price, quantity: i64, price: Price) -> GttLeg {
    GttLeg {
        trigger,
        side,
        quantity: Shares(quantity),
        price,
        product: Product::Cnc,
    }
}

fn request(legs: Vec<GttLeg>) -> GttRequest {
    GttRequest {
        exchange: Exchange::Nse,
        ticker: "INFY".to_owned(),
        legs,
        app: None,
    }
}

impl World {
    fn gtt(&mut self, session: &SessionRef, legs: Vec<GttLeg>) -> Reply {
        let (session, gtt) = (session.clone(), request(legs));
        self.run(Command::PlaceGtt { session, gtt })
    }

    fn gtt_of(&mut self, session: &SessionRef, number: u64) -> Gtt {
        match self.run(Command::Gtts(session.clone().into())) {
            Reply::Gtts(all) => all.into_iter().find(|gtt| gtt.number == number).unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

fn taken(reply: &Reply) -> u64 {
    match reply {
        Reply::GttTaken { trigger_id } => *trigger_id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_trigger_waits_for_days_and_then_sends_its_order() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let (_, _, high) = world.frame("INFY");
    let last = world.last("INFY");
    // The price crosses one of the two within days; the buy limit is good at any price of the band.
    let legs = vec![
        leg(Buy, Price(last.0 - 60_000), 2, high),
        leg(Buy, Price(last.0 + 60_000), 3, high),
    ];
    let id = taken(&world.gtt(&session, legs));
    for day in 5..31 {
        if !world.state.gtt_due.is_empty() {
            world.go_to(&format!("2026-01-{day:02}T09:59:00.000Z"));
        }
    }
    let session = world.login("DEMO01");
    let gtt = world.gtt_of(&session, id);
    assert_eq!(gtt.status, GttStatus::Triggered, "{gtt:?}");
    let result = gtt.result.unwrap();
    let order = world.order(&session, &result.broker_order_id.unwrap());
    assert_eq!(
        (order.state(), order.quantity),
        (Complete, gtt.legs[result.leg].quantity)
    );
    assert_eq!(order.placed_at, gtt.updated_at);
    assert_eq!(
        order.placed_at.0 % 60_000,
        0,
        "at the minute in which the price got there"
    );
    assert!(world.state.books.is_empty(), "the other leg is gone");
}

#[test]
fn an_order_that_the_account_cannot_pay_rejects_the_trigger() {
    let mut world = World::new();
    let session = &world.login("EMPTY01");
    let (_, low, high) = world.frame("INFY");
    let last = world.last("INFY");
    let id = taken(&world.gtt(session, vec![leg(Buy, Price(last.0 + 1_000), 2, high)]));
    world.go_to("2026-01-05T09:59:00.000Z");
    let gtt = world.gtt_of(session, id);
    if gtt.status == GttStatus::Rejected {
        let text = gtt.result.unwrap().text.unwrap();
        assert!(text.starts_with("Insufficient funds"), "{text}");
    } else {
        assert_eq!(gtt.status, GttStatus::Active, "this seed never rises");
        assert!(low < last);
    }
}

#[test]
fn triggers_can_be_changed_and_withdrawn_while_they_wait() {
    let mut world = World::new();
    let session = &world.login("DEMO01");
    let (_, low, high) = world.frame("INFY");
    let id = taken(&world.gtt(session, vec![leg(Buy, low, 2, low)]));
    let modified = world.run(Command::ModifyGtt {
        session: session.clone(),
        trigger_id: id,
        gtt: request(vec![leg(Sell, high, 5, high)]),
    });
    assert_eq!(taken(&modified), id);
    assert_eq!(world.gtt_of(session, id).legs[0].quantity, Shares(5));
    let delete = Command::DeleteGtt {
        session: session.clone(),
        trigger_id: id,
    };
    assert_eq!(taken(&world.run(delete.clone())), id);
    assert_eq!(world.gtt_of(session, id).status, GttStatus::Deleted);
    assert!(world.state.books.is_empty() && world.state.gtt_due.is_empty());
    let again = world.run(delete);
    let text = "The trigger cannot be changed: it is deleted".to_owned();
    assert_eq!(again, Reply::GttRefused { text });
    let nobody = Command::DeleteGtt {
        session: session.clone(),
        trigger_id: 99,
    };
    assert_eq!(world.run(nobody), Reply::GttNotFound);
}

#[test]
fn a_trigger_ends_after_a_year() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let far = vec![leg(Buy, Price(1_000), 2, Price(1_000))];
    let id = taken(&world.gtt(&session, far));
    let expires_at = world.state.gtt_due.first().unwrap().0;
    assert_eq!(expires_at, at("2027-01-05T04:30:00.000Z"));
    world.go_to("2027-01-05T04:30:00.000Z");
    let session = world.login("DEMO01");
    assert_eq!(world.gtt_of(&session, id).status, GttStatus::Expired);
    world.go_to("2027-01-20T04:30:00.000Z");
    let session = world.login("DEMO01");
    assert_eq!(world.run(Command::Gtts(session.into())), Reply::Gtts(Vec::new()));
}

#[test]
fn what_a_trigger_must_pass() {
    let mut world = World::new();
    let session = &world.login("DEMO01");
    let (_, low, high) = world.frame("INFY");
    let last = world.last("INFY");
    let text = last.to_decimal();
    let cases = [
        (
            vec![],
            "A trigger has one leg, or two of which the first to be reached counts".to_owned(),
        ),
        (
            vec![leg(Buy, last, 1, last)],
            format!("The trigger price is the last price {text}: it must be above or below it"),
        ),
        (
            vec![leg(Buy, high, 1, low), leg(Buy, low, 1, low)],
            format!(
                "The first of two trigger prices must be below the last price {text}, the second above it"
            ),
        ),
        (
            vec![leg(Buy, Price(low.0 + 50), 1, low)],
            "Price 1350.005 is not a multiple of the tick size 0.1".to_owned(),
        ),
        (
            vec![leg(Buy, low, 0, low)],
            "Quantity must be at least 1".to_owned(),
        ),
    ];
    for (legs, text) in cases {
        assert_eq!(world.gtt(session, legs), Reply::GttRefused { text });
    }
}
