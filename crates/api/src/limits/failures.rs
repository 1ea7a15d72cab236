//! Failed credential checks of one address: after so many within a minute it waits until the minute is over.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

/// A minute in ticks.
const WINDOW_TICKS: u64 = 60_000_000;
const TICKS_PER_SECOND: u64 = 1_000_000;
/// Most addresses that are remembered.
const ADDRESSES_MAX: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Window {
    started_at: u64,
    failures: u32,
}

/// The counters of this process.
#[derive(Debug)]
pub struct FailureLimit {
    per_minute: u32,
    windows: Mutex<BTreeMap<IpAddr, Window>>,
}

impl FailureLimit {
    /// `per_minute` failures are allowed; 0 counts nothing.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self {
            per_minute,
            windows: Mutex::new(BTreeMap::new()),
        }
    }

    /// Whole seconds that this address has to wait; `None` if it may go on.
    pub fn wait_of(&self, client: IpAddr, now: u64) -> Option<u32> {
        if self.per_minute == 0 {
            return None;
        }
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows
            .get(&block_of(client))
            .filter(|window| window.failures >= self.per_minute)?;
        let left = (window.started_at + WINDOW_TICKS)
            .checked_sub(now)
            .filter(|left| *left > 0)?;
        Some(u32::try_from(left.div_ceil(TICKS_PER_SECOND)).unwrap_or(u32::MAX))
    }

    /// Counts a failure.
    pub fn record(&self, client: IpAddr, now: u64) {
        if self.per_minute == 0 {
            return;
        }
        let client = block_of(client);
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= ADDRESSES_MAX && !windows.contains_key(&client) {
            windows.retain(|_, window| now < window.started_at + WINDOW_TICKS);
            if windows.len() >= ADDRESSES_MAX {
                // Memory stays bounded; which of the addresses is forgiven is of no importance.
                windows.pop_first();
            }
        }
        let window = windows.entry(client).or_insert(Window {
            started_at: now,
            failures: 0,
        });
        if now >= window.started_at + WINDOW_TICKS {
            *window = Window {
                started_at: now,
                failures: 0,
            };
        }
        window.failures = window.failures.saturating_add(1);
    }
}

/// One IPv6 customer has at least a /64, so that is what counts as one address.
fn block_of(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_minute_is_waited_out() {
        let limit = FailureLimit::new(3);
        let client = ip("203.0.113.9");
        for second in 0..3 {
            assert_eq!(limit.wait_of(client, second * TICKS_PER_SECOND), None);
            limit.record(client, second * TICKS_PER_SECOND);
        }
        assert_eq!(limit.wait_of(client, 2 * TICKS_PER_SECOND), Some(58));
        assert_eq!(limit.wait_of(ip("203.0.113.10"), 2 * TICKS_PER_SECOND), None);
        assert_eq!(limit.wait_of(client, WINDOW_TICKS - 1), Some(1));
        assert_eq!(limit.wait_of(client, WINDOW_TICKS), None);
        limit.record(client, WINDOW_TICKS);
        assert_eq!(limit.wait_of(client, WINDOW_TICKS), None);
    }

    #[test]
    fn zero_is_off() {
        let limit = FailureLimit::new(0);
        for _ in 0..100 {
            limit.record(ip("203.0.113.9"), 0);
        }
        assert_eq!(limit.wait_of(ip("203.0.113.9"), 0), None);
    }

    #[test]
    fn one_ipv6_network_is_one_address() {
        let limit = FailureLimit::new(1);
        limit.record(ip("2001:db8:1:2::1"), 0);
        assert!(limit.wait_of(ip("2001:db8:1:2:ffff::7"), 0).is_some());
        assert!(limit.wait_of(ip("2001:db8:1:3::1"), 0).is_none());
        limit.record(ip("::ffff:203.0.113.9"), 0);
        assert!(limit.wait_of(ip("203.0.113.9"), 0).is_some());
    }

    #[test]
    fn memory_is_bounded() {
        let limit = FailureLimit::new(1);
        for n in 0..u32::try_from(ADDRESSES_MAX).unwrap() + 50 {
            limit.record(IpAddr::V4(n.into()), 0);
        }
        assert_eq!(limit.windows.lock().unwrap().len(), ADDRESSES_MAX);
    }
}
