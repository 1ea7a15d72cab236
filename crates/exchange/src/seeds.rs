//! The accounts that exist in every world, under every broker key.

use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Paise, Price, Shares, Units};

use crate::core::account::AccountKey;
use crate::core::behaviour::Behaviour;
use crate::core::command::{NewAccount, NewHolding, SecurityName};
use crate::core::fund::{FundLine, FundScheme};

/// The depository's PIN of every account.
pub const TPIN: &str = "123456";

const DEMO_FUNDS: Paise = Paise(100_000_000);
const LOW_FUNDS: Paise = Paise(10_000);

/// A seeded account as the docs and the login page show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestAccount {
    /// Its client id at every broker.
    pub account: &'static str,
    /// What it does differently.
    pub behaviour: Behaviour,
    /// Whether sales need no clearance.
    pub ddpi: bool,
    /// Its money.
    pub funds: Paise,
    /// Whether it holds the demo shares and funds.
    pub has_holdings: bool,
    /// What it is for, in one line.
    pub what_it_does: &'static str,
}

const fn account(account: &'static str, behaviour: Behaviour, what_it_does: &'static str) -> TestAccount {
    TestAccount {
        account,
        behaviour,
        ddpi: true,
        funds: DEMO_FUNDS,
        has_holdings: true,
        what_it_does,
    }
}

/// All seeded accounts, in the order in which a login page shows them.
pub const TEST_ACCOUNTS: &[TestAccount] = &[
    account(
        "DEMO01",
        Behaviour::Normal,
        "₹10,00,000 and some shares; everything works.",
    ),
    account(
        "DEMO02",
        Behaviour::Normal,
        "The same as DEMO01, to log in to another account than before.",
    ),
    TestAccount {
        funds: Paise(0),
        has_holdings: false,
        ..account("EMPTY01", Behaviour::Normal, "No money and no shares.")
    },
    TestAccount {
        ddpi: false,
        ..account(
            "TPIN01",
            Behaviour::Normal,
            "Sales must be authorised at the depository first, TPIN 123456.",
        )
    },
    TestAccount {
        funds: LOW_FUNDS,
        ..account(
            "LOWFUNDS01",
            Behaviour::LowFunds,
            "Has hardly any money: every buy fails the margin check.",
        )
    },
    account(
        "ORDERFAIL01",
        Behaviour::OrderFailure,
        "Every order is accepted first and then rejected.",
    ),
    account(
        "PARTIAL01",
        Behaviour::Partial,
        "Half of each order fills, the rest is cancelled at the close.",
    ),
    account("SLOW01", Behaviour::Slow, "Orders fill 60 seconds late."),
    account(
        "DEMO00",
        Behaviour::Normal,
        "The same as DEMO01; at Zerodha it belongs to the demo user.",
    ),
];

/// Shares of the demo accounts: ISIN, settled, T1, average price in paise. The last one is on BSE only.
const DEMO_HOLDINGS: [(&str, i64, i64, i64); 6] = [
    ("INE009A01021", 25, 0, 141_020),
    ("INE154A01025", 120, 0, 40_235),
    ("INE002A01018", 18, 0, 128_450),
    ("INE467B01029", 6, 2, 320_115),
    ("INF204KB14I2", 60, 0, 26_348),
    ("INE979B01015", 2, 0, 745_000),
];

/// The funds of the sandbox. All are invented: no fund house has the code `000`.
pub const FUND_SCHEMES: &[FundScheme] = &[
    scheme("INF000S01013", "Sandbox Flexi Cap Fund - Direct Growth", 602_000),
    scheme(
        "INF000S01021",
        "Sandbox Large Cap Index Fund - Direct Growth",
        1_874_563,
    ),
    scheme("INF000S01039", "Sandbox Liquid Fund - Direct Growth", 30_412_871),
];

const fn scheme(isin: &'static str, name: &'static str, nav: i64) -> FundScheme {
    FundScheme {
        isin,
        name,
        nav: Price(nav),
    }
}

/// Fund units of the demo accounts: ISIN, folio, units in millionths, average price in 1/10,000 ₹.
const DEMO_FUNDS_HELD: [(&str, &str, i64, i64); 3] = [
    ("INF000S01013", "900001/01", 105_231_000, 521_100),
    ("INF000S01021", "900001/02", 48_750_500, 1_912_040),
    ("INF000S01039", "900002/01", 3_182_004, 29_870_000),
];

/// The explanation of a seeded account; `None` for accounts that somebody made.
#[must_use]
pub fn describe(account: &str) -> Option<&'static str> {
    TEST_ACCOUNTS
        .iter()
        .find(|known| known.account == account)
        .map(|known| known.what_it_does)
}

/// The seeded accounts of one broker.
pub(crate) fn seeded_accounts(broker: BrokerKey) -> impl Iterator<Item = NewAccount> {
    TEST_ACCOUNTS.iter().filter_map(move |seed| {
        let key = AccountKey::new(broker, seed.account).ok()?;
        let holdings = if seed.has_holdings {
            demo_holdings()
        } else {
            Vec::new()
        };
        Some(NewAccount {
            key,
            funds: seed.funds,
            holdings,
            ddpi: seed.ddpi,
            behaviour: seed.behaviour,
        })
    })
}

/// The fund units of a seeded account; other accounts have none.
pub(crate) fn seeded_funds(account: &str) -> Vec<FundLine> {
    let line = |&(isin, folio, units, average): &(&str, &str, i64, i64)| FundLine {
        isin: isin.to_owned(),
        folio: folio.to_owned(),
        units: Units(units),
        average_price: Price(average),
    };
    let seed = TEST_ACCOUNTS.iter().find(|seed| seed.account == account);
    if seed.is_some_and(|seed| seed.has_holdings) {
        DEMO_FUNDS_HELD.iter().map(line).collect()
    } else {
        Vec::new()
    }
}

fn demo_holdings() -> Vec<NewHolding> {
    let holding = |&(isin, settled, t1, average): &(&str, i64, i64, i64)| NewHolding {
        security: SecurityName::Isin(isin.to_owned()),
        quantity: Shares(settled),
        t1_quantity: Shares(t1),
        average_price: Price::from_paise(average),
        authorised: Shares(0),
    };
    DEMO_HOLDINGS.iter().map(holding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Market;

    #[test]
    fn funds_are_invented_and_well_formed() {
        for scheme in FUND_SCHEMES {
            assert!(torana_instruments::isin_is_valid(scheme.isin), "{}", scheme.isin);
            let is_real = torana_instruments::Master::bundled()
                .by_isin(scheme.isin)
                .is_some();
            assert!(scheme.name.starts_with("Sandbox ") && !is_real, "{}", scheme.name);
        }
        let held = seeded_funds("DEMO01");
        assert!(
            held.iter()
                .all(|line| FUND_SCHEMES.iter().any(|scheme| scheme.isin == line.isin))
        );
        assert_eq!(
            (
                held.len(),
                seeded_funds("EMPTY01").len(),
                seeded_funds("CI0001").len()
            ),
            (3, 0, 0)
        );
    }

    #[test]
    fn every_seeded_account_can_be_made() {
        assert_eq!(seeded_accounts(BrokerKey::Kite).count(), TEST_ACCOUNTS.len());
        let market = Market::bundled();
        let known: Vec<_> = demo_holdings()
            .iter()
            .map(|holding| market.isin_of(&holding.security))
            .collect();
        assert!(known.iter().all(Option::is_some), "{known:?}");
        let on_nse = known
            .iter()
            .flatten()
            .filter(|isin| market.tickers_of(isin).0.is_some())
            .count();
        assert_eq!((known.len(), on_nse), (6, 5), "one is on BSE only");
    }
}
