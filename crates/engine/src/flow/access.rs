//! Getting into a flow: the one-time handle, the flow cookie, and what belongs to a flow.

use std::sync::Arc;

use torana_brokers::Profile;
use torana_contract::envelope::ApiError;
use torana_contract::errors::ErrorCode;
use torana_credentials::bearer::{BearerKind, BearerToken};
use torana_domain::broker_key::BrokerKey;
use torana_domain::ids::FlowId;
use torana_domain::intent::Intent;
use torana_domain::time::Timestamp;
use torana_storage::gateway::flows::{self, FlowRow};
use torana_storage::gateway::{investors, transactions};
use torana_storage::{StoreError, Tx};

use super::act::Change;
use super::state::{FlowOptions, FlowState};
use crate::context::Engine;
use crate::details::{Loaded, load};
use crate::error::{EngineError, from_store};
use crate::gateways::Gateway;
use crate::lifecycle::Now;

/// What is known of the browser that acts; stored with a confirmation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Browser {
    /// Client address.
    pub address: String,
    /// `User-Agent`, cut to 300 characters.
    pub user_agent: String,
    /// Value of the broker-session cookie of this gateway.
    pub broker_cookie: Option<String>,
}

/// A flow that a browser just took over.
#[derive(Debug, Clone)]
pub struct OpenedFlow {
    /// Public name.
    pub flow_id: FlowId,
    /// Value for the flow cookie.
    pub cookie: String,
}

/// A flow with everything that belongs to it, as of one snapshot.
#[derive(Debug, Clone)]
pub struct FlowRun {
    /// Gateway.
    pub gateway: Arc<Gateway>,
    /// Row.
    pub flow: FlowRow,
    /// What the SDK asked for.
    pub options: FlowOptions,
    /// Where the user is.
    pub state: FlowState,
    /// Transaction, investor, batch.
    pub loaded: Loaded,
    /// Broker of the connected user whom the transaction was created for.
    pub bound_broker: Option<BrokerKey>,
    /// The present.
    pub now: Now,
}

fn read_run(tx: &mut dyn Tx, flow: FlowRow) -> Result<(FlowRow, Loaded, Option<BrokerKey>), StoreError> {
    let txn = transactions::load(tx, flow.txn_id)?;
    let bound = match &txn.principal {
        Some(id) => investors::find(tx, txn.gateway_id, id)?.map(|investor| investor.broker),
        None => None,
    };
    let loaded = load(tx, txn)?;
    Ok((flow, loaded, bound))
}

impl Engine {
    /// Takes a one-time handle and binds its flow to the browser that posted it, from a page of `origin` if the
    /// browser tells. A handle that turns up at another origin than the one that started the flow is spent, and
    /// opens nothing.
    ///
    /// # Errors
    /// 404 `invalid_transactionId` for a handle that is unknown, used, too old or from elsewhere.
    pub async fn open_flow(&self, handle: &str, origin: Option<&str>) -> Result<OpenedFlow, EngineError> {
        let handle = BearerToken::parse(BearerKind::FlowHandle, handle)
            .map_err(|_| ApiError::new(ErrorCode::InvalidTransactionId))?;
        let cookie = BearerToken::generate(BearerKind::FlowCookie, &*self.rt().entropy);
        let (handle_hash, cookie_hash, wall) =
            (handle.storage_hash(), cookie.storage_hash(), self.wall_now());
        let origin = origin.map(str::to_owned);
        let flow_id = self
            .store()
            .write("flow.opened", move |tx| {
                let Some(id) = flows::take_handle(tx, &handle_hash, wall)? else {
                    return Ok(None);
                };
                let flow = flows::load(tx, id)?;
                if !is_started_at(&flow, origin.as_deref()) {
                    return Ok(None);
                }
                flows::set_cookie(tx, id, &cookie_hash, wall, wall.plus_ms(FLOW_COOKIE_MS))?;
                Ok(Some(flow.public_id))
            })
            .await
            .map_err(from_store)?
            .ok_or_else(|| ApiError::new(ErrorCode::InvalidTransactionId))?;
        Ok(OpenedFlow {
            flow_id,
            cookie: cookie.reveal().to_owned(),
        })
    }

    /// The flow of that name, for the browser that holds its cookie; `None` for anybody else.
    ///
    /// # Errors
    /// The storage's.
    pub async fn flow_of_browser(
        &self,
        flow_id: &str,
        cookie: Option<&str>,
    ) -> Result<Option<FlowRun>, EngineError> {
        let (Ok(flow_id), Some(cookie)) = (FlowId::parse(flow_id), cookie) else {
            return Ok(None);
        };
        let Ok(cookie) = BearerToken::parse(BearerKind::FlowCookie, cookie) else {
            return Ok(None);
        };
        let wall = self.wall_now();
        let found = self
            .store()
            .read(move |tx| match flows::find(tx, &flow_id)? {
                Some(flow) => read_run(tx, flow).map(Some),
                None => Ok(None),
            })
            .await
            .map_err(from_store)?;
        let Some((flow, loaded, bound)) = found else {
            return Ok(None);
        };
        let is_owner = flow
            .cookie_hash
            .as_deref()
            .is_some_and(|hash| cookie.matches_hash(hash));
        let is_alive = flow.cookie_expires_at.is_some_and(|end| wall < end);
        if is_owner && is_alive {
            self.assemble(flow, loaded, bound).map(Some)
        } else {
            Ok(None)
        }
    }

    /// A flow by its internal key, without a browser.
    pub(crate) async fn load_run(&self, id: i64) -> Result<FlowRun, EngineError> {
        let (flow, loaded, bound) = self
            .store()
            .read(move |tx| {
                let flow = flows::load(tx, id)?;
                read_run(tx, flow)
            })
            .await
            .map_err(from_store)?;
        self.assemble(flow, loaded, bound)
    }

    fn assemble(
        &self,
        flow: FlowRow,
        loaded: Loaded,
        bound: Option<BrokerKey>,
    ) -> Result<FlowRun, EngineError> {
        let gateway = self
            .gateway_by_id(flow.gateway_id)
            .ok_or_else(|| ApiError::new(ErrorCode::GatewayDisabled))?;
        let unreadable = |_| {
            tracing::error!(flow.id = flow.id, "stored flow is not readable");
            ApiError::new(ErrorCode::InternalError)
        };
        let options = serde_json::from_str(&flow.options).map_err(unreadable)?;
        let state = serde_json::from_str(&flow.state).map_err(unreadable)?;
        let now = self.now(&gateway);
        Ok(FlowRun {
            gateway,
            flow,
            options,
            state,
            loaded,
            bound_broker: bound,
            now,
        })
    }

    /// The present of a gateway on both clocks.
    #[must_use]
    pub fn now(&self, gateway: &Gateway) -> Now {
        Now {
            world: self.world_now(gateway),
            wall: self.wall_now(),
        }
    }

    /// The brokers that may serve an intent, before the user's own broker narrows them down.
    #[must_use]
    pub fn candidates(
        &self,
        gateway: &Gateway,
        intent: &Intent,
        options: &FlowOptions,
    ) -> Vec<&'static Profile> {
        let able = |profile: &&'static Profile| {
            let abilities = profile.capabilities;
            let fits = match intent {
                Intent::HoldingsImport { .. } => abilities.holdings_import,
                Intent::Securities { .. } => !intent.has_limit_order() || abilities.limit_orders,
                Intent::Connect | Intent::FetchFunds | Intent::AuthoriseHoldings => true,
            };
            fits && (options.brokers.is_empty() || options.brokers.contains(&profile.key))
        };
        self.profiles(gateway).into_iter().filter(able).collect()
    }

    /// A page of the flow shows that it is there.
    ///
    /// # Errors
    /// The storage's.
    pub async fn page_seen(&self, run: &FlowRun) -> Result<(), EngineError> {
        let (id, wall) = (run.flow.id, self.wall_now());
        self.store()
            .write("flow.seen", move |tx| flows::mark_seen(tx, id, wall))
            .await
            .map_err(from_store)
    }

    /// A page of the flow is shown: the user is here, and not at a broker's page that was open before. Its login there
    /// still counts if the user goes back to it.
    ///
    /// # Errors
    /// The storage's.
    pub async fn page_shown(&self, run: FlowRun) -> Result<FlowRun, EngineError> {
        self.page_seen(&run).await?;
        if !run.state.is_external {
            return Ok(run);
        }
        let state = FlowState {
            is_external: false,
            ..run.state.clone()
        };
        self.commit_change(&run, Change::step(state)).await?;
        self.reread(&run).await
    }

    /// The last page of the flow says goodbye; the next page of the same flow takes that back.
    ///
    /// # Errors
    /// The storage's.
    pub async fn page_gone(&self, run: &FlowRun) -> Result<(), EngineError> {
        let (id, wall) = (run.flow.id, self.wall_now());
        self.store()
            .write("flow.gone", move |tx| flows::mark_gone(tx, id, wall))
            .await
            .map_err(from_store)
    }
}

/// Whether a page of `origin` may have started a flow. Mobile apps have none, and some browsers tell none.
fn is_started_at(flow: &FlowRow, origin: Option<&str>) -> bool {
    let Some(origin) = origin else { return true };
    let options: Result<FlowOptions, _> = serde_json::from_str(&flow.options);
    options.is_ok_and(|options| options.origin.is_empty() || options.origin == origin)
}

/// Longest life of a flow cookie (wall time).
pub const FLOW_COOKIE_MS: i64 = 2 * 3600 * 1000;
/// Wall time after which a page that sent nothing is taken for gone.
pub const PRESENCE_MS: i64 = 25_000;
/// How long no page must have been present before a reported close is believed.
pub const CLOSE_BELIEVED_AFTER_MS: i64 = 3000;

/// Since when no page of the flow is present (wall time); `None` while one is.
#[must_use]
pub fn absent_since(flow: &FlowRow, wall: Timestamp) -> Option<Timestamp> {
    match (flow.gone_at, flow.seen_at) {
        (Some(gone), _) => Some(gone),
        (None, Some(seen)) => (wall.ms_since(seen) > PRESENCE_MS).then_some(seen),
        (None, None) => Some(flow.created_at),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testbed::{Bed, run};

    const PARTNER: &str = "https://app.acme.example";

    /// A handle to a new flow that a page of [`PARTNER`] started.
    fn handle(bed: &Bed) -> String {
        bed.handle(&Intent::Connect, PARTNER).1
    }

    fn is_let_in(bed: &Bed, opened: &OpenedFlow) -> bool {
        let found = bed
            .engine
            .flow_of_browser(opened.flow_id.as_str(), Some(&opened.cookie));
        run(found).unwrap().is_some()
    }

    #[test]
    fn a_flow_cookie_counts_for_two_hours_of_wall_time() {
        let bed = Bed::new();
        let opened = run(bed.engine.open_flow(&handle(&bed), Some(PARTNER))).unwrap();
        let start = bed.now().wall;
        bed.machine.set(start.plus_ms(FLOW_COOKIE_MS - 1));
        assert!(is_let_in(&bed, &opened));
        bed.machine.set(start.plus_ms(FLOW_COOKIE_MS));
        assert!(!is_let_in(&bed, &opened));
    }

    #[test]
    fn a_handle_opens_its_flow_for_the_page_that_started_it() {
        let bed = Bed::new();
        for origin in [Some(PARTNER), None] {
            assert!(
                run(bed.engine.open_flow(&handle(&bed), origin)).is_ok(),
                "{origin:?}"
            );
        }
        for origin in ["https://evil.example", "http://app.acme.example", ""] {
            let handle = handle(&bed);
            assert!(
                run(bed.engine.open_flow(&handle, Some(origin))).is_err(),
                "{origin}"
            );
            assert!(
                run(bed.engine.open_flow(&handle, Some(PARTNER))).is_err(),
                "{origin}: spent"
            );
        }
    }
}
