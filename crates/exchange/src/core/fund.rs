//! Mutual funds in the demat account: units that are held and valued, and never traded here.

use serde::{Deserialize, Serialize};
use torana_domain::money::{Paise, Price, Units, div_half_even};
use torana_domain::time::Date;

use super::command::FundView;
use crate::seeds::FUND_SCHEMES;

/// Price × units, both as stored, in one paisa.
const PRODUCT_PER_PAISA: i128 = 100_000_000;

/// A fund scheme. Its value never moves, so that tests can rely on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FundScheme {
    /// ISIN.
    pub isin: &'static str,
    /// Name.
    pub name: &'static str,
    /// Net asset value per unit.
    pub nav: Price,
}

/// Units of one scheme in one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundLine {
    /// ISIN of the scheme.
    pub isin: String,
    /// Folio number.
    pub folio: String,
    /// Units.
    pub units: Units,
    /// Cost per unit.
    pub average_price: Price,
}

/// What the owner sees, valued on a day; `None` for a scheme that nobody knows.
pub(super) fn view(line: &FundLine, valued_on: Date) -> Option<FundView> {
    let scheme = FUND_SCHEMES.iter().find(|scheme| scheme.isin == line.isin)?;
    Some(FundView {
        folio: line.folio.clone(),
        name: scheme.name.to_owned(),
        isin: line.isin.clone(),
        units: line.units,
        average_price: line.average_price,
        last_price: scheme.nav,
        last_price_date: valued_on,
        pnl: gain(line.units, line.average_price, scheme.nav),
    })
}

/// What units have gained, half-even; saturates.
fn gain(units: Units, cost: Price, value: Price) -> Paise {
    let per_unit = i128::from(value.0) - i128::from(cost.0);
    let paise = div_half_even(per_unit * i128::from(units.0), PRODUCT_PER_PAISA);
    Paise(i64::try_from(paise).unwrap_or(if paise < 0 { i64::MIN } else { i64::MAX }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_are_exact_and_losses_negative() {
        // 105.231 × (60.2 − 52.11) = 851.31879
        assert_eq!(
            gain(Units(105_231_000), Price(521_100), Price(602_000)),
            Paise(85_132)
        );
        assert_eq!(
            gain(Units(1_000_000), Price(602_000), Price(521_100)),
            Paise(-809)
        );
        assert_eq!(gain(Units(i64::MAX), Price(i64::MAX), Price(0)), Paise(i64::MIN));
    }
}
