//! Offers into the auctions of missing shares: sales by others who hold the security.
//!
//! An offer holds shares like any other sale, but it lies beside the books and meets nobody before its auction ends.
//! Then the cheapest offers deliver what is missing, and the exchange buys in the rest by itself.

use torana_domain::money::{Price, Shares};
use torana_domain::order::{Side, Variety};
use torana_instruments::Exchange;

use super::Step;
use super::account::{Account, AccountKey, Short};
use super::event::Fact;
use super::order::{OrderRequest, PaperOrder};
use super::refusal::Refusal;
use super::terms::{OrderType, Product, Terms, Validity};
use crate::market::{Listing, Stage};

const NOT_BOUGHT: &str = "Cancelled: the auction is over and took no more shares at this price";

impl Step<'_> {
    /// Whether an order can be an offer into an auction at all, and into this one now.
    pub(super) fn check_offer(
        &self,
        key: &AccountKey,
        listing: &Listing,
        number: u64,
        order: &OrderRequest,
    ) -> Result<(), Refusal> {
        if order.exchange != Exchange::Nse {
            return Err(Refusal::OfferNotOnNse);
        }
        if order.side != Side::Sell {
            return Err(Refusal::OfferNotSale);
        }
        if order.product != Product::Cnc {
            return Err(Refusal::OfferNotDelivery);
        }
        if order.variety == Variety::Amo {
            return Err(Refusal::OfferConditional);
        }
        self.check_offer_terms(key, listing, number, &order.terms())
    }

    /// Whether an auction takes an offer with these terms now.
    pub(super) fn check_offer_terms(
        &self,
        key: &AccountKey,
        listing: &Listing,
        number: u64,
        terms: &Terms,
    ) -> Result<(), Refusal> {
        if terms.order_type != OrderType::Limit {
            return Err(Refusal::OfferNotLimit);
        }
        if terms.validity != Validity::Day || terms.disclosed.is_some() {
            return Err(Refusal::OfferConditional);
        }
        let (owner, short) = self.short(number).ok_or(Refusal::NoSuchAuction { number })?;
        if short.isin != listing.isin {
            return Err(Refusal::OfferOfOther {
                number,
                ticker: listing.ticker.clone(),
            });
        }
        if owner == key {
            return Err(Refusal::OfferToSelf { number });
        }
        if self.stage(listing) == Stage::Halted {
            return Err(Refusal::TradingHalted);
        }
        if !self.takes_offers(listing, short) {
            return Err(Refusal::OfferClosed { number });
        }
        if terms.quantity > short.quantity {
            return Err(Refusal::OfferTooLarge {
                asked: terms.quantity,
                missing: short.quantity,
            });
        }
        Ok(())
    }

    /// From the first price of the auction's day until its orders end.
    fn takes_offers(&self, listing: &Listing, short: &Short) -> bool {
        let times = self.market.times(listing.group, short.day);
        times.is_some_and(|times| (times.opens_at()..times.closes_at()).contains(&self.at))
    }

    /// The shares that an auction is held for, and whose they are to be.
    fn short(&self, number: u64) -> Option<(&AccountKey, &Short)> {
        let mut accounts = self.state.accounts.iter();
        accounts.find_map(|(key, account)| Some((key, account.short(number)?)))
    }

    /// An auction ends: its price is made, the cheapest offers at or below it are filled, and all others end.
    ///
    /// Each seller gets the price of the offer. The account that did not deliver pays the auction's price for every
    /// share, whoever delivers it, so that offers neither help nor hurt it; it never pays less than the sellers get,
    /// and the clearing corporation keeps the difference.
    pub(super) fn hold_offers(&mut self, number: u64) {
        let mut missing = Shares(0);
        let mut price = Price(0);
        if let Some((key, short)) = self.short(number) {
            (missing, price) = (short.quantity, self.auction_price(key, short));
            self.emit(Fact::AuctionPriced {
                key: key.clone(),
                number,
                price,
            });
        }
        for (key, offer) in self.offers(number) {
            let wanted = missing.min(offer.at_exchange());
            if wanted.0 > 0 && offer.limit <= price {
                self.fill_from_strangers(&key, offer.number, wanted, offer.limit);
                missing.0 -= wanted.0;
            }
            self.unmatched(&key, offer.number, NOT_BOUGHT);
        }
    }

    /// The open offers into an auction, the cheapest first, then by turn.
    fn offers(&self, number: u64) -> Vec<(AccountKey, PaperOrder)> {
        let all = self.state.accounts.iter().flat_map(|(key, account)| {
            let orders = account.orders.values();
            let offers = orders.filter(|order| order.auction == Some(number) && !order.status.is_final());
            offers.map(|order| (key.clone(), order.clone()))
        });
        let mut offers: Vec<_> = all.collect();
        offers.sort_by_key(|(_, offer)| (offer.limit, offer.turn, offer.number));
        offers
    }
}

impl Account {
    /// What is missing of it under the number of an auction.
    fn short(&self, number: u64) -> Option<&Short> {
        self.shorts.iter().find(|short| short.number == number)
    }

    /// The price of an auction stands.
    pub(super) fn price_auction(&mut self, number: u64, price: Price) {
        if let Some(short) = self.shorts.iter_mut().find(|short| short.number == number) {
            short.price = Some(price);
        }
    }
}

impl PaperOrder {
    /// Shares that can fill now; none of an order that is still on its way.
    fn at_exchange(&self) -> Shares {
        if self.status.can_fill() {
            self.fillable()
        } else {
            Shares(0)
        }
    }
}
