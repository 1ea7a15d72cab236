//! How fast orders may be sent: limits per broker account in sliding windows of wall time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use torana_brokers::Profile;
use torana_domain::broker_key::BrokerKey;
use torana_runtime::{Rt, Ticks};

use crate::context::lock;

/// Whose limits are counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AccountRef {
    /// The gateway for paper accounts, which belong to its world; `None` for live ones, which all gateways share.
    pub(crate) gateway_id: Option<i64>,
    /// Where.
    pub(crate) broker: BrokerKey,
    /// The broker's client id.
    pub(crate) account_id: String,
}

/// A second as it is counted here. Sends that are a second apart when they leave may arrive closer together.
const SECOND_US: u64 = 1_050_000;
/// A minute, with the same care.
const MINUTE_US: u64 = 60_500_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limits {
    per_second: usize,
    per_minute: usize,
}

impl Limits {
    fn of(profile: &Profile) -> Self {
        let count = |limit: u32| usize::try_from(limit).unwrap_or(usize::MAX).max(1);
        Self {
            per_second: count(profile.orders_per_second),
            per_minute: count(profile.orders_per_minute),
        }
    }
}

/// The sends of one account: those of the last minute, and permits that are out.
#[derive(Debug, Default)]
struct Sends {
    sent_at: VecDeque<Ticks>,
    permits: usize,
}

impl Sends {
    /// How long to wait before the next send, in microseconds; 0 for not at all.
    fn wait_us(&self, limits: Limits, now: Ticks) -> u64 {
        let window = |limit: usize, length: u64| -> u64 {
            let Some(over) = (self.sent_at.len() + self.permits + 1).checked_sub(limit) else {
                return 0;
            };
            // The next send fits once `over` of the recorded ones have left the window. Permits that are out
            // may be used at any moment: they leave no earlier than a whole window from now.
            match over.checked_sub(1) {
                None => 0,
                Some(last) => self
                    .sent_at
                    .get(last)
                    .map_or(length, |at| (at.0 + length).saturating_sub(now.0)),
            }
        };
        window(limits.per_second, SECOND_US).max(window(limits.per_minute, MINUTE_US))
    }

    fn forget_old(&mut self, now: Ticks) {
        while self.sent_at.front().is_some_and(|at| at.0 + MINUTE_US <= now.0) {
            self.sent_at.pop_front();
        }
    }
}

/// Counts the sends of this process. Work on one account is leased to one process at a time, so no other
/// process counts with it.
#[derive(Debug, Default)]
pub(crate) struct Governor(Mutex<BTreeMap<AccountRef, Sends>>);

/// Leave to send one order. It counts from the moment it is given, and from its use on for a whole window.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    governor: &'a Governor,
    account: AccountRef,
}

impl Governor {
    /// Waits until the account may send one more order.
    pub(crate) async fn permit(&self, rt: &Rt, account: &AccountRef, profile: &Profile) -> Permit<'_> {
        let limits = Limits::of(profile);
        loop {
            let wait = self.try_take(account, limits, rt.wall.ticks());
            if wait == 0 {
                return Permit {
                    governor: self,
                    account: account.clone(),
                };
            }
            rt.sleep.sleep(Duration::from_micros(wait)).await;
        }
    }

    /// Takes a permit and gives 0, or gives the microseconds to wait.
    fn try_take(&self, account: &AccountRef, limits: Limits, now: Ticks) -> u64 {
        let mut accounts = lock(&self.0);
        accounts.retain(|_, sends| {
            sends.forget_old(now);
            sends.permits > 0 || !sends.sent_at.is_empty()
        });
        let sends = accounts.entry(account.clone()).or_default();
        let wait = sends.wait_us(limits, now);
        if wait == 0 {
            sends.permits += 1;
        }
        wait
    }
}

impl Permit<'_> {
    /// The order leaves now.
    pub(crate) fn use_now(self, rt: &Rt) {
        let now = rt.wall.ticks();
        if let Some(sends) = lock(&self.governor.0).get_mut(&self.account) {
            sends.sent_at.push_back(now);
        }
    }
}

impl Drop for Permit<'_> {
    /// A used permit has left its instant behind; an unused one leaves nothing.
    fn drop(&mut self) {
        if let Some(sends) = lock(&self.governor.0).get_mut(&self.account) {
            sends.permits = sends.permits.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        per_second: 3,
        per_minute: 5,
    };

    fn account(id: &str) -> AccountRef {
        AccountRef {
            gateway_id: None,
            broker: BrokerKey::Kite,
            account_id: id.to_owned(),
        }
    }

    /// Sends as soon as it is allowed and gives the instants.
    fn drive(governor: &Governor, account: &AccountRef, count: usize, start: u64) -> Vec<u64> {
        let mut now = start;
        let mut sent = Vec::new();
        while sent.len() < count {
            match governor.try_take(account, LIMITS, Ticks(now)) {
                0 => {
                    let mut accounts = lock(&governor.0);
                    let sends = accounts.get_mut(account).unwrap();
                    sends.permits -= 1;
                    sends.sent_at.push_back(Ticks(now));
                    sent.push(now);
                }
                wait => now += wait,
            }
        }
        sent
    }

    #[test]
    fn no_window_holds_more_than_its_limit() {
        let sent = drive(&Governor::default(), &account("A"), 13, 7);
        for (from, at) in sent.iter().enumerate() {
            let within = |length: u64| {
                sent.iter()
                    .skip(from)
                    .filter(|other| **other - at < length)
                    .count()
            };
            assert!(within(1_000_000) <= 3, "{sent:?}");
            assert!(within(60_000_000) <= 5, "{sent:?}");
        }
        assert_eq!(&sent[..5], [7, 7, 7, 1_050_007, 1_050_007]);
        assert_eq!(sent[5], 60_500_007);
    }

    #[test]
    fn accounts_do_not_wait_for_each_other() {
        let governor = Governor::default();
        drive(&governor, &account("A"), 3, 0);
        assert_eq!(governor.try_take(&account("B"), LIMITS, Ticks(0)), 0);
        assert!(governor.try_take(&account("A"), LIMITS, Ticks(0)) > 0);
    }

    #[test]
    fn permits_that_are_out_count_and_unused_ones_come_back() {
        let governor = Governor::default();
        for _ in 0..3 {
            assert_eq!(governor.try_take(&account("A"), LIMITS, Ticks(0)), 0);
        }
        assert_eq!(governor.try_take(&account("A"), LIMITS, Ticks(0)), SECOND_US);
        drop(Permit {
            governor: &governor,
            account: account("A"),
        });
        assert_eq!(governor.try_take(&account("A"), LIMITS, Ticks(0)), 0);
    }

    #[test]
    fn quiet_accounts_are_forgotten() {
        let governor = Governor::default();
        drive(&governor, &account("A"), 2, 0);
        governor.try_take(&account("B"), LIMITS, Ticks(MINUTE_US));
        assert!(!lock(&governor.0).contains_key(&account("A")));
    }
}
