//! From a broker's account to the snapshot that is stored.

use std::collections::BTreeMap;

use torana_brokers::{DematFund, Holding, NetPosition};
use torana_contract::holdings::{self, FundHolding, HoldingsSnapshot, SecurityHolding};
use torana_domain::money::{Price, Shares};
use torana_instruments::{Exchange, Master};

use super::fetch::Reading;

/// What the broker said, with names and tickers of the security master. Today's trades of a security that is
/// not held make a line of their own.
pub(super) fn snapshot_of(master: &Master, reading: Reading) -> HoldingsSnapshot {
    let Reading {
        holdings: held,
        positions,
        funds,
    } = reading;
    let mut securities: Vec<SecurityHolding> = Vec::new();
    let mut place: BTreeMap<String, usize> = BTreeMap::new();
    for holding in held.value {
        place.entry(holding.isin.clone()).or_insert(securities.len());
        securities.push(line_of_holding(master, holding));
    }
    for position in positions {
        let index = *place.entry(position.isin.clone()).or_insert_with(|| {
            securities.push(line_of_position(master, &position));
            securities.len() - 1
        });
        let Some(line) = securities.get_mut(index) else {
            continue;
        };
        let net = holdings::NetPosition {
            quantity: position.quantity,
            average_price: position.average_price,
        };
        if position.on_bse {
            line.bse_position = net;
        } else {
            line.nse_position = net;
        }
    }
    HoldingsSnapshot {
        taken_at: held.as_of,
        securities,
        mutual_funds: funds.map(|funds| funds.into_iter().map(line_of_fund).collect()),
    }
}

fn line_of_fund(fund: DematFund) -> FundHolding {
    FundHolding {
        folio: fund.folio,
        fund: fund.fund,
        tradingsymbol: fund.tradingsymbol,
        isin: fund.isin,
        quantity: fund.units,
        average_price: fund.average_price,
        last_price: fund.last_price,
        last_price_date: fund.last_price_date,
        pnl: fund.pnl,
    }
}

fn line_of_holding(master: &Master, holding: Holding) -> SecurityHolding {
    let (nse, bse) = (holding.nse_ticker, holding.bse_ticker);
    SecurityHolding {
        settled: holding.quantity,
        t1: holding.t1_quantity,
        average_price: holding.average_price,
        collateral: holding.collateral_quantity,
        ..empty_line(master, holding.isin, nse, bse)
    }
}

fn line_of_position(master: &Master, position: &NetPosition) -> SecurityHolding {
    let ticker = Some(position.ticker.clone());
    let (nse, bse) = if position.on_bse {
        (None, ticker)
    } else {
        (ticker, None)
    };
    empty_line(master, position.isin.clone(), nse, bse)
}

/// A line of a security without shares. The master's tickers count; the broker's symbols fill its gaps.
fn empty_line(master: &Master, isin: String, nse: Option<String>, bse: Option<String>) -> SecurityHolding {
    let known = master.by_isin(&isin);
    let on = |exchange| master.ticker_on(&isin, exchange).map(str::to_owned);
    let symbol = nse
        .clone()
        .or_else(|| bse.clone())
        .unwrap_or_else(|| isin.clone());
    SecurityHolding {
        name: known.map_or(symbol, |security| security.name.clone()),
        nse_ticker: on(Exchange::Nse).or(nse),
        bse_ticker: on(Exchange::Bse).or(bse),
        isin,
        settled: Shares(0),
        t1: Shares(0),
        average_price: Price(0),
        nse_position: holdings::NetPosition::default(),
        bse_position: holdings::NetPosition::default(),
        collateral: Shares(0),
        smallcase: Shares(0),
        suspended_on_nse: false,
        suspended_on_bse: false,
    }
}
