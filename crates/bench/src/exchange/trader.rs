//! Somebody who trades: the same few orders again and again, each answer looked at before the next command.

use anyhow::{Result, bail};
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::Side;
use torana_domain::time::{Timestamp, parse_iso};
use torana_exchange::core::{
    AccountKey, Behaviour, Change, Command, NewAccount, NewHolding, OrderRequest, OrderType, Reply,
    SecurityName, SessionRef, command::QuoteView,
};

/// Shares of its security that an account begins with.
const SHARES: i64 = 10_000;
const TICKERS: [&str; 10] = [
    "INFY",
    "ITC",
    "RELIANCE",
    "TCS",
    "HDFCBANK",
    "SBIN",
    "ICICIBANK",
    "LT",
    "AXISBANK",
    "WIPRO",
];
/// Hours of a session, so that nobody has to log in again.
const SESSION_HOURS: i64 = 6;

/// Monday, 10:00 in India: the market is open.
pub fn start() -> Result<Timestamp> {
    Ok(parse_iso("2026-01-05T04:30:00.000Z")?)
}

/// What a trader does next.
#[derive(Debug, Clone)]
enum Next {
    /// Sends a limit order that rests.
    Rest,
    /// Changes its price.
    Change(String),
    /// Takes it back.
    Cancel(String),
    /// Buys at the market.
    Buy,
    /// Sells at the market.
    Sell,
}

/// One account that trades.
#[derive(Debug, Clone)]
pub struct Trader {
    session: SessionRef,
    ticker: &'static str,
    /// Far below the market, on tick and in the band.
    low: Price,
    tick: Price,
    next: Next,
    orders: u64,
}

impl Trader {
    /// The account with this number, which does not exist yet.
    pub fn new(number: usize) -> Result<Self> {
        let session = SessionRef {
            key: AccountKey::new(BrokerKey::Kite, &format!("TRADER{number:05}"))?,
            token_hash: format!("hash of {number}"),
        };
        Ok(Self {
            session,
            ticker: TICKERS.get(number % TICKERS.len()).copied().unwrap_or("INFY"),
            low: Price(0),
            tick: Price(0),
            next: Next::Rest,
            orders: 0,
        })
    }

    /// What makes the account, logs it in and asks for its security's price. The last answer goes to
    /// [`Self::learn`].
    pub fn beginnings(&self, at: Timestamp) -> [Command; 3] {
        let holding = NewHolding {
            security: SecurityName::Ticker(self.ticker.to_owned()),
            quantity: Shares(SHARES),
            t1_quantity: Shares(0),
            average_price: Price::from_paise(10_000),
            authorised: Shares(0),
        };
        let account = NewAccount {
            key: self.session.key.clone(),
            funds: Paise(10_000_000_000),
            holdings: vec![holding],
            ddpi: true,
            behaviour: Behaviour::Normal,
        };
        let login = Command::Login {
            session: self.session.clone(),
            expires_at: at.plus_seconds(SESSION_HOURS * 3_600),
        };
        let quotes = Command::Quotes {
            session: self.session.clone(),
            tickers: vec![self.ticker.to_owned()],
        };
        [Command::CreateAccount(account), login, quotes]
    }

    /// Takes the price of its security from the answer.
    pub fn learn(&mut self, reply: &Reply) -> Result<()> {
        let Reply::Quotes(quotes) = reply else {
            bail!("no quote: {reply:?}")
        };
        let Some(QuoteView { bounds, .. }) = quotes.first() else {
            bail!("no quote of {}", self.ticker)
        };
        (self.low, self.tick) = (bounds.low, bounds.tick);
        Ok(())
    }

    /// The next command.
    pub fn command(&mut self) -> Command {
        match &self.next {
            Next::Rest => {
                let low = self.low;
                self.order(Side::Buy, OrderType::Limit, Some(low))
            }
            Next::Change(id) => Command::Modify {
                session: self.session.clone(),
                broker_order_id: id.clone(),
                change: Change {
                    price: Some(Price(self.low.0 + self.tick.0)),
                    ..Change::default()
                },
            },
            Next::Cancel(id) => Command::Cancel {
                session: self.session.clone(),
                broker_order_id: id.clone(),
            },
            Next::Buy => self.order(Side::Buy, OrderType::Market, None),
            Next::Sell => self.order(Side::Sell, OrderType::Market, None),
        }
    }

    fn order(&mut self, side: Side, order_type: OrderType, price: Option<Price>) -> Command {
        self.orders += 1;
        Command::Place {
            session: self.session.clone(),
            order: OrderRequest {
                reference: Some(format!("R{:09}", self.orders)),
                order_type,
                price,
                ..OrderRequest::delivery(side, self.ticker, Shares(1))
            },
        }
    }

    /// Takes the answer; gives the order events that the command has made: taken, changed, filled, ended.
    pub fn hear(&mut self, reply: Reply) -> Result<u64> {
        let (next, events) = match (std::mem::replace(&mut self.next, Next::Rest), reply) {
            (Next::Rest, Reply::OrderTaken { broker_order_id }) => (Next::Change(broker_order_id), 1),
            (Next::Change(id), Reply::Done) => (Next::Cancel(id), 2),
            (Next::Cancel(_), Reply::Done) => (Next::Buy, 2),
            (Next::Buy, Reply::OrderTaken { .. }) => (Next::Sell, 2),
            (Next::Sell, Reply::OrderTaken { .. }) => (Next::Rest, 2),
            (next, reply) => bail!("{:?}, {next:?}: {reply:?}", self.session.key),
        };
        self.next = next;
        Ok(events)
    }
}
