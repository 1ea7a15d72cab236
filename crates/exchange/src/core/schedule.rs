//! What happens by itself, in order of time: days begin, orders have their turn, prices reach books.

use torana_domain::time::Timestamp;

use super::Step;
use super::account::AccountKey;
use super::lookout::Lookout;
use super::price::next_bar;

impl Step<'_> {
    /// Runs what is due in order of due time and arrival; a trading day begins before what is due at its instant.
    /// All of one instant happens, so that an instant is over or has not begun; false if it stopped after one
    /// because of `events_max`.
    pub(super) fn run_due(&mut self, until: Timestamp, events_max: usize) -> bool {
        if self.is_quiet(until) {
            self.state.now = self.state.now.max(until);
            return true;
        }
        let mut lookout = Lookout::new(until);
        while self.events.len() < events_max {
            let day = self.market.next_day(self.state.day);
            let begins = self.market.day_begins(day);
            let next = self.next_instant(&mut lookout).filter(|at| *at <= until);
            match next.filter(|at| *at < begins) {
                Some(at) => {
                    self.at = at;
                    self.run_instant(&lookout);
                }
                None if begins <= until && day > self.state.day => {
                    self.at = begins;
                    self.begin_day(day);
                }
                None => {
                    self.at = until;
                    self.state.now = self.state.now.max(until);
                    return true;
                }
            }
        }
        false
    }

    /// Whether nothing can be due up to `until`. Most commands come so soon after the one before that this is all
    /// there is to know.
    fn is_quiet(&self, until: Timestamp) -> bool {
        let state = &*self.state;
        let next = [
            state.due.first().map(|(at, _, _)| *at),
            state.gtt_due.first().map(|(at, _, _)| *at),
            self.next_tick(),
            Self::next_hour(state, self.market).map(|(at, _)| at),
        ];
        next.into_iter().flatten().all(|at| at > until)
            && (state.books.is_empty() || next_bar(state.now) > until)
            && state.tape.halts.is_empty()
            && self.market.is_plain(state.now, until)
    }

    fn next_instant(&self, lookout: &mut Lookout) -> Option<Timestamp> {
        let of_orders = self.state.due.first().map(|(at, _, _)| *at);
        let of_triggers = self.state.gtt_due.first().map(|(at, _, _)| *at);
        let of_prices = [self.next_tick(), self.next_auction(), lookout.next(self)];
        let of_hours = Self::next_hour(self.state, self.market).map(|(at, _)| at);
        [of_orders, of_triggers, of_hours]
            .into_iter()
            .chain(of_prices)
            .flatten()
            .min()
    }

    /// Everything that is due at this instant: prices that are set, auctions, orders, books, then triggers whose year
    /// is over, then what the hour brings to accounts.
    fn run_instant(&mut self, lookout: &Lookout) {
        // Before anything else happens: what an order does now must not hide a book from this bar.
        let books = lookout.due(self.at);
        self.run_ticks();
        // Before orders end with the day.
        self.hold_auctions();
        for (key, number) in self.due_orders() {
            self.run_order(&key, number);
        }
        for instrument in books {
            self.meet_book(&instrument);
        }
        self.expire_gtts();
        while let Some((at, hour)) = Self::next_hour(self.state, self.market)
            && at <= self.at
        {
            self.run_hour(hour);
        }
        self.send_next();
        self.state.now = self.state.now.max(self.at);
    }

    fn due_orders(&self) -> Vec<(AccountKey, u64)> {
        let due = self.state.due.iter().take_while(|(at, _, _)| *at <= self.at);
        due.map(|(_, number, key)| (key.clone(), *number)).collect()
    }
}

/// When something happens by itself next: an order's turn, a price that reaches a book, the start of a trading day.
pub(super) fn next_due(step: &Step<'_>) -> Timestamp {
    let day = step.market.day_begins(step.market.next_day(step.state.day));
    let mut lookout = Lookout::new(day);
    step.next_instant(&mut lookout).map_or(day, |at| at.min(day))
}
