//! Kite's words in ours.

use std::sync::Arc;

use torana_brokers::{
    BookEntry, ChangeOutcome, DematFund, Funds, Holding, NetPosition, OrderBook, PlaceOutcome, Quote,
};
use torana_clock::calendar::MarketCalendar;
use torana_domain::ids::ClientReference;
use torana_domain::money::{PriceBounds, Shares};
use torana_domain::order::{OrderErrorCode, OrderState, OrderTicket, OrderType, Side, Variety};
use torana_domain::time::{Date, Timestamp};
use torana_instruments::{Exchange, Master, Security};

use super::rows;
use super::wire::{Pairs, Trouble};

/// Delivery, the only product of a transaction.
pub const PRODUCT: &str = "CNC";

/// Kite's symbol of a security: on NSE the series stands behind the ticker, unless it is the normal one.
fn symbol_of(security: &Security) -> String {
    match (security.exchange, security.series.as_str()) {
        (Exchange::Bse, _) | (_, "EQ" | "") => security.ticker.clone(),
        (Exchange::Nse, series) => format!("{}-{series}", security.ticker),
    }
}

/// Kite's symbol of an NSE ticker.
pub fn symbol(master: &Master, ticker: &str) -> String {
    master
        .by_ticker(ticker)
        .map_or_else(|| ticker.to_owned(), symbol_of)
}

/// The ticker behind a symbol of Kite's.
fn ticker<'a>(master: &Master, exchange: Exchange, symbol: &'a str) -> &'a str {
    if master.by_symbol(exchange, symbol).is_some() {
        return symbol;
    }
    match symbol.rsplit_once('-') {
        Some((bare, _)) if master.by_symbol(exchange, bare).is_some() => bare,
        _ => symbol,
    }
}

/// The form of an order. Market orders carry the protection that Kite asks for: the broker chooses how far.
pub fn order_form(ticket: &OrderTicket, master: &Master) -> Pairs {
    let mut pairs = vec![
        ("exchange", Exchange::Nse.as_str().to_owned()),
        ("tradingsymbol", symbol(master, &ticket.ticker)),
        ("transaction_type", ticket.side.as_str().to_owned()),
        ("quantity", ticket.quantity.0.to_string()),
        ("product", PRODUCT.to_owned()),
        ("order_type", ticket.order_type.as_str().to_owned()),
        ("validity", ticket.validity.as_str().to_owned()),
        ("tag", ticket.reference.as_str().to_owned()),
    ];
    match (ticket.order_type, ticket.price) {
        (OrderType::Limit, Some(price)) => pairs.push(("price", price.to_decimal())),
        (OrderType::Limit, None) => {}
        (OrderType::Market, _) => pairs.push(("market_protection", "-1".to_owned())),
    }
    pairs
}

/// The word of the path.
pub const fn variety(variety: Variety) -> &'static str {
    match variety {
        Variety::Regular => "regular",
        Variety::Amo => "amo",
    }
}

/// What became of an order that was sent.
pub fn place_outcome(answer: Result<rows::Placed, Trouble>) -> PlaceOutcome {
    let refused = |code, text: &str| PlaceOutcome::Refused {
        code,
        text: text.to_owned(),
    };
    match answer {
        Ok(placed) if !placed.order_id.is_empty() => PlaceOutcome::Accepted {
            broker_order_id: placed.order_id,
        },
        Ok(_) => PlaceOutcome::Unknown {
            why: "accepted, without the id of the order".to_owned(),
        },
        Err(Trouble::NotSent(_)) => refused(
            OrderErrorCode::TradingSystemNotReady,
            "The broker cannot be reached; the order was not sent",
        ),
        Err(trouble @ Trouble::TooMany { .. }) => {
            refused(OrderErrorCode::TradingSystemNotReady, &trouble.to_string())
        }
        Err(Trouble::TokenOver(text)) => PlaceOutcome::SessionOver { text },
        Err(Trouble::NeedsAuthorisation(text)) => PlaceOutcome::NeedsAuthorisation { text },
        Err(Trouble::Refused { kind, text }) => refused(code_of(&kind, &text), &text),
        Err(Trouble::Lost(why) | Trouble::Unreadable(why)) => PlaceOutcome::Unknown { why },
    }
}

/// What became of a change or a cancellation.
pub fn change_outcome<T>(answer: Result<T, Trouble>) -> ChangeOutcome {
    match answer {
        Ok(_) => ChangeOutcome::Accepted,
        Err(Trouble::NotSent(_)) => ChangeOutcome::Refused {
            text: "The broker cannot be reached; nothing was changed".to_owned(),
        },
        Err(Trouble::Refused { text, .. }) if text.contains("order_id") => ChangeOutcome::NotFound,
        Err(Trouble::Lost(why) | Trouble::Unreadable(why)) => ChangeOutcome::Unknown { why },
        Err(
            trouble @ (Trouble::TooMany { .. }
            | Trouble::TokenOver(_)
            | Trouble::NeedsAuthorisation(_)
            | Trouble::Refused { .. }),
        ) => ChangeOutcome::Refused {
            text: trouble.to_string(),
        },
    }
}

/// The standard code of a refusal, by its class, else by its words.
fn code_of(kind: &str, text: &str) -> OrderErrorCode {
    match kind {
        "MarginException" => OrderErrorCode::MarginsExceeded,
        "HoldingException" => OrderErrorCode::CheckHoldings,
        "OrderException" => code_of_words(text),
        _ => OrderErrorCode::AdapterError,
    }
}

/// The standard code of words that come without a class: what order systems and exchanges say about an order.
fn code_of_words(text: &str) -> OrderErrorCode {
    let text = text.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["insufficient fund", "margin", "money does not suffice"]) {
        OrderErrorCode::MarginsExceeded
    } else if says(&["holding", "authoris", "shares are not"]) {
        OrderErrorCode::CheckHoldings
    } else if says(&["unmatched", "no counterparty"]) {
        OrderErrorCode::OrderUnmatched
    } else if says(&[
        "market is closed",
        "markets are closed",
        "halted",
        "after-market",
        "after market",
        "call auction",
        "continuous trading",
    ]) {
        OrderErrorCode::TradingSystemNotReady
    } else {
        OrderErrorCode::AdapterError
    }
}

/// The order book as it was at `at`. Kite shows one trading day.
///
/// # Errors
/// [`Trouble::Unreadable`] for a side, a quantity or a price that is none.
pub fn order_book(
    rows: Vec<rows::Order>,
    calendar: &MarketCalendar,
    master: &Master,
    at: Timestamp,
) -> Result<OrderBook, Trouble> {
    let trading_day = calendar.book_day(at);
    let entries = rows.into_iter().map(|row| entry(row, master));
    Ok(OrderBook {
        trading_day,
        closed: calendar.close_of(trading_day).is_none_or(|close| at >= close),
        entries: entries.collect::<Result<_, _>>()?,
    })
}

fn entry(row: rows::Order, master: &Master) -> Result<BookEntry, Trouble> {
    let side = Side::parse(&row.transaction_type)
        .ok_or_else(|| Trouble::Unreadable(format!("{} is no side of an order", row.transaction_type)))?;
    let (quantity, filled) = (row.quantity.shares()?, row.filled_quantity.shares()?);
    let state = state(&row.status, filled);
    let words = row.status_message.filter(|text| !text.is_empty());
    let is_known = KNOWN.contains(&row.status.as_str());
    Ok(BookEntry {
        broker_order_id: row.order_id,
        exchange_order_id: row.exchange_order_id.filter(|id| !id.is_empty()),
        reference: row.tag.and_then(|tag| ClientReference::parse(&tag).ok()),
        ticker: ticker(master, Exchange::Nse, &row.tradingsymbol).to_owned(),
        side,
        quantity,
        state,
        filled,
        average_price: row.average_price.price()?,
        error_code: error_code(&row.status, words.as_deref()),
        status_message: if is_known {
            words
        } else {
            Some(format!("The broker shows the unknown status {}", row.status))
        },
        order_timestamp: row.order_timestamp.as_deref().and_then(rows::instant),
    })
}

/// Every word of Kite's that may stand in `status`.
const KNOWN: [&str; 16] = [
    "PUT ORDER REQ RECEIVED",
    "VALIDATION PENDING",
    "OPEN PENDING",
    "OPEN",
    "TRIGGER PENDING",
    "MODIFY VALIDATION PENDING",
    "MODIFY PENDING",
    "MODIFIED",
    "CANCEL PENDING",
    "AMO REQ RECEIVED",
    "MODIFY AMO REQ RECEIVED",
    "CANCEL AMO REQ RECEIVED",
    "UPDATE",
    "COMPLETE",
    "CANCELLED",
    "REJECTED",
];

/// A word that nobody knows proves that the order is there, and no end of it. An end after fills is a partial one.
fn state(word: &str, filled: Shares) -> OrderState {
    let is_filled = filled.0 > 0;
    match word {
        "COMPLETE" => OrderState::Complete,
        "CANCELLED" | "REJECTED" if is_filled => OrderState::Partial,
        "CANCELLED" => OrderState::Cancelled,
        "REJECTED" => OrderState::Rejected,
        _ => OrderState::Open,
    }
}

/// Why an order ended short. A cancellation without a reason is its user's.
fn error_code(word: &str, words: Option<&str>) -> Option<OrderErrorCode> {
    let said = words.map(code_of_words);
    match word {
        "REJECTED" => Some(said.unwrap_or(OrderErrorCode::AdapterError)),
        "CANCELLED" => said.filter(|code| *code != OrderErrorCode::AdapterError),
        _ => None,
    }
}

/// Holdings with the tickers of both exchanges, as the list of securities knows them.
///
/// # Errors
/// [`Trouble::Unreadable`] for a number that is none.
pub fn holdings(rows: Vec<rows::Holding>, master: &Master) -> Result<Vec<Holding>, Trouble> {
    let holding = |row: rows::Holding| {
        let listed = |exchange| {
            master
                .listing(&row.isin, exchange)
                .map(|security| security.ticker.clone())
        };
        let shown = |exchange: Exchange| {
            let is_there = row.exchange == exchange.as_str();
            is_there.then(|| ticker(master, exchange, &row.tradingsymbol).to_owned())
        };
        Ok(Holding {
            nse_ticker: listed(Exchange::Nse).or_else(|| shown(Exchange::Nse)),
            bse_ticker: listed(Exchange::Bse).or_else(|| shown(Exchange::Bse)),
            quantity: row.quantity.shares()?,
            t1_quantity: row.t1_quantity.shares()?,
            average_price: row.average_price.price()?,
            collateral_quantity: row.collateral_quantity.shares()?,
            authorised_quantity: row.authorised_quantity.shares()?,
            isin: row.isin,
        })
    };
    rows.into_iter().map(holding).collect()
}

/// Today's positions for delivery. One in a security that the list does not know has no ISIN and is left out.
///
/// # Errors
/// [`Trouble::Unreadable`] for a number that is none.
pub fn positions(rows: rows::Positions, master: &Master) -> Result<Vec<NetPosition>, Trouble> {
    let position = |row: rows::Position| {
        let exchange = Exchange::parse(&row.exchange)?;
        let ticker = ticker(master, exchange, &row.tradingsymbol);
        let security = master.by_symbol(exchange, ticker)?;
        let numbers = || Ok((row.quantity.shares()?, row.average_price.price()?));
        Some(numbers().map(|(quantity, average_price)| NetPosition {
            isin: security.isin.clone(),
            ticker: ticker.to_owned(),
            on_bse: exchange == Exchange::Bse,
            quantity,
            average_price,
        }))
    };
    let of_delivery = rows.net.into_iter().filter(|row| row.product == PRODUCT);
    of_delivery.filter_map(position).collect()
}

/// Units of mutual funds.
///
/// # Errors
/// [`Trouble::Unreadable`] for a number that is none.
pub fn demat_funds(rows: Vec<rows::FundHolding>) -> Result<Vec<DematFund>, Trouble> {
    let fund = |row: rows::FundHolding| {
        Ok(DematFund {
            folio: row.folio.unwrap_or_default(),
            fund: row.fund,
            isin: row.tradingsymbol.clone(),
            tradingsymbol: row.tradingsymbol,
            units: row.quantity.units()?,
            average_price: row.average_price.price()?,
            last_price: row.last_price.price()?,
            last_price_date: row
                .last_price_date
                .as_deref()
                .and_then(|text| Date::parse(text).ok()),
            pnl: row.pnl.paise()?,
        })
    };
    rows.into_iter().map(fund).collect()
}

/// What can be used for a buy.
///
/// # Errors
/// [`Trouble::Unreadable`] for a number that is none.
pub fn funds(row: &rows::Margins) -> Result<Funds, Trouble> {
    row.net.paise().map(|available| Funds { available })
}

/// The name under which a quote is asked for.
pub fn quote_name(master: &Master, ticker: &str) -> String {
    format!("{}:{}", Exchange::Nse.as_str(), symbol(master, ticker))
}

/// Quotes of tickers; the limits of the day are those of the next order only while that day has not ended.
///
/// # Errors
/// [`Trouble::Unreadable`] for a number that is none.
pub fn quotes(
    rows: &rows::Quotes,
    tickers: &[String],
    master: &Arc<Master>,
    calendar: &MarketCalendar,
    at: Timestamp,
) -> Result<Vec<Quote>, Trouble> {
    let is_today = calendar.trading_day_of(at) == calendar.book_day(at);
    let quote = |ticker: &String| {
        let row = rows.get(&quote_name(master, ticker))?;
        let numbers = || {
            let last_price = row.last_price.price()?;
            let (low, high) = (row.lower_circuit_limit.price()?, row.upper_circuit_limit.price()?);
            let security = master.by_ticker(ticker).filter(|_| is_today);
            // Slabs are read from a close of the past, of which a quote has only the latest.
            let close = row.ohlc.close.price()?;
            let bounds = security.map(|security| PriceBounds {
                tick: master.tick_on(security, calendar.trading_day_of(at), close),
                low,
                high,
            });
            Ok(Quote {
                ticker: ticker.clone(),
                last_price,
                bounds,
            })
        };
        Some(numbers())
    };
    tickers.iter().filter_map(quote).collect()
}
