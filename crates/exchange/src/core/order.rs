//! One order in the exchange's book.

use serde::{Deserialize, Serialize};
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::{OrderErrorCode, OrderState, Side, Variety};
use torana_domain::time::{Date, Timestamp};
use torana_instruments::Exchange;

use super::book::{Instrument, Shelf};
use super::charges::Rates;
use super::history::{History, HistoryRow};
use super::line::Worth;
use super::price::fold;
use super::status::{Status, Turn};
use super::terms::{OrderType, Product, Protection, Terms, Validity};

/// What a client asks for. Build it from [`OrderRequest::delivery`], so that a new field is no news to callers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// The client's own key; shown in the book.
    pub reference: Option<String>,
    /// Refuse the order if the account has one with this reference today already.
    pub is_reference_unique: bool,
    /// Where.
    pub exchange: Exchange,
    /// The ticker there.
    pub ticker: String,
    /// Buy or sell.
    pub side: Side,
    /// Delivery or intraday.
    pub product: Product,
    /// Regular or after-market.
    pub variety: Variety,
    /// Shares.
    pub quantity: Shares,
    /// Market, limit or stop-loss.
    pub order_type: OrderType,
    /// Limit price.
    pub price: Option<Price>,
    /// Price at which a stop-loss order wakes up.
    pub trigger_price: Option<Price>,
    /// Shares that are shown to others; all of them if `None`.
    pub disclosed: Option<Shares>,
    /// How long it lives.
    pub validity: Validity,
    /// How far an order without a limit price may go.
    pub protection: Protection,
    /// Public key of the app that sends it, if one does: news about it are that app's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// What the app's side wants to see again with it; the exchange does not read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The broker's id of the order that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// What the broker sends when it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Box<Next>>,
}

/// An order that the broker sends by itself when another one is done. It names that one, or the one that it names, as
/// its parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// The order.
    pub order: OrderRequest,
    /// When.
    pub when: NextWhen,
}

/// When an order is done, as far as the next one is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextWhen {
    /// When all of it is filled.
    Complete,
    /// When it ends with any fill: the next one is for as many shares as were filled.
    Filled,
}

impl OrderRequest {
    /// A regular market order for delivery on NSE that is good for the day.
    #[must_use]
    pub fn delivery(side: Side, ticker: &str, quantity: Shares) -> Self {
        Self {
            reference: None,
            is_reference_unique: false,
            exchange: Exchange::Nse,
            ticker: ticker.to_owned(),
            side,
            product: Product::Cnc,
            variety: Variety::Regular,
            quantity,
            order_type: OrderType::Market,
            price: None,
            trigger_price: None,
            disclosed: None,
            validity: Validity::Day,
            protection: Protection::Auto,
            app: None,
            note: None,
            parent: None,
            next: None,
        }
    }

    /// The part that a modification may change.
    #[must_use]
    pub const fn terms(&self) -> Terms {
        Terms {
            quantity: self.quantity,
            order_type: self.order_type,
            price: self.price,
            trigger_price: self.trigger_price,
            disclosed: self.disclosed,
            validity: self.validity,
            protection: self.protection,
        }
    }
}

/// What happens next to an open order, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// World time.
    pub at: Timestamp,
    /// What.
    pub action: DueAction,
}

/// What happens to an open order by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DueAction {
    /// The broker sends an order that it kept to the exchange.
    Release,
    /// An order, a modification or a cancellation comes one step further.
    Onward,
    /// The order meets the market for the first time.
    Match,
    /// Its minutes are over.
    Expire,
    /// The market closes.
    Close,
}

/// What the user wants of an order, while it is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Other terms, and the worst price that follows from them.
    Modify(Terms, Price),
    /// Its end.
    Cancel,
}

impl Ask {
    /// The status of an order of which this is asked.
    #[must_use]
    pub const fn status(&self, is_kept: bool) -> Status {
        match (self, is_kept) {
            (Self::Modify(..), true) => Status::ModifyAmoReceived,
            (Self::Modify(..), false) => Status::ModifyValidationPending,
            (Self::Cancel, true) => Status::CancelAmoReceived,
            (Self::Cancel, false) => Status::CancelPending,
        }
    }
}

/// One execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// Its number in the world; two orders that met have the same.
    pub number: u64,
    /// Shares.
    pub quantity: Shares,
    /// At which price.
    pub price: Price,
    /// When.
    pub at: Timestamp,
}

/// One order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperOrder {
    /// Its number in the world: the order of arrival.
    pub number: u64,
    /// The broker's id.
    pub broker_order_id: String,
    /// The exchange's id; none before the exchange has it.
    pub exchange_order_id: Option<String>,
    /// The client's own key.
    pub reference: Option<String>,
    /// Public key of the app that sent it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// What the app's side wants to see again with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The broker's id of the order that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// What the broker sends when it is done; none any more once that is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Box<Next>>,
    /// Where.
    pub exchange: Exchange,
    /// The ticker there.
    pub ticker: String,
    /// ISIN.
    pub isin: String,
    /// Buy or sell.
    pub side: Side,
    /// Delivery or intraday.
    pub product: Product,
    /// Regular or after-market.
    pub variety: Variety,
    /// Ordered shares.
    pub quantity: Shares,
    /// Market, limit or stop-loss.
    pub order_type: OrderType,
    /// Asked limit price.
    pub price: Option<Price>,
    /// Price at which a stop-loss order wakes up.
    pub trigger_price: Option<Price>,
    /// Shares that are shown to others; all of them if `None`.
    pub disclosed: Option<Shares>,
    /// How long it lives.
    pub validity: Validity,
    /// How far an order without a limit price may go.
    pub protection: Protection,
    /// The worst price at which it may fill: its limit, or the protection of a market order.
    pub limit: Price,
    /// What it costs.
    pub rates: Rates,
    /// Most shares of it that ever fill; fewer than ordered for accounts that fill in part only.
    pub fill_max: Shares,
    /// Filled shares.
    pub filled: Shares,
    /// What they were worth.
    pub worth: Worth,
    /// Where it is.
    pub status: Status,
    /// It has a trigger that was not reached.
    pub is_asleep: bool,
    /// What its user wants, while that is on its way.
    pub ask: Option<Ask>,
    /// Modifications so far.
    pub modifications: u32,
    /// Its turn among orders of the same price; none while it is not to meet any other.
    pub turn: Option<u64>,
    /// Standard reason of an end without a complete fill.
    pub error_code: Option<OrderErrorCode>,
    /// The same in words.
    pub status_message: Option<String>,
    /// When the broker took it.
    pub placed_at: Timestamp,
    /// When it ends if nothing ends it before; none while the broker keeps it.
    pub ends: Option<Due>,
    /// What happens next; none when final.
    pub due: Option<Due>,
    /// Every status it had, the present one last.
    #[serde(default, skip_serializing_if = "History::is_empty")]
    pub history: History,
    /// Its executions, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trades: Vec<Trade>,
}

/// Most steps from one status to another.
const STEPS_MAX: usize = 6;

impl PaperOrder {
    /// What the gateway makes of its status.
    #[must_use]
    pub const fn state(&self) -> OrderState {
        self.status.state(self.filled)
    }

    /// Shares that are not filled.
    #[must_use]
    pub const fn remaining(&self) -> Shares {
        Shares(self.quantity.0 - self.filled.0)
    }

    /// Shares that the next counterparty can get.
    #[must_use]
    pub fn fillable(&self) -> Shares {
        Shares((self.fill_max.0.min(self.quantity.0) - self.filled.0).max(0))
    }

    /// Shares that may still fill.
    #[must_use]
    pub const fn reserved(&self) -> Shares {
        if self.status.is_final() {
            Shares(0)
        } else {
            self.remaining()
        }
    }

    /// Money that a buy for delivery may still need, charges left out.
    #[must_use]
    pub fn blocked(&self) -> Paise {
        match (self.product, self.side) {
            (Product::Cnc, Side::Buy) => Worth::of(self.limit, self.reserved()).to_paise(),
            _ => Paise(0),
        }
    }

    /// Whether it may fill at `price`.
    #[must_use]
    pub fn takes(&self, price: Price) -> bool {
        match self.side {
            Side::Buy => price <= self.limit,
            Side::Sell => price >= self.limit,
        }
    }

    /// The part that a modification may change.
    #[must_use]
    pub const fn terms(&self) -> Terms {
        Terms {
            quantity: self.quantity,
            order_type: self.order_type,
            price: self.price,
            trigger_price: self.trigger_price,
            disclosed: self.disclosed,
            validity: self.validity,
            protection: self.protection,
        }
    }

    /// Which book it belongs to.
    #[must_use]
    pub fn instrument(&self) -> Instrument {
        Instrument::new(self.exchange, &self.isin)
    }

    /// Where it waits in its book, if it does.
    #[must_use]
    pub fn shelf(&self) -> Option<(Shelf, Price)> {
        self.turn?;
        if self.is_asleep {
            let trigger = self
                .trigger_price
                .filter(|_| self.status == Status::TriggerPending)?;
            Some((Shelf::asleep(self.side), trigger))
        } else if self.status.can_fill() && self.fillable().0 > 0 {
            Some((Shelf::of(self.side), self.limit))
        } else {
            None
        }
    }

    /// Whether the broker keeps it for the next session.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.variety == Variety::Amo && self.ends.is_none()
    }

    /// Where the exchange keeps it.
    #[must_use]
    pub const fn settled(&self) -> Status {
        if self.is_asleep {
            Status::TriggerPending
        } else {
            Status::Open
        }
    }

    /// Takes the terms of a modification over.
    pub(super) fn set_terms(&mut self, terms: Terms) {
        let Terms {
            quantity,
            order_type,
            price,
            trigger_price,
            disclosed,
            validity,
            protection,
        } = terms;
        if self.fill_max == self.quantity {
            self.fill_max = quantity;
        }
        self.quantity = quantity;
        self.order_type = order_type;
        self.price = price;
        self.trigger_price = trigger_price;
        self.disclosed = disclosed;
        self.validity = validity;
        self.protection = protection;
    }

    /// Moves to `goal` through every status on the way and writes them down. A goal that the table does not lead
    /// to changes nothing.
    pub(super) fn walk_to(&mut self, goal: Status, at: Timestamp) {
        let is_kept = goal == Status::AmoReceived;
        for _ in 0..STEPS_MAX {
            let is_near = Turn::ALL
                .iter()
                .any(|turn| self.status.after(*turn) == Some(goal));
            let next = if is_near {
                Some(goal)
            } else {
                let onward = self.status.onward(self.is_asleep, is_kept);
                onward.and_then(|turn| self.status.after(turn))
            };
            let Some(next) = next else { return };
            self.status = next;
            self.note(at);
            if is_near {
                return;
            }
        }
    }

    /// Writes the present down.
    pub(super) fn note(&mut self, at: Timestamp) {
        self.history.push(&HistoryRow {
            status: self.status,
            at,
            quantity: self.quantity,
            filled: self.filled,
            worth: self.worth,
            price: self.price,
            trigger_price: self.trigger_price,
        });
    }
}

/// Digits of an order id after its date.
const ID_SPACE: u64 = 1_000_000_000;

/// The broker's id of an order: the day as yymmdd and nine digits. They hang on the reference too, so that
/// after a reset of the world a new order does not get the id of another client's old one. `attempt` counts ids
/// that were taken already.
#[must_use]
pub fn broker_order_id(seed: u64, day: Date, number: u64, reference: Option<&str>, attempt: u64) -> String {
    let draw = fold(seed ^ number, reference.unwrap_or_default().as_bytes());
    let draw = draw.wrapping_add(attempt) % ID_SPACE;
    format!(
        "{:02}{:02}{:02}{draw:09}",
        day.year.rem_euclid(100),
        day.month,
        day.day
    )
}

/// The broker's id as a number; `None` for a text that is no id.
#[must_use]
pub fn id_number(broker_order_id: &str) -> Option<u64> {
    broker_order_id
        .parse()
        .ok()
        .filter(|_| broker_order_id.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The exchange's id of an order, made from the broker's.
#[must_use]
pub fn exchange_order_id(seed: u64, broker_order_id: &str) -> String {
    format!("1100000{:09}", fold(seed, broker_order_id.as_bytes()) % ID_SPACE)
}
