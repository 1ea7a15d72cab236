//! The review page: lines, prices, and what the user typed.

use torana_brokers::Call;
use torana_domain::gateway::OrderLimits;
use torana_domain::intent::{BasketLine, Intent};
use torana_domain::money::{Paise, Price, PriceBounds, Shares, Value};
use torana_domain::order::{OrderType, Side, Validity};
use torana_domain::time::Timestamp;
use torana_instruments::{Master, Security};

use super::access::FlowRun;
use super::state::{LineProblem, Problem, Review, ReviewLine};
use crate::context::Engine;
use crate::error::EngineError;

/// Most shares of one line.
pub const QUANTITY_MAX: i64 = 10_000_000;
/// Price move since the review, in basis points, above which the user is asked again.
pub const PRICE_MOVE_BPS: i128 = 200;

/// What the user typed for one line; fields that the page does not offer are `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineEdit {
    /// Index of the line.
    pub line: usize,
    /// `BUY` or `SELL`.
    pub side: Option<String>,
    /// Shares.
    pub quantity: Option<String>,
    /// `MARKET` or `LIMIT`.
    pub order_type: Option<String>,
    /// Limit price in rupees.
    pub price: Option<String>,
    /// `DAY` or `IOC`.
    pub validity: Option<String>,
}

impl Engine {
    /// The review of a basket as the partner wished it, without prices.
    pub(super) fn fresh_review(&self, intent: &Intent, at: Timestamp) -> Review {
        let Intent::Securities { lines, .. } = intent else {
            return Review::default();
        };
        let master = self.master_at(at);
        Review {
            lines: lines.iter().map(|line| review_line(&master, line)).collect(),
            ..Review::default()
        }
    }

    /// The lines with the prices of now; `None` where the broker gives none.
    pub(super) async fn priced(
        &self,
        run: &FlowRun,
        call: &Call,
        review: Review,
    ) -> Result<Review, EngineError> {
        let (_, broker) = self.adapter(run)?;
        let tickers = review.lines.iter().map(|line| line.ticker.clone()).collect();
        let mut review = review;
        match broker.quotes(call.clone(), tickers).await {
            Ok(quotes) => {
                review.prices_as_of = Some(quotes.as_of);
                for line in &mut review.lines {
                    let quote = quotes.value.iter().find(|quote| quote.ticker == line.ticker);
                    line.shown_price = quote.map(|quote| quote.last_price);
                    line.bounds = quote.and_then(|quote| quote.bounds);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "no quotes for the review, it is shown without estimates");
                review.prices_as_of = None;
                review.lines.iter_mut().for_each(|line| line.shown_price = None);
            }
        }
        Ok(review)
    }

    /// Applies what the user typed. What is wrong is collected; lines keep their last good values.
    pub(super) fn edited(&self, run: &FlowRun, edits: &[LineEdit]) -> Review {
        let mut review = Review {
            problems: Vec::new(),
            moved: Vec::new(),
            ..run.state.review.clone()
        };
        let limits_allowed = run
            .state
            .broker
            .and_then(|key| self.profile(&run.gateway, key))
            .is_some_and(|profile| profile.capabilities.limit_orders);
        let master = self.master_at(run.now.world);
        let mut problems = Vec::new();
        for (index, line) in review.lines.iter_mut().enumerate() {
            let mut say = |problem, detail| {
                problems.push(LineProblem {
                    line: index,
                    problem,
                    detail,
                });
            };
            if let Some(edit) = edits.iter().find(|edit| edit.line == index) {
                apply_edit(line, edit, limits_allowed, &mut say);
            }
            if let Some(security) = master.by_ticker(&line.ticker) {
                check_line(line, security, &mut say);
            }
        }
        // One message per field: what was typed wrongly is said before what is missing because of it.
        let mut said = std::collections::BTreeSet::new();
        problems.retain(|problem| said.insert((problem.line, problem.problem.field())));
        review.problems = problems;
        review
    }
}

fn review_line(master: &Master, line: &BasketLine) -> ReviewLine {
    let security = master.by_ticker(&line.ticker);
    ReviewLine {
        ticker: line.ticker.clone(),
        isin: security.map_or_else(String::new, |security| security.isin.clone()),
        name: security.map_or_else(|| line.ticker.clone(), |security| security.name.clone()),
        side: line.side,
        side_fixed: line.side.is_some(),
        quantity: line.quantity,
        quantity_fixed: line.quantity.is_some(),
        order_type: line.order_type,
        price: line.price,
        validity: line.validity,
        shown_price: None,
        bounds: None,
    }
}

/// The operator's bounds against freshly priced lines. A bound on values without a price to check it by refuses.
pub(super) fn limit_problems(limits: &OrderLimits, review: &Review) -> Vec<LineProblem> {
    let mut problems = Vec::new();
    let mut say = |line, problem, detail| {
        problems.push(LineProblem {
            line,
            problem,
            detail,
        });
    };
    if let Some(max) = limits.legs_max
        && review.lines.len() > max as usize
    {
        say(0, Problem::Legs, max.to_string());
    }
    let bounds_values = limits.order_value_max.is_some() || limits.basket_value_max.is_some();
    let mut total = 0_i64;
    for (index, line) in review.lines.iter().enumerate() {
        match (estimate(line), limits.order_value_max) {
            (None, _) if bounds_values => say(index, Problem::PriceUnknown, String::new()),
            (Some(value), Some(max)) if value > max => say(index, Problem::OrderValue, max.to_decimal()),
            _ => {}
        }
        total = total.saturating_add(estimate(line).map_or(0, |value| value.0));
    }
    if let Some(max) = limits.basket_value_max
        && total > max.0
    {
        say(0, Problem::BasketValue, max.to_decimal());
    }
    problems
}

/// Estimated rupees of a line: limit price, else shown price, times shares.
#[must_use]
pub fn estimate(line: &ReviewLine) -> Option<Paise> {
    let price = line.price.or(line.shown_price)?;
    Some(price.times(line.quantity?).to_paise())
}

/// Estimated rupees of one side of a review.
#[must_use]
pub fn side_total(review: &Review, side: Side) -> Paise {
    let total: i64 = review
        .lines
        .iter()
        .filter(|line| line.side == Some(side))
        .filter_map(estimate)
        .map(|value| value.0)
        .sum();
    Paise(total)
}

fn apply_edit(
    line: &mut ReviewLine,
    edit: &LineEdit,
    limits_allowed: bool,
    say: &mut dyn FnMut(Problem, String),
) {
    if let (false, Some(text)) = (line.side_fixed, &edit.side) {
        match Side::parse(text) {
            Some(side) => line.side = Some(side),
            None => say(Problem::SideMissing, String::new()),
        }
    }
    if let (false, Some(text)) = (line.quantity_fixed, &edit.quantity) {
        match text.trim().parse::<i64>() {
            Ok(shares) if (1..=QUANTITY_MAX).contains(&shares) => line.quantity = Some(Shares(shares)),
            _ if text.trim().is_empty() => line.quantity = None,
            _ => say(Problem::QuantityRange, QUANTITY_MAX.to_string()),
        }
    }
    if !limits_allowed {
        return;
    }
    if let Some(order_type) = edit.order_type.as_deref().and_then(OrderType::parse) {
        line.order_type = order_type;
    }
    if let Some(validity) = edit.validity.as_deref().and_then(Validity::parse) {
        line.validity = validity;
    }
    match (line.order_type, &edit.price) {
        (OrderType::Market, _) => line.price = None,
        (OrderType::Limit, Some(text)) if text.trim().is_empty() => line.price = None,
        (OrderType::Limit, Some(text)) => match Price::parse(text.trim()) {
            Ok(price) if price.0 > 0 => line.price = Some(price),
            _ => say(Problem::PriceNumber, String::new()),
        },
        (OrderType::Limit, None) => {}
    }
}

fn check_line(line: &ReviewLine, security: &Security, say: &mut dyn FnMut(Problem, String)) {
    if line.side.is_none() {
        say(Problem::SideMissing, String::new());
    }
    match line.quantity {
        None => say(Problem::QuantityMissing, String::new()),
        Some(shares) if security.lot.0 > 1 && shares.0 % security.lot.0 != 0 => {
            say(Problem::QuantityLot, security.lot.0.to_string());
        }
        Some(_) => {}
    }
    if line.order_type == OrderType::Limit {
        match line.price {
            None => say(Problem::PriceMissing, String::new()),
            Some(price) => check_price(price, &bounds_of(line, security), say),
        }
    }
}

fn check_price(price: Price, bounds: &PriceBounds, say: &mut dyn FnMut(Problem, String)) {
    if !price.is_on_tick(bounds.tick) {
        say(Problem::PriceTick, bounds.tick.to_decimal());
    } else if price < bounds.low || price > bounds.high {
        let band = format!("{} to {}", bounds.low.to_decimal(), bounds.high.to_decimal());
        say(Problem::PriceBand, band);
    }
}

/// What the broker says, else the list of securities.
pub(super) fn bounds_of(line: &ReviewLine, security: &Security) -> PriceBounds {
    let band = security.price_band();
    line.bounds.unwrap_or(PriceBounds {
        tick: security.tick,
        low: band.low,
        high: band.high,
    })
}

/// Lines of market orders whose price moved too far from what the user was shown, with the shown price.
pub(super) fn moved_lines(before: &Review, after: &Review) -> Vec<(String, Price)> {
    let moved = |(old, new): (&ReviewLine, &ReviewLine)| -> Option<(String, Price)> {
        let (shown, now) = (old.shown_price?, new.shown_price?);
        let distance = Value(i128::from(now.0 - shown.0).abs() * 10_000);
        let is_far = new.order_type == OrderType::Market && distance.0 > i128::from(shown.0) * PRICE_MOVE_BPS;
        is_far.then(|| (new.ticker.clone(), shown))
    };
    before.lines.iter().zip(&after.lines).filter_map(moved).collect()
}
