//! Which entry of a broker's book is an order of ours, and when its absence proves something.

use torana_brokers::{AsOf, BookEntry, OrderBook};
use torana_clock::calendar::MarketCalendar;
use torana_domain::order::{Evidence, Order};
use torana_domain::time::{Date, Timestamp};

/// How much earlier than our send a broker's clock may date an order of ours.
const CLOCK_TOLERANCE_MS: i64 = 60_000;
/// How long after the close a book may still lack orders of its day: brokers serve it from copies that lag.
const BOOK_LAG_MAX_MS: i64 = 15 * 60_000;

/// What a book says about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// This entry.
    Entry(&'a BookEntry),
    /// Several entries carry its reference or id: none of them is believed.
    Ambiguous,
    /// No entry.
    Absent,
}

/// Looks an order up: by the broker's id once that is proven, else by our reference.
#[must_use]
pub fn find<'a>(order: &Order, entries: &'a [BookEntry]) -> Found<'a> {
    let is_ours = |entry: &&BookEntry| match &order.broker_order_id {
        Some(id) => entry.broker_order_id == *id,
        None => entry.reference.as_ref() == Some(&order.ticket.reference),
    };
    let mut matches = entries.iter().filter(is_ours);
    match (matches.next(), matches.next()) {
        (None, _) => Found::Absent,
        (Some(entry), None) => Found::Entry(entry),
        (Some(_), Some(_)) => Found::Ambiguous,
    }
}

/// The trading day that an order belongs to. Until something is proven its `as_of` is the instant of the send.
#[must_use]
pub fn trading_day(order: &Order, calendar: &MarketCalendar) -> Date {
    calendar.trading_day_of(order.as_of)
}

/// What an entry of this book proves with.
#[must_use]
pub fn evidence_of(order: &Order, book: &AsOf<OrderBook>, calendar: &MarketCalendar) -> Evidence {
    if is_closed_book_of(order, book, calendar) {
        Evidence::ClosedBook
    } else {
        Evidence::OrderBook
    }
}

/// Whether the absence of an unproven order from this book proves that the broker never took it: the book is
/// that of the order's own trading day, was read after its close by more than a book may lag, and has no entry
/// that could be the order with its reference lost.
#[must_use]
pub fn absence_is_proof(order: &Order, book: &AsOf<OrderBook>, calendar: &MarketCalendar) -> bool {
    let read_at = book.as_of.plus_ms(-BOOK_LAG_MAX_MS);
    let is_settled = calendar
        .close_of(trading_day(order, calendar))
        .is_some_and(|close| close <= read_at);
    is_settled
        && is_closed_book_of(order, book, calendar)
        && !book.value.entries.iter().any(|entry| could_be(order, entry))
}

fn is_closed_book_of(order: &Order, book: &AsOf<OrderBook>, calendar: &MarketCalendar) -> bool {
    let day = trading_day(order, calendar);
    let was_over = calendar.close_of(day).is_some_and(|close| close <= book.as_of);
    book.value.closed && book.value.trading_day == day && was_over && book.as_of > order.as_of
}

/// An entry without a reference of ours that looks like the order.
fn could_be(order: &Order, entry: &BookEntry) -> bool {
    let ticket = &order.ticket;
    let is_earlier = |at: Timestamp| at.plus_ms(CLOCK_TOLERANCE_MS) < order.as_of;
    entry.reference.is_none()
        && entry.ticker == ticket.ticker
        && entry.side == ticket.side
        && entry.quantity == ticket.quantity
        && !entry.order_timestamp.is_some_and(is_earlier)
}

#[cfg(test)]
mod tests {
    use super::super::apply::tests::{T0, entry, order};
    use super::*;
    use torana_domain::ids::ClientReference;
    use torana_domain::order::OrderState::{Complete, Open, Unknown};
    use torana_domain::time::parse_iso;

    fn at(text: &str) -> Timestamp {
        parse_iso(text).unwrap()
    }

    /// The book of Monday 2026-01-05, the day of [`T0`] (15:00 IST), read at that instant.
    fn book(read_at: &str, closed: bool, entries: Vec<BookEntry>) -> AsOf<OrderBook> {
        let trading_day = Date {
            year: 2026,
            month: 1,
            day: 5,
        };
        AsOf {
            value: OrderBook {
                trading_day,
                closed,
                entries,
            },
            as_of: at(read_at),
        }
    }

    #[test]
    fn the_id_counts_before_the_reference() {
        let mut other = entry(Open, 0);
        other.broker_order_id = "B2".to_owned();
        let entries = [entry(Open, 0), other];
        assert_eq!(find(&order(Open), &entries), Found::Entry(&entries[0]));
        assert_eq!(find(&order(Unknown), &entries), Found::Ambiguous);
        assert_eq!(find(&order(Unknown), &entries[..1]), Found::Entry(&entries[0]));
        let mut foreign = entry(Open, 0);
        foreign.reference = Some(ClientReference::from_random([2; 10]));
        assert_eq!(find(&order(Unknown), &[foreign]), Found::Absent);
    }

    #[test]
    fn only_the_closed_book_of_its_own_day_proves_absence() {
        let calendar = MarketCalendar::nse();
        let unknown = order(Unknown);
        assert_eq!(unknown.as_of, T0);
        let proves = |book: &AsOf<OrderBook>| absence_is_proof(&unknown, book, calendar);
        assert!(proves(&book("2026-01-05T12:00:00.000Z", true, vec![])));
        assert!(
            !proves(&book("2026-01-05T12:00:00.000Z", false, vec![])),
            "the broker says it is open"
        );
        assert!(
            !proves(&book("2026-01-05T09:40:00.000Z", true, vec![])),
            "the calendar says it is open"
        );
        assert!(
            !proves(&book("2026-01-05T10:14:59.999Z", true, vec![])),
            "the book may lag"
        );
        assert!(proves(&book("2026-01-05T10:15:00.000Z", true, vec![])));
        let mut next_day = book("2026-01-06T12:00:00.000Z", true, vec![]);
        next_day.value.trading_day = Date {
            year: 2026,
            month: 1,
            day: 6,
        };
        assert!(!proves(&next_day), "absence from another day's book says nothing");
    }

    #[test]
    fn an_after_market_order_belongs_to_the_day_that_releases_it() {
        let calendar = MarketCalendar::nse();
        let mut amo = order(Unknown);
        amo.as_of = at("2026-01-05T14:00:00.000Z");
        assert!(!absence_is_proof(
            &amo,
            &book("2026-01-05T15:00:00.000Z", true, vec![]),
            calendar
        ));
        assert_eq!(
            trading_day(&amo, calendar),
            Date {
                year: 2026,
                month: 1,
                day: 6
            }
        );
    }

    #[test]
    fn a_look_alike_without_reference_stops_the_proof() {
        let calendar = MarketCalendar::nse();
        let mut alike = entry(Complete, 10);
        alike.reference = None;
        let closed = |entry: BookEntry| book("2026-01-05T12:00:00.000Z", true, vec![entry]);
        assert!(!absence_is_proof(
            &order(Unknown),
            &closed(alike.clone()),
            calendar
        ));
        let mut earlier = alike.clone();
        earlier.order_timestamp = Some(T0.plus_ms(-3_600_000));
        assert!(absence_is_proof(&order(Unknown), &closed(earlier), calendar));
        let mut smaller = alike;
        smaller.quantity = torana_domain::money::Shares(9);
        assert!(absence_is_proof(&order(Unknown), &closed(smaller), calendar));
    }
}
