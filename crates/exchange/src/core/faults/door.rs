//! Refusals at the door that the account itself gives no reason for.

use torana_domain::order::{OrderErrorCode, Side};

use super::catalogue::RequestClass;
use super::request::Request;
use crate::core::command::Reply;

/// Why the broker refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    Login,
    StaticIp,
    MarketOrder,
    Clearance,
    Funds,
    Shares,
}

impl Door {
    /// Whether a request can be refused for this at all.
    pub fn fits(self, request: &Request) -> bool {
        let order = request.order.as_ref();
        match self {
            Self::Login | Self::StaticIp => true,
            Self::MarketOrder => order.is_some_and(|order| !order.order_type.has_price()),
            Self::Clearance | Self::Shares => order.is_some_and(|order| order.side == Side::Sell),
            Self::Funds => order.is_some_and(|order| order.side == Side::Buy),
        }
    }

    /// What the client is told.
    pub fn reply(self, class: RequestClass) -> Reply {
        let text = self.text().to_owned();
        match (class, self.code()) {
            (RequestClass::Login, _) => Reply::LoginRefused { text },
            (RequestClass::Place | RequestClass::Modify, None) => Reply::OrderNeedsClearance { text },
            (RequestClass::Place | RequestClass::Modify, Some(code)) => Reply::OrderRefused { code, text },
            _ => Reply::CancelRefused { text },
        }
    }

    /// `None` where a clearance helps.
    const fn code(self) -> Option<OrderErrorCode> {
        match self {
            Self::Login | Self::StaticIp | Self::MarketOrder => Some(OrderErrorCode::AdapterError),
            Self::Clearance => None,
            Self::Funds => Some(OrderErrorCode::MarginsExceeded),
            Self::Shares => Some(OrderErrorCode::CheckHoldings),
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Login => "The broker refuses this login; try again",
            Self::StaticIp => {
                "Orders are taken from registered static addresses only; this address is not registered"
            }
            Self::MarketOrder => {
                "Market orders are not allowed here; send a limit order, or a market order with protection"
            }
            Self::Clearance => {
                "The shares must be authorised for sale at the depository before this order can be placed"
            }
            Self::Funds => "Insufficient funds: the margin for this order is not available any more",
            Self::Shares => "Insufficient holdings: the shares for this order are not available any more",
        }
    }
}
