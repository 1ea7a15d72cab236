//! What trades cost: `POST /charges/orders`, and the part of it that margins show.

use axum::Router;
use axum::routing::post;
use serde::Serialize;
use torana_contract::number::Decimal;
use torana_domain::money::Paise;
use torana_exchange::core::charges::Charges;
use torana_exchange::core::portfolio::Hypothetical;
use torana_exchange::core::{Command, Reply};
use torana_instruments::Master;

use crate::answer::{Answered, success};
use crate::auth::Caller;
use crate::error::KiteError;
use crate::input::{RawBody, missing};
use crate::json::{self, OrderIn};
use crate::state::Kite;
use crate::words::{security, tradingsymbol};

/// The routes.
pub fn routes() -> Router<Kite> {
    Router::new().route("/charges/orders", post(orders))
}

/// The charges of one order.
#[derive(Clone, Debug, Serialize)]
pub struct ChargesRow {
    transaction_tax: Decimal,
    transaction_tax_type: &'static str,
    exchange_turnover_charge: Decimal,
    sebi_turnover_charge: Decimal,
    brokerage: Decimal,
    stamp_duty: Decimal,
    gst: GstRow,
    total: Decimal,
}

#[derive(Clone, Debug, Serialize)]
struct GstRow {
    igst: Decimal,
    cgst: Decimal,
    sgst: Decimal,
    total: Decimal,
}

impl ChargesRow {
    /// As Kite names them.
    pub fn of(charges: &Charges, tax_type: &'static str) -> Self {
        let gst = charges.gst;
        Self {
            transaction_tax: charges.transaction_tax.into(),
            transaction_tax_type: tax_type,
            exchange_turnover_charge: charges.exchange_charge.into(),
            sebi_turnover_charge: charges.sebi_fee.into(),
            brokerage: charges.brokerage.into(),
            stamp_duty: charges.stamp_duty.into(),
            gst: GstRow {
                igst: gst.igst.into(),
                cgst: gst.cgst.into(),
                sgst: gst.sgst.into(),
                total: gst.total().into(),
            },
            total: charges.total().into(),
        }
    }

    /// Nothing.
    pub fn none() -> Self {
        Self::of(&Charges::default(), "")
    }
}

/// The tax on trades in securities.
pub const STT: &str = "stt";

#[derive(Serialize)]
struct Row {
    transaction_type: &'static str,
    tradingsymbol: String,
    exchange: &'static str,
    variety: &'static str,
    product: &'static str,
    order_type: &'static str,
    quantity: i64,
    price: Decimal,
    charges: ChargesRow,
}

/// One order of the body: the trade, and its row without the charges.
fn read(order: &OrderIn, master: &Master) -> Result<(Hypothetical, Row), KiteError> {
    let security = security(master, order.exchange(None)?, order.symbol()?)?;
    let (side, product) = (order.side()?, order.product()?);
    let quantity = order.shares()?;
    let price = OrderIn::price_of(order.average_price.as_ref(), "average_price")?;
    let price = price.ok_or_else(|| missing("average_price"))?;
    let row = Row {
        transaction_type: side.as_str(),
        tradingsymbol: tradingsymbol(security),
        exchange: security.exchange.as_str(),
        variety: order.variety()?.as_str(),
        product: product.as_str(),
        order_type: order.order_type()?.as_str(),
        quantity: quantity.0,
        price: price.into(),
        charges: ChargesRow::none(),
    };
    let trade = Hypothetical {
        exchange: security.exchange,
        product,
        side,
        quantity,
        price,
    };
    Ok((trade, row))
}

async fn orders(caller: Caller, RawBody(body): RawBody) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let (mut trades, mut rows) = (Vec::new(), Vec::new());
    for (index, order) in json::orders(&body)?.iter().enumerate() {
        let (trade, row) = read(order, &master).map_err(|error| json::at(index, &error))?;
        trades.push(trade);
        rows.push(row);
    }
    let session = caller.session.clone();
    let Reply::Charges(charges) = caller.ask(Command::Charges { session, trades }).await? else {
        return Err(KiteError::odd_answer());
    };
    for (row, charges) in rows.iter_mut().zip(&charges) {
        row.charges = ChargesRow::of(charges, STT);
    }
    Ok(success(rows))
}

/// The sum of the charges of several orders.
pub fn sum<'a>(all: impl IntoIterator<Item = &'a Charges>) -> Charges {
    let mut sum = Charges::default();
    for charges in all {
        let add = |to: &mut Paise, more: Paise| to.0 += more.0;
        add(&mut sum.brokerage, charges.brokerage);
        add(&mut sum.transaction_tax, charges.transaction_tax);
        add(&mut sum.exchange_charge, charges.exchange_charge);
        add(&mut sum.sebi_fee, charges.sebi_fee);
        add(&mut sum.stamp_duty, charges.stamp_duty);
        add(&mut sum.gst.igst, charges.gst.igst);
        add(&mut sum.gst.cgst, charges.gst.cgst);
        add(&mut sum.gst.sgst, charges.gst.sgst);
    }
    sum
}
