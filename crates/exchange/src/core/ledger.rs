//! What the events of money and shares add up to.

use std::collections::{BTreeMap, BTreeSet};

use torana_domain::broker_key::BrokerKey;
use torana_domain::money::Shares;
use torana_domain::time::Date;

use super::account::{Account, AccountKey};
use super::clearance::ClearanceRequest;
use super::event::{Event, Fact};
use super::line::Line;
use super::state::State;

impl State {
    /// Adds an event of clearances, conversions, settlement or corporate actions.
    pub(super) fn evolve_ledger(&mut self, event: &Event) {
        match &event.fact {
            Fact::SharesAuthorised { .. }
            | Fact::ClearancesEnded { .. }
            | Fact::ClearanceRequested { .. }
            | Fact::ClearanceConfirmed { .. } => self.evolve_clearance(event),
            Fact::IntradayClosing => self.squared_off_at = event.at,
            Fact::PositionConverted {
                key,
                isin,
                exchange,
                side,
                quantity,
                from,
            } => {
                self.list_intraday(key);
                self.on_account(key, |account| {
                    account.convert(isin, *exchange, *side, *quantity, *from);
                });
            }
            Fact::ContractNote {
                key,
                charges,
                depository,
                ..
            } => {
                let paid = charges.total().0 + depository.0;
                self.on_account(key, |account| account.cash.0 -= paid);
            }
            Fact::PayOutFailed { key, isin, quantity } => {
                self.on_account(key, |account| account.line_mut(isin).failing = *quantity);
            }
            Fact::DeliveryShort { key, short } => {
                self.auction_count = self.auction_count.max(short.number);
                self.on_account(key, |account| account.fall_short(short));
            }
            Fact::AuctionSettled {
                key,
                number,
                quantity,
                price,
            } => self.on_account(key, |account| account.pay_auction(*number, *quantity, *price)),
            Fact::SharesRestated {
                isin,
                new_isin,
                after,
                before,
                price,
                ..
            } => {
                self.tape.evolve(&event.fact);
                let new_isin = new_isin.as_ref().unwrap_or(isin);
                for account in self.accounts.values_mut() {
                    account.restate(isin, new_isin, *after, *before, *price);
                }
            }
            _ => {}
        }
    }

    fn evolve_clearance(&mut self, event: &Event) {
        match &event.fact {
            Fact::SharesAuthorised {
                key,
                isin,
                authorised,
                until,
            } => {
                if *until <= self.day {
                    list(&mut self.cleared, key);
                }
                self.on_account(key, |account| {
                    let line = account.line_mut(isin);
                    line.authorised = *authorised;
                    line.authorised_for = Some(*until);
                });
            }
            Fact::ClearancesEnded { key } => {
                if let Some(keys) = self.cleared.get_mut(&key.broker()) {
                    keys.remove(key);
                }
                let day = self.day;
                self.on_account(key, |account| account.end_clearances(day));
            }
            Fact::ClearanceRequested { key, id, wanted, day } => {
                let request = ClearanceRequest {
                    wanted: wanted.clone(),
                    day: *day,
                    confirmed_at: None,
                };
                self.on_account(key, |account| {
                    account.clearances.insert(id.clone(), request);
                });
            }
            Fact::ClearanceConfirmed { key, id } => self.on_account(key, |account| {
                if let Some(request) = account.clearances.get_mut(id) {
                    request.confirmed_at = Some(event.at);
                }
            }),
            _ => {}
        }
    }

    fn on_account(&mut self, key: &AccountKey, change: impl FnOnce(&mut Account)) {
        if let Some(account) = self.accounts.get_mut(key) {
            change(account);
        }
    }

    /// Notes that an account has intraday positions or orders.
    pub(super) fn list_intraday(&mut self, key: &AccountKey) {
        list(&mut self.intraday, key);
    }

    /// Lists the accounts that have something to do by themselves on the new day.
    pub(super) fn list_busy_accounts(&mut self) {
        self.intraday.clear();
        self.cleared.clear();
        for (key, account) in &self.accounts {
            if account.is_intraday() {
                list(&mut self.intraday, key);
            }
            if account.has_clearance(self.day) {
                list(&mut self.cleared, key);
            }
        }
    }
}

fn list(lists: &mut BTreeMap<BrokerKey, BTreeSet<AccountKey>>, key: &AccountKey) {
    let keys = lists.entry(key.broker()).or_default();
    if !keys.contains(key) {
        keys.insert(key.clone());
    }
}

impl Account {
    /// Whether there is an intraday position or order.
    fn is_intraday(&self) -> bool {
        self.lines.values().any(Line::is_intraday)
    }

    /// Whether a clearance ends with `day`.
    fn has_clearance(&self, day: Date) -> bool {
        self.lines.values().any(|line| line.authorised_for == Some(day))
    }

    /// Ends clearances, but for those of later days and for what sales need.
    fn end_clearances(&mut self, day: Date) {
        for line in self.lines.values_mut() {
            if line.authorised_for.is_none_or(|until| until <= day) {
                line.authorised = line.needs_cleared(Shares(0)).min(line.authorised);
                line.authorised_for = None;
            }
        }
    }
}
