//! Answers whose text is written by hand: lists, and JSON with tens of thousands of numbers.

use std::fmt::Write as _;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, header};
use torana_domain::money::{PRICE_PER_PAISA, PRICE_SCALE, Price};

/// 200 with a JSON text.
#[must_use]
pub fn answer(text: String) -> Response {
    of_type("application/json", text)
}

/// 200 with lines of values.
#[must_use]
pub fn csv(text: String) -> Response {
    of_type("text/csv", text)
}

fn of_type(media_type: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// Adds text as a JSON string.
pub fn push_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Digits of the largest number.
const DIGITS_MAX: usize = 20;

/// Adds a whole number: what the formatting of the standard library would do, in a fraction of its time. A quote of
/// 500 instruments has more than ten thousand of them.
pub fn push_number(out: &mut String, number: u64) {
    let (mut digits, mut start, mut rest) = ([b'0'; DIGITS_MAX], 0, number);
    for (place, digit) in digits.iter_mut().enumerate().rev() {
        *digit += u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        start = place;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits.iter().skip(start).copied().map(char::from));
}

/// Adds a price in rupees to the paisa, as shortly as possible. Market data has no finer ones.
pub fn push_price(out: &mut String, price: Price) {
    let magnitude = price.0.unsigned_abs();
    let (rupees, paise) = (
        magnitude / PRICE_SCALE.unsigned_abs(),
        magnitude % PRICE_SCALE.unsigned_abs() / PRICE_PER_PAISA.unsigned_abs(),
    );
    if price.0 < 0 {
        out.push('-');
    }
    push_number(out, rupees);
    if paise == 0 {
        return;
    }
    out.push('.');
    push_number(out, paise / 10);
    if paise % 10 != 0 {
        push_number(out, paise % 10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_short_and_exact() {
        let written = |price: i64| {
            let mut out = String::new();
            push_price(&mut out, Price(price));
            out
        };
        for (price, text) in [
            (15_035_000, "1503.5"),
            (15_000_000, "1500"),
            (15_000_500, "1500.05"),
            (-12_300, "-1.23"),
            (100, "0.01"),
            (0, "0"),
        ] {
            assert_eq!(written(price), text);
        }
    }

    #[test]
    fn numbers_have_all_their_digits() {
        for number in [0, 7, 10, 408_065, u64::MAX] {
            let mut out = String::from("n");
            push_number(&mut out, number);
            assert_eq!(out, format!("n{number}"));
        }
    }

    #[test]
    fn text_is_read_as_it_was_written() {
        let text = "a\"b\\c\u{7}d\n\u{7f}é₹";
        let mut out = String::new();
        push_text(&mut out, text);
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
    }
}
