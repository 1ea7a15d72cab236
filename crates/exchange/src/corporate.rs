//! Splits and bonus issues as data: what becomes of a share, and from which day on.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;
use torana_clock::calendar::line_at;
use torana_domain::money::{PRICE_PER_PAISA, Price};
use torana_domain::time::Date;
use torana_instruments::isin_is_valid;

/// Longest file of corporate actions that is read, in bytes.
const FILE_MAX: usize = 1 << 20;
/// Most shares on either side of a ratio.
const RATIO_MAX: i64 = 1_000;

/// Why a file of corporate actions is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("corporate actions file line {line}: {reason}")]
pub struct CorporateError {
    /// Which line, from 1.
    pub line: usize,
    /// Whose entry, what is wrong with it and what is allowed.
    pub reason: String,
}

/// What kind of action it is. Both change the number of shares and leave their whole value as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// `ratio` = shares after : shares before. A consolidation is a split with fewer shares after.
    Split,
    /// `ratio` = extra shares : shares held.
    Bonus,
}

/// One action on one security.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorporateAction {
    /// The security.
    pub isin: String,
    /// The first day on which it trades at the changed price.
    pub ex_date: Date,
    /// What it is.
    pub kind: ActionKind,
    /// Shares after it ...
    pub after: i64,
    /// ... for so many before it.
    pub before: i64,
    /// The ISIN of the shares after it, where it changes.
    pub new_isin: Option<String>,
}

impl CorporateAction {
    /// A price of before as it is afterwards, down to the paisa but never to nothing.
    #[must_use]
    pub fn restated(&self, price: Price) -> Price {
        let exact = i128::from(price.0) * i128::from(self.before) / i128::from(self.after.max(1));
        let paise = i64::try_from(exact).unwrap_or(i64::MAX) / PRICE_PER_PAISA;
        Price::from_paise(paise.max(1))
    }
}

/// All actions, sorted by day and ISIN.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CorporateActions(Vec<CorporateAction>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionsFile {
    #[serde(default)]
    action: Vec<ActionEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionEntry {
    isin: Spanned<String>,
    ex_date: Date,
    kind: ActionKind,
    ratio: String,
    new_isin: Option<String>,
}

impl CorporateActions {
    /// The file that ships with Torana: no action, because no real company's are invented.
    pub const BUNDLED_FILE: &'static str = include_str!("../data/corporate-actions.toml");

    /// Reads a file of at most 1 MiB; its entries may stand in any order.
    ///
    /// # Errors
    /// The line and what is wrong there.
    pub fn parse(text: &str) -> Result<Self, CorporateError> {
        let refuse = |place: usize, reason: String| CorporateError {
            line: line_at(text, place),
            reason,
        };
        if text.len() > FILE_MAX {
            return Err(refuse(0, format!("longer than {FILE_MAX} bytes")));
        }
        let file: ActionsFile = toml::from_str(text).map_err(|error| {
            let place = error.span().map_or(0, |span| span.start);
            refuse(place, error.message().to_owned())
        })?;
        let mut known = BTreeSet::new();
        let mut actions = Vec::new();
        for entry in file.action {
            let (isin, ex_date) = (entry.isin.as_ref().clone(), entry.ex_date);
            let place = entry.isin.span().start;
            let action = if known.insert((ex_date, isin.clone())) {
                read_action(entry)
            } else {
                Err("a second action on the same day".to_owned())
            };
            actions.push(action.map_err(|reason| refuse(place, format!("{isin} on {ex_date}: {reason}")))?);
        }
        actions.sort_by(|a, b| (a.ex_date, &a.isin).cmp(&(b.ex_date, &b.isin)));
        Ok(Self(actions))
    }

    /// The actions whose day lies after `after` and not after `until`: those that a trading day brings if `after`
    /// is the trading day before it.
    pub fn between(&self, after: Date, until: Date) -> impl Iterator<Item = &CorporateAction> {
        let within = move |action: &&CorporateAction| action.ex_date > after && action.ex_date <= until;
        self.0.iter().filter(within)
    }
}

fn read_action(entry: ActionEntry) -> Result<CorporateAction, String> {
    for isin in [Some(entry.isin.as_ref()), entry.new_isin.as_ref()]
        .into_iter()
        .flatten()
    {
        if !isin_is_valid(isin) {
            return Err(format!("{isin:?} is not an ISIN, or its check digit is wrong"));
        }
    }
    let side = |text: &str| text.parse::<i64>().ok().filter(|n| (1..=RATIO_MAX).contains(n));
    let sides = entry
        .ratio
        .split_once(':')
        .and_then(|(a, b)| Some((side(a)?, side(b)?)));
    let (left, right) = sides.ok_or_else(|| {
        format!(
            "ratio {:?}: expected two whole numbers from 1 to {RATIO_MAX} as \"5:1\"",
            entry.ratio
        )
    })?;
    let after = match entry.kind {
        ActionKind::Split => left,
        ActionKind::Bonus => left + right,
    };
    if after == right {
        return Err("the ratio of a split changes nothing".to_owned());
    }
    Ok(CorporateAction {
        isin: entry.isin.into_inner(),
        ex_date: entry.ex_date,
        kind: entry.kind,
        after,
        before: right,
        new_isin: entry.new_isin,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    const FILE: &str = r#"
[[action]]
isin = "INE009A01021"
ex_date = "2026-03-02"
kind = "bonus"
ratio = "1:1"

[[action]]
isin = "INE009A01021"
ex_date = "2026-01-07"
kind = "split"
ratio = "5:1"
new_isin = "INE154A01025"
"#;

    #[test]
    fn actions_are_sorted_and_restate_prices() {
        let actions = CorporateActions::parse(FILE).unwrap();
        let between = |after: &str, until: &str| -> Vec<(i64, i64)> {
            let found = actions.between(day(after), day(until));
            found.map(|action| (action.after, action.before)).collect()
        };
        assert_eq!(between("2026-01-06", "2026-01-07"), [(5, 1)]);
        assert_eq!(between("2026-01-07", "2026-03-02"), [(2, 1)]);
        assert_eq!(between("2025-12-31", "2026-12-31"), [(5, 1), (2, 1)]);
        let restated: Vec<_> = actions
            .0
            .iter()
            .map(|action| action.restated(Price(12_345_600)).0)
            .collect();
        assert_eq!(restated, [2_469_100, 6_172_800], "₹1234.56 ÷ 5 is 246.912");
        let bundled = CorporateActions::parse(CorporateActions::BUNDLED_FILE);
        assert_eq!(bundled, Ok(CorporateActions::default()));
    }

    #[test]
    fn bad_files_are_refused_with_the_entry() {
        let refusal = |from: &str, to: &str| {
            CorporateActions::parse(&FILE.replace(from, to))
                .unwrap_err()
                .to_string()
        };
        for (from, to, reason) in [
            (
                "5:1",
                "5-1",
                "INE009A01021 on 2026-01-07: ratio \"5-1\": expected two whole numbers",
            ),
            ("5:1", "0:1", "expected two whole numbers from 1 to 1000"),
            ("5:1", "2:2", "changes nothing"),
            ("INE154A01025", "INE154A01026", "check digit"),
            ("2026-03-02", "2026-01-07", "a second action on the same day"),
            ("bonus", "gift", "corporate actions file line 5"),
            ("ratio = \"1:1\"", "rate = \"1:1\"", "unknown field"),
        ] {
            let text = refusal(from, to);
            assert!(text.contains(reason), "{text}");
        }
        assert!(CorporateActions::parse(&"#".repeat(2 << 20)).is_err());
    }
}
