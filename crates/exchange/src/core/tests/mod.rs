//! Tests of the pure core: one file per concern, this file holds what they share.

mod alerts;
mod auctions;
mod audit;
mod behaviours;
mod clearances;
mod days;
mod gtt;
mod intraday;
mod ledger;
mod life;
mod logins;
mod modify;
mod next;
mod orders;
mod prices;
mod priority;
mod properties;
mod quotes;
mod refusals;
mod scripts;
mod settlement;

use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::{Side, Variety};
use torana_domain::time::{Timestamp, parse_iso};

use super::*;
use crate::market::{AuctionStage, Stage};

/// Monday, 10:00 in India, in the middle of a session.
const MONDAY_10: &str = "2026-01-05T04:30:00.000Z";
/// The same time of the days after it.
const TUESDAY_10: &str = "2026-01-06T04:30:00.000Z";
const WEDNESDAY_10: &str = "2026-01-07T04:30:00.000Z";
const THURSDAY_10: &str = "2026-01-08T04:30:00.000Z";
const INFY: &str = "INE009A01021";
const ITC: &str = "INE154A01025";

fn at(text: &str) -> Timestamp {
    parse_iso(text).unwrap()
}

/// A world that is driven by hand.
struct World {
    state: State,
    market: Market,
    now: Timestamp,
    events: Vec<Event>,
}

impl World {
    fn new() -> Self {
        Self::starting(7, at(MONDAY_10))
    }

    fn starting(seed: u64, now: Timestamp) -> Self {
        let (mut state, market) = (State::empty(), Market::bundled());
        let events = start(&mut state, &market, seed, now);
        Self {
            state,
            market,
            now,
            events,
        }
    }

    fn run(&mut self, command: Command) -> Reply {
        let (events, answer) = apply(&mut self.state, &self.market, command, self.now);
        assert_eq!(answer.at, self.now);
        self.events.extend(events);
        answer.reply
    }

    fn go_to(&mut self, text: &str) {
        self.now = at(text);
        self.run(Command::AdvanceTo);
    }

    /// Logs in at Kite until the next six in the morning.
    fn login(&mut self, account: &str) -> SessionRef {
        let key = AccountKey::new(BrokerKey::Kite, account).unwrap();
        let session = SessionRef {
            key,
            token_hash: format!("hash-{account}-{}", self.now.0),
        };
        let expires_at = self.market.day_begins(self.market.date_of(self.now).plus_days(1));
        assert_eq!(
            self.run(Command::Login {
                session: session.clone(),
                expires_at
            }),
            Reply::LoggedIn
        );
        session
    }

    /// Makes an account with money and shares for orders that no level can fill, and logs in.
    fn rich(&mut self, account: &str) -> SessionRef {
        let holding = |ticker: &str| NewHolding {
            security: SecurityName::Ticker(ticker.to_owned()),
            quantity: Shares(1_000_000),
            t1_quantity: Shares(0),
            average_price: Price(10_000_000),
            authorised: Shares(0),
        };
        let new = NewAccount {
            key: AccountKey::new(BrokerKey::Kite, account).unwrap(),
            funds: Paise(100_000_000_000),
            holdings: ["INFY", "ITC"].map(holding).to_vec(),
            ddpi: true,
            behaviour: Behaviour::Normal,
        };
        assert!(matches!(
            self.run(Command::CreateAccount(new)),
            Reply::AccountMade(_)
        ));
        self.login(account)
    }

    fn place(&mut self, session: &SessionRef, order: OrderRequest) -> Reply {
        self.run(Command::Place {
            session: session.clone(),
            order,
        })
    }

    /// Places an order that must be taken, and gives its id.
    fn taken(&mut self, session: &SessionRef, order: OrderRequest) -> String {
        match self.place(session, order) {
            Reply::OrderTaken { broker_order_id } => broker_order_id,
            other => panic!("{other:?}"),
        }
    }

    fn refused(&mut self, session: &SessionRef, order: OrderRequest) -> (&'static str, String) {
        match self.place(session, order) {
            Reply::OrderRefused { code, text, .. } => (code.as_str(), text),
            other => panic!("{other:?}"),
        }
    }

    fn book(&mut self, session: &SessionRef) -> BookView {
        match self.run(Command::OrderBook(session.clone().into())) {
            Reply::Book(book) => book,
            other => panic!("{other:?}"),
        }
    }

    fn order(&mut self, session: &SessionRef, id: &str) -> PaperOrder {
        let book = self.book(session);
        book.orders
            .into_iter()
            .find(|order| order.broker_order_id == id)
            .unwrap()
    }

    fn holding(&mut self, session: &SessionRef, isin: &str) -> HoldingView {
        match self.run(Command::Holdings(session.clone().into())) {
            Reply::Holdings(holdings) => holdings.into_iter().find(|holding| holding.isin == isin).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn funds(&mut self, session: &SessionRef) -> Paise {
        match self.run(Command::Funds(session.clone())) {
            Reply::Funds(funds) => funds,
            other => panic!("{other:?}"),
        }
    }

    fn positions(&mut self, session: &SessionRef) -> Vec<PositionView> {
        match self.run(Command::Positions(session.clone().into())) {
            Reply::Positions(positions) => positions,
            other => panic!("{other:?}"),
        }
    }

    /// Previous close, lowest and highest price of the day.
    fn frame(&self, ticker: &str) -> (Price, Price, Price) {
        let frame = self.day_frame(ticker);
        (frame.previous_close, frame.low, frame.high)
    }

    fn last(&self, ticker: &str) -> Price {
        let listing = self.market.listing(ticker).unwrap();
        self.market.last_price(self.state.prices(), &listing, self.now)
    }

    /// The words of an order's history, oldest first.
    fn history(&mut self, session: &SessionRef, id: &str) -> Vec<&'static str> {
        let command = Command::OrderHistory {
            reader: session.clone().into(),
            broker_order_id: id.to_owned(),
        };
        match self.run(command) {
            Reply::OrderHistory(order) => {
                assert_eq!(order.history.last().unwrap().status, order.status);
                order.history.iter().map(|row| row.status.as_str()).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn modify(&mut self, session: &SessionRef, id: &str, change: Change) -> Reply {
        self.run(Command::Modify {
            session: session.clone(),
            broker_order_id: id.to_owned(),
            change,
        })
    }

    fn cancel(&mut self, session: &SessionRef, id: &str) -> Reply {
        self.run(Command::Cancel {
            session: session.clone(),
            broker_order_id: id.to_owned(),
        })
    }

    /// When something happens by itself next.
    fn next_due(&mut self) -> Timestamp {
        match self.run(Command::NextDue) {
            Reply::NextDue(at) => at,
            other => panic!("{other:?}"),
        }
    }

    fn account(&self, session: &SessionRef) -> &Account {
        &self.state.accounts[&session.key]
    }

    /// What is blocked for charges of today's trades and of open orders.
    fn held_for_charges(&self, session: &SessionRef) -> Paise {
        let account = self.account(session);
        let orders = account.orders.values().map(|order| order.charges_held().0);
        let lines = account.lines.values().map(|line| line.depository.0);
        Paise(orders.chain(lines).sum())
    }

    fn offer(&self, ticker: &str, side: Side) -> Price {
        let listing = self.market.listing(ticker).unwrap();
        self.market.offer(self.state.prices(), &listing, side, self.now)
    }

    fn day_frame(&self, ticker: &str) -> price::Frame {
        self.frame_at(ticker, self.now)
    }

    /// The frame of a security on the day of `at`.
    fn frame_at(&self, ticker: &str, at: Timestamp) -> price::Frame {
        self.frame_on(&self.state.tape, ticker, at)
    }

    fn frame_on(&self, tape: &tape::Tape, ticker: &str, at: Timestamp) -> price::Frame {
        let listing = self.market.listing(ticker).unwrap();
        let seed = self.state.seed;
        let prices = tape::Prices { seed, tape };
        self.market.frame(prices, &listing, self.market.order_day(at))
    }

    /// Whether orders of a security may fill at `at`.
    fn is_trading(&self, ticker: &str, at: Timestamp) -> bool {
        let listing = self.market.listing(ticker).unwrap();
        let stage = self.market.stage(self.state.prices(), listing.group, at);
        matches!(
            stage,
            Stage::Continuous | Stage::PostClose | Stage::Auction(_, AuctionStage::Matching)
        )
    }
}

fn market(side: Side, ticker: &str, quantity: i64) -> OrderRequest {
    OrderRequest::delivery(side, ticker, Shares(quantity))
}

fn limit(side: Side, ticker: &str, quantity: i64, price: Price) -> OrderRequest {
    OrderRequest {
        order_type: OrderType::Limit,
        price: Some(price),
        ..market(side, ticker, quantity)
    }
}

/// 100 INFY that wait for a trigger: with a price SL, without SL-M.
fn stop(side: Side, trigger: Price, price: Option<Price>) -> OrderRequest {
    OrderRequest {
        order_type: if price.is_some() {
            OrderType::Sl
        } else {
            OrderType::SlM
        },
        price,
        trigger_price: Some(trigger),
        ..market(side, "INFY", 100)
    }
}

/// The ticker of a security that is traded for delivery only.
fn delivery_only() -> &'static str {
    let master = torana_instruments::Master::bundled();
    let found = master.iter().find(|security| {
        security.exchange == torana_instruments::Exchange::Nse
            && security.is_delivery_only()
            && security.lot.0 == 1
    });
    &found.unwrap().ticker
}

fn amo(order: OrderRequest) -> OrderRequest {
    OrderRequest {
        variety: Variety::Amo,
        ..order
    }
}

fn ioc(order: OrderRequest) -> OrderRequest {
    OrderRequest {
        validity: Validity::Ioc,
        ..order
    }
}
