//! Refusals of the exchange as Kite words them.

use http::StatusCode;
use torana_domain::money::{Paise, Price};
use torana_domain::order::OrderErrorCode;
use torana_exchange::core::{Refusal, Reply};

use crate::error::{ErrorType, KiteError};

/// What a reply means that is not the one that a call was made for.
#[must_use]
pub fn order_error(reply: Reply) -> KiteError {
    match reply {
        Reply::OrderRefused { code, text, why } => refusal(code, text, &why),
        Reply::OrderNeedsClearance { text } => needs_authorisation(text),
        Reply::CancelRefused { text } | Reply::GttRefused { text } | Reply::ConversionRefused { text } => {
            KiteError::new(ErrorType::Order, text)
        }
        Reply::ClearanceRefused { text } => KiteError::input(text),
        Reply::OrderNotFound => KiteError::new(ErrorType::Order, "Couldn't find that `order_id`."),
        Reply::GttNotFound => KiteError::not_found("Couldn't find that `trigger_id`."),
        _ => KiteError::odd_answer(),
    }
}

/// Shares must be cleared at the depository first: 428.
#[must_use]
pub fn needs_authorisation(text: String) -> KiteError {
    KiteError::new(ErrorType::Holding, text).with_status(StatusCode::PRECONDITION_REQUIRED)
}

fn refusal(code: OrderErrorCode, text: String, why: &Refusal) -> KiteError {
    let kind = kind_of(code, why);
    match wording(why) {
        Some(text) => KiteError::new(kind, text),
        None => KiteError::new(kind, text),
    }
}

const fn kind_of(code: OrderErrorCode, why: &Refusal) -> ErrorType {
    match (code, why) {
        (OrderErrorCode::MarginsExceeded, _) => ErrorType::Margin,
        (OrderErrorCode::CheckHoldings, _) => ErrorType::Holding,
        (_, Refusal::AddressNotRegistered) => ErrorType::Permission,
        (OrderErrorCode::TradingSystemNotReady | OrderErrorCode::OrderUnmatched, _)
        | (
            _,
            Refusal::TooManyOrders { .. }
            | Refusal::TooManyModifications { .. }
            | Refusal::NotChangeable(_)
            | Refusal::NothingModified
            | Refusal::QuantityFilled { .. }
            | Refusal::IntradayOver
            | Refusal::DuplicateReference,
        ) => ErrorType::Order,
        _ => ErrorType::Input,
    }
}

/// Kite's own words, where they are known.
fn wording(why: &Refusal) -> Option<String> {
    Some(match why {
        Refusal::UnknownInstrument { .. } => {
            "The instrument you are placing an order for has either expired or does not exist.".to_owned()
        }
        Refusal::NotEnoughFunds { needed, available } => format!(
            "Insufficient funds. Required margin is {} but available margin is {}.",
            rupees(*needed),
            rupees(*available)
        ),
        Refusal::OffTick { tick, .. } | Refusal::TriggerOffTick { tick, .. } => format!(
            "Tick size for this script is {}. Kindly enter price in the multiple of tick size for this script",
            price(*tick)
        ),
        Refusal::OutsideBand { asked, low, high } | Refusal::TriggerOutsideBand { asked, low, high } => {
            let (side, limit) = if asked < low {
                ("lower than the current lower", low)
            } else {
                ("higher than the current upper", high)
            };
            format!(
                "Your order price is {side} circuit limit of {}. Place an order within the daily range.",
                price(*limit)
            )
        }
        Refusal::AboveFreeze { max, .. } => {
            format!("Maximum quantity per order for Equity is {}", grouped(max.0))
        }
        _ => return None,
    })
}

/// Two decimals, always.
fn rupees(amount: Paise) -> String {
    let sign = if amount.0 < 0 { "-" } else { "" };
    let paise = amount.0.unsigned_abs();
    format!("{sign}{}.{:02}", paise / 100, paise % 100)
}

fn price(price: Price) -> String {
    rupees(Paise(price.0 / torana_domain::money::PRICE_PER_PAISA))
}

/// A number with Indian groups of digits: `1,00,000`.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len() - index;
        if index > 0 && (left == 3 || (left > 3 && left % 2 == 1)) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use torana_domain::money::Shares;

    #[test]
    fn known_refusals_have_kites_words_and_class() {
        let said = |why: Refusal| {
            let error = order_error(why.into());
            (error.kind(), error.message().to_owned())
        };
        assert_eq!(
            said(Refusal::AboveFreeze {
                asked: Shares(200_000),
                max: Shares(100_000)
            }),
            (
                ErrorType::Input,
                "Maximum quantity per order for Equity is 1,00,000".to_owned()
            )
        );
        assert_eq!(
            said(Refusal::NotEnoughFunds {
                needed: Paise(1_234_550),
                available: Paise(5)
            }),
            (
                ErrorType::Margin,
                "Insufficient funds. Required margin is 12345.50 but available margin is 0.05.".to_owned()
            )
        );
        let band = |asked| Refusal::OutsideBand {
            asked: Price::from_paise(asked),
            low: Price::from_paise(7_065),
            high: Price::from_paise(9_000),
        };
        assert_eq!(
            said(band(7_000)).1,
            "Your order price is lower than the current lower circuit limit of 70.65. Place an order within the daily range."
        );
        assert!(said(band(9_005)).1.contains("upper circuit limit of 90.00"));
        assert_eq!(said(Refusal::MarketClosed).0, ErrorType::Order);
        assert_eq!(said(Refusal::AddressNotRegistered).0, ErrorType::Permission);
        assert_eq!(grouped(12_345_678), "1,23,45,678");
        assert_eq!(grouped(999), "999");
    }
}
