//! The securities file: one listing per line.

use torana_domain::exchange::Exchange;
use torana_domain::money::{PRICE_PER_PAISA, Price, Shares};

use crate::csv::{DataError, positive, read_records, write_record};
use crate::isin::isin_is_valid;
use crate::rules::{PAISE_MAX, TickTable};
use crate::security::{Assumed, Kind, Security};
use crate::token::TOKEN_MAX;

/// Longest ticker or series.
pub(crate) const TICKER_MAX: usize = 20;
/// Longest name, in bytes.
pub(crate) const NAME_MAX: usize = 200;
/// Largest lot and freeze quantity.
pub(crate) const QUANTITY_MAX: i64 = 10_000_000;

/// First line of a securities file.
pub const HEADER: [&str; 14] = [
    "exchange",
    "ticker",
    "name",
    "isin",
    "series",
    "kind",
    "token",
    "tick_paise",
    "lot",
    "freeze",
    "band_percent",
    "derivatives",
    "previous_close_paise",
    "assumed",
];

/// Reads the listings of a securities file; `accept` may refuse one with a reason.
pub(super) fn read(
    file: &str,
    text: &str,
    ticks: &TickTable,
    mut accept: impl FnMut(&Security) -> Result<(), String>,
) -> Result<Vec<Security>, DataError> {
    read_records(file, text, HEADER, |_, fields| {
        let security = read_security(fields, ticks)?;
        accept(&security)?;
        Ok(security)
    })
}

/// Writes listings as the file that [`read`] reads.
pub(super) fn write(securities: &[Security]) -> String {
    let mut out = String::new();
    write_record(&mut out, HEADER);
    for security in securities {
        let paise = |price: Price| (price.0 / PRICE_PER_PAISA).to_string();
        let assumed: Vec<&str> = security
            .assumed
            .iter()
            .map(|value| word_of(&Assumed::WORDS, value))
            .collect();
        write_record(
            &mut out,
            [
                security.exchange.as_str(),
                &security.ticker,
                &security.name,
                &security.isin,
                &security.series,
                word_of(&Kind::WORDS, &security.kind),
                &security.token.to_string(),
                &security.fixed_tick.map(paise).unwrap_or_default(),
                &security.lot.0.to_string(),
                &security.freeze.0.to_string(),
                &security.band_percent.to_string(),
                if security.has_derivatives { "y" } else { "" },
                &paise(security.previous_close),
                &assumed.join(" "),
            ],
        );
    }
    out
}

fn read_security(fields: [&str; 14], ticks: &TickTable) -> Result<Security, String> {
    let [
        exchange,
        ticker,
        name,
        isin,
        series,
        kind,
        token,
        tick,
        lot,
        freeze,
        band,
        derivatives,
        close,
        assumed,
    ] = fields;
    check_ticker("ticker", ticker)?;
    check_name(name)?;
    check_isin(isin)?;
    check_ticker("series", series)?;
    let close = Price::from_paise(positive("previous_close_paise", close, PAISE_MAX)?);
    let fixed_tick = match tick {
        "" => None,
        fixed => Some(Price::from_paise(positive("tick_paise", fixed, PAISE_MAX)?)),
    };
    let tick = fixed_tick.unwrap_or_else(|| ticks.newest_for(close));
    let mut assumed: Vec<Assumed> = assumed
        .split(' ')
        .filter(|word| !word.is_empty())
        .map(|word| parse_word("assumed", &Assumed::WORDS, word))
        .collect::<Result<_, _>>()?;
    assumed.sort_unstable();
    assumed.dedup();
    Ok(Security {
        exchange: Exchange::parse(exchange)
            .ok_or_else(|| format!("exchange {exchange:?}: allowed are NSE, BSE"))?,
        ticker: ticker.to_owned(),
        name: name.to_owned(),
        isin: isin.to_owned(),
        series: series.to_owned(),
        kind: parse_word("kind", &Kind::WORDS, kind)?,
        token: u32::try_from(positive("token", token, i64::from(TOKEN_MAX))?).unwrap_or(TOKEN_MAX),
        fixed_tick,
        tick,
        lot: Shares(positive("lot", lot, QUANTITY_MAX)?),
        freeze: Shares(positive("freeze", freeze, QUANTITY_MAX)?),
        band_percent: positive("band_percent", band, 100)?,
        has_derivatives: parse_flag("derivatives", derivatives)?,
        previous_close: nearest_on_tick(close, tick),
        assumed,
    })
}

/// A close may lie between two ticks where slabs changed; what is traded from is the nearest price on tick.
fn nearest_on_tick(price: Price, tick: Price) -> Price {
    let steps = (price.0 + tick.0 / 2) / tick.0.max(1);
    Price(steps.max(1) * tick.0)
}

pub(crate) fn check_isin(isin: &str) -> Result<(), String> {
    if isin_is_valid(isin) {
        return Ok(());
    }
    Err(format!("isin {isin:?}: not an ISIN, or its check digit is wrong"))
}

pub(crate) fn check_name(name: &str) -> Result<(), String> {
    if name.trim() != name || name.is_empty() || name.len() > NAME_MAX || name.contains(char::is_control) {
        return Err(format!("name {name:?}: expected 1 to {NAME_MAX} bytes of text"));
    }
    Ok(())
}

pub(crate) fn check_ticker(column: &str, text: &str) -> Result<(), String> {
    let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b"&-$*".contains(&b);
    if (1..=TICKER_MAX).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(());
    }
    Err(format!(
        "{column} {text:?}: expected 1 to {TICKER_MAX} of A-Z, 0-9, &, -, $ and *"
    ))
}

fn parse_word<T: Copy>(column: &str, words: &[(T, &str)], text: &str) -> Result<T, String> {
    let found = words.iter().find(|(_, word)| *word == text);
    found.map(|(value, _)| *value).ok_or_else(|| {
        let allowed: Vec<&str> = words.iter().map(|(_, word)| *word).collect();
        format!("{column} {text:?}: allowed are {}", allowed.join(", "))
    })
}

fn word_of<T: PartialEq>(words: &[(T, &'static str)], value: &T) -> &'static str {
    words
        .iter()
        .find(|(known, _)| known == value)
        .map_or("", |(_, word)| word)
}

fn parse_flag(column: &str, text: &str) -> Result<bool, String> {
    match text {
        "y" => Ok(true),
        "" => Ok(false),
        _ => Err(format!("{column} {text:?}: allowed are y and nothing")),
    }
}
