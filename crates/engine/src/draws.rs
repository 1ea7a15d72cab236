//! Public ids and client references: bytes for a thing that has a name.
//!
//! Without a seed every name is turned into bytes by a fresh random root. With one the root is always the same, and
//! the name alone tells an id from all others: everything is named after what it belongs to, and only transactions,
//! which belong to nothing but their gateway, are counted. So an id depends neither on what is drawn beside it nor
//! on restarts, and no id is given twice before a reset of the world forgets all of them.

use torana_credentials::naming::Root;
use torana_domain::ids::TransactionId;
use torana_runtime::{Stream, random_bytes};
use torana_storage::gateway::draws;

use crate::context::Engine;
use crate::error::{EngineError, from_store};
use crate::gateways::Gateway;

impl Engine {
    /// The root for the ids of one step. What a commit makes of it is the same when the commit runs again.
    pub(crate) fn id_root(&self) -> Root {
        Root::new(random_bytes(&*self.rt().entropy, Stream::Ids))
    }

    /// The bytes of one id.
    pub(crate) fn id_bytes<const N: usize>(&self, name: &[&str]) -> [u8; N] {
        self.id_root().bytes(name)
    }

    /// The id of a new transaction. From a seed the number of ids so far is stored first: a crash after that leaves
    /// a number out, and none is taken twice.
    ///
    /// # Errors
    /// The storage's.
    pub(crate) async fn new_transaction_id(&self, gateway: &Gateway) -> Result<TransactionId, EngineError> {
        let number = if self.rt().entropy.is_seeded() {
            let gateway_id = gateway.id;
            self.store()
                .write("ids.counted", move |tx| draws::next_transaction(tx, gateway_id))
                .await
                .map_err(from_store)?
        } else {
            0
        };
        let name = ["transaction", gateway.name.as_str(), &number.to_string()];
        Ok(TransactionId::from_random(self.id_bytes(&name)))
    }
}
