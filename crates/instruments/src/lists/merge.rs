//! Public lists over the master that is in force.
//!
//! A listing of a list replaces that of the same ISIN and exchange; what the list does not say stays. What is new
//! and not said is assumed and marked: lots of one share, the usual cap and band, the price of the other exchange's
//! listing or else a round one. Listings that no list names stay, because accounts may hold them; one whose ticker
//! a list gives to another ISIN goes.

use std::collections::{BTreeMap, BTreeSet};

use torana_domain::exchange::Exchange;
use torana_domain::money::{Price, Shares};

use super::PublicList;
use super::row::Row;
use crate::csv::DataError;
use crate::master::Master;
use crate::security::{Assumed, Kind, Security};
use crate::token::derived_token;

/// Largest quantity of one order where nothing says otherwise.
const FREEZE_ASSUMED: Shares = Shares(100_000);
/// Price of a new listing about whose price nothing is known.
const CLOSE_ASSUMED: Price = Price::from_paise(10_000);
/// Band of securities that trade for delivery only, in percent.
const BAND_DELIVERY_ONLY: i64 = 5;
/// Band of all others, in percent.
const BAND_ASSUMED: i64 = 20;

/// What came of it.
#[derive(Debug)]
pub struct Merged {
    /// The new master.
    pub master: Master,
    /// Listings that were not there before.
    pub added: usize,
    /// Listings that were there.
    pub updated: usize,
    /// Listings that gave their ticker to another ISIN.
    pub removed: usize,
}

type Key = (Exchange, String);

/// Reads lists over `base`, in their order.
///
/// # Errors
/// A file, its line and what cannot be: two lists that contradict each other.
pub fn merge(base: &Master, lists: &[PublicList]) -> Result<Merged, DataError> {
    let mut all: BTreeMap<Key, Security> = base
        .iter()
        .map(|security| ((security.exchange, security.isin.clone()), security.clone()))
        .collect();
    let before: BTreeSet<Key> = all.keys().cloned().collect();
    let (mut of_lists, mut claims) = (BTreeSet::new(), Claims::default());
    for list in lists {
        for row in list.rows.values() {
            claims.add(list, row)?;
            let key = (list.exchange, row.isin.clone());
            let mut security = match all.get(&key) {
                Some(known) => updated(known, row),
                None => new(list.exchange, row, other_close(&all, list.exchange, &row.isin)),
            };
            // A step that is that of the slabs today changes with them.
            let by_slabs = base.ticks().newest_for(security.previous_close);
            if matches!(security.kind, Kind::Equity | Kind::Sme) && security.fixed_tick == Some(by_slabs) {
                security.fixed_tick = None;
            }
            all.insert(key.clone(), security);
            of_lists.insert(key);
        }
    }
    let removed = drop_renamed(&mut all, &of_lists);
    number(&mut all, &of_lists, lists);
    let securities: Vec<Security> = all.into_values().collect();
    let updated = of_lists.intersection(&before).count();
    let first = lists.first().map_or("lists", |list| list.file.as_str());
    Ok(Merged {
        master: base.with_securities(first, &securities)?,
        added: of_lists.len() - updated,
        updated,
        removed,
    })
}

/// What the rows so far have used, with the ISIN that uses it.
#[derive(Default)]
struct Claims<'a> {
    tickers: BTreeMap<(Exchange, &'a str), &'a str>,
    tokens: BTreeMap<(Exchange, u32), &'a str>,
}

impl<'a> Claims<'a> {
    fn add(&mut self, list: &PublicList, row: &'a Row) -> Result<(), DataError> {
        let Row { ticker, isin, .. } = row;
        let refuse = |what: String, other: &str| {
            let reason = format!("{what} of {isin} is that of {other} too");
            Err(DataError::new(&list.file, row.line, reason))
        };
        match self.tickers.insert((list.exchange, ticker), isin) {
            Some(other) if other != isin => return refuse(format!("symbol {ticker}"), other),
            _ => {}
        }
        let Some(token) = row.token else { return Ok(()) };
        match self.tokens.insert((list.exchange, token), isin) {
            Some(other) if other != isin => refuse(format!("token {token}"), other),
            _ => Ok(()),
        }
    }
}

fn updated(known: &Security, row: &Row) -> Security {
    let mut security = Security {
        ticker: row.ticker.clone(),
        name: row.name.clone().unwrap_or_else(|| known.name.clone()),
        series: row.series.clone(),
        ..known.clone()
    };
    apply(&mut security, row);
    security
}

fn new(exchange: Exchange, row: &Row, other_close: Option<Price>) -> Security {
    let kind = row.kind();
    let mut security = Security {
        exchange,
        ticker: row.ticker.clone(),
        name: row.name.clone().unwrap_or_else(|| row.ticker.clone()),
        isin: row.isin.clone(),
        series: row.series.clone(),
        kind,
        token: 0,
        fixed_tick: (kind == Kind::Etf).then(|| Price::from_paise(1)),
        tick: Price::from_paise(1),
        lot: Shares(1),
        freeze: FREEZE_ASSUMED,
        band_percent: BAND_ASSUMED,
        has_derivatives: false,
        previous_close: other_close.unwrap_or(CLOSE_ASSUMED),
        assumed: vec![Assumed::Lot, Assumed::Freeze, Assumed::Band, Assumed::Close],
    };
    if security.is_delivery_only() {
        security.band_percent = BAND_DELIVERY_ONLY;
    }
    apply(&mut security, row);
    security
}

/// What the row says beyond names.
fn apply(security: &mut Security, row: &Row) {
    let mut said = |assumed: Assumed, is_said: bool| {
        if is_said {
            security.assumed.retain(|value| *value != assumed);
        }
    };
    said(Assumed::Lot, row.lot.is_some());
    said(Assumed::Freeze, row.freeze.is_some());
    said(Assumed::Band, row.band_percent.is_some());
    said(Assumed::Close, row.close.is_some());
    security.lot = row.lot.map_or(security.lot, Shares);
    security.freeze = row.freeze.map_or(security.freeze, Shares);
    security.band_percent = row.band_percent.unwrap_or(security.band_percent);
    security.previous_close = row.close.unwrap_or(security.previous_close);
    security.has_derivatives = row.has_closing_auction.unwrap_or(security.has_derivatives);
    security.fixed_tick = row.tick.or(security.fixed_tick);
}

/// The close of the same security on the other exchange.
fn other_close(all: &BTreeMap<Key, Security>, exchange: Exchange, isin: &str) -> Option<Price> {
    Exchange::ALL
        .into_iter()
        .filter(|other| *other != exchange)
        .find_map(|other| all.get(&(other, isin.to_owned())))
        .map(|security| security.previous_close)
}

/// Drops what no list names and whose ticker a list gives to another ISIN; gives their number.
fn drop_renamed(all: &mut BTreeMap<Key, Security>, of_lists: &BTreeSet<Key>) -> usize {
    let given: BTreeSet<(Exchange, String)> = all
        .iter()
        .filter(|(key, _)| of_lists.contains(*key))
        .map(|(_, security)| (security.exchange, security.ticker.clone()))
        .collect();
    let before = all.len();
    all.retain(|key, security| {
        of_lists.contains(key) || !given.contains(&(security.exchange, security.ticker.clone()))
    });
    before - all.len()
}

/// Gives every listing its number: that of a list, else the one it had, else a derived one.
fn number(all: &mut BTreeMap<Key, Security>, of_lists: &BTreeSet<Key>, lists: &[PublicList]) {
    let mut said: BTreeMap<Key, u32> = BTreeMap::new();
    for list in lists {
        for row in list.rows.values() {
            if let Some(token) = row.token {
                said.insert((list.exchange, row.isin.clone()), token);
            }
        }
    }
    let mut taken: BTreeMap<Exchange, BTreeSet<u32>> = BTreeMap::new();
    for ((exchange, _), token) in &said {
        taken.entry(*exchange).or_default().insert(*token);
    }
    // Listings that no list names keep theirs before new ones get any.
    for is_new_turn in [false, true] {
        for (key, security) in all.iter_mut() {
            let is_new = security.token == 0;
            if is_new != is_new_turn {
                continue;
            }
            let taken = taken.entry(key.0).or_default();
            if let Some(token) = said.get(key).filter(|_| of_lists.contains(key)) {
                security.token = *token;
            } else if is_new || !taken.insert(security.token) {
                security.token = derived_token(key.0, &key.1, taken);
                taken.insert(security.token);
            }
        }
    }
}
