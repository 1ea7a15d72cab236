//! Taking and cancelling orders.

use torana_domain::money::Shares;
use torana_domain::order::{OrderErrorCode, OrderState, Variety};

use super::account::AccountKey;
use super::behaviour::Behaviour;
use super::checks::{Checked, Stopped};
use super::command::{Reply, SessionRef};
use super::event::Fact;
use super::line::Worth;
use super::order::{Due, DueAction, OrderRequest, PaperOrder, broker_order_id};
use super::{Step, order};

const NEEDS_CLEARANCE: &str =
    "The shares must be authorised for sale at the depository before this order can be placed";

impl Step<'_> {
    pub(super) fn place(&mut self, session: &SessionRef, request: OrderRequest) -> Reply {
        let key = &session.key;
        let Some(account) = self.state.accounts.get(key) else {
            return Reply::SessionExpired;
        };
        let behaviour = account.behaviour;
        match self.check(key, account, &request) {
            Err(Stopped::Refused(refusal)) => Reply::OrderRefused {
                code: refusal.code(),
                text: refusal.to_string(),
            },
            Err(Stopped::NeedsClearance) => Reply::OrderNeedsClearance {
                text: NEEDS_CLEARANCE.to_owned(),
            },
            Ok(checked) => {
                let broker_order_id = self.take(key, request, checked, behaviour);
                if behaviour == Behaviour::SessionDies {
                    self.end_session(session);
                }
                Reply::OrderTaken { broker_order_id }
            }
        }
    }

    /// Puts a checked order into the book and lets it meet the market when its time has come.
    fn take(
        &mut self,
        key: &AccountKey,
        request: OrderRequest,
        checked: Checked,
        behaviour: Behaviour,
    ) -> String {
        let due = match request.variety {
            Variety::Amo => Due {
                at: self.market.next_open(self.at),
                action: DueAction::Release,
            },
            Variety::Regular => self.first_match(behaviour),
        };
        let order = self.new_order(request, checked, due);
        let (number, id) = (order.number, order.broker_order_id.clone());
        self.emit(Fact::OrderAccepted {
            key: key.clone(),
            order,
        });
        if behaviour == Behaviour::OrderFailure {
            let text = "Rejected by the exchange: this test account has every order rejected";
            self.end_order(
                key,
                number,
                OrderState::Rejected,
                Some(OrderErrorCode::AdapterError),
                text,
            );
        } else if due.action == DueAction::Match && due.at <= self.at {
            self.run_order(key, number);
        }
        id
    }

    fn new_order(&self, request: OrderRequest, checked: Checked, due: Due) -> PaperOrder {
        let number = self.state.order_count + 1;
        let seed = self.state.seed;
        let id = broker_order_id(
            seed,
            self.market.date_of(self.at),
            number,
            request.reference.as_deref(),
        );
        let at_exchange = request.variety == Variety::Regular;
        PaperOrder {
            number,
            exchange_order_id: at_exchange.then(|| order::exchange_order_id(seed, &id)),
            broker_order_id: id,
            reference: request.reference,
            exchange: request.exchange,
            ticker: request.ticker,
            isin: checked.listing.isin,
            side: request.side,
            product: request.product,
            variety: request.variety,
            quantity: request.quantity,
            order_type: request.order_type,
            price: request.price,
            trigger_price: request.trigger_price,
            disclosed: request.disclosed,
            validity: request.validity,
            protection: request.protection,
            limit: checked.limit,
            filled: Shares(0),
            worth: Worth::default(),
            state: OrderState::Open,
            error_code: None,
            status_message: None,
            placed_at: self.at,
            due: Some(due),
        }
    }

    pub(super) fn cancel(&mut self, key: &AccountKey, broker_order_id: &str) -> Reply {
        let orders = self.state.accounts.get(key).map(|account| &account.orders);
        let found = orders.and_then(|orders| {
            orders
                .values()
                .find(|order| order.broker_order_id == broker_order_id)
        });
        match found.map(|order| (order.number, order.state)) {
            None => Reply::OrderNotFound,
            Some((_, state)) if state.is_final() => Reply::CancelRefused {
                text: format!("The order cannot be cancelled: it is {} already", state.as_str()),
            },
            Some((number, _)) => {
                self.end_order(key, number, OrderState::Cancelled, None, "Cancelled by the user");
                Reply::Done
            }
        }
    }

    /// Ends an open order; one with fills ends as partially filled, whatever `state` says.
    pub(super) fn end_order(
        &mut self,
        key: &AccountKey,
        number: u64,
        state: OrderState,
        code: Option<OrderErrorCode>,
        text: &str,
    ) {
        let Some(order) = self.order(key, number) else {
            return;
        };
        let state = if order.filled.0 > 0 {
            OrderState::Partial
        } else {
            state
        };
        self.emit(Fact::OrderEnded {
            key: key.clone(),
            number,
            state,
            code,
            text: text.to_owned(),
        });
    }

    /// An open order.
    pub(super) fn order(&self, key: &AccountKey, number: u64) -> Option<&PaperOrder> {
        let order = self.state.accounts.get(key)?.orders.get(&number)?;
        (!order.state.is_final()).then_some(order)
    }
}
