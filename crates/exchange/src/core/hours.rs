//! The hours of the day at which accounts change by themselves: clearances end, and intraday positions are closed.
//! Then open intraday orders are cancelled, and what is left of the positions is sold or bought back at the market.

use torana_domain::broker_key::BrokerKey;
use torana_domain::money::Shares;
use torana_domain::order::{Side, Variety};
use torana_domain::time::Timestamp;

use super::account::AccountKey;
use super::event::Fact;
use super::order::{OrderRequest, PaperOrder};
use super::status::Status;
use super::terms::Product;
use super::{State, Step};
use crate::market::Market;

const SQUARED_OFF: &str = "Cancelled: intraday positions are being closed";

/// What happens to accounts at an hour of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hour {
    /// Intraday positions are closed.
    SquareOff,
    /// Clearances end.
    ClearancesEnd,
}

impl Step<'_> {
    /// The next hour at which something happens to accounts by itself on the present trading day.
    pub(super) fn next_hour(state: &State, market: &Market) -> Option<(Timestamp, Hour)> {
        let square_off = Self::next_square_off(state, market).map(|at| (at, Hour::SquareOff));
        let clearances = Self::next_clearances_end(state, market).map(|at| (at, Hour::ClearancesEnd));
        [square_off, clearances].into_iter().flatten().min()
    }

    /// Does what is due at an hour.
    pub(super) fn run_hour(&mut self, hour: Hour) {
        match hour {
            Hour::SquareOff => self.square_off(),
            Hour::ClearancesEnd => self.end_clearances(),
        }
    }

    /// When intraday positions are closed next, if there may be any.
    fn next_square_off(state: &State, market: &Market) -> Option<Timestamp> {
        let instants = |broker: &BrokerKey| market.square_offs(*broker, state.day);
        let ahead = state.intraday.keys().flat_map(instants);
        // An instant before the present belongs to positions that were not there yet: after-market orders.
        let is_ahead = |at: &Timestamp| *at > state.squared_off_at && *at >= state.now;
        ahead.filter(is_ahead).min()
    }

    /// Closes what is due now.
    pub(super) fn square_off(&mut self) {
        self.emit(Fact::IntradayClosing);
        let keys: Vec<AccountKey> = self.state.intraday.values().flatten().cloned().collect();
        for key in keys {
            self.cancel_intraday(&key);
            for (isin, exchange, net) in self.open_intraday(&key) {
                if !self.is_square_off_due(&key, &isin) {
                    continue;
                }
                let Some(ticker) = self.market.ticker_on(exchange, &isin) else {
                    continue;
                };
                let side = if net.0 > 0 { Side::Sell } else { Side::Buy };
                let request = OrderRequest {
                    exchange,
                    product: Product::Mis,
                    ..OrderRequest::delivery(side, &ticker, Shares(net.0.abs()))
                };
                self.send_own(&key, &request);
            }
        }
    }

    fn cancel_intraday(&mut self, key: &AccountKey) {
        let is_open = |order: &&PaperOrder| {
            order.product == Product::Mis && order.variety == Variety::Regular && !order.status.is_final()
        };
        let orders = self.state.accounts.get(key).map(|account| &account.orders);
        let open = orders
            .into_iter()
            .flat_map(|orders| orders.values())
            .filter(is_open);
        let due: Vec<u64> = open
            .filter(|order| self.is_square_off_due(key, &order.isin))
            .map(|order| order.number)
            .collect();
        for number in due {
            self.end_order(key, number, Status::Cancelled, None, SQUARED_OFF);
        }
    }

    /// Whether the instant at which intraday positions in a security are closed has come.
    pub(super) fn is_square_off_due(&self, key: &AccountKey, isin: &str) -> bool {
        let due = self.market.square_off_at(key.broker(), isin, self.state.day);
        due.is_none_or(|due| self.at >= due)
    }

    /// Whether an intraday position in a security can be opened now: it may be traded so, and the instant at which
    /// such positions are closed lies ahead.
    pub(super) fn is_intraday_offered(&self, key: &AccountKey, isin: &str) -> bool {
        self.market.is_intraday_allowed(isin) && !self.is_square_off_due(key, isin)
    }
}
