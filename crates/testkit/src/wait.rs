//! Waiting for something that happens by itself, without guessing how long it takes.

use std::time::{Duration, Instant};

/// How long a test waits for something that should be there almost at once.
pub const PATIENCE: Duration = Duration::from_secs(20);

const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(200);

/// Asks until there is an answer.
///
/// # Panics
/// After [`PATIENCE`], with `what` in the message.
pub fn wait_until<T>(what: &str, probe: impl FnMut() -> Option<T>) -> T {
    wait_until_for(PATIENCE, what, probe)
}

/// As [`wait_until`] with another patience.
///
/// # Panics
/// After `patience`, with `what` in the message.
pub fn wait_until_for<T>(patience: Duration, what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    let mut pause = PAUSE_MIN;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(
            start.elapsed() < patience,
            "waited {patience:?} in vain for {what}"
        );
        std::thread::sleep(pause);
        pause = (pause * 2).min(PAUSE_MAX);
    }
}
