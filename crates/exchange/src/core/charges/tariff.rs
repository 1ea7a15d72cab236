//! Rates and broker terms as data: what is in force for a broker, an exchange, a product and a day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;
use torana_clock::ist::TimeOfDay;
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::Paise;
use torana_domain::order::Side;
use torana_domain::time::Date;
use torana_instruments::Exchange;

use super::{PerCrore, Rates};

/// Longest tariff file that is read, in bytes.
const FILE_MAX: usize = 1 << 20;
/// The terms of brokers without an entry of their own.
const DEFAULT: &str = "default";

/// Why a tariff file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TariffError {
    /// Not of the file's format; the text names line and column.
    #[error("tariff file: {0}")]
    Syntax(String),
    /// Well formed, but one entry makes no sense.
    #[error("tariff file, {entry}: {reason}")]
    Entry {
        /// Which entry.
        entry: String,
        /// What is wrong with it and what is allowed.
        reason: String,
    },
}

/// What a trade counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradeKind {
    /// Shares change hands: product CNC.
    Delivery,
    /// Opened and closed on one day: product MIS.
    Intraday,
}

/// All rates and terms.
#[derive(Debug)]
pub struct Tariff {
    /// By the day from which they are in force; never empty.
    dated: BTreeMap<Date, DatedRates>,
    default: BrokerTerms,
    brokers: BTreeMap<String, BrokerTerms>,
    settlement_holidays: BTreeSet<Date>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExchangeRates {
    nse: PerCrore,
    bse: PerCrore,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KindRates {
    tax_buy: PerCrore,
    tax_sell: PerCrore,
    stamp_buy: PerCrore,
    stamp_sell: PerCrore,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DatedRates {
    valid_from: Date,
    /// Where the rates come from, for the reader of the file.
    #[serde(rename = "source")]
    _source: String,
    exchange: ExchangeRates,
    sebi: PerCrore,
    gst: PerCrore,
    delivery: KindRates,
    intraday: KindRates,
}

impl DatedRates {
    fn all(&self) -> [PerCrore; 12] {
        let of = |kind: &KindRates| [kind.tax_buy, kind.tax_sell, kind.stamp_buy, kind.stamp_sell];
        let ([a, b, c, d], [e, f, g, h]) = (of(&self.delivery), of(&self.intraday));
        let ExchangeRates { nse, bse } = self.exchange;
        [nse, bse, self.sebi, self.gst, a, b, c, d, e, f, g, h]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Brokerage {
    rate: PerCrore,
    max: Paise,
}

/// The terms of one broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerTerms {
    delivery: Brokerage,
    intraday: Brokerage,
    depository: Paise,
    gst_is_split: bool,
    /// Value of an intraday position per rupee of margin, at least 1.
    pub leverage: i64,
    /// How long before the end of continuous trading intraday positions are closed.
    pub square_off_minutes: i64,
    /// When clearances for sale end on a trading day.
    pub authorisation_ends: TimeOfDay,
    /// What undelivered shares cost above the last close, in per cent.
    pub auction_penalty: i64,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TermsEntry {
    delivery: Option<Brokerage>,
    intraday: Option<Brokerage>,
    depository: Option<Paise>,
    gst_is_split: Option<bool>,
    leverage: Option<i64>,
    square_off_minutes: Option<i64>,
    authorisation_ends: Option<TimeOfDay>,
    auction_penalty: Option<i64>,
}

impl TermsEntry {
    /// The entry with the gaps filled from `base`; `None` if a gap remains.
    fn over(&self, base: Option<&BrokerTerms>) -> Option<BrokerTerms> {
        Some(BrokerTerms {
            delivery: self.delivery.or(base.map(|base| base.delivery))?,
            intraday: self.intraday.or(base.map(|base| base.intraday))?,
            depository: self.depository.or(base.map(|base| base.depository))?,
            gst_is_split: self.gst_is_split.or(base.map(|base| base.gst_is_split))?,
            leverage: self.leverage.or(base.map(|base| base.leverage))?,
            square_off_minutes: self
                .square_off_minutes
                .or(base.map(|base| base.square_off_minutes))?,
            authorisation_ends: self
                .authorisation_ends
                .or(base.map(|base| base.authorisation_ends))?,
            auction_penalty: self.auction_penalty.or(base.map(|base| base.auction_penalty))?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TariffFile {
    settlement_holidays: BTreeSet<Date>,
    rates: Vec<DatedRates>,
    broker: BTreeMap<String, TermsEntry>,
}

fn refuse<T>(entry: impl Into<String>, reason: impl Into<String>) -> Result<T, TariffError> {
    Err(TariffError::Entry {
        entry: entry.into(),
        reason: reason.into(),
    })
}

impl Tariff {
    /// The tariff that ships with Torana, parsed once.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the bundled file is parsed by a test")]
    pub fn bundled() -> &'static Self {
        static BUNDLED: OnceLock<Tariff> = OnceLock::new();
        BUNDLED.get_or_init(|| {
            Self::parse(include_str!("../../../data/tariff.toml")).expect("the bundled tariff is valid")
        })
    }

    /// Reads a tariff file of at most 1 MiB.
    pub fn parse(text: &str) -> Result<Self, TariffError> {
        if text.len() > FILE_MAX {
            return Err(TariffError::Syntax(format!("longer than {FILE_MAX} bytes")));
        }
        let file: TariffFile =
            toml::from_str(text).map_err(|error| TariffError::Syntax(error.to_string()))?;
        let mut dated = BTreeMap::new();
        for rates in file.rates {
            let (day, entry) = (rates.valid_from, format!("rates of {}", rates.valid_from));
            if rates.all().iter().any(|rate| !(0..=10_000_000).contains(&rate.0)) {
                return refuse(entry, "a rate is 0 to 10,000,000 rupees per crore");
            }
            if dated.insert(day, rates).is_some() {
                return refuse(entry, "two entries have this date");
            }
        }
        if dated.is_empty() {
            return refuse("rates", "at least one entry is needed");
        }
        let default = file.broker.get(DEFAULT).and_then(|entry| entry.over(None));
        let Some(default) = default else {
            return refuse("broker.default", "the entry is missing, or one of its members");
        };
        let mut brokers = BTreeMap::new();
        for (key, entry) in &file.broker {
            if key != DEFAULT && BrokerKey::parse(key).is_none() {
                return refuse(format!("broker.{key}"), "no broker has this key");
            }
            if let Some(terms) = entry.over(Some(&default)) {
                check_terms(key, &terms)?;
                brokers.insert(key.clone(), terms);
            }
        }
        Ok(Self {
            dated,
            default,
            brokers,
            settlement_holidays: file.settlement_holidays,
        })
    }

    /// Whether shares and money are paid out on a trading day.
    #[must_use]
    pub fn settles(&self, day: Date) -> bool {
        !self.settlement_holidays.contains(&day)
    }

    /// The terms of a broker.
    #[must_use]
    pub fn terms(&self, broker: BrokerKey) -> &BrokerTerms {
        self.brokers.get(broker.as_str()).unwrap_or(&self.default)
    }

    /// What an order at `broker` costs that trades on `day`.
    #[must_use]
    pub fn rates(
        &self,
        broker: BrokerKey,
        day: Date,
        exchange: Exchange,
        kind: TradeKind,
        side: Side,
    ) -> Rates {
        let before = self.dated.range(..=day).next_back();
        let Some((_, dated)) = before.or_else(|| self.dated.first_key_value()) else {
            return Rates::default();
        };
        let terms = self.terms(broker);
        let (brokerage, of_kind) = match kind {
            TradeKind::Delivery => (terms.delivery, dated.delivery),
            TradeKind::Intraday => (terms.intraday, dated.intraday),
        };
        let (tax, stamp) = match side {
            Side::Buy => (of_kind.tax_buy, of_kind.stamp_buy),
            Side::Sell => (of_kind.tax_sell, of_kind.stamp_sell),
        };
        let leaves_demat = kind == TradeKind::Delivery && side == Side::Sell;
        Rates {
            brokerage: brokerage.rate,
            brokerage_max: brokerage.max,
            tax,
            exchange: match exchange {
                Exchange::Nse => dated.exchange.nse,
                Exchange::Bse => dated.exchange.bse,
            },
            sebi: dated.sebi,
            stamp,
            gst: dated.gst,
            gst_is_split: terms.gst_is_split,
            depository: if leaves_demat { terms.depository } else { Paise(0) },
        }
    }
}

fn check_terms(key: &str, terms: &BrokerTerms) -> Result<(), TariffError> {
    let entry = || format!("broker.{key}");
    let rates = [terms.delivery.rate, terms.intraday.rate];
    if rates.iter().any(|rate| !(0..=10_000_000).contains(&rate.0)) {
        return refuse(entry(), "a rate is 0 to 10,000,000 rupees per crore");
    }
    let amounts = [terms.delivery.max, terms.intraday.max, terms.depository];
    if amounts.iter().any(|amount| !(0..=10_000_000).contains(&amount.0)) {
        return refuse(entry(), "an amount is 0 to 10,000,000 paise");
    }
    if !(1..=100).contains(&terms.leverage) {
        return refuse(entry(), "leverage is 1 to 100");
    }
    if !(1..=120).contains(&terms.square_off_minutes) {
        return refuse(entry(), "square_off_minutes is 1 to 120");
    }
    if !(0..=100).contains(&terms.auction_penalty) {
        return refuse(entry(), "auction_penalty is 0 to 100 per cent");
    }
    Ok(())
}
