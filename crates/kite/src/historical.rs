//! Candles of the past.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use torana_clock::ist::{TimeOfDay, ist_date, ist_instant};
use torana_domain::time::{DAY_MS, Date, Timestamp};
use torana_exchange::core::book::Instrument;
use torana_exchange::core::{Candle, CandleRange, Command, Reply, Span};

use crate::answer::Answered;
use crate::auth::Caller;
use crate::error::KiteError;
use crate::input::{Params, wrong};
use crate::state::Kite;
use crate::symbols;
use crate::written::{self, push_price};

/// Every interval with the most days that one question may reach over.
const INTERVALS: [(&str, Span, i64); 9] = [
    ("minute", Span::Minutes(1), 30),
    ("3minute", Span::Minutes(3), 90),
    ("5minute", Span::Minutes(5), 90),
    ("10minute", Span::Minutes(10), 90),
    ("15minute", Span::Minutes(15), 180),
    ("30minute", Span::Minutes(30), 180),
    ("60minute", Span::Minutes(60), 365),
    ("hour", Span::Minutes(60), 365),
    ("day", Span::Day, 2_000),
];
/// Bytes of an answer per candle, about.
const CANDLE_BYTES: usize = 72;

/// The routes.
pub fn routes() -> Router<Kite> {
    Router::new().route("/instruments/historical/{token}/{interval}", get(candles))
}

async fn candles(
    caller: Caller,
    Path((token, interval)): Path<(String, String)>,
    params: Params,
) -> Answered {
    let master = caller.kite().master_at(caller.at);
    let security = token
        .parse()
        .ok()
        .and_then(|token| symbols::find_token(&master, token));
    let security = security.ok_or_else(|| {
        wrong(
            "instrument_token",
            "it must be one of the instruments that are listed",
        )
    })?;
    let command = Command::Candles {
        session: caller.session.clone(),
        range: range(&interval, &params, symbols::instrument(security))?,
    };
    match caller.ask(command).await? {
        Reply::Candles(candles) => Ok(answer(&candles, params.is_on("oi"))),
        _ => Err(KiteError::odd_answer()),
    }
}

/// What a question asks for.
fn range(interval: &str, params: &Params, instrument: Instrument) -> Result<CandleRange, KiteError> {
    let found = INTERVALS.iter().find(|(word, ..)| *word == interval);
    let (_, span, days_max) = *found.ok_or_else(|| {
        let words: Vec<&str> = INTERVALS.iter().map(|(word, ..)| *word).collect();
        wrong("interval", &format!("allowed is {}", words.join(", ")))
    })?;
    let from = instant(params, "from", Edge::Start)?;
    let until = instant(params, "to", Edge::End)?;
    if from > until {
        return Err(wrong("from", "it must not lie after `to`"));
    }
    if until.ms_since(from) / DAY_MS > days_max {
        return Err(KiteError::input(format!(
            "Invalid `from` and `to`: of interval {interval} allowed are at most {days_max} days"
        )));
    }
    Ok(CandleRange {
        instrument,
        span,
        from,
        until,
    })
}

/// Which end of a day a date without a time means.
#[derive(Clone, Copy)]
enum Edge {
    Start,
    End,
}

fn instant(params: &Params, name: &str, edge: Edge) -> Result<Timestamp, KiteError> {
    let text = params.required(name)?;
    parse_instant(text, edge).ok_or_else(|| {
        wrong(
            name,
            "allowed is yyyy-mm-dd hh:mm:ss or yyyy-mm-dd, the clock in India",
        )
    })
}

/// Reads a date, or a date and a time of day.
fn parse_instant(text: &str, edge: Edge) -> Option<Timestamp> {
    let (date, time) = match text.split_once([' ', 'T', '+']) {
        Some((date, time)) => (date, Some(TimeOfDay::parse(time).ok()?)),
        None => (text, None),
    };
    let date = Date::parse(date).ok()?;
    let midnight = TimeOfDay::new(0, 0)?;
    Some(match (time, edge) {
        (Some(time), _) => ist_instant(date, time),
        (None, Edge::Start) => ist_instant(date, midnight),
        (None, Edge::End) => ist_instant(date.plus_days(1), midnight).plus_ms(-1),
    })
}

fn answer(candles: &[Candle], with_interest: bool) -> Response {
    let mut out = String::with_capacity(64 + candles.len() * CANDLE_BYTES);
    out.push_str(r#"{"status":"success","data":{"candles":["#);
    for (place, candle) in candles.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        push_candle(&mut out, candle, with_interest);
    }
    out.push_str("]}}");
    written::answer(out)
}

/// `["2026-01-05T09:15:00+0530",1500,1501.5,1499,1500.25,123456]`, and open interest if asked for.
fn push_candle(out: &mut String, candle: &Candle, with_interest: bool) {
    let second = TimeOfDay::of(candle.at).ms() / 1000;
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let _ = write!(
        out,
        r#"["{}T{hour:02}:{minute:02}:{:02}+0530""#,
        ist_date(candle.at),
        second % 60
    );
    for price in [candle.open, candle.high, candle.low, candle.close] {
        out.push(',');
        push_price(out, price);
    }
    let _ = write!(out, ",{}", candle.volume.0);
    out.push_str(if with_interest { ",0]" } else { "]" });
}

#[cfg(test)]
mod tests {
    use torana_domain::money::{Price, Shares};
    use torana_domain::time::parse_iso;
    use torana_exchange::core::line::Worth;
    use torana_instruments::Exchange;

    use super::*;

    fn asked(interval: &str, query: &str) -> Result<CandleRange, KiteError> {
        let infy = Instrument::new(Exchange::Nse, "INE009A01021");
        range(interval, &Params::of(b"", query.as_bytes()), infy)
    }

    #[test]
    fn instants_are_read_as_clients_write_them() {
        let range = asked("minute", "from=2026-01-05+09:15:00&to=2026-01-05%2015:30:00").unwrap();
        assert_eq!(range.from.to_iso(), "2026-01-05T03:45:00.000Z");
        assert_eq!(range.until.to_iso(), "2026-01-05T10:00:00.000Z");
        let days = asked("day", "from=2026-01-05&to=2026-01-06&continuous=0&oi=0").unwrap();
        assert_eq!(days.from.to_iso(), "2026-01-04T18:30:00.000Z");
        assert_eq!(days.until.to_iso(), "2026-01-06T18:29:59.999Z");
        let encoded = asked("day", "from=2026-01-05T09:15&to=2026-01-05%2B09:15:00").unwrap();
        assert_eq!(encoded.from, encoded.until);
    }

    #[test]
    fn every_interval_has_its_own_limit() {
        for (interval, _, days) in INTERVALS {
            let from = Date::parse("2020-01-01").unwrap();
            let query = |days: i64| format!("from={from} 09:15:00&to={} 15:30:00", from.plus_days(days));
            assert!(asked(interval, &query(days)).is_ok(), "{interval}");
            let error = asked(interval, &query(days + 1)).unwrap_err();
            assert!(error.message().contains(&days.to_string()), "{interval}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (interval, query, name) in [
            ("2minute", "from=2026-01-05&to=2026-01-05", "interval"),
            ("day", "to=2026-01-05", "from"),
            ("day", "from=2026-01-05", "to"),
            ("day", "from=2026-02-30&to=2026-03-05", "from"),
            ("day", "from=2026-01-05&to=tomorrow", "to"),
            ("day", "from=2026-01-05 25:00:00&to=2026-01-05", "from"),
            ("day", "from=2026-01-06&to=2026-01-05 09:15:00", "from"),
        ] {
            let error = asked(interval, query).unwrap_err();
            assert!(
                error.message().contains(&format!("`{name}`")),
                "{query}: {error:?}"
            );
        }
    }

    #[test]
    fn a_candle_is_an_array_with_the_zone_of_india() {
        let candle = Candle {
            at: parse_iso("2026-01-05T03:45:00.000Z").unwrap(),
            open: Price(15_000_000),
            high: Price(15_015_000),
            low: Price(14_990_000),
            close: Price(15_002_500),
            volume: Shares(123_456),
            worth: Worth(0),
        };
        let mut out = String::new();
        push_candle(&mut out, &candle, false);
        assert_eq!(
            out,
            r#"["2026-01-05T09:15:00+0530",1500,1501.5,1499,1500.25,123456]"#
        );
        out.clear();
        push_candle(&mut out, &candle, true);
        assert!(out.ends_with(",123456,0]"));
    }
}
