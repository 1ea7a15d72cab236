//! The orders that a browser carries to the broker's own page.

use serde::Serialize;
use serde_json::value::RawValue;
use torana_domain::order::{OrderTicket, OrderType};
use torana_instruments::{Exchange, Master};

use super::map;
use super::wire::Trouble;

/// One of them.
#[derive(Serialize)]
struct Line<'a> {
    variety: &'static str,
    exchange: &'static str,
    tradingsymbol: String,
    transaction_type: &'static str,
    order_type: &'static str,
    quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Box<RawValue>>,
    product: &'static str,
    validity: &'static str,
    tag: &'a str,
    /// What was reviewed is what is confirmed.
    readonly: bool,
}

/// The JSON of the form's `data`.
///
/// # Errors
/// [`Trouble::NotSent`] for what cannot be written, which none of ours is.
pub fn orders(tickets: &[OrderTicket], master: &Master) -> Result<String, Trouble> {
    let lines = tickets.iter().map(|ticket| line(ticket, master));
    let written = lines.collect::<Result<Vec<_>, _>>();
    written
        .and_then(|lines| serde_json::to_string(&lines))
        .map_err(|error| Trouble::NotSent(error.to_string()))
}

fn line<'a>(ticket: &'a OrderTicket, master: &Master) -> Result<Line<'a>, serde_json::Error> {
    let price = ticket.price.filter(|_| ticket.order_type == OrderType::Limit);
    // The price's own digits: it never passes through floating point.
    let price = price
        .map(|price| RawValue::from_string(price.to_decimal()))
        .transpose()?;
    Ok(Line {
        variety: map::variety(ticket.variety),
        exchange: Exchange::Nse.as_str(),
        tradingsymbol: map::symbol(master, &ticket.ticker),
        transaction_type: ticket.side.as_str(),
        order_type: ticket.order_type.as_str(),
        quantity: ticket.quantity.0,
        price,
        product: map::PRODUCT,
        validity: ticket.validity.as_str(),
        tag: ticket.reference.as_str(),
        readonly: true,
    })
}
