//! What one measurement saw, and medians over several.

use std::time::Duration;

/// Latencies of one measurement.
#[derive(Debug, Default)]
pub struct Samples {
    latencies_ns: Vec<u64>,
    /// Everything that was answered, the warm-up included.
    pub answered: u64,
}

impl Samples {
    /// Counts an answer; keeps its latency if it belongs to the measured part.
    pub fn record(&mut self, latency: Duration, is_measured: bool) {
        self.answered += 1;
        if is_measured {
            self.latencies_ns
                .push(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
        }
    }

    /// Adds what another connection saw.
    pub fn merge(&mut self, other: Self) {
        self.latencies_ns.extend(other.latencies_ns);
        self.answered += other.answered;
    }

    /// Summarises what was measured within `measured`.
    pub fn summary(mut self, measured: Duration) -> Summary {
        self.latencies_ns.sort_unstable();
        let count = self.latencies_ns.len();
        Summary {
            count: count as u64,
            per_second: count as f64 / measured.as_secs_f64(),
            p50_ms: percentile_ms(&self.latencies_ns, 50),
            p99_ms: percentile_ms(&self.latencies_ns, 99),
            max_ms: percentile_ms(&self.latencies_ns, 100),
            server_cpu_us: None,
            generator_cpu_us: None,
        }
    }
}

/// The smallest latency that at least `percent` of the sorted latencies do not exceed.
fn percentile_ms(sorted_ns: &[u64], percent: usize) -> f64 {
    let rank = (sorted_ns.len() * percent).div_ceil(100);
    let value = sorted_ns.get(rank.saturating_sub(1)).copied().unwrap_or(0);
    value as f64 / 1e6
}

/// One measurement in numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Summary {
    /// Operations in the measured part.
    pub count: u64,
    /// Operations per second.
    pub per_second: f64,
    /// Median latency in milliseconds.
    pub p50_ms: f64,
    /// 99th percentile in milliseconds.
    pub p99_ms: f64,
    /// Slowest in milliseconds.
    pub max_ms: f64,
    /// Processor time of the server per operation, in microseconds.
    pub server_cpu_us: Option<f64>,
    /// Processor time of this process per operation, in microseconds.
    pub generator_cpu_us: Option<f64>,
}

/// Median, the mean of the middle two for an even count; none of nothing.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let (low, high) = (values.len().checked_sub(1)? / 2, values.len() / 2);
    Some((values.get(low)? + values.get(high)?) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let mut samples = Samples::default();
        for ms in (1..=200).rev() {
            samples.record(Duration::from_millis(ms), true);
        }
        samples.record(Duration::from_secs(9), false);
        assert_eq!(samples.answered, 201);
        let summary = samples.summary(Duration::from_secs(2));
        assert_eq!((summary.count, summary.per_second), (200, 100.0));
        assert_eq!(
            (summary.p50_ms, summary.p99_ms, summary.max_ms),
            (100.0, 198.0, 200.0)
        );
    }

    #[test]
    fn a_single_outlier_does_not_hide_and_does_not_rule() {
        assert_eq!(percentile_ms(&[1_000_000; 3], 99), 1.0);
        assert_eq!(percentile_ms(&[], 99), 0.0);
        assert_eq!(median(vec![9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 9.0]), Some(3.0));
        assert_eq!(median(Vec::new()), None);
    }
}
