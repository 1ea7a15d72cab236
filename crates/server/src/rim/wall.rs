//! The machine's clocks and timers.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use torana_domain::time::Timestamp;
use torana_runtime::{BoxFuture, Sleep, Ticks, Wall};

/// Wall time of the machine and monotonic time since the start of the process.
pub struct SystemWall {
    started: Instant,
}

impl SystemWall {
    /// Starts the monotonic clock at zero.
    #[must_use]
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Wall for SystemWall {
    fn now(&self) -> Timestamp {
        wall_now()
    }

    fn ticks(&self) -> Ticks {
        Ticks(u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX))
    }
}

/// The machine's clock; an instant before 1970 counts as 1970.
#[must_use]
pub fn wall_now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Waiting on tokio's timer.
pub struct TokioSleep;

impl Sleep for TokioSleep {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
