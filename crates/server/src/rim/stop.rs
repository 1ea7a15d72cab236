//! The one signal that ends a process: set once, seen by everybody.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Sets the signal.
#[derive(Clone)]
pub struct StopTrigger(std::sync::Arc<watch::Sender<bool>>);

/// Sees the signal.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

/// A signal that is not set yet.
#[must_use]
pub fn stop_signal() -> (StopTrigger, Stop) {
    let (sender, receiver) = watch::channel(false);
    (StopTrigger(std::sync::Arc::new(sender)), Stop(receiver))
}

impl StopTrigger {
    /// Sets the signal; a second call changes nothing.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Whether the signal is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Completes when the signal is set, or when nobody is left to set it.
    pub async fn wait(&self) {
        let _ = self.0.clone().wait_for(|stop| *stop).await;
    }
}

/// The system's wishes that this process ends. From the moment at which it is made none is lost, and none ends
/// the process by itself any more.
pub struct Termination {
    /// `None` where the handlers cannot be installed.
    signals: Option<(Signal, Signal)>,
}

impl Termination {
    /// Starts to listen.
    #[must_use]
    pub fn listen() -> Self {
        let signals = signal(SignalKind::terminate())
            .and_then(|terminate| Ok((terminate, signal(SignalKind::interrupt())?)));
        if let Err(error) = &signals {
            tracing::error!(%error, "signal handlers cannot be installed; stop this process with SIGKILL");
        }
        Self {
            signals: signals.ok(),
        }
    }

    /// Completes at the next SIGTERM or SIGINT.
    pub async fn next(&mut self) {
        let Some((terminate, interrupt)) = &mut self.signals else {
            return std::future::pending().await;
        };
        tokio::select! {
            biased;
            _ = terminate.recv() => tracing::info!("SIGTERM received, finishing what is in flight"),
            _ = interrupt.recv() => tracing::info!("SIGINT received, finishing what is in flight"),
        }
    }
}
