//! Clearing shares for sale at the depository: what is wished for, what is missing, how long it holds.
//!
//! A clearance is given with the depository's PIN, for a number of settled shares of an ISIN. It holds until
//! the broker's hour on a trading day; one that is given later holds for the next. Shares that are not settled
//! cannot be cleared and need no clearance.

use serde::{Deserialize, Serialize};
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::Shares;
use torana_domain::time::{Date, Timestamp};

use super::account::{Account, AccountKey};
use super::command::{Clearance, ClearanceView, Reply};
use super::event::Fact;
use super::line::Line;
use super::price::fold;
use super::{State, Step};
use crate::market::Market;
use crate::seeds::TPIN;

/// Most wishes that one account keeps on a day.
const REQUESTS_MAX: usize = 200;

/// A wish for clearances that the account's user has to confirm at the depository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClearanceRequest {
    /// Shares by ISIN.
    pub wanted: Vec<Clearance>,
    /// The trading day with which the clearance will end.
    pub day: Date,
    /// When it was confirmed.
    pub confirmed_at: Option<Timestamp>,
}

impl Step<'_> {
    pub(super) fn is_clearance_needed(&mut self, key: &AccountKey, wanted: &[Clearance]) -> Reply {
        let Some(account) = self.state.accounts.get(key) else {
            return Reply::SessionExpired;
        };
        let is_missing = |clearance| clearance_of(account, clearance).is_some();
        Reply::ClearanceNeeded(!account.ddpi && wanted.iter().any(is_missing))
    }

    /// Clears what the wanted sales still lack.
    pub(super) fn authorise(&mut self, key: &AccountKey, wanted: &[Clearance], tpin: &str) -> Reply {
        if tpin != TPIN {
            return Reply::WrongTpin;
        }
        let until = self.clearance_day(key);
        for clearance in wanted {
            let Some(account) = self.state.accounts.get(key) else {
                return Reply::SessionExpired;
            };
            if let Some(authorised) = clearance_of(account, clearance) {
                self.emit(Fact::SharesAuthorised {
                    key: key.clone(),
                    isin: clearance.isin.clone(),
                    authorised,
                    until,
                });
            }
        }
        Reply::Done
    }

    /// Notes a wish; without any ISIN all settled shares are meant.
    pub(super) fn request_clearance(&mut self, key: &AccountKey, wanted: Vec<Clearance>) -> Reply {
        let Some(account) = self.state.accounts.get(key) else {
            return Reply::SessionExpired;
        };
        if account.clearances.len() >= REQUESTS_MAX {
            return Reply::ClearanceRefused {
                text: format!("at most {REQUESTS_MAX} authorisations are asked for on one day"),
            };
        }
        let wanted = if wanted.is_empty() {
            all_settled(account)
        } else {
            wanted
        };
        let settled = |isin: &str| account.lines.get(isin).map_or(Shares(0), |line| line.settled);
        let is_held = |clearance: &Clearance| {
            clearance.quantity.0 > 0 && clearance.quantity <= settled(&clearance.isin)
        };
        if wanted.is_empty() || !wanted.iter().all(is_held) {
            return Reply::ClearanceRefused {
                text: "only settled shares can be authorised, 1 to as many as are held".to_owned(),
            };
        }
        let text = format!("{key} {}", account.clearances.len());
        let id = format!(
            "{:016x}{:016x}",
            fold(self.state.seed, text.as_bytes()),
            fold(self.at.0.cast_unsigned(), text.as_bytes())
        );
        let day = self.clearance_day(key);
        self.emit(Fact::ClearanceRequested {
            key: key.clone(),
            id: id.clone(),
            wanted,
            day,
        });
        Reply::ClearanceRequested { id }
    }

    /// Confirms a wish with the depository's PIN: in the end so many shares of each ISIN are cleared. The id is all
    /// that the user's browser brings.
    pub(super) fn confirm_clearance(&mut self, key: &AccountKey, id: &str, tpin: &str) -> Reply {
        let account = self.state.accounts.get(key);
        let Some(request) = account.and_then(|account| account.clearances.get(id)) else {
            return Reply::NoSuchClearance;
        };
        if request.confirmed_at.is_some() || self.clearance_day(key) > request.day {
            return Reply::NoSuchClearance;
        }
        if tpin != TPIN {
            return Reply::WrongTpin;
        }
        let (wanted, until) = (request.wanted.clone(), request.day);
        self.emit(Fact::ClearanceConfirmed {
            key: key.clone(),
            id: id.to_owned(),
        });
        for clearance in wanted {
            let line = self
                .state
                .accounts
                .get(key)
                .and_then(|account| account.lines.get(&clearance.isin));
            let Some(line) = line else { continue };
            let authorised = line.authorised.max(clearance.quantity.min(line.settled));
            self.emit(Fact::SharesAuthorised {
                key: key.clone(),
                isin: clearance.isin,
                authorised,
                until,
            });
        }
        Reply::Done
    }

    pub(super) fn clearance_request(&self, key: &AccountKey, id: &str) -> Reply {
        let account = self.state.accounts.get(key);
        let request = account.and_then(|account| account.clearances.get(id));
        request.map_or(Reply::NoSuchClearance, |request| {
            Reply::Clearance(ClearanceView {
                wanted: request.wanted.clone(),
                is_confirmed: request.confirmed_at.is_some(),
                is_over: self.clearance_day(key) > request.day,
            })
        })
    }

    /// The trading day with which a clearance that is given now ends.
    fn clearance_day(&self, key: &AccountKey) -> Date {
        let today = self.state.day;
        let ends = self.market.clearances_end(key.broker(), today);
        if self.at < ends {
            today
        } else {
            self.market.next_day(today)
        }
    }

    /// When the clearances of this trading day end next, if there are any.
    pub(super) fn next_clearances_end(state: &State, market: &Market) -> Option<Timestamp> {
        let busy = state.cleared.iter().filter(|(_, keys)| !keys.is_empty());
        busy.map(|(broker, _)| market.clearances_end(*broker, state.day))
            .min()
    }

    /// Ends the clearances that are due now, but for what open and filled sales need.
    pub(super) fn end_clearances(&mut self) {
        let ends = |broker: &BrokerKey| self.market.clearances_end(*broker, self.state.day);
        let due = self
            .state
            .cleared
            .iter()
            .filter(|(broker, _)| ends(broker) <= self.at);
        let keys: Vec<AccountKey> = due.flat_map(|(_, keys)| keys.clone()).collect();
        for key in keys {
            self.emit(Fact::ClearancesEnded { key });
        }
    }
}

/// The cleared shares after a clearance; `None` if it would change nothing. Shares that are not there cannot
/// be cleared: such a sale fails by itself, and must not stop the others.
fn clearance_of(account: &Account, wanted: &Clearance) -> Option<Shares> {
    let line = account.lines.get(&wanted.isin)?;
    let authorised = line.needs_cleared(wanted.quantity.min(line.sellable()).max(Shares(0)));
    (authorised > line.authorised).then_some(authorised)
}

fn all_settled(account: &Account) -> Vec<Clearance> {
    let held = account.lines.iter().filter(|(_, line)| line.settled.0 > 0);
    let whole = |(isin, line): (&String, &Line)| Clearance {
        isin: isin.clone(),
        quantity: line.settled,
    };
    held.map(whole).collect()
}
