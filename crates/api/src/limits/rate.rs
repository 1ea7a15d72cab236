//! Requests per second of one gateway, with bursts.
//!
//! Own code instead of the `governor` crate: the headers stand on refused and on not counted answers too, and
//! `governor` has no reading without taking. What is left of it is this one comparison of instants.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

const TICKS_PER_SECOND: u64 = 1_000_000;
/// A burst is this many seconds' worth of requests.
const BURST_SECONDS: u64 = 2;

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RateClass {
    /// Creating transactions.
    Creation,
    /// Everything else that a partner's server asks.
    Engine,
}

impl RateClass {
    const fn per_second(self) -> u64 {
        match self {
            Self::Creation => 20,
            Self::Engine => 50,
        }
    }

    const fn burst(self) -> u64 {
        self.per_second() * BURST_SECONDS
    }

    /// Ticks after which one request is forgotten.
    const fn ticks_per_request(self) -> u64 {
        TICKS_PER_SECOND / self.per_second()
    }
}

/// How much is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateReading {
    /// Requests of a full burst.
    pub limit: u64,
    /// Requests that may still be made at once.
    pub remaining: u64,
    /// Whole seconds until the full burst may be made again.
    pub reset_seconds: u64,
    /// Whole seconds until the refused request may be made; `None` if it was not refused.
    pub retry_after: Option<u32>,
}

/// The counters of all gateways in this process: per gateway and class the tick at which nothing would be
/// remembered any more. At most one entry per gateway and class.
#[derive(Debug, Default)]
pub struct RateLimits(Mutex<BTreeMap<(i64, RateClass), u64>>);

impl RateLimits {
    /// Counts a request, or refuses it.
    pub fn take(&self, gateway_id: i64, class: RateClass, now: u64) -> RateReading {
        let mut busy_until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = busy_until.entry((gateway_id, class)).or_insert(now);
        let next = now.max(*entry) + class.ticks_per_request();
        let capacity = class.burst() * class.ticks_per_request();
        let excess = (next - now).saturating_sub(capacity);
        if excess > 0 {
            let seconds = u32::try_from(excess.div_ceil(TICKS_PER_SECOND)).unwrap_or(u32::MAX);
            return RateReading {
                retry_after: Some(seconds),
                ..reading(class, *entry, now)
            };
        }
        *entry = next;
        reading(class, next, now)
    }

    /// Says how much is left without counting.
    pub fn peek(&self, gateway_id: i64, class: RateClass, now: u64) -> RateReading {
        let busy_until = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        reading(
            class,
            busy_until.get(&(gateway_id, class)).copied().unwrap_or(now),
            now,
        )
    }
}

fn reading(class: RateClass, busy_until: u64, now: u64) -> RateReading {
    let used = busy_until.saturating_sub(now);
    let capacity = class.burst() * class.ticks_per_request();
    RateReading {
        limit: class.burst(),
        remaining: capacity.saturating_sub(used) / class.ticks_per_request(),
        reset_seconds: used.div_ceil(TICKS_PER_SECOND),
        retry_after: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = TICKS_PER_SECOND;

    #[test]
    fn a_burst_is_twice_a_seconds_worth() {
        let limits = RateLimits::default();
        for left in (0..40).rev() {
            let reading = limits.take(1, RateClass::Creation, SECOND);
            assert_eq!(
                (reading.limit, reading.remaining, reading.retry_after),
                (40, left, None)
            );
        }
        let refused = limits.take(1, RateClass::Creation, SECOND);
        assert_eq!(
            (refused.remaining, refused.reset_seconds, refused.retry_after),
            (0, 2, Some(1))
        );
        assert_eq!(limits.peek(1, RateClass::Creation, SECOND).remaining, 0);
    }

    #[test]
    fn the_rate_is_kept_afterwards() {
        let limits = RateLimits::default();
        let mut taken = 0;
        for tick in (0..10 * SECOND).step_by(1000) {
            taken += u32::from(limits.take(1, RateClass::Engine, tick).retry_after.is_none());
        }
        // Ten seconds at 50 per second, and the burst of 100 at the start.
        assert!((599..=601).contains(&taken), "{taken}");
        let rested = limits.peek(1, RateClass::Engine, 20 * SECOND);
        assert_eq!((rested.remaining, rested.reset_seconds), (100, 0));
    }

    #[test]
    fn gateways_and_classes_do_not_share() {
        let limits = RateLimits::default();
        for _ in 0..100 {
            limits.take(1, RateClass::Engine, 0);
        }
        assert!(limits.take(1, RateClass::Engine, 0).retry_after.is_some());
        assert!(limits.take(2, RateClass::Engine, 0).retry_after.is_none());
        assert!(limits.take(1, RateClass::Creation, 0).retry_after.is_none());
    }
}
