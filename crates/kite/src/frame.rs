//! What surrounds every request.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::state::Kite;
use crate::wire::{self, Slip};

/// Runs a request and lets happen to its answer what the exchange's faults say.
pub async fn around(State(kite): State<Kite>, mut request: Request, next: Next) -> Response {
    let slip = Slip::default();
    request.extensions_mut().insert(slip.clone());
    let response = next.run(request).await;
    match slip.take() {
        Some(disturbance) => wire::disturbed(kite.rt(), response, disturbance).await,
        None => response,
    }
}
