//! Taking and cancelling orders.

use std::sync::Arc;

use torana_domain::money::Shares;
use torana_domain::order::{OrderErrorCode, Variety};

use super::Step;
use super::account::AccountKey;
use super::behaviour::Behaviour;
use super::charges::Rates;
use super::checks::{Checked, Stopped, check_means};
use super::command::{Reply, SessionRef};
use super::event::Fact;
use super::history::History;
use super::line::Worth;
use super::order::{Ask, Due, DueAction, OrderRequest, PaperOrder, broker_order_id, id_number};
use super::refusal::Refusal;
use super::status::Status;
use crate::market::Listing;

pub(super) const NEEDS_CLEARANCE: &str =
    "The shares must be authorised for sale at the depository before this order can be placed";
const ORDER_FAILURE: &str = "Rejected by the exchange: this test account has every order rejected";

impl Step<'_> {
    /// An order of a logged-in user.
    pub(super) fn place(&mut self, session: &SessionRef, request: OrderRequest) -> Reply {
        let key = &session.key;
        let reply = self.place_for(key, request);
        let dies = |account: &super::Account| account.behaviour == Behaviour::SessionDies;
        if matches!(reply, Reply::OrderTaken { .. }) && self.state.accounts.get(key).is_some_and(dies) {
            self.end_session(session);
        }
        reply
    }

    /// An order for an account, whoever sends it.
    pub(super) fn place_for(&mut self, key: &AccountKey, request: OrderRequest) -> Reply {
        match self.checked(key, request) {
            Ok((order, listing)) => {
                let id = order.broker_order_id.clone();
                self.take(key, order, &listing);
                Reply::OrderTaken { broker_order_id: id }
            }
            Err(stopped) => stopped.into(),
        }
    }

    fn checked(
        &self,
        key: &AccountKey,
        request: OrderRequest,
    ) -> Result<(PaperOrder, Arc<Listing>), Stopped> {
        let account = self.state.accounts.get(key).ok_or(Stopped::NoAccount)?;
        let Checked { listing, limit } = self.check(key, account, &request)?;
        let order = self.new_order(key, account.behaviour, request, limit, &listing);
        check_means(account, &listing, &order, None)?;
        Ok((order, listing))
    }

    /// Puts a checked order into the book and lets it meet the market when its time has come.
    fn take(&mut self, key: &AccountKey, order: PaperOrder, listing: &Listing) {
        let number = order.number;
        self.emit(Fact::OrderAccepted {
            key: key.clone(),
            order: Box::new(order),
        });
        if self.meets_fate(key, number) {
            return;
        }
        if self.fails(key) {
            let code = Some(OrderErrorCode::AdapterError);
            self.end_order(key, number, Status::Rejected, code, ORDER_FAILURE);
        } else {
            self.go_in(key, number, listing);
        }
    }

    fn fails(&self, key: &AccountKey) -> bool {
        let account = self.state.accounts.get(key);
        account.is_some_and(|account| account.behaviour == Behaviour::OrderFailure)
    }

    fn new_order(
        &self,
        key: &AccountKey,
        behaviour: Behaviour,
        request: OrderRequest,
        limit: torana_domain::money::Price,
        listing: &Listing,
    ) -> PaperOrder {
        let number = self.state.order_count + 1;
        let is_asleep = request.order_type.has_trigger();
        let Beginning {
            status,
            ends,
            due,
            is_in_book,
        } = self.beginning(key, behaviour, &request, listing);
        let rates = self.rates_for(key, &request);
        let fill_max = match behaviour {
            Behaviour::Partial => Shares(request.quantity.0 / 2),
            _ => request.quantity,
        };
        PaperOrder {
            number,
            broker_order_id: self.new_id(number, request.reference.as_deref()),
            exchange_order_id: None,
            reference: request.reference,
            app: request.app,
            note: request.note,
            parent: request.parent,
            next: request.next,
            exchange: request.exchange,
            ticker: request.ticker,
            isin: listing.isin.clone(),
            side: request.side,
            product: request.product,
            variety: request.variety,
            quantity: request.quantity,
            order_type: request.order_type,
            price: request.price,
            trigger_price: request.trigger_price,
            disclosed: request.disclosed,
            validity: request.validity,
            protection: request.protection,
            limit,
            rates,
            fill_max,
            filled: Shares(0),
            worth: Worth::default(),
            status,
            is_asleep,
            ask: None,
            modifications: 0,
            turn: is_in_book.then(|| self.next_turn()),
            error_code: None,
            status_message: None,
            placed_at: self.at,
            ends,
            due: Some(due),
            history: History::default(),
            trades: Vec::new(),
        }
    }

    /// How far a new order comes at once, when it ends and what happens to it next.
    fn beginning(
        &self,
        key: &AccountKey,
        behaviour: Behaviour,
        request: &OrderRequest,
        listing: &Listing,
    ) -> Beginning {
        let outside = |status, ends, due| Beginning {
            status,
            ends,
            due,
            is_in_book: false,
        };
        if request.variety == Variety::Amo {
            let release = Due {
                at: self.released_at(&request.terms()),
                action: DueAction::Release,
            };
            return outside(Status::AmoReceived, None, release);
        }
        let ends = self.ends(listing, request.validity);
        if behaviour == Behaviour::OrderFailure {
            return outside(Status::OpenPending, Some(ends), ends);
        }
        if self.state.latency_ms > 0 {
            return outside(Status::Received, Some(ends), self.onward_or(ends));
        }
        let is_asleep = request.order_type.has_trigger();
        let waits = self.waits(key, is_asleep, listing, ends);
        Beginning {
            status: if is_asleep {
                Status::TriggerPending
            } else {
                Status::Open
            },
            ends: Some(ends),
            due: waits.unwrap_or(ends),
            is_in_book: waits.is_none(),
        }
    }

    /// Enters an order that the broker sends by itself and that is not taken: the book shows why.
    pub(super) fn enter_refused(&mut self, key: &AccountKey, request: OrderRequest, text: &str) {
        let Some(listing) = self.listing(request.exchange, &request.ticker) else {
            return;
        };
        let limit = self.worst_price(&listing, request.side, &request.terms());
        let mut order = self.new_order(key, Behaviour::OrderFailure, request, limit, &listing);
        order.next = None;
        let number = order.number;
        self.emit(Fact::OrderAccepted {
            key: key.clone(),
            order: Box::new(order),
        });
        let code = Some(OrderErrorCode::AdapterError);
        self.end_order(key, number, Status::Rejected, code, text);
    }

    /// Sends market orders that nobody asked for, past the checks, in as many parts as the exchange takes.
    pub(super) fn send_own(&mut self, key: &AccountKey, request: &OrderRequest) {
        let Some(listing) = self.listing(request.exchange, &request.ticker) else {
            return;
        };
        let Some(behaviour) = self.state.accounts.get(key).map(|account| account.behaviour) else {
            return;
        };
        let (mut left, part_max) = (request.quantity.0, listing.quantity_max.0.max(1));
        while left > 0 {
            let part = OrderRequest {
                quantity: Shares(left.min(part_max)),
                ..request.clone()
            };
            left -= part.quantity.0;
            let limit = self.worst_price(&listing, part.side, &part.terms());
            let order = self.new_order(key, behaviour, part, limit, &listing);
            self.take(key, order, &listing);
        }
    }

    /// What an order costs that is taken now: by the rates of the day on which it trades.
    pub(super) fn rates_for(&self, key: &AccountKey, order: &OrderRequest) -> Rates {
        let day = match order.variety {
            Variety::Regular => self.market.date_of(self.at),
            Variety::Amo => self.market.date_of(self.market.next_open(self.at)),
        };
        let tariff = self.market.tariff();
        tariff.rates(
            key.broker(),
            day,
            order.exchange,
            order.product.into(),
            order.side,
        )
    }

    /// A broker's id that no order of the day has.
    fn new_id(&self, number: u64, reference: Option<&str>) -> String {
        let day = self.market.date_of(self.at);
        let ids = (0..).map(|attempt| broker_order_id(self.state.seed, day, number, reference, attempt));
        let is_free = |id: &String| id_number(id).is_none_or(|id| !self.state.order_ids.contains_key(&id));
        ids.take(IDS_TRIED_MAX)
            .find(is_free)
            .unwrap_or_else(|| number.to_string())
    }

    pub(super) fn cancel(&mut self, key: &AccountKey, broker_order_id: &str) -> Reply {
        let Some(order) = self.order_of_id(key, broker_order_id) else {
            return Reply::OrderNotFound;
        };
        let (number, status) = (order.number, order.status);
        if status.is_final() {
            let state = order.state().as_str();
            return Reply::CancelRefused {
                text: format!("The order cannot be cancelled: it is {state} already"),
            };
        }
        if status.after(super::status::Turn::AskCancel).is_none() {
            return Reply::CancelRefused {
                text: Refusal::NotChangeable(status).to_string(),
            };
        }
        let listing = self.listing(order.exchange, &order.ticker);
        let is_fixed = |listing: Arc<Listing>| !self.stage(&listing).entry().cancel;
        if order.turn.is_some() && listing.is_some_and(is_fixed) {
            return Reply::CancelRefused {
                text: Refusal::AuctionEntryClosed.to_string(),
            };
        }
        self.ask(key, number, Ask::Cancel);
        if self.state.latency_ms == 0 {
            self.cancel_now(key, number);
        }
        Reply::Done
    }

    /// The user wants something of an order; with a latency it is on its way for a while.
    pub(super) fn ask(&mut self, key: &AccountKey, number: u64, ask: Ask) {
        let Some(order) = self.order(key, number) else {
            return;
        };
        let on_its_way = Due {
            at: self.at.plus_ms(self.state.latency_ms),
            action: DueAction::Onward,
        };
        let due = order.ends.map_or(on_its_way, |ends| self.onward_or(ends));
        self.emit(Fact::OrderAsked {
            key: key.clone(),
            number,
            ask,
            due,
        });
    }

    pub(super) fn cancel_now(&mut self, key: &AccountKey, number: u64) {
        self.end_order(key, number, Status::Cancelled, None, "Cancelled by the user");
    }

    /// Ends an open order.
    pub(super) fn end_order(
        &mut self,
        key: &AccountKey,
        number: u64,
        status: Status,
        code: Option<OrderErrorCode>,
        text: &str,
    ) {
        if self.order(key, number).is_none() {
            return;
        }
        self.emit(Fact::OrderEnded {
            key: key.clone(),
            number,
            status,
            code,
            text: text.to_owned(),
        });
    }

    /// An open order.
    pub(super) fn order(&self, key: &AccountKey, number: u64) -> Option<&PaperOrder> {
        let order = self.state.accounts.get(key)?.orders.get(&number)?;
        (!order.status.is_final()).then_some(order)
    }

    /// An order of the day, final or not, by the broker's id.
    pub(super) fn order_of_id(&self, key: &AccountKey, broker_order_id: &str) -> Option<&PaperOrder> {
        let (owner, number) = self.state.order_ids.get(&id_number(broker_order_id)?)?;
        let order = self.state.accounts.get(key)?.orders.get(number)?;
        (owner == key && order.broker_order_id == broker_order_id).then_some(order)
    }
}

/// How a new order begins.
struct Beginning {
    status: Status,
    ends: Option<Due>,
    due: Due,
    is_in_book: bool,
}

/// Most ids that are tried for one order.
const IDS_TRIED_MAX: usize = 1_000;

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::OrderRefused {
            code: refusal.code(),
            text: refusal.to_string(),
            why: Box::new(refusal),
        }
    }
}

impl From<Stopped> for Reply {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::NoAccount => Self::SessionExpired,
            Stopped::Refused(refusal) => refusal.into(),
            Stopped::NeedsClearance => Self::OrderNeedsClearance {
                text: NEEDS_CLEARANCE.to_owned(),
            },
        }
    }
}
