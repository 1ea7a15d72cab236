//! How many calls one user of one app may make, as Kite documents it. The orders of a day are counted by the
//! exchange, which refuses them itself.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use http::Method;

/// Microseconds of a second.
const SECOND: u64 = 1_000_000;
/// Most users that are remembered; those who rest are forgotten when there are more.
const USERS_MAX: usize = 50_000;

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallClass {
    /// Quotes.
    Quote,
    /// Candles.
    Historical,
    /// Placing, changing and cancelling orders.
    Order,
    /// Everything else.
    Other,
}

/// So many calls within so many microseconds.
type Rule = (usize, u64);

impl CallClass {
    /// The class of a request.
    #[must_use]
    pub fn of(method: &Method, path: &str) -> Self {
        let is_below = |root: &str| {
            path.strip_prefix(root)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if is_below("/quote") {
            Self::Quote
        } else if is_below("/instruments/historical") {
            Self::Historical
        } else if is_below("/orders") && method != Method::GET {
            Self::Order
        } else {
            Self::Other
        }
    }

    const fn rules(self) -> &'static [Rule] {
        match self {
            Self::Quote => &[(1, SECOND)],
            Self::Historical => &[(3, SECOND)],
            Self::Order => &[(10, SECOND), (400, 60 * SECOND)],
            Self::Other => &[(10, SECOND)],
        }
    }
}

/// Who makes calls: an app's internal key and an account.
type User = (i64, String);

/// The calls of the last while, by who made them. Counted by each process for itself.
#[derive(Debug, Default)]
pub struct CallLimits(Mutex<BTreeMap<User, BTreeMap<CallClass, VecDeque<u64>>>>);

impl CallLimits {
    /// Counts a call at a monotonic instant in microseconds.
    ///
    /// # Errors
    /// The whole seconds after which the call may be made; then it is not counted.
    pub fn take(&self, app: i64, account: &str, class: CallClass, now: u64) -> Result<(), u32> {
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if users.len() >= USERS_MAX {
            users.retain(|_, classes| classes.values().any(|calls| is_recent(calls, now)));
        }
        let classes = users.entry((app, account.to_owned())).or_default();
        let calls = classes.entry(class).or_default();
        let longest = class
            .rules()
            .iter()
            .map(|(_, span)| *span)
            .max()
            .unwrap_or(SECOND);
        while calls.front().is_some_and(|at| at.saturating_add(longest) <= now) {
            calls.pop_front();
        }
        let wait = class
            .rules()
            .iter()
            .filter_map(|rule| wait(calls, *rule, now))
            .max();
        match wait {
            Some(wait) => Err(u32::try_from(wait.div_ceil(SECOND)).unwrap_or(u32::MAX).max(1)),
            None => {
                calls.push_back(now);
                Ok(())
            }
        }
    }
}

/// Whether a user was here within the longest span of all rules.
fn is_recent(calls: &VecDeque<u64>, now: u64) -> bool {
    calls
        .back()
        .is_some_and(|at| at.saturating_add(60 * SECOND) > now)
}

/// How long a rule makes another call wait.
fn wait(calls: &VecDeque<u64>, (count, span): Rule, now: u64) -> Option<u64> {
    // The call that must lie outside of the span before there is room for another.
    let oldest = calls.len().checked_sub(count)?;
    let free_at = calls.get(oldest)?.saturating_add(span);
    (free_at > now).then(|| free_at - now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_have_the_class_of_their_path() {
        let class = |method: Method, path| CallClass::of(&method, path);
        assert_eq!(class(Method::GET, "/quote"), CallClass::Quote);
        assert_eq!(class(Method::GET, "/quote/ltp"), CallClass::Quote);
        assert_eq!(class(Method::GET, "/quotes"), CallClass::Other);
        assert_eq!(
            class(Method::GET, "/instruments/historical/1/day"),
            CallClass::Historical
        );
        assert_eq!(class(Method::GET, "/instruments"), CallClass::Other);
        assert_eq!(class(Method::GET, "/orders"), CallClass::Other);
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            assert_eq!(class(method, "/orders/regular/1"), CallClass::Order);
        }
    }

    #[test]
    fn ten_orders_a_second_and_four_hundred_a_minute() {
        let limits = CallLimits::default();
        let (mut taken, mut refused) = (0, 0);
        for tick in (0..60 * SECOND).step_by(50_000) {
            match limits.take(1, "DEMO01", CallClass::Order, tick) {
                Ok(()) => taken += 1,
                Err(_) => refused += 1,
            }
        }
        assert_eq!((taken, refused), (400, 800));
        assert_eq!(limits.take(1, "DEMO01", CallClass::Order, 59 * SECOND), Err(1));
        assert_eq!(limits.take(1, "DEMO01", CallClass::Order, 61 * SECOND), Ok(()));
    }

    #[test]
    fn a_refusal_says_how_long_to_wait() {
        let limits = CallLimits::default();
        for _ in 0..400 {
            let _ = limits.take(1, "A", CallClass::Order, 0);
        }
        for second in 1..40 {
            for _ in 0..10 {
                limits.take(1, "A", CallClass::Order, second * SECOND).unwrap();
            }
        }
        assert_eq!(limits.take(1, "A", CallClass::Order, 41 * SECOND), Err(19));
    }

    #[test]
    fn users_apps_and_classes_do_not_share() {
        let limits = CallLimits::default();
        assert_eq!(limits.take(1, "A", CallClass::Quote, 0), Ok(()));
        assert_eq!(limits.take(1, "A", CallClass::Quote, 0), Err(1));
        assert_eq!(limits.take(1, "B", CallClass::Quote, 0), Ok(()));
        assert_eq!(limits.take(2, "A", CallClass::Quote, 0), Ok(()));
        assert_eq!(limits.take(1, "A", CallClass::Historical, 0), Ok(()));
        assert_eq!(limits.take(1, "A", CallClass::Quote, SECOND), Ok(()));
    }
}
