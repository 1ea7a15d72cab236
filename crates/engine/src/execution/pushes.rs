//! What brokers push about orders: reasons to read their book now. A message proves nothing, so that a lost,
//! doubled, late or forged one does no harm; the scheduled reads go on beside it.

use torana_domain::ids::ClientReference;
use torana_domain::time::Timestamp;
use torana_exchange::core::{Command, Push, Reply};
use torana_storage::gateway::{batches, jobs};
use torana_storage::{StoreError, Tx};

use crate::context::Engine;
use crate::error::{EngineError, from_store};
use crate::gateways::Gateway;
use crate::jobs::kind;

impl Engine {
    /// Takes what the sandbox brokers of a world push, and has the batches concerned read at `at` (world time).
    pub(crate) async fn hear_pushes(&self, gateway: &Gateway, at: Timestamp) -> Result<(), EngineError> {
        let Reply::Pushes(pushes) = self.ask_exchange(gateway, at, Command::TakePushes).await? else {
            return Ok(());
        };
        let references = believable(gateway, &pushes);
        if references.is_empty() {
            return Ok(());
        }
        let gateway_id = gateway.id;
        self.store()
            .write("batch.pushed", move |tx| {
                references
                    .iter()
                    .try_for_each(|reference| read_soon(tx, gateway_id, reference, at))
            })
            .await
            .map_err(from_store)
    }
}

/// The references of the messages that come from the broker, each once.
fn believable(gateway: &Gateway, pushes: &[Push]) -> Vec<ClientReference> {
    let mut references: Vec<ClientReference> = Vec::new();
    for push in pushes {
        if !push.is_genuine {
            tracing::warn!(gateway.name = %gateway.name, broker.key = %push.key.broker(), "a pushed message with a wrong checksum was ignored");
            continue;
        }
        let reference = push
            .reference
            .as_deref()
            .and_then(|text| ClientReference::parse(text).ok());
        if let Some(reference) = reference.filter(|reference| !references.contains(reference)) {
            references.push(reference);
        }
    }
    references
}

fn read_soon(
    tx: &mut dyn Tx,
    gateway_id: i64,
    reference: &ClientReference,
    at: Timestamp,
) -> Result<(), StoreError> {
    let Some(batch) = batches::find_open_by_reference(tx, gateway_id, reference)? else {
        return Ok(());
    };
    // While orders are still being sent, the end of that job starts the readings.
    if jobs::exists(tx, kind::PLACE_BATCH, batch)? {
        return Ok(());
    }
    jobs::put(
        tx,
        gateway_id,
        jobs::JobDomain::World,
        kind::RECONCILE_BATCH,
        batch,
        at,
    )
}
