//! Prices of a security: of the day, of the instant, of the close, of the auctions.

use torana_clock::calendar::DayTimes;
use torana_clock::ist::ist_date;
use torana_domain::money::Price;
use torana_domain::order::Side;
use torana_domain::time::{Date, Timestamp};

use super::stage::Auction;
use super::{Listing, Market};
use crate::core::book::Thresholds;
use crate::core::depth;
use crate::core::price::{
    BAR_MS, Course, Frame, LEVEL_STEP_MAX, Mark, ask, bid, carried, next_bar, round_to_tick,
};
use crate::core::tape::{Anchor, Prices};

/// The prices of one security on one trading day: made once, then cheap to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayPrices {
    course: Course,
    from: Mark,
    from_level: i64,
    /// What holds for all prices of the day.
    pub frame: Frame,
}

impl DayPrices {
    /// Prices that go on from `from`.
    pub(super) fn new(course: Course, from: Mark, frame: Frame) -> Self {
        Self {
            course,
            from,
            from_level: course.level(from.at).max(1),
            frame,
        }
    }

    /// The price in the bar that holds `at`, on tick and in the band.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Price {
        self.at_level(self.course.level(at))
    }

    /// The price in a bar in which the course has this level.
    pub(super) fn at_level(&self, level: i64) -> Price {
        self.frame.snap(carried(self.from.price, self.from_level, level))
    }

    /// What an order of `side` gets at once in the bar that holds `at`: one tick worse than the last price.
    #[must_use]
    pub fn offer(&self, side: Side, at: Timestamp) -> Price {
        match side {
            Side::Buy => ask(self.at(at), &self.frame),
            Side::Sell => bid(self.at(at), &self.frame),
        }
    }

    /// The course that the prices follow.
    #[must_use]
    pub const fn course(&self) -> &Course {
        &self.course
    }

    /// The first bar from `bar`, the start of one, up to and including `until` in which the price reaches one of
    /// the thresholds. Bars that it cannot reach in time are passed over.
    #[must_use]
    pub fn first_reaching(&self, wanted: &Thresholds, bar: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let step =
            i128::from(self.from.price.0) * i128::from(LEVEL_STEP_MAX) / i128::from(self.from_level) + 1;
        let step = i64::try_from(step).unwrap_or(i64::MAX);
        let mut bar = bar;
        while bar <= until {
            let gap = self.gap(wanted, bar)?;
            if gap <= 0 {
                return Some(bar);
            }
            // One tick of the gap may be rounding.
            let bars = ((gap - self.frame.tick.0) / step).clamp(1, until.ms_since(bar) / BAR_MS + 1);
            bar = bar.plus_ms(bars * BAR_MS);
        }
        None
    }

    /// How far the price of a bar is from the nearest threshold; 0 or less where it has reached one. `None` if
    /// there is none.
    fn gap(&self, wanted: &Thresholds, bar: Timestamp) -> Option<i64> {
        let last = self.at(bar);
        let gaps = [
            wanted.bid.map(|best| ask(last, &self.frame).0 - best.0),
            wanted.ask.map(|best| best.0 - bid(last, &self.frame).0),
            wanted.rise.map(|trigger| trigger.0 - last.0),
            wanted.fall.map(|trigger| last.0 - trigger.0),
        ];
        gaps.into_iter().flatten().min()
    }
}

/// Why a price cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSettable {
    /// Not a multiple of the tick.
    #[error("{price} is not a multiple of the tick {tick}", price = .price.to_decimal(), tick = .tick.to_decimal())]
    OffTick {
        /// What was asked.
        price: Price,
        /// The tick.
        tick: Price,
    },
    /// Outside the day's band.
    #[error("{price} is outside the price band of {low} to {high} on {day}", price = .price.to_decimal(), low = .frame.low.to_decimal(), high = .frame.high.to_decimal())]
    OutsideBand {
        /// What was asked.
        price: Price,
        /// The band.
        frame: Frame,
        /// Its day.
        day: Date,
    },
}

impl Market {
    /// Tick, band and previous close of a trading day.
    #[must_use]
    pub fn frame(&self, prices: Prices<'_>, listing: &Listing, day: Date) -> Frame {
        self.day_prices(prices, listing, day).frame
    }

    /// All prices of a trading day.
    #[must_use]
    pub fn day_prices(&self, prices: Prices<'_>, listing: &Listing, day: Date) -> DayPrices {
        let anchor = anchor(prices, listing);
        let compute = || self.day_prices_from(&anchor, self.course(prices.seed, listing), listing, day);
        self.memo.day_prices(prices.seed, listing, day, anchor, compute)
    }

    /// The first bar after `after` up to and including `until` in which the price of continuous trading reaches one
    /// of the thresholds, over any number of days.
    #[must_use]
    pub fn first_reaching(
        &self,
        prices: Prices<'_>,
        listing: &Listing,
        wanted: &Thresholds,
        after: Timestamp,
        until: Timestamp,
    ) -> Option<Timestamp> {
        let mut from = next_bar(after);
        while from <= until {
            let (begins, ends) = self.continuous_after(prices, listing.group, from)?;
            if begins > until {
                return None;
            }
            let day = self.day_prices(prices, listing, ist_date(begins));
            let bar = next_bar(begins.plus_ms(-1));
            let found = day.first_reaching(wanted, bar, until.min(ends.plus_ms(-1)));
            if found.is_some() {
                return found;
            }
            from = ends;
        }
        None
    }

    /// The official close of a trading day that is over, or will be.
    #[must_use]
    pub fn close(&self, prices: Prices<'_>, listing: &Listing, day: Date) -> Price {
        self.close_from(
            &anchor(prices, listing),
            &self.course(prices.seed, listing),
            listing,
            day,
        )
    }

    /// The price at which all orders of an auction match.
    #[must_use]
    pub fn auction_price(
        &self,
        prices: Prices<'_>,
        listing: &Listing,
        which: Auction,
        match_at: Timestamp,
    ) -> Price {
        let day = ist_date(match_at);
        match (which, self.times(listing.group, day)) {
            (Auction::Closing, _) => self.close(prices, listing, day),
            (Auction::Opening, Some(times)) => self
                .day_prices(prices, listing, day)
                .at(times.continuous_from.max(match_at)),
            _ => self.day_prices(prices, listing, day).at(match_at),
        }
    }

    /// What an order of `side` gets at once: one tick worse than the last price.
    #[must_use]
    pub fn offer(&self, prices: Prices<'_>, listing: &Listing, side: Side, at: Timestamp) -> Price {
        let frame = self.frame(prices, listing, self.calendar.trading_day_of(at));
        let last = self.last_price(prices, listing, at);
        match side {
            Side::Buy => ask(last, &frame),
            Side::Sell => bid(last, &frame),
        }
    }

    /// The limit behind a market order, never narrower than what is offered at once.
    #[must_use]
    pub fn protection(&self, frame: &Frame, last: Price, side: Side) -> Price {
        let limit = self.master.protected_limit(side, last, &frame.bounds());
        match side {
            Side::Buy => limit.max(ask(last, frame)),
            Side::Sell => limit.min(bid(last, frame)),
        }
    }

    /// What the world goes on from when the price of a security is set at `at`, which lies in no earlier trading
    /// day than the price that was set before. After the close the next trading day counts.
    ///
    /// # Errors
    /// A price off the tick or outside the band of that day.
    pub fn set_price(
        &self,
        prices: Prices<'_>,
        listing: &Listing,
        at: Timestamp,
        price: Price,
    ) -> Result<Anchor, NotSettable> {
        let day = self.calendar.trading_day_of(at);
        let frame = self.frame(prices, listing, day);
        if !price.is_on_tick(frame.tick) {
            return Err(NotSettable::OffTick {
                price,
                tick: frame.tick,
            });
        }
        if !frame.allows(price) {
            return Err(NotSettable::OutsideBand { price, frame, day });
        }
        Ok(self.anchor_at(prices, listing, Mark { at, price }, &frame, day))
    }

    /// Like [`Self::set_price`], with the nearest price that is allowed.
    #[must_use]
    pub fn set_nearest_price(
        &self,
        prices: Prices<'_>,
        listing: &Listing,
        at: Timestamp,
        price: Price,
    ) -> Anchor {
        let day = self.calendar.trading_day_of(at);
        let frame = self.frame(prices, listing, day);
        let mark = Mark {
            at,
            price: frame.snap(price),
        };
        self.anchor_at(prices, listing, mark, &frame, day)
    }

    fn anchor_at(
        &self,
        prices: Prices<'_>,
        listing: &Listing,
        set: Mark,
        frame: &Frame,
        day: Date,
    ) -> Anchor {
        let before = anchor(prices, listing);
        let course = self.course(prices.seed, listing);
        let mut next = Anchor {
            day,
            set,
            close: set,
            previous_close: frame.previous_close,
            month_close: self.month_close_from(&before, &course, listing, day),
            widened: self.widened(&before, listing, set.price, frame, day),
        };
        if let Some(times) = self.times(listing.group, day) {
            next.close = self.closing_mark(&before, &next, course, listing, &times);
        }
        next
    }

    /// The official close of a day on which a price was set: carried to the close, inside the day's band, and
    /// after an auction inside the band around its reference too.
    fn closing_mark(
        &self,
        before: &Anchor,
        next: &Anchor,
        course: Course,
        listing: &Listing,
        times: &DayTimes,
    ) -> Mark {
        let day = self.day_prices_from(next, course, listing, times.date);
        let at = closing_instant(times);
        let mut price = day.at(at);
        if times.closing.is_some() {
            let rules = self.calendar.rules().auction;
            let earlier = self.day_prices_from(before, course, listing, times.date);
            let from = times.continuous_to.plus_ms(-rules.reference_ms());
            let bars = std::iter::successors(Some(from), |bar| Some(bar.plus_ms(BAR_MS)))
                .take_while(|bar| *bar < times.continuous_to);
            let reference = average(bars.map(|bar| {
                let price = if bar < next.set.at { &earlier } else { &day }.at(bar);
                (price, depth::traded(&course, price, listing.lot, bar).0)
            }));
            if let Some(reference) = reference {
                let near = Frame::new(reference, day.frame.tick, rules.band_percent);
                price = day.frame.snap(near.snap(price));
            }
        }
        Mark { at, price }
    }

    /// Steps by which the band of `day` has widened once `price` was set: one more when it comes to the edge.
    fn widened(&self, before: &Anchor, listing: &Listing, price: Price, frame: &Frame, day: Date) -> usize {
        let so_far = if before.day == day { before.widened } else { 0 };
        let near = |edge: Price| (edge.0 - price.0).abs() * 100 <= (edge.0 - frame.previous_close.0).abs();
        let is_at_edge = near(frame.low) || near(frame.high);
        if is_at_edge && so_far + 1 < self.band_steps(listing).len() {
            so_far + 1
        } else {
            so_far
        }
    }

    /// How the price of a security moves in a world with this seed.
    pub(crate) fn course(&self, seed: u64, listing: &Listing) -> Course {
        let percent = self.band_percent(listing, 0);
        Course::new(
            seed,
            &listing.isin,
            listing.listed_price,
            listing.listed_tick,
            percent,
        )
    }

    pub(super) fn day_prices_from(
        &self,
        anchor: &Anchor,
        course: Course,
        listing: &Listing,
        day: Date,
    ) -> DayPrices {
        let from = if day > anchor.day {
            anchor.close
        } else {
            anchor.set
        };
        let frame = self.frame_from(anchor, &course, listing, day);
        DayPrices::new(course, from, frame)
    }

    fn frame_from(&self, anchor: &Anchor, course: &Course, listing: &Listing, day: Date) -> Frame {
        let tick = self.tick_from(anchor, course, listing, day);
        let steps = if day == anchor.day { anchor.widened } else { 0 };
        let previous_close = if day > anchor.day {
            self.close_from(anchor, course, listing, self.day_before(day))
        } else {
            anchor.previous_close
        };
        Frame::new(previous_close, tick, self.band_percent(listing, steps))
    }

    pub(super) fn close_from(&self, anchor: &Anchor, course: &Course, listing: &Listing, day: Date) -> Price {
        let times = self.times(listing.group, day).filter(|_| day > anchor.day);
        times.map_or(anchor.close.price, |times| {
            let tick = self.tick_from(anchor, course, listing, day);
            round_to_tick(course.carry(anchor.close, closing_instant(&times)), tick)
        })
    }

    /// The tick of a month hangs on the last close of the month before it.
    fn tick_from(&self, anchor: &Anchor, course: &Course, listing: &Listing, day: Date) -> Price {
        listing.fixed_tick.unwrap_or_else(|| {
            let month_close = self.month_close_from(anchor, course, listing, day);
            self.master.ticks().tick_for(day, month_close)
        })
    }

    fn month_close_from(&self, anchor: &Anchor, course: &Course, listing: &Listing, day: Date) -> Price {
        let is_later = (day.year, day.month) > (anchor.day.year, anchor.day.month);
        let last = self.day_before(Date { day: 1, ..day });
        let times = self
            .times(listing.group, last)
            .filter(|_| is_later && last > anchor.day);
        match times {
            Some(times) => course.carry(anchor.close, closing_instant(&times)),
            None if is_later => anchor.close.price,
            None => anchor.month_close,
        }
    }
}

fn anchor(prices: Prices<'_>, listing: &Listing) -> Anchor {
    prices.tape.anchor(&listing.isin, listing.listed_price)
}

/// The instant whose bar has the official close: of the auction, else of the last trade.
pub(super) fn closing_instant(times: &DayTimes) -> Timestamp {
    times
        .closing
        .map_or(times.continuous_to.plus_ms(-1), |auction| auction.match_at)
}

/// The average of prices by their weights; `None` of nothing.
fn average(weighted: impl Iterator<Item = (Price, i64)>) -> Option<Price> {
    let (worth, weight) = weighted.fold((0i128, 0i128), |(worth, sum), (price, weight)| {
        (
            worth + i128::from(price.0) * i128::from(weight),
            sum + i128::from(weight),
        )
    });
    i64::try_from(worth.checked_div(weight)?).ok().map(Price)
}
