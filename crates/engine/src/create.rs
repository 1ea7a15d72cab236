//! Creating a transaction: look-ups, then one commit of row, event, expiry timer, logo and stored answer.

use torana_contract::create::CreatedBody;
use torana_contract::envelope::{ApiError, Success};
use torana_contract::errors::ErrorCode;
use torana_domain::intent::{BasketLine, Intent};
use torana_domain::order::OrderType;
use torana_instruments::Master;
use torana_storage::StoreError;
use torana_storage::gateway::{jobs, transactions};

use crate::auth::Caller;
use crate::context::Engine;
use crate::error::{EngineError, from_store};
use crate::idempotency::{Admission, KeyedRequest};
use crate::jobs::kind;
use crate::logos;

/// An answer that may come from store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body, JSON.
    pub body: String,
    /// Whether it was stored before.
    pub is_replay: bool,
}

impl Engine {
    /// Creates a transaction of a validated intent.
    ///
    /// # Errors
    /// 422 `ticker_not_found`, `invalid_price`, `limit_order_not_supported`, `idempotency_key_reused`; 409
    /// `request_in_progress`.
    pub async fn create_transaction(
        &self,
        caller: &Caller,
        intent: Intent,
        notes: Option<String>,
        request: Option<KeyedRequest>,
    ) -> Result<Answer, EngineError> {
        let gateway = &caller.gateway;
        let _guard = match self.admit(gateway, request.as_ref()).await? {
            Admission::Replay(stored) => return Ok(stored),
            Admission::Run(guard) => guard,
        };
        self.check_basket(caller, &intent)?;
        let public_id = self.new_transaction_id(gateway).await?;
        let (world, wall) = (self.world_now(gateway), self.wall_now());
        let expire_at = world.plus_ms(intent.kind().lifetime_ms());
        let body = to_json(&Success::new(CreatedBody::new(&public_id, expire_at)))?;
        let new = transactions::NewTxn {
            gateway_id: gateway.id,
            public_id,
            intent_json: to_json(&intent)?,
            principal: caller.auth_id().cloned(),
            notes,
            created_at: world,
            expire_at,
        };
        let logo = self.wanted_logo(&intent);
        let answer = match &request {
            Some(request) => Some(self.seal_answer(gateway, request, 200, &body)?),
            None => None,
        };
        let written = self
            .store()
            .write("transaction.created", move |tx| {
                let id = transactions::insert(tx, &new)?;
                let expiry = jobs::JobDomain::World;
                jobs::put(
                    tx,
                    new.gateway_id,
                    expiry,
                    kind::EXPIRE_TRANSACTION,
                    id,
                    new.expire_at,
                )?;
                if let Some(logo) = &logo {
                    logos::want(tx, new.gateway_id, logo, wall)?;
                }
                answer.as_ref().map_or(Ok(()), |answer| answer.store(tx))
            })
            .await;
        match (written, request) {
            (Ok(()), _) => Ok(Answer {
                status: 200,
                body,
                is_replay: false,
            }),
            (Err(StoreError::Duplicate(_)), Some(request)) => self.after_lost_race(gateway, &request).await,
            (Err(error), _) => Err(from_store(error)),
        }
    }

    fn check_basket(&self, caller: &Caller, intent: &Intent) -> Result<(), EngineError> {
        let Intent::Securities { lines, .. } = intent else {
            return Ok(());
        };
        let master = self.master_at(self.world_now(&caller.gateway));
        check_tickers(&master, lines)?;
        if intent.has_limit_order()
            && let Some(investor) = &caller.investor
            && let Some(profile) = self.profile(&caller.gateway, investor.broker)
            && !profile.capabilities.limit_orders
        {
            return Err(ApiError::new(ErrorCode::LimitOrderNotSupported)
                .with_detail(format!("{} takes market orders only", profile.name)));
        }
        check_ticks(&master, lines)
    }
}

fn check_tickers(master: &Master, lines: &[BasketLine]) -> Result<(), EngineError> {
    let is_known = |line: &&BasketLine| master.by_ticker(&line.ticker).is_some();
    let unknown: std::collections::BTreeSet<&str> = lines
        .iter()
        .filter(|line| !is_known(line))
        .map(|line| line.ticker.as_str())
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::TickerNotFound).with_details(unknown.into_iter().map(str::to_owned)))
}

fn check_ticks(master: &Master, lines: &[BasketLine]) -> Result<(), EngineError> {
    let mut problems = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let (OrderType::Limit, Some(price)) = (line.order_type, line.price) else {
            continue;
        };
        let Some(security) = master.by_ticker(&line.ticker) else {
            continue;
        };
        if !price.is_on_tick(security.tick) {
            problems.push(format!(
                "orderConfig.securities[{index}].price: {} is not a multiple of the tick {} of {}",
                price.to_decimal(),
                security.tick.to_decimal(),
                line.ticker
            ));
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(ApiError::new(ErrorCode::InvalidPrice).with_details(problems))
    }
}

/// Serialises an answer or stored value; the types at hand cannot fail, a failure is reported as ours.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, EngineError> {
    serde_json::to_string(value).map_err(|error| {
        tracing::error!(%error, "value could not be serialised");
        ApiError::new(ErrorCode::InternalError)
    })
}
