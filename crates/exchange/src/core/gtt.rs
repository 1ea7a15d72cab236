//! Standing triggers: good till triggered, one price or one of two. They outlive the day; when the last price
//! reaches one, a limit order goes to the market under the rules of the account.

use serde::{Deserialize, Serialize};
use torana_domain::money::{Price, Shares};
use torana_domain::order::Side;
use torana_domain::time::{DAY_MS, Timestamp};
use torana_instruments::Exchange;

use super::account::AccountKey;
use super::book::{Instrument, Shelf};
use super::command::Reply;
use super::event::Fact;
use super::order::OrderRequest;
use super::refusal::Refusal;
use super::terms::{OrderType, Product};
use super::{Step, checks};
use crate::market::Listing;

/// How long a trigger stays.
pub const GTT_LIFE_MS: i64 = 365 * DAY_MS;
/// Most active triggers of one account.
pub const GTTS_PER_ACCOUNT_MAX: usize = 250;
/// How long a trigger that ended is still shown.
const ENDED_SHOWN_MS: i64 = 7 * DAY_MS;

/// One trigger price and the limit order behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GttLeg {
    /// The last price that sets it off.
    pub trigger: Price,
    /// Buy or sell.
    pub side: Side,
    /// Shares.
    pub quantity: Shares,
    /// Limit price.
    pub price: Price,
    /// Delivery or intraday.
    pub product: Product,
}

/// A trigger that is to be set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GttRequest {
    /// Where.
    pub exchange: Exchange,
    /// The ticker there.
    pub ticker: String,
    /// One leg, or two of which the first to be reached cancels the other.
    pub legs: Vec<GttLeg>,
    /// Public key of the app that asks, if one does: news about the order are that app's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
}

/// What became of a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GttStatus {
    /// It waits.
    Active,
    /// It was reached, its order was taken.
    Triggered,
    /// Its security is not traded any more.
    Disabled,
    /// Its year is over.
    Expired,
    /// The exchange withdrew it.
    Cancelled,
    /// It was reached, its order was not taken.
    Rejected,
    /// Its user withdrew it.
    Deleted,
}

impl GttStatus {
    /// Every status.
    pub const ALL: [Self; 7] = [
        Self::Active,
        Self::Triggered,
        Self::Disabled,
        Self::Expired,
        Self::Cancelled,
        Self::Rejected,
        Self::Deleted,
    ];

    /// The word that brokers use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Triggered => "triggered",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Deleted => "deleted",
        }
    }
}

/// What came of the order behind a trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GttResult {
    /// Which leg was reached, counted from 0.
    pub leg: usize,
    /// The order, if it was taken.
    pub broker_order_id: Option<String>,
    /// Why it was not.
    pub text: Option<String>,
}

/// A trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gtt {
    /// Its number in the world.
    pub number: u64,
    /// Whose.
    pub key: AccountKey,
    /// Where.
    pub exchange: Exchange,
    /// The ticker there.
    pub ticker: String,
    /// ISIN.
    pub isin: String,
    /// One or two legs.
    pub legs: Vec<GttLeg>,
    /// Public key of the app that set it up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// The last price when it was set up: legs above it wait for a rise, legs below for a fall.
    pub last_price: Price,
    /// Where it is.
    pub status: GttStatus,
    /// What came of its order.
    pub result: Option<GttResult>,
    /// Its turn in the book.
    pub turn: u64,
    /// When it was set up first.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Gtt {
    /// Which book it waits in.
    #[must_use]
    pub fn instrument(&self) -> Instrument {
        Instrument::new(self.exchange, &self.isin)
    }

    /// Where its legs wait.
    pub fn shelves(&self) -> impl Iterator<Item = (Shelf, Price)> {
        self.legs.iter().map(|leg| (self.shelf_of(leg), leg.trigger))
    }

    fn shelf_of(&self, leg: &GttLeg) -> Shelf {
        if leg.trigger > self.last_price {
            Shelf::Rises
        } else {
            Shelf::Falls
        }
    }

    /// The leg that a last price sets off.
    #[must_use]
    pub fn leg_at(&self, last: Price) -> Option<(usize, GttLeg)> {
        let is_reached = |leg: &GttLeg| match self.shelf_of(leg) {
            Shelf::Rises => last >= leg.trigger,
            _ => last <= leg.trigger,
        };
        let found = self.legs.iter().enumerate().find(|(_, leg)| is_reached(leg));
        found.map(|(index, leg)| (index, *leg))
    }

    /// Whether it is still shown on a day that begins at `at`.
    #[must_use]
    pub fn is_kept(&self, at: Timestamp) -> bool {
        self.status == GttStatus::Active || at.ms_since(self.updated_at) < ENDED_SHOWN_MS
    }
}

impl Step<'_> {
    pub(super) fn place_gtt(&mut self, key: &AccountKey, request: GttRequest) -> Reply {
        let active = self.state.accounts.get(key).map_or(0, |account| {
            let is_active = |gtt: &&Gtt| gtt.status == GttStatus::Active;
            account.gtts.values().filter(is_active).count()
        });
        if active >= GTTS_PER_ACCOUNT_MAX {
            return refused(&Refusal::TooManyGtts {
                max: GTTS_PER_ACCOUNT_MAX,
            });
        }
        let number = self.state.gtt_count + 1;
        self.set_gtt(key, number, self.at, request)
    }

    pub(super) fn modify_gtt(&mut self, key: &AccountKey, number: u64, request: GttRequest) -> Reply {
        let Some(gtt) = self.gtt(key, number) else {
            return Reply::GttNotFound;
        };
        if gtt.status != GttStatus::Active {
            return refused(&Refusal::GttNotActive(gtt.status));
        }
        if (gtt.exchange, &gtt.ticker) != (request.exchange, &request.ticker) {
            return refused(&Refusal::GttOtherInstrument);
        }
        let created_at = gtt.created_at;
        self.set_gtt(key, number, created_at, request)
    }

    pub(super) fn delete_gtt(&mut self, key: &AccountKey, number: u64) -> Reply {
        let Some(gtt) = self.gtt(key, number) else {
            return Reply::GttNotFound;
        };
        if gtt.status != GttStatus::Active {
            return refused(&Refusal::GttNotActive(gtt.status));
        }
        self.end_gtt(key, number, GttStatus::Deleted, None);
        Reply::GttTaken { trigger_id: number }
    }

    pub(super) fn gtts(&mut self, key: &AccountKey) -> Reply {
        let account = self.state.accounts.get(key);
        account.map_or(Reply::SessionExpired, |account| {
            Reply::Gtts(account.gtts.values().cloned().collect())
        })
    }

    fn set_gtt(
        &mut self,
        key: &AccountKey,
        number: u64,
        created_at: Timestamp,
        request: GttRequest,
    ) -> Reply {
        let Some(listing) = self.listing(request.exchange, &request.ticker) else {
            return refused(&Refusal::UnknownInstrument {
                ticker: request.ticker,
                exchange: request.exchange,
            });
        };
        let last_price = self.last_price(&listing);
        if let Err(refusal) = self.check_gtt(&listing, &request.legs, last_price) {
            return refused(&refusal);
        }
        let GttRequest {
            exchange,
            ticker,
            legs,
            app,
        } = request;
        let gtt = Gtt {
            number,
            key: key.clone(),
            exchange,
            ticker,
            isin: listing.isin.clone(),
            legs,
            app,
            last_price,
            status: GttStatus::Active,
            result: None,
            turn: self.state.turn_count + 1,
            created_at,
            updated_at: self.at,
            expires_at: self.at.plus_ms(GTT_LIFE_MS),
        };
        self.emit(Fact::GttSet { gtt: Box::new(gtt) });
        Reply::GttTaken { trigger_id: number }
    }

    fn check_gtt(&self, listing: &Listing, legs: &[GttLeg], last: Price) -> Result<(), Refusal> {
        match legs {
            [single] if single.trigger == last => return Err(Refusal::GttAtLastPrice { last }),
            [_] => {}
            [low, high] if low.trigger < last && last < high.trigger => {}
            [_, _] => return Err(Refusal::GttNotAround { last }),
            _ => return Err(Refusal::GttLegs),
        }
        let frame = self.frame(listing);
        for leg in legs {
            for price in [leg.trigger, leg.price] {
                if price.0 < 1 || !price.is_on_tick(frame.tick) {
                    return Err(Refusal::OffTick {
                        asked: price,
                        tick: frame.tick,
                    });
                }
            }
            checks::check_quantity(listing, leg.quantity)?;
            checks::check_product(listing, leg.product)?;
        }
        Ok(())
    }

    /// The last price may have reached a trigger: its order goes to the market.
    pub(super) fn fire_gtt(&mut self, key: &AccountKey, number: u64, last: Price) {
        let Some(gtt) = self.gtt(key, number).cloned() else {
            return;
        };
        let Some((
            leg,
            GttLeg {
                side,
                quantity,
                price,
                product,
                ..
            },
        )) = gtt.leg_at(last)
        else {
            return;
        };
        let order = OrderRequest {
            exchange: gtt.exchange,
            product,
            order_type: OrderType::Limit,
            price: Some(price),
            app: gtt.app.clone(),
            ..OrderRequest::delivery(side, &gtt.ticker, quantity)
        };
        let placed = match self.place_for(key, order) {
            Reply::OrderTaken { broker_order_id } => Ok(broker_order_id),
            Reply::OrderRefused { text, .. } | Reply::OrderNeedsClearance { text } => Err(text),
            _ => Err("The account is not there any more".to_owned()),
        };
        let (status, broker_order_id, text) = match placed {
            Ok(id) => (GttStatus::Triggered, Some(id), None),
            Err(text) => (GttStatus::Rejected, None, Some(text)),
        };
        let result = GttResult {
            leg,
            broker_order_id,
            text,
        };
        self.end_gtt(key, number, status, Some(result));
    }

    /// The year of triggers is over.
    pub(super) fn expire_gtts(&mut self) {
        while let Some((_, number, key)) = self
            .state
            .gtt_due
            .first()
            .filter(|(at, _, _)| *at <= self.at)
            .cloned()
        {
            self.end_gtt(&key, number, GttStatus::Expired, None);
        }
    }

    pub(super) fn end_gtt(
        &mut self,
        key: &AccountKey,
        number: u64,
        status: GttStatus,
        result: Option<GttResult>,
    ) {
        self.emit(Fact::GttEnded {
            key: key.clone(),
            number,
            status,
            result,
        });
    }

    fn gtt(&self, key: &AccountKey, number: u64) -> Option<&Gtt> {
        self.state.accounts.get(key)?.gtts.get(&number)
    }
}

fn refused(refusal: &Refusal) -> Reply {
    Reply::GttRefused {
        text: refusal.to_string(),
    }
}
