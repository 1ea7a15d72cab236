//! Charges: held, booked as a contract note, asked for before a trade.

use torana_domain::order::Side::{Buy, Sell};
use torana_instruments::Exchange;

use super::*;
use crate::core::charges::Charges;
use crate::core::portfolio::{DayPosition, Hypothetical, MarginView};
use crate::core::terms::Product;

impl World {
    pub(super) fn margins(&mut self, session: &SessionRef) -> MarginView {
        match self.run(Command::Margins(session.clone().into())) {
            Reply::Margins(view) => view,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn day_positions(&mut self, session: &SessionRef) -> Vec<DayPosition> {
        match self.run(Command::DayPositions(session.clone().into())) {
            Reply::DayPositions(positions) => positions,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn notes(&self) -> Vec<(Charges, Paise)> {
        let note = |event: &Event| match &event.fact {
            Fact::ContractNote {
                charges, depository, ..
            } => Some((*charges, *depository)),
            _ => None,
        };
        self.events.iter().filter_map(note).collect()
    }
}

#[test]
fn the_contract_note_is_booked_when_the_day_is_over() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let (offer, bid) = (world.offer("INFY", Buy), world.offer("ITC", Sell));
    world.taken(&session, market(Buy, "INFY", 3));
    world.taken(&session, market(Sell, "ITC", 100));
    world.taken(&session, market(Sell, "ITC", 5));
    let traded = 100_000_000 - 3 * offer.0 / 100 + 105 * bid.0 / 100;
    let before = world.margins(&session);
    assert_eq!((before.cash, before.opening), (Paise(traded), Paise(100_000_000)));
    assert_eq!(before.available, Paise(traded - before.charges.0));
    assert_eq!(before.sold, Paise(105 * bid.0 / 100));
    assert_eq!(before.withdrawable, Paise(before.available.0 - before.sold.0));

    world.go_to(TUESDAY_10);
    let session = world.login("DEMO01");
    let [(charges, depository)] = world.notes()[..] else {
        panic!("{:?}", world.notes())
    };
    assert_eq!(depository, Paise(1_534), "once for two sales of one security");
    // 0.1 % of about ₹46,500 in whole rupees.
    assert_eq!(charges.transaction_tax.0 % 100, 0);
    assert!((4_000..6_000).contains(&charges.transaction_tax.0), "{charges:?}");
    assert_eq!((charges.brokerage, charges.gst.cgst), (Paise(0), Paise(0)));
    let after = world.margins(&session);
    assert_eq!(after.cash, Paise(traded - charges.total().0 - depository.0));
    assert_eq!(
        (after.opening, after.charges, after.available),
        (after.cash, Paise(0), after.cash)
    );
    assert!(
        after.available >= before.available,
        "what was held covers the note"
    );
    // Proceeds are paid out on the second day.
    assert_eq!(after.withdrawable, Paise(after.cash.0 - before.sold.0));
    world.go_to(WEDNESDAY_10);
    let session = world.login("DEMO01");
    assert_eq!(world.margins(&session).withdrawable, after.cash);
}

#[test]
fn a_sale_of_what_was_bought_today_costs_no_depository_fee() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    world.taken(&session, market(Buy, "SBIN", 7));
    world.taken(&session, market(Sell, "SBIN", 7));
    assert!(
        world.margins(&session).charges.0 > 1_534,
        "held until the day is over"
    );
    world.go_to(TUESDAY_10);
    assert_eq!(world.notes()[0].1, Paise(0));
}

#[test]
fn a_buy_needs_its_charges_too() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let (_, low, _) = world.frame("INFY");
    // At a limit of which 1 crore paise are a whole multiple there would be nothing left for charges.
    let all = 100_000_000 * 100 / low.0;
    let (code, text) = world.refused(&session, limit(Buy, "INFY", all, low));
    assert_eq!(code, "marginsExceeded");
    assert!(text.contains("available is 1000000"), "{text}");
    world.taken(&session, limit(Buy, "INFY", all * 998 / 1_000, low));
    assert!(world.funds(&session).0 >= 0);
}

#[test]
fn trades_can_be_asked_for_their_charges() {
    let mut world = World::new();
    let session = world.login("DEMO01");
    let trade = |product, side| Hypothetical {
        exchange: Exchange::Nse,
        product,
        side,
        quantity: Shares(10),
        price: Price(15_000_000),
    };
    let trades = vec![trade(Product::Cnc, Buy), trade(Product::Mis, Sell)];
    let Reply::Charges(charges) = world.run(Command::Charges { session, trades }) else {
        panic!()
    };
    // ₹15,000 at the rates of January 2026.
    assert_eq!(
        (charges[0].exchange_charge, charges[0].stamp_duty),
        (Paise(45), Paise(225))
    );
    assert_eq!(
        (charges[1].brokerage, charges[1].transaction_tax),
        (Paise(450), Paise(400))
    );
}
