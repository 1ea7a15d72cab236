//! International Securities Identification Numbers.

/// Whether `text` is an ISIN: two capital letters, nine capital letters or digits, and the check digit of
/// ISO 6166 (letters count as 10..=35, digits are doubled alternately from the right, sum of digits ends in 0).
#[must_use]
pub fn isin_is_valid(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 12
        && bytes.iter().take(2).all(u8::is_ascii_uppercase)
        && bytes.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        && bytes.last().is_some_and(u8::is_ascii_digit);
    shape && luhn_sum(bytes).is_multiple_of(10)
}

fn luhn_sum(bytes: &[u8]) -> u32 {
    let values = bytes.iter().rev().filter_map(|b| char::from(*b).to_digit(36));
    let digits = values.flat_map(|value| {
        let tens = if value >= 10 { Some(value / 10) } else { None };
        std::iter::once(value % 10).chain(tens)
    });
    digits
        .enumerate()
        .map(|(place, digit)| {
            let weighted = if place % 2 == 1 { digit * 2 } else { digit };
            weighted / 10 + weighted % 10
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [&str; 7] = [
        "INE009A01021",
        "INE154A01025",
        "INE002A01018",
        "INF204KB14I2",
        "US0378331005",
        "GB0002634946",
        "INE041025011",
    ];

    #[test]
    fn known_numbers_are_valid() {
        for isin in GOOD {
            assert!(isin_is_valid(isin), "{isin}");
        }
    }

    #[test]
    fn a_wrong_digit_anywhere_is_found() {
        for isin in GOOD {
            for place in 2..12 {
                let was = isin.as_bytes()[place];
                for digit in b'0'..=b'9' {
                    let mut bytes = isin.as_bytes().to_vec();
                    bytes[place] = digit;
                    let changed = String::from_utf8(bytes).unwrap();
                    let one_digit_for_another = was.is_ascii_digit() && digit != was;
                    assert!(
                        !(one_digit_for_another && isin_is_valid(&changed)),
                        "{isin} -> {changed}"
                    );
                }
            }
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        for bad in [
            "",
            "INE009A0102",
            "INE009A010211",
            "ine009a01021",
            "1NE009A01021",
            "INE009A0102A",
            "INE009A01 21",
            "INÉ09A01021",
        ] {
            assert!(!isin_is_valid(bad), "{bad:?}");
        }
    }
}
