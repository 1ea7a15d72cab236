//! Numbers and times as users in India read them. Integers only.

use torana_domain::money::{PRICE_PER_PAISA, PRICE_SCALE, Paise, Price, Shares};
use torana_domain::time::Timestamp;

/// India Standard Time, five and a half hours ahead of UTC, without daylight saving.
const IST_OFFSET_MS: i64 = 19_800_000;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// `1234567` → `12,34,567`.
fn group_indian(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + 6);
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len() - index;
        if index > 0 && (left == 3 || (left > 3 && left % 2 == 1)) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `₹1,23,456.50`, always two decimals; a leading minus sign (U+2212) below zero.
#[must_use]
pub fn rupees(amount: Paise) -> String {
    let magnitude = amount.0.unsigned_abs();
    let sign = if amount.0 < 0 { "\u{2212}" } else { "" };
    format!("{sign}₹{}.{:02}", group_indian(magnitude / 100), magnitude % 100)
}

/// `₹1,503.50`: two decimals, four where the price has them.
#[must_use]
pub fn price(price: Price) -> String {
    let scale = PRICE_SCALE.unsigned_abs();
    let magnitude = price.0.unsigned_abs();
    let (whole, fraction) = (magnitude / scale, magnitude % scale);
    let per_paisa = PRICE_PER_PAISA.unsigned_abs();
    let decimals = if fraction % per_paisa == 0 {
        format!("{:02}", fraction / per_paisa)
    } else {
        format!("{fraction:04}")
    };
    let sign = if price.0 < 0 { "\u{2212}" } else { "" };
    format!("{sign}₹{}.{decimals}", group_indian(whole))
}

/// `12,500`.
#[must_use]
pub fn shares(quantity: Shares) -> String {
    let sign = if quantity.0 < 0 { "\u{2212}" } else { "" };
    format!("{sign}{}", group_indian(quantity.0.unsigned_abs()))
}

/// `10:31:02` in India.
#[must_use]
pub fn india_time(at: Timestamp) -> String {
    let (_, ms) = at.plus_ms(IST_OFFSET_MS).utc_date();
    format!(
        "{:02}:{:02}:{:02}",
        ms / 3_600_000,
        ms / 60_000 % 60,
        ms / 1000 % 60
    )
}

/// `5 Jan, 9:15 am` in India.
#[must_use]
pub fn india_moment(at: Timestamp) -> String {
    let (date, ms) = at.plus_ms(IST_OFFSET_MS).utc_date();
    let month = usize::from(date.month)
        .checked_sub(1)
        .and_then(|index| MONTHS.get(index))
        .copied()
        .unwrap_or("");
    let (hour, minute) = (ms / 3_600_000, ms / 60_000 % 60);
    let half = if hour < 12 { "am" } else { "pm" };
    let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    format!("{} {month}, {hour}:{minute:02} {half}", date.day)
}

/// A change in 1/100 of a percent as `+3.25 %`.
#[must_use]
pub fn percent(basis_points: i64) -> String {
    let sign = if basis_points < 0 { "\u{2212}" } else { "+" };
    let magnitude = basis_points.unsigned_abs();
    format!("{sign}{}.{:02} %", magnitude / 100, magnitude % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indian_grouping() {
        for (value, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (99_999, "99,999"),
            (100_000, "1,00,000"),
            (12_345_678, "1,23,45,678"),
        ] {
            assert_eq!(group_indian(value), text);
        }
    }

    #[test]
    fn money() {
        assert_eq!(rupees(Paise(12_345_650)), "₹1,23,456.50");
        assert_eq!(rupees(Paise(-5)), "−₹0.05");
        assert_eq!(rupees(Paise(i64::MIN)), "−₹92,23,37,20,36,85,47,758.08");
        assert_eq!(price(Price(15_035_000)), "₹1,503.50");
        assert_eq!(price(Price(15_035_025)), "₹1,503.5025");
        assert_eq!(shares(Shares(100_000)), "1,00,000");
    }

    #[test]
    fn times_are_those_of_india() {
        let at = Timestamp(1_767_605_462_120);
        assert_eq!(india_time(at), "15:01:02");
        assert_eq!(india_moment(at), "5 Jan, 3:01 pm");
        assert_eq!(india_moment(Timestamp(1_767_637_800_000)), "6 Jan, 12:00 am");
        assert_eq!(percent(-325), "−3.25 %");
    }
}
