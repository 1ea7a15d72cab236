//! The bars of a trading day: what was traded in each minute, for charts and for the totals of the day.
//!
//! Invariant: quotes, candles and the feed are sums of the same bars.

use torana_clock::calendar::DayTimes;
use torana_domain::money::{Price, Shares};
use torana_domain::time::{Date, Timestamp};

use super::prices::{DayPrices, closing_instant};
use super::{Listing, Market};
use crate::core::candle::Candle;
use crate::core::depth;
use crate::core::line::Worth;
use crate::core::price::{BAR_MS, Course, Frame, next_bar, round_to_tick};
use crate::core::tape::{Anchor, Prices};

/// What the bars of one security on one trading day are made of. Prices that were set after it was made are not in
/// it.
#[derive(Clone, Debug)]
pub struct DayBars {
    times: DayTimes,
    course: Course,
    lot: Shares,
    /// The prices from their instants on, oldest first; the first serves all bars before it too.
    parts: Vec<(Timestamp, DayPrices)>,
    /// Stretches without trading.
    stops: Vec<(Timestamp, Timestamp)>,
    /// Instant and price of the auction that closes the day.
    closing: Option<(Timestamp, Price)>,
    /// The official close, as far as prices set until now decide it.
    close: Price,
    /// The official close of the day before.
    previous_close: Price,
}

impl Market {
    /// The bars of a security on a trading day; `None` on a closed day. Prices set after `until` do not count.
    #[must_use]
    pub fn day_bars(
        &self,
        prices: Prices<'_>,
        listing: &Listing,
        day: Date,
        until: Timestamp,
    ) -> Option<DayBars> {
        let times = self.times(listing.group, day)?;
        let course = self.course(prices.seed, listing);
        let anchors = prices.tape.anchors_of(&listing.isin, listing.listed_price);
        let holds = |anchor: &&Anchor| anchor.day <= day && anchor.set.at <= until;
        let is_early = |anchor: &Anchor| anchor.day < day || anchor.set.at <= times.continuous_from;
        let before = anchors
            .iter()
            .filter(holds)
            .take_while(|anchor| is_early(anchor))
            .last();
        let first = match (before, anchors.first()) {
            (Some(anchor), _) => self.day_prices_from(anchor, course, listing, day),
            (None, Some(oldest)) => self.earlier_prices(oldest, course, listing, day),
            (None, None) => return None,
        };
        let later = anchors.iter().filter(holds).skip_while(|anchor| is_early(anchor));
        let mut parts = vec![(times.continuous_from, first)];
        parts.extend(later.map(|anchor| (anchor.set.at, self.day_prices_from(anchor, course, listing, day))));
        let close = match anchors.iter().rfind(holds) {
            Some(anchor) => self.close_from(anchor, &course, listing, day),
            None => first.at(closing_instant(&times)),
        };
        let closing = times.closing.map(|auction| (auction.match_at, close));
        let stops = self.stops(prices, day).map(|stop| (stop.from, stop.reopens));
        Some(DayBars {
            times,
            course,
            lot: listing.lot,
            parts,
            stops: stops.collect(),
            closing,
            close,
            previous_close: first.frame.previous_close,
        })
    }

    /// The prices of a day before everything that is known of a security: its course, walked back.
    fn earlier_prices(&self, oldest: &Anchor, course: Course, listing: &Listing, day: Date) -> DayPrices {
        if oldest.day == day {
            return self.day_prices_from(oldest, course, listing, day);
        }
        let closed = |day: Date| {
            let at = self
                .times(listing.group, day)
                .map(|times| closing_instant(&times));
            course.carry(oldest.set, at.unwrap_or(oldest.set.at))
        };
        let before = self.day_before(day);
        let tick = listing.fixed_tick.unwrap_or_else(|| {
            let month_end = self.day_before(Date { day: 1, ..day });
            self.master.ticks().tick_for(day, closed(month_end))
        });
        let frame = Frame::new(
            round_to_tick(closed(before), tick),
            tick,
            self.band_percent(listing, 0),
        );
        DayPrices::new(course, oldest.set, frame)
    }
}

impl DayBars {
    /// Calls `each` with the bars that begin from `from` to `until`, in order. A bar that has begun is whole.
    pub fn each(&self, from: Timestamp, until: Timestamp, mut each: impl FnMut(Candle)) {
        let mut bar = next_bar(from.max(self.times.continuous_from).plus_ms(-1));
        let end = self.times.continuous_to.min(until.plus_ms(1));
        if bar < end {
            for level in self.course.walk(bar) {
                if !self.is_stopped(bar) {
                    each(self.bar(bar, level));
                }
                bar = bar.plus_ms(BAR_MS);
                if bar >= end {
                    break;
                }
            }
        }
        if let Some((at, price)) = self.closing
            && from <= at
            && at <= until
            && !self.is_stopped(at)
        {
            each(self.traded(at, price));
        }
    }

    /// When the first bar begins.
    #[must_use]
    pub const fn begins(&self) -> Timestamp {
        self.times.continuous_from
    }

    /// The official close of the day before.
    #[must_use]
    pub const fn previous_close(&self) -> Price {
        self.previous_close
    }

    fn is_stopped(&self, at: Timestamp) -> bool {
        self.stops.iter().any(|(from, until)| *from <= at && at < *until)
    }

    fn bar(&self, at: Timestamp, level: i64) -> Candle {
        let ends = at.plus_ms(BAR_MS);
        let begun = self.parts.iter().rposition(|(from, _)| *from <= at).unwrap_or(0);
        let parts = self.parts.iter().skip(begun);
        let mut inside = parts.take_while(|(from, _)| *from < ends);
        let first = inside.next();
        let opened = first.map_or(self.close, |(_, prices)| prices.at_level(level));
        let mut bar = self.traded(at, opened);
        for (_, prices) in inside {
            bar.reach(prices.at_level(level));
        }
        if self.closing.is_none() && ends >= self.times.continuous_to {
            // The day before a world begins closes at the listed price, wherever its course leads.
            bar.reach(self.close);
        }
        bar
    }

    fn traded(&self, at: Timestamp, price: Price) -> Candle {
        let volume = depth::traded(&self.course, price, self.lot, at);
        Candle {
            at,
            open: price,
            high: price,
            low: price,
            close: price,
            volume,
            worth: Worth::of(price, volume),
        }
    }
}
