//! A first session with the gateway: what its answers weigh, and that the ceiling writes the same rows.

use anyhow::{Context as _, Result, ensure};
use torana_domain::ids::TransactionId;
use torana_storage::Store;
use torana_storage::gateway::jobs::{self, JobDomain};
use torana_storage::gateway::transactions::{self, EventRow, TxnRow};

use crate::args::BodySizes;
use crate::databases::{maker, now};
use crate::installation::Installation;
use crate::load::{Answer, ask, runtime};
use crate::requests::Requests;
use crate::rows::{self, transaction_id};

/// Sizes of the bare server's bodies where there is no gateway to ask.
pub const TYPICAL_SIZES: BodySizes = BodySizes {
    create_bytes: 138,
    details_bytes: 1000,
};

/// The ceiling's transaction is made that much before the gateway's, so that its timer is the next one due.
const EARLIER_MS: i64 = 1_000;

/// What creating a transaction leaves behind, in terms that two transactions can share.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Left {
    txn: TxnRow,
    events: Vec<EventRow>,
    /// Whether the next job of the gateway's world is due when this transaction expires.
    is_timed: bool,
}

/// Runs the session on an installation that holds no transactions.
///
/// # Errors
/// A gateway that answers or writes something else than the measurements assume.
pub fn learn(installation: &Installation) -> Result<BodySizes> {
    let running = installation.start()?;
    let created =
        ask(running.address, &Requests::create(&installation.credentials)).context("a first creation")?;
    let id = id_in(&created)?;
    let details = Requests::details_of(&installation.credentials, &id);
    let details = ask(running.address, &details).context("a first read")?;
    ensure!(
        details.body.contains(id.as_str()),
        "the details do not name the transaction: {}",
        details.body
    );
    running.stop()?;
    let store = installation.place.open(None)?;
    runtime()?.block_on(compare(&store, &id))?;
    Ok(BodySizes {
        create_bytes: created.body.len(),
        details_bytes: details.body.len(),
    })
}

fn id_in(answer: &Answer) -> Result<TransactionId> {
    let body: serde_json::Value = serde_json::from_str(&answer.body).context("the answer is no JSON")?;
    let id = body.pointer("/data/transactionId").and_then(|id| id.as_str());
    TransactionId::parse(id.context("an answer without data.transactionId")?).context("transactionId")
}

/// Writes a transaction as the ceiling does and compares it with what the gateway wrote.
async fn compare(store: &Store, by_gateway: &TransactionId) -> Result<()> {
    let maker = maker(store).await?;
    let theirs = left(store, maker.gateway_id(), by_gateway.clone())
        .await
        .context("the gateway's rows")?;
    let new = maker.created(u64::MAX, theirs.txn.created_at.plus_ms(-EARLIER_MS));
    let id = new.public_id.clone();
    store
        .write("bench.compare", move |tx| rows::write(tx, &new))
        .await
        .context("our rows")?;
    let mut ours = left(store, maker.gateway_id(), id).await.context("our rows")?;
    ours.txn.id = theirs.txn.id;
    ours.txn.public_id = theirs.txn.public_id.clone();
    let times = [
        &mut ours.txn.created_at,
        &mut ours.txn.updated_at,
        &mut ours.txn.expire_at,
    ];
    for time in times
        .into_iter()
        .chain(ours.events.iter_mut().map(|event| &mut event.at))
    {
        *time = time.plus_ms(EARLIER_MS);
    }
    ensure!(
        theirs == ours,
        "creating a transaction no longer writes the rows of crates/bench/src/rows.rs, which must follow it:\n\
         gateway {theirs:?}\nceiling {ours:?}"
    );
    Ok(())
}

async fn left(store: &Store, gateway_id: i64, id: TransactionId) -> Result<Left> {
    let read = store.read(move |tx| {
        let Some(txn) = transactions::find(tx, gateway_id, &id)? else {
            return Ok(None);
        };
        let events = transactions::events(tx, txn.id)?;
        let next_due = jobs::next_due(tx, gateway_id, JobDomain::World, now())?;
        Ok(Some(Left {
            is_timed: next_due == Some(txn.expire_at),
            txn,
            events,
        }))
    });
    read.await?.context("the transaction is not in the database")
}

/// The first stored transaction is read like every other: with the ids that the generator knows.
pub fn check_stored(address: std::net::SocketAddr, installation: &Installation) -> Result<()> {
    let request = Requests::details_of(&installation.credentials, &transaction_id(0));
    ask(address, &request)
        .context("reading a transaction that was stored by the driver")
        .map(|_| ())
}
