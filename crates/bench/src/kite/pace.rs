//! Kite's limits as a careful client keeps them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// So many orders within such a time, of one user of one app.
const LIMITS: [(usize, Duration); 2] = [(10, Duration::from_secs(1)), (400, Duration::from_secs(60))];

/// When the latest orders of a login were answered. The server counted each before that, so whoever waits by
/// these instants is never refused.
#[derive(Debug, Default)]
pub struct Pace(VecDeque<Instant>);

impl Pace {
    /// When the next order may be sent; `None` for at once.
    pub fn free_at(&self) -> Option<Instant> {
        let free = |(count, span): (usize, Duration)| {
            let oldest = self.0.len().checked_sub(count)?;
            Some(*self.0.get(oldest)? + span)
        };
        LIMITS.into_iter().filter_map(free).max()
    }

    /// Counts an order that was answered now.
    pub fn count(&mut self, answered: Instant) {
        let longest = LIMITS.iter().map(|(count, _)| *count).max().unwrap_or_default();
        if self.0.len() >= longest {
            self.0.pop_front();
        }
        self.0.push_back(answered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eleventh_of_a_second_waits_and_so_does_the_401st_of_a_minute() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let second = Duration::from_secs(1);
        for number in 0..400_u32 {
            assert!(
                pace.free_at()
                    .is_none_or(|at| at <= start + second * (number / 10))
            );
            pace.count(start + second * (number / 10));
        }
        assert_eq!(pace.free_at(), Some(start + 60 * second));
        pace.count(start + 60 * second);
        assert_eq!(pace.free_at(), Some(start + 60 * second));
        assert_eq!(pace.0.len(), 400);
    }
}
