//! Reading a transaction, its batch and its user together, and showing it in the contract's shapes.

use torana_contract::batch::{BatchBody, BatchView};
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_contract::sdk::SettlementBody;
use torana_contract::transaction::{IdentityView, TransactionDetailsData, TransactionView};
use torana_domain::ids::{AuthId, BatchId, TransactionId};
use torana_domain::intent::Intent;
use torana_domain::money::Paise;
use torana_domain::order::Order;
use torana_domain::time::Timestamp;
use torana_domain::transaction::{Failure, Status};
use torana_storage::gateway::batches::{self, BatchRow};
use torana_storage::gateway::investors::{self, InvestorRow};
use torana_storage::gateway::transactions::{self, TxnRow};
use torana_storage::{StoreError, Tx};

use crate::auth::{Caller, Principal};
use crate::context::Engine;
use crate::error::{EngineError, from_store};
use crate::gateways::Gateway;

/// How long fetched funds stay readable (world time).
pub const FUNDS_READABLE_MS: i64 = 15 * 60_000;
/// Most batches of one orders answer without ids.
pub const ORDERS_COUNT_MAX: i64 = 100;
/// Most ids of one orders request.
pub const ORDER_IDS_MAX: usize = 50;

/// A transaction with everything that belongs to it, as of one snapshot.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The transaction.
    pub txn: TxnRow,
    /// Who logged in.
    pub investor: Option<InvestorRow>,
    /// Its batch.
    pub batch: Option<(BatchRow, Vec<Order>)>,
}

/// What a `FETCH_FUNDS` leaves behind.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub struct FundsResult {
    /// Paise.
    pub funds: Paise,
    /// World time of the broker's answer.
    pub as_of: Timestamp,
}

/// Reads what belongs to a transaction row.
pub fn load(tx: &mut dyn Tx, txn: TxnRow) -> Result<Loaded, StoreError> {
    let investor = txn.investor_id.map(|id| investors::load(tx, id)).transpose()?;
    let batch = match txn.intent {
        Intent::Securities { .. } if txn.investor_id.is_some() => batches::find_by_txn(tx, txn.id)?,
        _ => None,
    };
    let batch = batch
        .map(|row| {
            let orders = batches::orders(tx, row.id)?
                .into_iter()
                .map(|order| order.order)
                .collect();
            Ok::<_, StoreError>((row, orders))
        })
        .transpose()?;
    Ok(Loaded { txn, investor, batch })
}

impl Loaded {
    /// The batch in the contract's terms.
    #[must_use]
    pub fn batch_view(&self) -> Option<BatchView<'_>> {
        self.batch.as_ref().map(|(row, orders)| BatchView {
            batch_id: &row.public_id,
            transaction_id: &self.txn.public_id,
            variety: row.variety,
            broker: row.broker,
            label: None,
            completed_at: row.completed_at,
            orders,
        })
    }
}

impl Engine {
    /// A transaction of this gateway with everything that belongs to it.
    ///
    /// # Errors
    /// 404 `invalid_transactionId`.
    pub async fn load_transaction(
        &self,
        gateway: &Gateway,
        id: &TransactionId,
    ) -> Result<Loaded, EngineError> {
        let unknown = || ApiError::new(ErrorCode::InvalidTransactionId);
        let row = transactions::fetch(self.store(), gateway.id, id).await;
        let txn = row.map_err(from_store)?.ok_or_else(unknown)?;
        if txn.investor_id.is_none() {
            // Nothing belongs to it yet: the row is the whole.
            return Ok(Loaded {
                txn,
                investor: None,
                batch: None,
            });
        }
        let txn_id = txn.id;
        self.store()
            .read(move |tx| {
                let txn = transactions::load(tx, txn_id)?;
                load(tx, txn)
            })
            .await
            .map_err(from_store)
    }

    /// `GET transactiondetails`: a guest token reads by id, a connected one its own only.
    ///
    /// # Errors
    /// 404 `invalid_transactionId`.
    pub async fn transaction_details(
        &self,
        caller: &Caller,
        id: &TransactionId,
    ) -> Result<TransactionDetailsData, EngineError> {
        let loaded = self.load_transaction(&caller.gateway, id).await?;
        if let Some(Principal::Connected(reader)) = &caller.principal
            && !belongs_to(&loaded, reader)
        {
            return Err(ApiError::new(ErrorCode::InvalidTransactionId));
        }
        Ok(self.with_view(&caller.gateway, &loaded, TransactionDetailsData::of))
    }

    /// Hands the contract's view of a transaction to `show`. Tokens are minted here, at reading.
    pub fn with_view<T>(
        &self,
        gateway: &Gateway,
        loaded: &Loaded,
        show: impl FnOnce(&TransactionView<'_>) -> T,
    ) -> T {
        let token = loaded
            .investor
            .as_ref()
            .map(|investor| self.mint_user_token(gateway, &investor.auth_id));
        let identity = loaded
            .investor
            .as_ref()
            .zip(token.as_deref())
            .map(|(investor, token)| IdentityView {
                auth_id: &investor.auth_id,
                token,
                broker: investor.broker,
                signup: loaded.txn.signup,
            });
        let batches: Vec<BatchView<'_>> = loaded.batch_view().into_iter().collect();
        show(&TransactionView {
            transaction_id: &loaded.txn.public_id,
            gateway: &gateway.name,
            intent: &loaded.txn.intent,
            status: loaded.txn.status,
            extended_statuses: gateway.settings.extended_statuses,
            failure: loaded.txn.error_code.and_then(Failure::from_code),
            expire_at: loaded.txn.expire_at,
            created_at: loaded.txn.created_at,
            updated_at: loaded.txn.updated_at,
            notes: loaded.txn.notes.as_deref(),
            identity,
            batches: &batches,
            funds: readable_funds(&loaded.txn, self.world_now(gateway)),
        })
    }

    /// `GET user/orders`: by ids, or a connected user's newest.
    ///
    /// # Errors
    /// 400 `validation_failed` for a guest without ids or more than [`ORDER_IDS_MAX`] of them.
    pub async fn orders(&self, caller: &Caller, query: &OrdersQuery) -> Result<Vec<BatchBody>, EngineError> {
        let ids = query.transaction_ids.len() + query.batch_ids.len() + query.skipped_ids;
        if ids > ORDER_IDS_MAX {
            let detail =
                format!("transactionId, batchId: at most {ORDER_IDS_MAX} ids are allowed, {ids} were sent");
            return Err(ApiError::validation([detail]));
        }
        if ids == 0 && caller.investor.is_none() {
            let detail =
                "transactionId: a guest token must name at least one transactionId or batchId".to_owned();
            return Err(ApiError::validation([detail]));
        }
        let (gateway_id, query) = (caller.gateway.id, query.clone());
        let investor_id = caller.investor.as_ref().map(|investor| investor.id);
        let loaded = self
            .store()
            .read(move |tx| {
                if ids == 0 {
                    let investor = investor_id.ok_or(StoreError::MissingRow)?;
                    let rows = transactions::list_with_orders(
                        tx,
                        investor,
                        query.count,
                        query.offset,
                        query.include_open,
                    )?;
                    return rows
                        .into_iter()
                        .map(|txn| load(tx, txn))
                        .collect::<Result<Vec<_>, _>>();
                }
                orders_by_ids(tx, gateway_id, investor_id, &query)
            })
            .await
            .map_err(from_store)?;
        Ok(loaded
            .iter()
            .filter_map(Loaded::batch_view)
            .map(|view| BatchBody::of(&view))
            .collect())
    }

    /// The settlement that a resolved promise gets.
    pub(crate) fn resolve(&self, gateway: &Gateway, loaded: &Loaded) -> Option<SettlementBody> {
        self.with_view(gateway, loaded, SettlementBody::resolve)
    }

    /// The settlement that a rejected promise gets.
    pub(crate) fn reject(&self, gateway: &Gateway, loaded: &Loaded, failure: Failure) -> SettlementBody {
        self.with_view(gateway, loaded, |view| SettlementBody::reject(failure, view))
    }
}

/// A request for orders. Ids that are not even well-formed are only counted.
#[derive(Debug, Clone, Default)]
pub struct OrdersQuery {
    /// Well-formed transaction ids.
    pub transaction_ids: Vec<TransactionId>,
    /// Well-formed batch ids.
    pub batch_ids: Vec<BatchId>,
    /// Malformed ids.
    pub skipped_ids: usize,
    /// 1..=[`ORDERS_COUNT_MAX`].
    pub count: i64,
    /// From 0.
    pub offset: i64,
    /// Whether transactions still `PROCESSING` are shown.
    pub include_open: bool,
}

fn orders_by_ids(
    tx: &mut dyn Tx,
    gateway_id: i64,
    investor_id: Option<i64>,
    query: &OrdersQuery,
) -> Result<Vec<Loaded>, StoreError> {
    let mut rows = std::collections::BTreeMap::new();
    for id in &query.transaction_ids {
        if let Some(txn) = transactions::find(tx, gateway_id, id)? {
            rows.insert(txn.id, txn);
        }
    }
    for id in &query.batch_ids {
        if let Some(batch) = batches::find(tx, id)? {
            let txn = transactions::load(tx, batch.txn_id)?;
            if txn.gateway_id == gateway_id {
                rows.insert(txn.id, txn);
            }
        }
    }
    let visible = |txn: &TxnRow| {
        let finished =
            txn.status == Status::Completed || (query.include_open && txn.status == Status::Processing);
        finished && (investor_id.is_none() || txn.investor_id == investor_id)
    };
    rows.into_values()
        .rev()
        .filter(visible)
        .map(|txn| load(tx, txn))
        .collect()
}

fn belongs_to(loaded: &Loaded, reader: &AuthId) -> bool {
    match &loaded.investor {
        Some(investor) => investor.auth_id == *reader,
        None => loaded.txn.principal.as_ref() == Some(reader),
    }
}

fn readable_funds(txn: &TxnRow, world_now: Timestamp) -> Option<Paise> {
    if txn.status != Status::Completed || !matches!(txn.intent, Intent::FetchFunds) {
        return None;
    }
    let result: FundsResult = serde_json::from_str(txn.result.as_deref()?).ok()?;
    (world_now.ms_since(result.as_of) <= FUNDS_READABLE_MS).then_some(result.funds)
}
