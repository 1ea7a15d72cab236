//! Turning a position of today from one product into the other: CNC into MIS and back.

use serde::{Deserialize, Serialize};
use torana_domain::money::Shares;
use torana_domain::order::Side;
use torana_instruments::Exchange;

use super::Step;
use super::account::{Account, AccountKey};
use super::command::Reply;
use super::event::Fact;
use super::line::Line;
use super::terms::Product;

/// Which position is to be turned into the other product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversion {
    /// Where.
    pub exchange: Exchange,
    /// The ticker there.
    pub ticker: String,
    /// `Buy` for a long position, `Sell` for a short one.
    pub side: Side,
    /// Shares, > 0.
    pub quantity: Shares,
    /// Its present product.
    pub from: Product,
}

impl Step<'_> {
    pub(super) fn convert(&mut self, key: &AccountKey, wanted: &Conversion) -> Reply {
        let refused = |text: &str| Reply::ConversionRefused {
            text: text.to_owned(),
        };
        let Some(account) = self.state.accounts.get(key) else {
            return Reply::SessionExpired;
        };
        let Some(isin) = self.market.isin_on(wanted.exchange, &wanted.ticker) else {
            return refused("No such security");
        };
        let line = account.lines.get(&isin).cloned().unwrap_or_default();
        if wanted.quantity.0 < 1 || wanted.quantity > open_shares(&line, wanted) {
            return refused("The quantity is 1 to as many shares as the position has");
        }
        if wanted.from == Product::Cnc && !self.is_intraday_offered(key, &isin) {
            return refused("The security cannot be traded intraday, or no more today");
        }
        let &Conversion {
            exchange,
            side,
            quantity,
            from,
            ..
        } = wanted;
        let mut after = account.clone();
        after.convert(&isin, exchange, side, quantity, from);
        let changed = after.lines.get(&isin).cloned().unwrap_or_default();
        if after.available().0 < 0 && after.available() < account.available() {
            return refused("The money does not suffice for the other product");
        }
        if changed.sellable().0 < 0 {
            return refused("The shares are sold already, or are not there");
        }
        if !after.ddpi && changed.needs_cleared(Shares(0)) > changed.authorised {
            return refused("The shares must be authorised for sale at the depository first");
        }
        self.emit(Fact::PositionConverted {
            key: key.clone(),
            isin,
            exchange,
            side,
            quantity,
            from,
        });
        Reply::Done
    }
}

/// Shares that a position of that side has.
fn open_shares(line: &Line, wanted: &Conversion) -> Shares {
    let net = match wanted.from {
        Product::Mis => line.intraday.on(wanted.exchange).net(),
        Product::Cnc => line.delivery.on(wanted.exchange).net(),
    };
    match wanted.side {
        Side::Buy => net,
        Side::Sell => Shares(-net.0),
    }
}

impl Account {
    /// Moves shares of a position into the other product, at what they cost on average.
    pub(super) fn convert(
        &mut self,
        isin: &str,
        exchange: Exchange,
        side: Side,
        quantity: Shares,
        from: Product,
    ) {
        self.change_line(isin, |line, cash| {
            let worth = match from {
                Product::Mis => line.intraday.on_mut(exchange).take_out(quantity),
                Product::Cnc => line.delivery.on_mut(exchange).take_out(side, quantity),
            };
            // Delivery pays the whole value, an intraday position only gains and losses.
            let paid = match side {
                Side::Buy => -worth.to_paise().0,
                Side::Sell => worth.to_paise().0,
            };
            match from {
                Product::Mis => {
                    line.delivery.on_mut(exchange).book(side, quantity, worth);
                    cash.0 += paid;
                }
                Product::Cnc => {
                    let gained = line.intraday.on_mut(exchange).book(side, quantity, worth);
                    cash.0 += gained.0 - paid;
                }
            }
        });
    }
}
