//! When the broker's book is read next, in world time.

use torana_clock::calendar::MarketCalendar;
use torana_domain::time::{DAY_MS, Timestamp};

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// Waits between the first reads.
pub const FIRST_WAITS_MS: [i64; 8] = [
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    30 * SECOND,
    MINUTE,
];
/// Reads after which an open market is looked at less often.
pub const OFTEN_MAX: i64 = 30;
/// The wait from then on.
pub const SELDOM_MS: i64 = 5 * MINUTE;
/// How long after an opening or close the broker's books are expected to show it.
pub const AFTER_EDGE_MS: i64 = 5 * SECOND;
/// How long after a close its book is read every [`SELDOM_MS`]; then every hour.
pub const CLOSE_WATCH_MS: i64 = HOUR;

/// What the reads are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// At least one order may change now, or is not proven.
    Live,
    /// Everything is accepted and waits for a later session.
    AwaitsRelease,
    /// Nobody is logged in; a login wakes the batch, this is only a second look.
    NoSession,
}

/// When the next read is due, always later than `now`. `reads` counts those before the one at `now`, `since` is when the
/// batch was handed over. Bounded per day, so that a clock that jumps months ahead has little to do.
#[must_use]
pub fn next_read(
    calendar: &MarketCalendar,
    now: Timestamp,
    reads: i64,
    since: Timestamp,
    outlook: Outlook,
) -> Timestamp {
    let next_open = calendar.next_open(now).plus_ms(AFTER_EDGE_MS);
    let due = match outlook {
        Outlook::AwaitsRelease => next_open,
        Outlook::NoSession if now.ms_since(since) < DAY_MS => now.plus_ms(HOUR).min(next_open),
        Outlook::NoSession => next_open,
        Outlook::Live if calendar.is_open(now) => now
            .plus_ms(open_wait(reads))
            .min(calendar.next_close(now).plus_ms(AFTER_EDGE_MS)),
        Outlook::Live => now.plus_ms(closed_wait(calendar, now, reads)).min(next_open),
    };
    due.max(now.plus_ms(SECOND))
}

fn first_wait(reads: i64) -> Option<i64> {
    usize::try_from(reads)
        .ok()
        .and_then(|reads| FIRST_WAITS_MS.get(reads))
        .copied()
}

fn open_wait(reads: i64) -> i64 {
    first_wait(reads).unwrap_or(if reads < OFTEN_MAX { MINUTE } else { SELDOM_MS })
}

fn closed_wait(calendar: &MarketCalendar, now: Timestamp, reads: i64) -> i64 {
    let closed_lately = calendar.next_close(now.plus_ms(-CLOSE_WATCH_MS)) <= now;
    first_wait(reads).unwrap_or(if closed_lately { SELDOM_MS } else { HOUR })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use torana_domain::time::parse_iso;

    fn at(text: &str) -> Timestamp {
        parse_iso(text).unwrap()
    }

    /// Instants of the reads from `start` until `end`.
    fn walk(start: &str, end: &str, outlook: Outlook) -> Vec<Timestamp> {
        let (start, end) = (at(start), at(end));
        let (mut now, mut reads) = (start, vec![start]);
        loop {
            let count = i64::try_from(reads.len()).unwrap() - 1;
            now = next_read(MarketCalendar::nse(), now, count, start, outlook);
            if now > end {
                return reads;
            }
            reads.push(now);
        }
    }

    #[test]
    fn an_open_market_is_read_quickly_at_first() {
        let start = "2026-01-05T04:30:00.000Z";
        let reads = walk(start, "2026-01-05T04:32:33.000Z", Outlook::Live);
        let seconds: Vec<i64> = reads.iter().map(|read| read.ms_since(at(start)) / 1000).collect();
        assert_eq!(seconds, [0, 1, 3, 8, 18, 33, 63, 93, 153]);
    }

    #[test]
    fn the_close_is_never_slept_through() {
        let close = MarketCalendar::nse().next_close(at("2026-01-05T04:30:00.000Z"));
        let reads = walk(
            "2026-01-05T04:30:00.000Z",
            "2026-01-05T14:00:00.000Z",
            Outlook::Live,
        );
        assert!(reads.contains(&close.plus_ms(AFTER_EDGE_MS)));
        assert!(reads.iter().filter(|read| **read > close).count() > 10);
        assert!(reads.len() < 200, "{}", reads.len());
    }

    #[test]
    fn months_cost_little() {
        for outlook in [Outlook::AwaitsRelease, Outlook::NoSession] {
            let reads = walk("2026-01-05T14:00:00.000Z", "2026-09-12T14:00:00.000Z", outlook);
            assert!(reads.len() < 250, "{outlook:?} {}", reads.len());
        }
    }

    #[test]
    fn an_after_market_order_is_read_when_the_next_session_opens() {
        let reads = walk(
            "2026-01-05T14:00:00.000Z",
            "2026-01-06T04:00:00.000Z",
            Outlook::AwaitsRelease,
        );
        assert_eq!(reads[1..], [at("2026-01-06T03:45:05.000Z")]);
    }

    proptest! {
        #[test]
        fn always_later(ms in 1_700_000_000_000i64..1_900_000_000_000, reads in 0i64..1000, age in 0i64..1_000_000_000) {
            for outlook in [Outlook::Live, Outlook::AwaitsRelease, Outlook::NoSession] {
                let now = Timestamp(ms);
                prop_assert!(next_read(MarketCalendar::nse(), now, reads, now.plus_ms(-age), outlook) > now);
            }
        }
    }
}
