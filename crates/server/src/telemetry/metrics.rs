//! Prometheus metrics.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use http::StatusCode;
use metrics::{Counter, Histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::databases::Databases;
use crate::exit::Failure;

/// Upper bounds of the latency buckets, in seconds.
const LATENCY_BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0,
];

/// Installs the recorder of this process. Before that, metrics go nowhere.
///
/// # Errors
/// Exit code 1 when there is a recorder already.
pub fn install() -> Result<PrometheusHandle, Failure> {
    let failed =
        |error: &dyn std::fmt::Display| Failure::failed(format!("metrics cannot be started: {error}"));
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &LATENCY_BUCKETS)
        .map_err(|error| failed(&error))?
        .install_recorder()
        .map_err(|error| failed(&error))
}

/// The routes of the metrics listener: `/metrics` and, for convenience, `/`. `sample` reads what is not
/// counted where it happens.
pub fn router(handle: PrometheusHandle, sample: Arc<dyn Fn() + Send + Sync>) -> Router {
    let render = move || {
        let (handle, sample) = (handle.clone(), sample.clone());
        async move {
            handle.run_upkeep();
            sample();
            (
                [("content-type", "text/plain; version=0.0.4; charset=utf-8")],
                handle.render(),
            )
        }
    };
    Router::new()
        .route("/metrics", get(render.clone()))
        .route("/", get(render))
}

/// Reads the databases' counters and the memory of the process.
pub fn sample(databases: &Databases) {
    for database in databases.all() {
        let (name, stats) = (database.name, database.stats());
        metrics::gauge!("torana_database_queued_writes", "database" => name)
            .set(as_float(stats.queued_writes));
        metrics::gauge!("torana_database_queued_reads", "database" => name).set(as_float(stats.queued_reads));
        metrics::counter!("torana_database_closures_total", "database" => name).absolute(stats.closures);
        metrics::counter!("torana_database_commits_total", "database" => name).absolute(stats.commits);
        metrics::counter!("torana_database_conflicts_total", "database" => name).absolute(stats.conflicts);
        metrics::counter!("torana_database_failures_total", "database" => name).absolute(stats.failures);
    }
    if let Some(bytes) = resident_bytes() {
        metrics::gauge!("process_resident_memory_bytes").set(as_float(bytes));
    }
}

/// Gauges are floating-point; counts stay exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "a metric, never an amount")]
const fn as_float(count: u64) -> f64 {
    count as f64
}

/// Resident memory by the kernel's count of pages.
fn resident_bytes() -> Option<u64> {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm")
        .ok()?
        .split(' ')
        .nth(1)?
        .parse()
        .ok()?;
    pages.checked_mul(u64::try_from(rustix::param::page_size()).ok()?)
}

/// Counters of one listener, looked up once.
pub struct RequestMetrics {
    by_class: [Counter; 5],
    seconds: Histogram,
}

impl RequestMetrics {
    /// The counters of the listener `name`.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        let counter = |class: &'static str| metrics::counter!("torana_http_requests_total", "listener" => name, "status" => class);
        Self {
            by_class: [
                counter("1xx"),
                counter("2xx"),
                counter("3xx"),
                counter("4xx"),
                counter("5xx"),
            ],
            seconds: metrics::histogram!("torana_http_request_seconds", "listener" => name),
        }
    }

    /// Counts one answered request.
    pub fn record(&self, status: StatusCode, elapsed: Duration) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.by_class.get(class) {
            counter.increment(1);
        }
        self.seconds.record(elapsed.as_secs_f64());
    }
}
