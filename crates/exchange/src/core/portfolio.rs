//! Money and shares as their owner's broker shows them: margins, positions, auctions, charges before a trade.

use serde::{Deserialize, Serialize};
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::Side;
use torana_instruments::Exchange;

use super::Step;
use super::account::AccountKey;
use super::charges::Charges;
use super::command::Reply;
use super::line::{Line, Traded, Worth};
use super::order::PaperOrder;
use super::reads::shown_funds;
use super::terms::Product;

/// Most trades of one question for charges; the rest is left out.
pub const TRADES_MAX: usize = 500;

/// An account's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarginView {
    /// Cash at the start of the day.
    pub opening: Paise,
    /// Cash now, blocked money included.
    pub cash: Paise,
    /// Money for another order.
    pub available: Paise,
    /// Money that can be paid out: without proceeds that are not settled.
    pub withdrawable: Paise,
    /// Blocked for open buy orders for delivery.
    pub delivery_orders: Paise,
    /// Blocked as margin of intraday positions and orders.
    pub intraday: Paise,
    /// Blocked for the charges of today's trades and open orders.
    pub charges: Paise,
    /// Paid for today's buys for delivery.
    pub bought: Paise,
    /// Received for today's sales for delivery.
    pub sold: Paise,
    /// Gains of today's closed intraday positions; below zero a loss.
    pub realised: Paise,
    /// Gains of open intraday positions at the last price; below zero a loss.
    pub unrealised: Paise,
}

/// Today's trading in one security on one exchange with one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayPosition {
    /// Where.
    pub exchange: Exchange,
    /// The ticker there; the ISIN where it has none any more.
    pub ticker: String,
    /// ISIN.
    pub isin: String,
    /// Delivery or intraday.
    pub product: Product,
    /// What was bought and sold.
    pub traded: Traded,
    /// Bought − sold.
    pub quantity: Shares,
    /// Average price of the open part; 0 if there is none.
    pub average_price: Price,
    /// Last traded price.
    pub last_price: Price,
    /// Official close of the trading day before.
    #[serde(default)]
    pub close_price: Price,
    /// Gain of the closed part.
    pub realised: Paise,
    /// Gain of the open part at the last price.
    pub unrealised: Paise,
}

/// Shares that are being bought in on the account of who did not deliver them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuctionView {
    /// The auction's number.
    pub number: u64,
    /// Which security.
    pub isin: String,
    /// Its NSE ticker.
    pub ticker: Option<String>,
    /// Shares that are wanted.
    pub quantity: Shares,
    /// Last traded price.
    pub last_price: Price,
    /// Official close of the trading day before.
    #[serde(default)]
    pub close_price: Price,
    /// What the shares of the account that asks cost, per share.
    #[serde(default)]
    pub average_price: Price,
    /// Shares of the account that asks that were bought on the trading day before.
    #[serde(default)]
    pub t1: Shares,
    /// Settled shares of the account that asks.
    pub held: Shares,
}

/// A trade that somebody wants to know the charges of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hypothetical {
    /// Where.
    pub exchange: Exchange,
    /// Delivery or intraday.
    pub product: Product,
    /// Buy or sell.
    pub side: Side,
    /// Shares, > 0.
    pub quantity: Shares,
    /// Average price, > 0.
    pub price: Price,
}

impl Step<'_> {
    pub(super) fn margins(&mut self, key: &AccountKey) -> Reply {
        let Some(account) = self.state.accounts.get(key) else {
            return Reply::SessionExpired;
        };
        let orders = account.orders.values();
        let charges = orders.clone().map(|order| order.charges_held().0).sum::<i64>()
            + account.lines.values().map(|line| line.depository.0).sum::<i64>();
        let buys = orders.filter(|order| order.product == Product::Cnc && order.side == Side::Buy);
        let (mut intraday, mut bought, mut realised, mut unrealised) = (0, 0, 0, 0);
        for (isin, line) in &account.lines {
            intraday += line.margin(account.leverage).0;
            bought += line.delivered().bought_worth.to_paise().0;
            for position in self.positions_of(isin, line) {
                if position.product == Product::Mis {
                    realised += position.realised.0;
                    unrealised += position.unrealised.0;
                }
            }
        }
        Reply::Margins(MarginView {
            opening: account.opening,
            cash: account.cash,
            available: shown_funds(account),
            withdrawable: account.withdrawable(),
            delivery_orders: Paise(buys.map(|order| order.blocked().0).sum()),
            intraday: Paise(intraday),
            charges: Paise(charges),
            bought: Paise(bought),
            sold: account.sold_today(),
            realised: Paise(realised),
            unrealised: Paise(unrealised),
        })
    }

    pub(super) fn day_positions(&mut self, key: &AccountKey) -> Reply {
        let lines = self.state.accounts.get(key).map(|account| &account.lines);
        let of = |(isin, line): (&String, &Line)| self.positions_of(isin, line);
        Reply::DayPositions(lines.into_iter().flatten().flat_map(of).collect())
    }

    fn positions_of(&self, isin: &str, line: &Line) -> Vec<DayPosition> {
        let mut found = Vec::new();
        for exchange in [Exchange::Nse, Exchange::Bse] {
            let delivery = *line.delivery.on(exchange);
            let intraday = line.intraday.on(exchange);
            let open = open_part(&delivery);
            for (product, traded, open) in [
                (Product::Cnc, delivery, open),
                (Product::Mis, intraday.traded, intraday.open),
            ] {
                if traded != Traded::default() {
                    found.push(self.position(isin, exchange, product, traded, open));
                }
            }
        }
        found
    }

    fn position(
        &self,
        isin: &str,
        exchange: Exchange,
        product: Product,
        traded: Traded,
        open: Worth,
    ) -> DayPosition {
        let net = traded.net();
        let signed = if net.0 < 0 { Worth(-open.0) } else { open };
        let last_price = self.last_price_of(isin).unwrap_or_default();
        let realised = traded.sold_worth.minus(traded.bought_worth).plus(signed);
        let unrealised = Worth::of(last_price, net).minus(signed);
        DayPosition {
            exchange,
            ticker: self
                .market
                .ticker_on(exchange, isin)
                .unwrap_or_else(|| isin.to_owned()),
            isin: isin.to_owned(),
            product,
            traded,
            quantity: net,
            average_price: open.average(Shares(net.0.abs())),
            last_price,
            close_price: self.close_before(isin).unwrap_or_default(),
            realised: realised.to_paise(),
            unrealised: unrealised.to_paise(),
        }
    }

    /// The auctions of the day in securities that the account holds.
    pub(super) fn auctions(&mut self, key: &AccountKey) -> Reply {
        let Some(account) = self.state.accounts.get(key) else {
            return Reply::SessionExpired;
        };
        let running = self.state.accounts.values().flat_map(|account| &account.shorts);
        let view = |short: &super::account::Short| {
            let line = account.lines.get(&short.isin)?;
            let (held, t1) = (line.settled, line.t1);
            (held.0 > 0).then(|| AuctionView {
                number: short.number,
                isin: short.isin.clone(),
                ticker: self.market.tickers_of(&short.isin).0,
                quantity: short.quantity,
                last_price: self.last_price_of(&short.isin).unwrap_or(short.sold_at),
                close_price: self.close_before(&short.isin).unwrap_or(short.sold_at),
                average_price: line.cost.average(Shares(held.0 + t1.0)),
                t1,
                held,
            })
        };
        let mut auctions: Vec<_> = running.filter_map(view).collect();
        auctions.sort_by_key(|auction| auction.number);
        Reply::Auctions(auctions)
    }

    /// What trades would cost if each stood alone on a contract note of today.
    pub(super) fn charges(&mut self, key: &AccountKey, trades: &[Hypothetical]) -> Reply {
        let day = self.market.date_of(self.at);
        let of = |trade: &Hypothetical| {
            let rates = self.market.tariff().rates(
                key.broker(),
                day,
                trade.exchange,
                trade.product.into(),
                trade.side,
            );
            rates.order(Worth::of(trade.price, trade.quantity))
        };
        Reply::Charges(trades.iter().take(TRADES_MAX).map(of).collect())
    }
}

/// The cost of the part of today's trading that is not closed, at the average of its side.
fn open_part(traded: &Traded) -> Worth {
    let net = traded.net();
    let side = if net.0 < 0 { Side::Sell } else { Side::Buy };
    let (shares, worth) = traded.of(side);
    worth.share(Shares(net.0.abs()), shares)
}

impl PaperOrder {
    /// What the fills of the order cost, as if it stood alone on its contract note.
    #[must_use]
    pub fn charges(&self) -> Charges {
        self.rates.order(self.worth)
    }
}
