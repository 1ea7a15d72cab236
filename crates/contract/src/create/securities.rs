//! Fields of stock orders.

use std::collections::BTreeMap;

use torana_domain::intent::{BasketLine, Intent, OrderMeta};
use torana_domain::money::{PRICE_SCALE, Price, Shares};
use torana_domain::order::{OrderType, Side, Validity};

use super::{MAX_ORDER_NAME_CHARS, MAX_PRICE_RUPEES, MAX_QUANTITY, MAX_SECURITIES, MAX_URL_BYTES};
use crate::request::{Field, Problems, Scope};

const TICKER_RULE: &str = "must be 1 to 20 of A-Z, 0-9, & and -";

/// `orderConfig` of type `SECURITIES`; `None` when something was noted that leaves no order.
pub(super) fn order(
    config: &Scope<'_>,
    problems: &mut Problems,
    unsupported_exchanges: &mut Vec<String>,
) -> Option<Intent> {
    let path = config.path_of("securities");
    let items = config
        .objects("securities", problems, 1..=MAX_SECURITIES)
        .required(problems, &path, "an array of 1 to 100 objects with `ticker`");
    let meta = meta(config, problems);
    let items = items?;
    for key in ["quantity", "type"] {
        check_all_or_none(&items, key, problems);
    }
    let lines: Vec<Option<BasketLine>> = items
        .iter()
        .map(|item| line(item, problems, unsupported_exchanges))
        .collect();
    check_duplicates(&items, &lines, problems);
    let lines: Option<Vec<BasketLine>> = lines.into_iter().collect();
    Some(Intent::Securities {
        lines: lines?,
        meta: meta?,
    })
}

fn check_all_or_none(items: &[Scope<'_>], key: &str, problems: &mut Problems) {
    let without = items.iter().find(|item| !item.has(key));
    if let Some(item) = without.filter(|_| items.iter().any(|item| item.has(key))) {
        problems.note(&item.path_of(key), "must be present on all securities or on none");
    }
}

fn check_duplicates(items: &[Scope<'_>], lines: &[Option<BasketLine>], problems: &mut Problems) {
    let mut seen = BTreeMap::new();
    for (item, line) in items.iter().zip(lines) {
        let Some(line) = line else { continue };
        let path = item.path_of("ticker");
        if let Some(first) = seen.insert((line.ticker.as_str(), line.side), path.clone()) {
            problems.note(
                &path,
                &format!("same ticker and type as {first}; join them into one line"),
            );
        }
    }
}

fn line(
    item: &Scope<'_>,
    problems: &mut Problems,
    unsupported_exchanges: &mut Vec<String>,
) -> Option<BasketLine> {
    let ticker_path = item.path_of("ticker");
    let ticker = item
        .text("ticker", problems)
        .and_then(problems, &ticker_path, |text| {
            ticker(&text).ok_or_else(|| TICKER_RULE.to_owned())
        })
        .required(problems, &ticker_path, "an NSE ticker");
    let quantity = item.integer("quantity", problems, 1..=MAX_QUANTITY);
    let side = item.word("type", problems, "BUY or SELL", Side::parse);
    let order_type = item.word("orderType", problems, "MARKET or LIMIT", OrderType::parse);
    let validity = item.word("validity", problems, "DAY or IOC", Validity::parse);
    let price = item
        .number("price")
        .and_then(problems, &item.path_of("price"), |number| {
            let price = number.as_price().map_err(|why| why.to_string())?;
            let allowed = 1..=MAX_PRICE_RUPEES * PRICE_SCALE;
            if allowed.contains(&price.0) {
                Ok(price)
            } else {
                Err(format!("must be more than 0 and at most {MAX_PRICE_RUPEES}"))
            }
        });
    check_exchange(item, problems, unsupported_exchanges);
    check_limit(item, &order_type, &price, problems);
    Some(BasketLine {
        ticker: ticker?,
        quantity: settled(quantity)?.map(Shares),
        side: settled(side)?,
        order_type: settled(order_type)?.unwrap_or(OrderType::Market),
        price: settled(price)?,
        validity: settled(validity)?.unwrap_or(Validity::Day),
    })
}

/// `None` for a refused field, else the optional value.
fn settled<T>(field: Field<T>) -> Option<Option<T>> {
    match field {
        Field::Wrong => None,
        other => Some(other.value()),
    }
}

/// Trimmed and upper-cased, `^[A-Z0-9&-]{1,20}$`.
fn ticker(text: &str) -> Option<String> {
    let ticker = text.trim().to_ascii_uppercase();
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'&' || b == b'-';
    ((1..=20).contains(&ticker.len()) && ticker.bytes().all(plain)).then_some(ticker)
}

/// Another exchange is no wrong field but a failed look-up, which comes later.
fn check_exchange(item: &Scope<'_>, problems: &mut Problems, unsupported: &mut Vec<String>) {
    if let Field::Value(exchange) = item.text("exchange", problems)
        && !exchange.trim().eq_ignore_ascii_case("NSE")
    {
        unsupported.push(item.path_of("exchange"));
    }
}

fn check_limit(
    item: &Scope<'_>,
    order_type: &Field<OrderType>,
    price: &Field<Price>,
    problems: &mut Problems,
) {
    match order_type {
        Field::Value(OrderType::Limit) => {
            if !price.is_present() {
                problems.note(
                    &item.path_of("price"),
                    "is required with orderType LIMIT: a number above 0",
                );
            }
            for key in ["quantity", "type"] {
                if !item.has(key) {
                    problems.note(&item.path_of(key), "is required with orderType LIMIT");
                }
            }
        }
        Field::Value(OrderType::Market) | Field::Absent => {
            if price.is_present() {
                problems.note(&item.path_of("price"), "is allowed with orderType LIMIT only");
            }
        }
        Field::Wrong => {}
    }
}

fn meta(config: &Scope<'_>, problems: &mut Problems) -> Option<OrderMeta> {
    let meta = config.object_or_empty("meta", problems)?;
    let name = meta
        .text("orderName", problems)
        .and_then(problems, &meta.path_of("orderName"), |name| {
            if name.chars().count() <= MAX_ORDER_NAME_CHARS {
                Ok(name)
            } else {
                Err(format!(
                    "may have at most {MAX_ORDER_NAME_CHARS} Unicode characters"
                ))
            }
        });
    let logo = meta
        .text("orderLogo", problems)
        .and_then(problems, &meta.path_of("orderLogo"), |logo| {
            if is_https_url(&logo) {
                Ok(logo)
            } else {
                Err(format!(
                    "must be an https address of at most {MAX_URL_BYTES} bytes without credentials"
                ))
            }
        });
    Some(OrderMeta {
        order_name: settled(name)?,
        order_logo: settled(logo)?,
    })
}

fn is_https_url(text: &str) -> bool {
    let plain = text.len() <= MAX_URL_BYTES && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    plain
        && url::Url::parse(text).is_ok_and(|url| {
            url.scheme() == "https" && url.has_host() && url.username().is_empty() && url.password().is_none()
        })
}
