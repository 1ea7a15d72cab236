//! From the parameters of an order to what the exchange is asked for.

use torana_domain::money::{Shares, parse_decimal};
use torana_domain::order::{Side, Variety};
use torana_exchange::core::{Next, NextWhen, OrderRequest, OrderType, Product, Protection, Validity};
use torana_instruments::{Master, Security};

use crate::error::{ErrorType, KiteError};
use crate::input::{Params, missing, wrong};
use crate::note::{Leg, Note};
use crate::words::{
    KiteVariety, ORDER_TYPES, PRODUCTS, SIDES, named_security, parse_order_type, parse_product, parse_side,
};

/// Most minutes of `validity_ttl`.
const TTL_MINUTES_MAX: i64 = 1_440;
/// Most characters of a tag.
const TAG_MAX: usize = 20;
/// How many parts an iceberg order may have.
const LEGS: std::ops::RangeInclusive<i64> = 2..=10;
/// Most slices of one order.
const SLICES_MAX: i64 = 50;

/// An order that was asked for, ready to be sent.
#[derive(Debug)]
pub enum Wanted {
    /// As one order.
    One(OrderRequest),
    /// In slices, because it is larger than one order may be.
    Slices(Vec<OrderRequest>),
}

/// Reads the order that a form asks for.
///
/// # Errors
/// 400 with the parameter that is missing or wrong.
pub fn wanted_order(
    variety: KiteVariety,
    params: &Params,
    master: &Master,
    app: Option<String>,
) -> Result<Wanted, KiteError> {
    if variety == KiteVariety::Auction {
        return Err(KiteError::new(
            ErrorType::Order,
            "Auction orders are not taken: the exchange buys missing shares in by itself",
        ));
    }
    let security = named_security(params, master)?;
    let order = plain_order(variety, params, security, app)?;
    match variety {
        KiteVariety::Iceberg => Ok(Wanted::One(iceberg(&order, params)?)),
        KiteVariety::Co => Ok(Wanted::One(cover(order, params)?)),
        _ if params.is_on("autoslice") && order.quantity > security.freeze => {
            Ok(Wanted::Slices(slices(&order, security.freeze)?))
        }
        _ => Ok(Wanted::One(order)),
    }
}

fn plain_order(
    variety: KiteVariety,
    params: &Params,
    security: &Security,
    app: Option<String>,
) -> Result<OrderRequest, KiteError> {
    let side = params.word("transaction_type", SIDES, parse_side)?;
    let side = side.ok_or_else(|| missing("transaction_type"))?;
    let order_type = params.word("order_type", ORDER_TYPES, parse_order_type)?;
    let order_type = order_type.ok_or_else(|| missing("order_type"))?;
    let quantity = params.shares("quantity")?.ok_or_else(|| missing("quantity"))?;
    let product = product(variety, params)?;
    Ok(OrderRequest {
        reference: tag(params)?,
        exchange: security.exchange,
        product,
        variety: if variety == KiteVariety::Amo {
            Variety::Amo
        } else {
            Variety::Regular
        },
        order_type,
        // A price that the type has no use for is redundant.
        price: params.price("price")?.filter(|_| order_type.has_price()),
        trigger_price: params
            .price("trigger_price")?
            .filter(|_| order_type.has_trigger()),
        disclosed: params
            .shares("disclosed_quantity")?
            .filter(|shares| shares.0 != 0),
        validity: validity(params)?.unwrap_or(Validity::Day),
        protection: protection(params)?
            .filter(|_| !order_type.has_price())
            .unwrap_or(Protection::Auto),
        app,
        ..OrderRequest::delivery(side, &security.ticker, quantity)
    })
}

fn product(variety: KiteVariety, params: &Params) -> Result<Product, KiteError> {
    let text = params.required("product")?;
    if variety == KiteVariety::Co {
        return match text {
            "MIS" | "CO" => Ok(Product::Mis),
            _ => Err(wrong("product", "allowed for a cover order is MIS")),
        };
    }
    parse_product(text).ok_or_else(|| wrong("product", &format!("allowed is {PRODUCTS}")))
}

fn tag(params: &Params) -> Result<Option<String>, KiteError> {
    let Some(tag) = params.text("tag") else {
        return Ok(None);
    };
    let is_plain = tag.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if tag.len() > TAG_MAX || !is_plain {
        return Err(wrong(
            "tag",
            &format!("allowed are at most {TAG_MAX} letters and digits"),
        ));
    }
    Ok(Some(tag.to_owned()))
}

/// Reads `validity` and `validity_ttl`.
///
/// # Errors
/// 400 with the one that is wrong.
pub fn validity(params: &Params) -> Result<Option<Validity>, KiteError> {
    let minutes = params.whole("validity_ttl", 0, TTL_MINUTES_MAX)?;
    match params.text("validity") {
        None => Ok(None),
        Some("DAY") => Ok(Some(Validity::Day)),
        Some("IOC") => Ok(Some(Validity::Ioc)),
        Some("TTL") => {
            let minutes = minutes.and_then(|minutes| u32::try_from(minutes).ok());
            let minutes = minutes.filter(|minutes| *minutes > 0);
            let minutes = minutes.ok_or_else(|| {
                wrong(
                    "validity_ttl",
                    &format!("allowed are 1 to {TTL_MINUTES_MAX} minutes"),
                )
            })?;
            Ok(Some(Validity::Ttl(minutes)))
        }
        Some(_) => Err(wrong("validity", "allowed is DAY, IOC or TTL")),
    }
}

/// Reads `market_protection`: a percentage; −1 and 0 leave it to the exchange.
fn protection(params: &Params) -> Result<Option<Protection>, KiteError> {
    let Some(text) = params.text("market_protection") else {
        return Ok(None);
    };
    match parse_decimal(text, 2) {
        Ok(-100 | 0) => Ok(Some(Protection::Auto)),
        Ok(bps @ 1..=10_000) => Ok(Some(Protection::Bps(bps))),
        _ => Err(wrong(
            "market_protection",
            "allowed is -1, 0 or a percentage up to 100",
        )),
    }
}

/// As many orders of at most `freeze` shares as it takes.
fn slices(order: &OrderRequest, freeze: Shares) -> Result<Vec<OrderRequest>, KiteError> {
    let part = freeze.0.max(1);
    let count = (order.quantity.0 + part - 1) / part;
    if count > SLICES_MAX {
        return Err(wrong(
            "quantity",
            &format!("a sliced order has at most {SLICES_MAX} slices of {part}"),
        ));
    }
    let note = Note {
        slice: true,
        ..Note::default()
    };
    let slice = |index: i64| OrderRequest {
        quantity: Shares((order.quantity.0 - index * part).min(part)),
        note: note.to_text(),
        ..order.clone()
    };
    Ok((0..count).map(slice).collect())
}

/// The first part, with the others behind it.
fn iceberg(order: &OrderRequest, params: &Params) -> Result<OrderRequest, KiteError> {
    let (least, most) = (*LEGS.start(), *LEGS.end());
    let legs = params.whole("iceberg_legs", least, most)?;
    let legs = legs.ok_or_else(|| missing("iceberg_legs"))?;
    let total = order.quantity.0;
    let fair = (total + legs - 1) / legs;
    let part = params.whole("iceberg_quantity", 1, i64::MAX)?.unwrap_or(fair);
    if part.saturating_mul(legs) < total || part.saturating_mul(legs - 1) >= total {
        return Err(wrong(
            "iceberg_quantity",
            &format!("{legs} legs of it must make up the quantity; {fair} does"),
        ));
    }
    if order.order_type.has_trigger() || order.validity == Validity::Ioc {
        return Err(wrong(
            "order_type",
            "an iceberg order is MARKET or LIMIT and not IOC",
        ));
    }
    let mut next: Option<OrderRequest> = None;
    for leg in (1..=legs).rev() {
        let before = part * (leg - 1);
        let quantity = part.min(total - before);
        let note = Note {
            iceberg: Some(Leg {
                leg,
                legs,
                leg_quantity: part,
                total_quantity: total,
                remaining_quantity: total - before - quantity,
            }),
            ..Note::default()
        };
        next = Some(OrderRequest {
            quantity: Shares(quantity),
            note: note.to_text(),
            next: next.map(|order| {
                Box::new(Next {
                    order,
                    when: NextWhen::Complete,
                })
            }),
            ..order.clone()
        });
    }
    next.ok_or_else(|| missing("iceberg_legs"))
}

/// The entry, with its stop behind it.
fn cover(entry: OrderRequest, params: &Params) -> Result<OrderRequest, KiteError> {
    let trigger = params
        .price("trigger_price")?
        .ok_or_else(|| missing("trigger_price"))?;
    if entry.order_type.has_trigger() {
        return Err(wrong("order_type", "a cover order is MARKET or LIMIT"));
    }
    let is_behind = |price: torana_domain::money::Price| match entry.side {
        Side::Buy => trigger < price,
        Side::Sell => trigger > price,
    };
    if entry.price.is_some_and(|price| !is_behind(price)) {
        let where_to = match entry.side {
            Side::Buy => "below the price of a buy",
            Side::Sell => "above the price of a sale",
        };
        return Err(wrong(
            "trigger_price",
            &format!("the stop of a cover order lies {where_to}"),
        ));
    }
    let note = Note {
        cover: true,
        ..Note::default()
    };
    let stop = OrderRequest {
        side: match entry.side {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        },
        order_type: OrderType::SlM,
        price: None,
        trigger_price: Some(trigger),
        disclosed: None,
        validity: Validity::Day,
        protection: Protection::Auto,
        note: note.to_text(),
        ..entry.clone()
    };
    Ok(OrderRequest {
        note: note.to_text(),
        next: Some(Box::new(Next {
            order: stop,
            when: NextWhen::Filled,
        })),
        ..entry
    })
}
