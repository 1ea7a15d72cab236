//! Work that goes on when its caller has hung up.

use futures_channel::oneshot;
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_runtime::{BoxFuture, Rt};
use tracing::Instrument as _;

/// Runs `work` as a task of its own and waits for it. A caller that disconnects drops the waiting only: work of
/// several commits is never cut off between two of them.
///
/// # Errors
/// The work's own; 503 when the process stops before it is done.
pub async fn detached<T: Send + 'static>(
    rt: &Rt,
    name: &'static str,
    work: impl Future<Output = Result<T, ApiError>> + Send + 'static,
) -> Result<T, ApiError> {
    let (sender, receiver) = oneshot::channel();
    let task: BoxFuture<'static, ()> = Box::pin(async move {
        // Nobody may be listening any more; the work is done all the same.
        let _ = sender.send(work.await);
    });
    rt.spawn.spawn(name, Box::pin(task.in_current_span()));
    receiver
        .await
        .unwrap_or_else(|_| Err(ApiError::new(ErrorCode::ServiceUnavailable).retry_after(1)))
}
