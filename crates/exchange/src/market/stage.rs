//! What the market does with a group of securities at an instant, and which orders it takes then.

use torana_clock::calendar::{Accepts, AuctionTimes, DayTimes, Phase, SessionGroup};
use torana_clock::ist::ist_date;
use torana_domain::time::{Date, Timestamp};

use super::Market;
use crate::core::price::mix;
use crate::core::tape::Prices;

/// Most trading days that are searched for one with continuous trading.
const DAYS_SEARCHED_MAX: usize = 30;

/// What the market does. A day is a sequence of these; each instant has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing: night, holiday, and the gaps between sessions.
    Closed,
    /// A call auction.
    Auction(Auction, AuctionStage),
    /// Orders match as they come.
    Continuous,
    /// Orders match at the closing price.
    PostClose,
    /// All trading is stopped; orders can only be cancelled.
    Halted,
}

/// Which call auction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Auction {
    /// The one before continuous trading.
    Opening,
    /// The one after a halt.
    Reopening,
    /// The one that makes the official close.
    Closing,
}

/// A part of a call auction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuctionStage {
    /// The reference price is being computed; nothing is taken.
    Reference,
    /// Market and limit orders are taken.
    Entry,
    /// Limit orders are taken.
    LimitEntry,
    /// Orders match, or have matched; nothing is taken or changed any more.
    Matching,
}

/// Which new orders a stage takes, and whether resting ones may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Entry {
    /// Market orders.
    pub market: bool,
    /// Limit orders.
    pub limit: bool,
    /// What only continuous trading knows: stop orders, immediate-or-cancel, disclosed quantity.
    pub conditional: bool,
    /// Orders may be cancelled.
    pub cancel: bool,
}

impl Stage {
    /// What may be entered, changed and cancelled.
    #[must_use]
    pub const fn entry(self) -> Entry {
        let (market, limit, conditional, cancel) = match self {
            Self::Closed => (false, false, false, true),
            Self::Continuous => (true, true, true, true),
            Self::PostClose => (true, true, false, true),
            Self::Halted => (false, false, false, true),
            Self::Auction(_, AuctionStage::Entry) => (true, true, false, true),
            Self::Auction(_, AuctionStage::LimitEntry) => (false, true, false, true),
            Self::Auction(_, AuctionStage::Reference) => (false, false, false, true),
            Self::Auction(_, AuctionStage::Matching) => (false, false, false, false),
        };
        Entry {
            market,
            limit,
            conditional,
            cancel,
        }
    }
}

/// A stop of trading, dated by the calendar or made by the circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub from: Timestamp,
    until: Timestamp,
    pub reopens: Timestamp,
}

impl Market {
    /// The parts of a trading day for a group of securities; `None` on a closed day.
    #[must_use]
    pub fn times(&self, group: SessionGroup, day: Date) -> Option<DayTimes> {
        self.calendar.times_on(day, group)
    }

    /// What the market does with securities of `group` at `at`.
    #[must_use]
    pub fn stage(&self, prices: Prices<'_>, group: SessionGroup, at: Timestamp) -> Stage {
        let day = ist_date(at);
        let planned = self.planned_stage(prices.seed, group, at);
        let Some(times) = self.times(group, day).filter(|_| planned != Stage::Closed) else {
            return Stage::Closed;
        };
        match self.stop_at(prices, day, at) {
            Some(stop) if at < stop.until => Stage::Halted,
            // A halt that ends behind continuous trading is not followed by an auction of its own.
            Some(_) if at < times.continuous_to => Stage::Auction(Auction::Reopening, AuctionStage::Entry),
            _ => planned,
        }
    }

    /// What the timetable says, without halts.
    fn planned_stage(&self, seed: u64, group: SessionGroup, at: Timestamp) -> Stage {
        let Some(window) = self.calendar.window_at(at, group) else {
            return Stage::Closed;
        };
        let which = match window.phase {
            Phase::Closed => return Stage::Closed,
            Phase::Continuous => return Stage::Continuous,
            Phase::PostClose => return Stage::PostClose,
            Phase::PreOpen => Auction::Opening,
            Phase::ClosingAuction => Auction::Closing,
        };
        let day = ist_date(at);
        let times = self
            .times(group, day)
            .and_then(|times| auction_times(&times, which));
        let Some(times) = times else {
            // An auction without entry matches nothing.
            return Stage::Auction(which, AuctionStage::Matching);
        };
        let stage = match window.accepts {
            _ if at >= self.entry_until(seed, which, &times, day) => AuctionStage::Matching,
            Accepts::All => AuctionStage::Entry,
            Accepts::Limit => AuctionStage::LimitEntry,
            Accepts::None => AuctionStage::Reference,
        };
        Stage::Auction(which, stage)
    }

    /// The random instant at which entry into an auction ends: in its last minutes, by seed and day.
    #[must_use]
    pub fn entry_until(&self, seed: u64, which: Auction, times: &AuctionTimes, day: Date) -> Timestamp {
        let window = self
            .calendar
            .rules()
            .auction
            .random_close_ms()
            .min(times.match_at.ms_since(times.entry_from));
        let draw =
            mix(seed ^ mix(day.to_days().cast_unsigned()) ^ mix(u64::from(which == Auction::Closing) + 1));
        let early = draw.checked_rem(window.cast_unsigned()).unwrap_or(0);
        times.match_at.plus_ms(-early.cast_signed())
    }

    /// When orders of `group` match in an auction on `day`, in no order. A halt at such an instant leaves it out.
    pub fn matches_on<'a>(
        &'a self,
        prices: Prices<'a>,
        group: SessionGroup,
        day: Date,
    ) -> impl Iterator<Item = (Timestamp, Auction)> + 'a {
        let times = self.times(group, day).into_iter();
        let all = times.flat_map(move |times| {
            let is_auction = move |stop: &Stop| {
                stop.reopens > stop.until
                    && times.continuous_from < stop.reopens
                    && stop.reopens <= times.continuous_to
            };
            let reopening = self
                .stops(prices, day)
                .filter(is_auction)
                .map(|stop| (stop.reopens, Auction::Reopening));
            let planned = [
                (times.opening, Auction::Opening),
                (times.closing, Auction::Closing),
            ];
            let planned = planned
                .into_iter()
                .filter_map(|(auction, which)| Some((auction?.match_at, which)));
            planned.chain(reopening)
        });
        all.filter(move |(at, _)| self.stop_at(prices, day, *at).is_none())
    }

    /// When orders of a day that are at the exchange at `at` end by themselves: with the closing auction or the end
    /// of continuous trading, those of the session behind it with that session.
    #[must_use]
    pub fn orders_end(&self, prices: Prices<'_>, group: SessionGroup, at: Timestamp) -> Timestamp {
        let is_late = self.stage(prices, group, at) == Stage::PostClose;
        let session = self.times(group, ist_date(at)).and_then(|times| times.post_close);
        if let (true, Some((_, to))) = (is_late, session) {
            return to;
        }
        let times = self.times(group, self.order_day(at));
        times.map_or_else(|| self.next_close(at), |times| times.closes_at())
    }

    /// Whether orders of `group` match as they come.
    #[must_use]
    pub fn is_matching(&self, prices: Prices<'_>, group: SessionGroup, at: Timestamp) -> bool {
        self.stage(prices, group, at) == Stage::Continuous
    }

    /// The first stretch of continuous trading that contains `at` or lies after it: its start, `at` if that lies
    /// inside, and its end, which a halt may make. `None` beyond the calendar.
    #[must_use]
    pub fn continuous_after(
        &self,
        prices: Prices<'_>,
        group: SessionGroup,
        at: Timestamp,
    ) -> Option<(Timestamp, Timestamp)> {
        let mut day = ist_date(at);
        for _ in 0..DAYS_SEARCHED_MAX {
            if let Some(times) = self.times(group, day) {
                let mut from = at.max(times.continuous_from);
                // Each turn lies behind another halt.
                while let Some(stop) = self.stop_at(prices, day, from) {
                    from = stop.reopens;
                }
                if from < times.continuous_to {
                    let halts = self.stops(prices, day).map(|stop| stop.from);
                    let to = halts
                        .filter(|halt| *halt > from)
                        .fold(times.continuous_to, Timestamp::min);
                    return Some((from, to));
                }
            }
            day = self.next_day(day);
        }
        None
    }

    /// The start of the stop that covers `at`, its auction included; `at` itself if none does.
    pub(super) fn before_stop(&self, prices: Prices<'_>, day: Date, at: Timestamp) -> Timestamp {
        self.stop_at(prices, day, at).map_or(at, |stop| stop.from)
    }

    fn stop_at(&self, prices: Prices<'_>, day: Date, at: Timestamp) -> Option<Stop> {
        self.stops(prices, day)
            .find(|stop| stop.from <= at && at < stop.reopens)
    }

    pub(super) fn stops<'a>(&'a self, prices: Prices<'a>, day: Date) -> impl Iterator<Item = Stop> + 'a {
        let dated = self.calendar.halts_on(day).iter().map(|halt| Stop {
            from: halt.from,
            until: halt.until,
            reopens: halt.reopens,
        });
        let made = prices.tape.all_halts().map(|halt| Stop {
            from: halt.from,
            until: halt.until,
            reopens: halt.reopens,
        });
        dated.chain(made)
    }
}

fn auction_times(times: &DayTimes, which: Auction) -> Option<AuctionTimes> {
    match which {
        Auction::Opening => times.opening,
        Auction::Closing => times.closing,
        Auction::Reopening => None,
    }
}
