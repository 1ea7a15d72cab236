//! The index that the circuit breaker looks at.

use std::sync::OnceLock;

use torana_domain::time::Timestamp;

use super::Market;
use crate::core::price::PPM;
use crate::core::tape::Prices;

/// Members of the index with their weights, from `data/index.csv`.
fn members() -> &'static [(&'static str, i64)] {
    static MEMBERS: OnceLock<Vec<(&'static str, i64)>> = OnceLock::new();
    MEMBERS.get_or_init(|| {
        include_str!("../../data/index.csv")
            .lines()
            .filter_map(parse_member)
            .collect()
    })
}

/// A line of the file: ISIN, weight, ticker; `None` of a remark.
fn parse_member(line: &str) -> Option<(&str, i64)> {
    let mut fields = line.split(',');
    let (isin, weight) = (fields.next()?, fields.next()?);
    Some((isin, weight.parse().ok()?))
}

impl Market {
    /// Whether a security counts in the index.
    #[must_use]
    pub fn is_in_index(&self, isin: &str) -> bool {
        members().iter().any(|(member, _)| *member == isin)
    }

    /// How far the index has moved since the close before, in millionths: the weighted average of its members'
    /// moves. Members that are not listed do not count.
    #[must_use]
    pub fn index_move(&self, prices: Prices<'_>, at: Timestamp) -> i64 {
        let day = self.order_day(at);
        let (mut sum, mut weights) = (0i128, 0i128);
        for (isin, weight) in members() {
            let Some(listing) = self.listing_by_isin(isin) else {
                continue;
            };
            let before = i128::from(self.frame(prices, &listing, day).previous_close.0.max(1));
            let last = i128::from(self.last_price(prices, &listing, at).0);
            sum += i128::from(*weight) * (last - before) * i128::from(PPM) / before;
            weights += i128::from(*weight);
        }
        i64::try_from(sum.checked_div(weights).unwrap_or(0)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_listed_member_or_a_remark() {
        let lines = include_str!("../../data/index.csv").lines();
        let expected = lines.filter(|line| !line.starts_with('#')).count();
        assert_eq!((members().len(), expected), (50, 50));
        let market = Market::bundled();
        for (isin, weight) in members() {
            assert!(market.listing_by_isin(isin).is_some() && *weight > 0, "{isin}");
        }
        assert!(market.is_in_index("INE009A01021") && !market.is_in_index("INE470A01017"));
    }
}
