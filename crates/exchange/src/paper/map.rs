//! The exchange's words in the words of the broker trait.

use torana_brokers::{
    BookEntry, BrokerReturn, ChangeOutcome, DematFund, Funds, Holding, LoginError, NetPosition, OrderBook,
    PlaceOutcome, Profile, Quote,
};
use torana_domain::ids::ClientReference;
use torana_domain::order::{OrderErrorCode, OrderTicket, OrderType, Variety};

use crate::core::{AccountView, BookView, FundView, HoldingView, PaperOrder, PositionView, Reply};
use crate::seeds::{TEST_ACCOUNTS, describe};

const SESSION_OVER: &str = "The session at the broker is over: log in again";

pub(super) fn refused(text: &str) -> LoginError {
    LoginError::Refused {
        text: text.to_owned(),
    }
}

pub(super) fn session_over() -> LoginError {
    refused(SESSION_OVER)
}

/// An answer that does not belong to the question.
pub(super) fn odd_login() -> LoginError {
    LoginError::Unavailable("the exchange gave an answer of another kind".to_owned())
}

/// A field of a form, or a parameter of that name.
pub(super) fn field(back: BrokerReturn, name: &str) -> Option<String> {
    let (BrokerReturn::Fields(pairs) | BrokerReturn::Parameters(pairs)) = back;
    pairs
        .into_iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.trim().to_owned())
}

/// What a login page offers: the seeded accounts in the order of their table, then the others, each with what it
/// does.
pub fn account_choices(accounts: &[AccountView], count_max: usize) -> Vec<(String, String)> {
    let place = |view: &AccountView| {
        TEST_ACCOUNTS
            .iter()
            .position(|known| known.account == view.key.account())
            .unwrap_or(usize::MAX)
    };
    let mut sorted: Vec<&AccountView> = accounts.iter().collect();
    sorted.sort_by_key(|view| place(view));
    let choice = |view: &AccountView| {
        let made = || format!("Made through the control API. {}", view.behaviour.describe());
        let name = view.key.account();
        (name.to_owned(), describe(name).map_or_else(made, str::to_owned))
    };
    sorted.into_iter().take(count_max).map(choice).collect()
}

/// The refusal of an order that the broker's profile does not offer.
pub(super) fn beyond_abilities(profile: &Profile, ticket: &OrderTicket) -> Option<PlaceOutcome> {
    let abilities = profile.capabilities;
    let refusal = |text: &str| {
        Some(PlaceOutcome::Refused {
            code: OrderErrorCode::AdapterError,
            text: format!("{} {text}", profile.name),
        })
    };
    match (ticket.variety, ticket.order_type) {
        (Variety::Amo, _) if !abilities.amo => refusal("takes no after-market orders"),
        (_, OrderType::Limit) if !abilities.limit_orders => refusal("takes no limit orders"),
        _ => None,
    }
}

pub(super) fn place_outcome(reply: Reply) -> PlaceOutcome {
    let refused = |code, text: &str| PlaceOutcome::Refused {
        code,
        text: text.to_owned(),
    };
    match reply {
        Reply::OrderTaken { broker_order_id } => PlaceOutcome::Accepted { broker_order_id },
        Reply::OrderRefused { code, text, .. } => PlaceOutcome::Refused { code, text },
        Reply::OrderNeedsClearance { text } => PlaceOutcome::NeedsAuthorisation { text },
        Reply::SessionExpired => PlaceOutcome::SessionOver {
            text: SESSION_OVER.to_owned(),
        },
        Reply::TooFarAhead => refused(
            OrderErrorCode::TradingSystemNotReady,
            "The exchange is too far behind",
        ),
        _ => PlaceOutcome::Unknown {
            why: "the exchange gave an answer of another kind".to_owned(),
        },
    }
}

pub(super) fn change_outcome(reply: Reply) -> ChangeOutcome {
    match reply {
        Reply::Done => ChangeOutcome::Accepted,
        Reply::CancelRefused { text } => ChangeOutcome::Refused { text },
        Reply::OrderNotFound => ChangeOutcome::NotFound,
        Reply::SessionExpired => ChangeOutcome::Refused {
            text: SESSION_OVER.to_owned(),
        },
        _ => ChangeOutcome::Unknown {
            why: "the exchange gave an answer of another kind".to_owned(),
        },
    }
}

pub(super) fn holdings(reply: Reply) -> Option<Vec<Holding>> {
    let Reply::Holdings(views) = reply else {
        return None;
    };
    let holding = |view: HoldingView| Holding {
        isin: view.isin,
        nse_ticker: view.nse_ticker,
        bse_ticker: view.bse_ticker,
        quantity: view.quantity,
        t1_quantity: view.t1_quantity,
        average_price: view.average_price,
        collateral_quantity: view.collateral_quantity,
        authorised_quantity: view.authorised_quantity,
    };
    Some(views.into_iter().map(holding).collect())
}

pub(super) fn positions(reply: Reply) -> Option<Vec<NetPosition>> {
    let Reply::Positions(views) = reply else {
        return None;
    };
    let position = |view: PositionView| NetPosition {
        isin: view.isin,
        ticker: view.ticker,
        on_bse: false,
        quantity: view.quantity,
        average_price: view.average_price,
    };
    Some(views.into_iter().map(position).collect())
}

#[expect(clippy::needless_pass_by_value, reason = "it has the form of its neighbours")]
pub(super) fn funds(reply: Reply) -> Option<Funds> {
    if let Reply::Funds(available) = reply {
        Some(Funds { available })
    } else {
        None
    }
}

pub(super) fn quotes(reply: Reply) -> Option<Vec<Quote>> {
    let Reply::Quotes(quotes) = reply else { return None };
    Some(
        quotes
            .into_iter()
            .map(|view| Quote {
                ticker: view.ticker,
                last_price: view.last_price,
                bounds: Some(view.bounds),
            })
            .collect(),
    )
}

pub(super) fn demat_funds(reply: Reply) -> Option<Vec<DematFund>> {
    let Reply::DematFunds(views) = reply else {
        return None;
    };
    let fund = |view: FundView| DematFund {
        folio: view.folio,
        fund: view.name,
        tradingsymbol: view.isin.clone(),
        isin: view.isin,
        units: view.units,
        average_price: view.average_price,
        last_price: view.last_price,
        last_price_date: Some(view.last_price_date),
        pnl: view.pnl,
    };
    Some(views.into_iter().map(fund).collect())
}

pub(super) fn order_book(reply: Reply) -> Option<OrderBook> {
    let Reply::Book(view) = reply else { return None };
    let BookView {
        trading_day,
        closed,
        orders,
    } = view;
    Some(OrderBook {
        trading_day,
        closed,
        entries: orders.into_iter().map(entry).collect(),
    })
}

fn entry(order: PaperOrder) -> BookEntry {
    let state = order.state();
    BookEntry {
        broker_order_id: order.broker_order_id,
        exchange_order_id: order.exchange_order_id,
        reference: order
            .reference
            .and_then(|text| ClientReference::parse(&text).ok()),
        ticker: order.ticker,
        side: order.side,
        quantity: order.quantity,
        state,
        filled: order.filled,
        average_price: order.worth.average(order.filled),
        error_code: order.error_code,
        status_message: order.status_message,
        order_timestamp: Some(order.placed_at),
    }
}
