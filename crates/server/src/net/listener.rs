//! Accepting connections until the process is asked to stop, then waiting for the open ones.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::net::connection::serve_connection;
use crate::net::{Gate, Limits};
use crate::rim::stop::Stop;

/// Pause after a failed accept, which is usually a lack of file descriptors that only time cures.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// Serves until `stop`, then finishes what is in flight within the grace of `limits`.
pub async fn serve(listener: TcpListener, gate: Gate, limits: Limits, stop: Stop) {
    let gate = Arc::new(gate);
    let slots = Arc::new(Semaphore::new(limits.connections_max));
    let open = metrics::gauge!("torana_http_connections", "listener" => gate.name());
    while let Some(slot) = next_slot(&slots, &stop).await {
        let accepted = tokio::select! {
            biased;
            () = stop.wait() => break,
            accepted = listener.accept() => accepted,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(error = %error, "connection cannot be accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
                continue;
            }
        };
        let (gate, stop, open) = (gate.clone(), stop.clone(), open.clone());
        tokio::spawn(async move {
            open.increment(1.0);
            serve_connection(socket, peer.ip(), gate, limits, stop).await;
            open.decrement(1.0);
            drop(slot);
        });
    }
    // From here the system refuses new connections.
    drop(listener);
    let all = u32::try_from(limits.connections_max).unwrap_or(u32::MAX);
    if tokio::time::timeout(limits.shutdown_grace, slots.acquire_many(all))
        .await
        .is_err()
    {
        tracing::warn!(
            listener = gate.name(),
            "connections were cut at the end of the shutdown grace"
        );
    }
}

async fn next_slot(slots: &Arc<Semaphore>, stop: &Stop) -> Option<tokio::sync::OwnedSemaphorePermit> {
    tokio::select! {
        biased;
        () = stop.wait() => None,
        slot = slots.clone().acquire_owned() => slot.ok(),
    }
}
