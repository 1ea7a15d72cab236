//! The circuit breaker: a large move of the index stops all trading.

use torana_clock::HaltLength;
use torana_clock::calendar::SessionGroup;
use torana_clock::ist::TimeOfDay;
use torana_domain::time::DAY_MS;

use super::Step;
use super::event::Fact;
use super::price::PPM;
use super::tape::Halt;
use crate::market::Stage;

impl Step<'_> {
    /// Stops trading if the index has come to a level that has not stopped it on this day. Only prices that are
    /// set can move it so far, so it is enough to look when one was.
    pub(super) fn watch_index(&mut self) {
        let prices = self.state.prices();
        // Both groups trade together while either does, and a halt stops both.
        if self.market.stage(prices, SessionGroup::Plain, self.at) != Stage::Continuous {
            return;
        }
        let moved = self.market.index_move(prices, self.at).abs();
        let stopped = self.state.tape.halts.iter().map(|halt| halt.percent).max();
        let rules = self.market.rules();
        let level = rules
            .breaker_levels()
            .filter(|percent| moved >= percent * (PPM / 100) && Some(*percent) > stopped)
            .last();
        let Some(percent) = level else { return };
        let (until, reopens) = match rules.breaker_halt(percent, TimeOfDay::of(self.at)) {
            None => return,
            Some(HaltLength::Ms { halt_ms, auction_ms }) => {
                let until = self.at.plus_ms(halt_ms);
                (until, until.plus_ms(auction_ms))
            }
            Some(HaltLength::RestOfDay) => {
                let midnight = self.at.plus_ms(DAY_MS - TimeOfDay::of(self.at).ms());
                (midnight, midnight)
            }
        };
        let halt = Halt {
            from: self.at,
            until,
            reopens,
            percent,
        };
        self.emit(Fact::TradingHalted { halt });
    }
}
