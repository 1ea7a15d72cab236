//! Pages about orders on their way.

use torana_domain::batch::BatchStatus;
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::{OrderErrorCode, OrderState, OrderType, Side, Variety};

use super::{Sample, broker, order_frame};
use crate::frame::{Frame, Trail};
use crate::pages::{Carried, HandOff, OrderLine, Page, Progress, SendOrders, Status, Work};

fn order_line(ticker: &str, name: &str, state: OrderState) -> OrderLine {
    let filled = match state {
        OrderState::Complete => 3,
        OrderState::Partial => 1,
        _ => 0,
    };
    OrderLine {
        ticker: ticker.to_owned(),
        name: name.to_owned(),
        side: Side::Buy,
        quantity: Shares(3),
        filled: Shares(filled),
        average_price: Price(if filled > 0 { 15_035_000 } else { 0 }),
        order_type: OrderType::Market,
        limit_price: Price(0),
        state,
        error_code: None,
        status_message: None,
    }
}

pub(super) fn orders() -> Vec<Sample> {
    let at = |states: &[OrderState]| -> Vec<OrderLine> {
        let shares = [
            ("INFY", "Infosys"),
            ("ITC", "ITC"),
            ("RELIANCE", "Reliance Industries"),
            ("TCS", "TCS"),
        ];
        states
            .iter()
            .zip(shares)
            .map(|(state, (ticker, name))| order_line(ticker, name, *state))
            .collect()
    };
    let sell = OrderLine {
        side: Side::Sell,
        order_type: OrderType::Limit,
        limit_price: Price(4_315_000),
        filled: Shares(1),
        average_price: Price(4_315_000),
        ..order_line("ITC", "ITC", OrderState::Open)
    };
    let rejected = OrderLine {
        error_code: Some(OrderErrorCode::MarginsExceeded),
        status_message: Some(
            "Insufficient funds. Required margin is 8613.00 but available margin is 8500.00.".to_owned(),
        ),
        ..order_line("RELIANCE", "Reliance Industries", OrderState::Rejected)
    };
    let frame = || order_frame(3).without_cancel();
    let moving = at(&[
        OrderState::Complete,
        OrderState::Open,
        OrderState::Submitting,
        OrderState::Queued,
    ]);
    let mixed = vec![
        order_line("INFY", "Infosys", OrderState::Complete),
        sell.clone(),
        rejected,
    ];
    let status = |status, variety, lines, bought| {
        Page::new(
            frame(),
            Status::new(broker(), status, variety, lines, (Paise(bought), Paise(0))),
        )
    };
    let open = at(&[OrderState::Open, OrderState::Open]);
    let none = at(&[OrderState::Unplaced, OrderState::Cancelled]);
    let waiting = |was_left| HandOff {
        broker: broker(),
        lines: at(&[OrderState::Unknown; 3]),
        was_left,
    };
    let send = SendOrders {
        broker: broker(),
        url: "https://kite.example/connect/basket?a=1&b=2".to_owned(),
        fields: vec![Carried {
            name: "data".to_owned(),
            value: "[{\"tradingsymbol\":\"INFY\"}]".to_owned(),
        }],
    };
    let refused = frame().with_notice("hand_off", Some("The login did not succeed."));
    let import = Frame::sample().with_trail(Trail::IMPORT, 3).without_cancel();
    let regular = Variety::Regular;
    vec![
        (
            "progress",
            Page::new(frame(), Progress::of_orders(broker(), moving)),
        ),
        ("hand-off", Page::new(frame(), waiting(false))),
        ("hand-off-left", Page::new(frame(), waiting(true))),
        ("hand-off-refused", Page::new(refused, waiting(true))),
        ("send-orders", Page::new(frame(), send)),
        (
            "progress-holdings",
            Page::new(import, Progress::of_work(broker(), Work::Holdings)),
        ),
        (
            "progress-login",
            Page::new(order_frame(1), Progress::of_work(broker(), Work::Login)),
        ),
        (
            "progress-funds",
            Page::new(order_frame(1), Progress::of_work(broker(), Work::Funds)),
        ),
        (
            "status-completed",
            status(
                BatchStatus::Completed,
                regular,
                at(&[OrderState::Complete; 3]),
                1_353_150,
            ),
        ),
        (
            "status-mixed",
            status(BatchStatus::Placed, regular, mixed, 451_050),
        ),
        (
            "status-partial",
            status(
                BatchStatus::PartiallyFilled,
                regular,
                at(&[OrderState::Partial, OrderState::Complete]),
                601_400,
            ),
        ),
        (
            "status-unfilled",
            status(BatchStatus::Unfilled, regular, at(&[OrderState::Cancelled]), 0),
        ),
        ("status-unplaced", status(BatchStatus::Unplaced, regular, none, 0)),
        (
            "status-placed-amo",
            status(BatchStatus::Placed, Variety::Amo, open, 0),
        ),
        (
            "status-unproven",
            status(
                BatchStatus::Placed,
                regular,
                at(&[OrderState::Complete, OrderState::Unknown]),
                451_050,
            ),
        ),
    ]
}
