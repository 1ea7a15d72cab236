//! When the attempts of one delivery are due.

use torana_domain::time::Timestamp;

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// Waits of the standard ladder, each counted from the previous attempt.
pub const STANDARD_WAITS_MS: [i64; 10] = [
    5 * SECOND,
    MINUTE,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
];
/// Offsets of the legacy ladder, each counted from the first attempt.
pub const LEGACY_OFFSETS_MS: [i64; 3] = [15 * MINUTE, 24 * HOUR, 48 * HOUR];
/// Jitter of the standard ladder: at most this many thousandths of the wait, either way.
pub const MAX_JITTER_PERMILLE: i64 = 200;
/// Shortest wait between two attempts; counts when an attempt ran later than the ladder's next rung.
pub const MIN_WAIT_MS: i64 = SECOND;
/// Shortest wait after an answer that asks for less traffic without saying how long to wait.
pub const SLOW_DOWN_MS: i64 = MINUTE;
/// Longest `Retry-After` that is obeyed.
pub const MAX_RETRY_AFTER_MS: i64 = 24 * HOUR;
/// An attempt that takes longer counts as unanswered.
pub const ATTEMPT_TIMEOUT_MS: i64 = 10 * SECOND;
/// Bytes of an answer that are read.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// A gateway's retry ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ladder {
    /// Eleven attempts over about 75 hours, with jitter.
    Standard,
    /// Four attempts at fixed offsets from the first.
    Legacy,
}

impl Ladder {
    /// The word under which the ladder is stored and configured.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Legacy => "legacy",
        }
    }

    /// Parses the exact word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Standard, Self::Legacy]
            .into_iter()
            .find(|ladder| ladder.as_str() == text)
    }

    /// Attempts that one delivery gets, the first included.
    #[must_use]
    pub const fn max_attempts(self) -> usize {
        match self {
            Self::Standard => STANDARD_WAITS_MS.len() + 1,
            Self::Legacy => LEGACY_OFFSETS_MS.len() + 1,
        }
    }

    /// When the attempt after `made.count` attempts is due; `None` when that was the last one.
    /// `jitter_permille` is drawn by the caller from -200..=200 and clamped to it; legacy has no jitter.
    #[must_use]
    pub fn next_due(self, made: Made, jitter_permille: i64) -> Option<Timestamp> {
        let rung = made.count.checked_sub(1)?;
        match self {
            Self::Standard => {
                let wait = *STANDARD_WAITS_MS.get(rung)?;
                let jitter = jitter_permille.clamp(-MAX_JITTER_PERMILLE, MAX_JITTER_PERMILLE);
                Some(made.last_at.plus_ms(wait + wait * jitter / 1000))
            }
            Self::Legacy => Some(made.first_at.plus_ms(*LEGACY_OFFSETS_MS.get(rung)?)),
        }
    }
}

/// The attempts that a delivery has had, in world time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    /// How many, at least 1.
    pub count: usize,
    /// When the first one began.
    pub first_at: Timestamp,
    /// When the last one began.
    pub last_at: Timestamp,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptResult {
    /// With an answer.
    Answered {
        /// HTTP status.
        status: u16,
        /// `Retry-After` of the answer, in milliseconds.
        retry_after_ms: Option<i64>,
    },
    /// Without one: refused by an egress rule, no connection, cut off, or no answer in time.
    Unanswered,
}

/// What becomes of a delivery after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A 2xx: done.
    Delivered,
    /// Another attempt at this instant (world time).
    RetryAt(Timestamp),
    /// The ladder is used up: parked until it is resent by hand.
    Parked,
    /// A 410: the endpoint is switched off, this delivery is parked.
    EndpointGone,
}

/// Judges an attempt. Redirects are failures like any other answer that is not 2xx.
#[must_use]
pub fn after_attempt(ladder: Ladder, made: Made, result: AttemptResult, jitter_permille: i64) -> Next {
    match result {
        AttemptResult::Answered {
            status: 200..=299, ..
        } => return Next::Delivered,
        AttemptResult::Answered { status: 410, .. } => return Next::EndpointGone,
        AttemptResult::Answered { .. } | AttemptResult::Unanswered => {}
    }
    match ladder.next_due(made, jitter_permille) {
        None => Next::Parked,
        Some(due) => Next::RetryAt(due.max(made.last_at.plus_ms(least_wait(result)))),
    }
}

/// The wait that the receiver asked for; never shortens the ladder.
const fn least_wait(result: AttemptResult) -> i64 {
    match result {
        AttemptResult::Answered {
            retry_after_ms: Some(ms),
            ..
        } => {
            if ms > MAX_RETRY_AFTER_MS {
                MAX_RETRY_AFTER_MS
            } else if ms < MIN_WAIT_MS {
                MIN_WAIT_MS
            } else {
                ms
            }
        }
        AttemptResult::Answered {
            status: 429 | 502 | 504,
            ..
        } => SLOW_DOWN_MS,
        AttemptResult::Answered { .. } | AttemptResult::Unanswered => MIN_WAIT_MS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp(1_767_605_400_000);
    const FAILED: AttemptResult = AttemptResult::Answered {
        status: 500,
        retry_after_ms: None,
    };

    fn first() -> Made {
        Made {
            count: 1,
            first_at: START,
            last_at: START,
        }
    }

    /// Instants of every attempt, in seconds from the first, when each fails.
    fn walk(ladder: Ladder, result: AttemptResult, jitter: i64) -> Vec<i64> {
        let mut made = first();
        let mut seconds = vec![0];
        while let Next::RetryAt(at) = after_attempt(ladder, made, result, jitter) {
            seconds.push(at.ms_since(START) / 1000);
            made = Made {
                count: made.count + 1,
                first_at: START,
                last_at: at,
            };
        }
        seconds
    }

    #[test]
    fn standard_ladder() {
        let expected = [0, 5, 65, 365, 2165, 9365, 27365, 63365, 113_765, 185_765, 272_165];
        assert_eq!(walk(Ladder::Standard, FAILED, 0), expected);
        assert_eq!(walk(Ladder::Standard, AttemptResult::Unanswered, 0), expected);
        assert_eq!(expected.len(), Ladder::Standard.max_attempts());
    }

    #[test]
    fn legacy_ladder_counts_from_the_first_attempt_without_jitter() {
        assert_eq!(walk(Ladder::Legacy, FAILED, 150), [0, 900, 86_400, 172_800]);
        assert_eq!(Ladder::Legacy.max_attempts(), 4);
    }

    #[test]
    fn jitter_is_a_fifth_at_most() {
        assert_eq!(Ladder::Standard.next_due(first(), 200), Some(START.plus_ms(6000)));
        assert_eq!(
            Ladder::Standard.next_due(first(), -200),
            Some(START.plus_ms(4000))
        );
        assert_eq!(
            Ladder::Standard.next_due(first(), 5000),
            Some(START.plus_ms(6000))
        );
    }

    #[test]
    fn ends() {
        let answered = |status| AttemptResult::Answered {
            status,
            retry_after_ms: None,
        };
        for status in [200, 201, 204, 299] {
            assert_eq!(
                after_attempt(Ladder::Standard, first(), answered(status), 0),
                Next::Delivered
            );
        }
        for status in [199, 301, 302, 307, 400, 404, 500] {
            let next = after_attempt(Ladder::Standard, first(), answered(status), 0);
            assert_eq!(next, Next::RetryAt(START.plus_ms(5000)), "{status}");
        }
        assert_eq!(
            after_attempt(Ladder::Standard, first(), answered(410), 0),
            Next::EndpointGone
        );
        let last = Made { count: 11, ..first() };
        assert_eq!(after_attempt(Ladder::Standard, last, FAILED, 0), Next::Parked);
        let last = Made { count: 4, ..first() };
        assert_eq!(after_attempt(Ladder::Legacy, last, FAILED, 0), Next::Parked);
    }

    #[test]
    fn receivers_can_slow_down_but_not_speed_up() {
        let next = |status, retry_after_ms| {
            after_attempt(
                Ladder::Standard,
                first(),
                AttemptResult::Answered {
                    status,
                    retry_after_ms,
                },
                0,
            )
        };
        for status in [429, 502, 504] {
            assert_eq!(
                next(status, None),
                Next::RetryAt(START.plus_ms(SLOW_DOWN_MS)),
                "{status}"
            );
        }
        assert_eq!(next(503, Some(120_000)), Next::RetryAt(START.plus_ms(120_000)));
        assert_eq!(next(429, Some(1000)), Next::RetryAt(START.plus_ms(5000)));
        assert_eq!(
            next(429, Some(i64::MAX)),
            Next::RetryAt(START.plus_ms(MAX_RETRY_AFTER_MS))
        );
    }

    #[test]
    fn words_round_trip() {
        for ladder in [Ladder::Standard, Ladder::Legacy] {
            assert_eq!(Ladder::parse(ladder.as_str()), Some(ladder));
        }
        assert_eq!(Ladder::parse("Standard"), None);
    }

    proptest! {
        /// Whatever the receiver answers each time, however late the attempts run and whatever the dice say:
        /// attempts only move forward, and end.
        #[test]
        fn always_forward_and_finite(
            answers in proptest::collection::vec((100u16..600, proptest::option::of(0i64..200_000_000), 0i64..100_000_000), 12),
            jitter in -1000i64..1000,
        ) {
            for ladder in [Ladder::Standard, Ladder::Legacy] {
                let mut made = first();
                for (status, wait, late) in &answers {
                    let result = AttemptResult::Answered { status: *status, retry_after_ms: *wait };
                    let Next::RetryAt(at) = after_attempt(ladder, made, result, jitter) else { break };
                    prop_assert!(at >= made.last_at.plus_ms(MIN_WAIT_MS));
                    made = Made { count: made.count + 1, first_at: START, last_at: at.plus_ms(*late) };
                    prop_assert!(made.count <= ladder.max_attempts());
                }
            }
        }
    }
}
