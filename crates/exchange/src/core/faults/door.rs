//! Refusals at the door that the account itself gives no reason for.

use torana_domain::order::Side;

use super::catalogue::RequestClass;
use super::request::Request;
use crate::core::command::Reply;
use crate::core::refusal::Refusal;
use crate::core::trading::NEEDS_CLEARANCE;

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
        let text = self.text();
        match (class, self.refusal()) {
            (RequestClass::Login, _) => Reply::LoginRefused { text },
            (RequestClass::Place | RequestClass::Modify, None) => Reply::OrderNeedsClearance { text },
            (RequestClass::Place | RequestClass::Modify, Some(refusal)) => refusal.into(),
            _ => Reply::CancelRefused { text },
        }
    }

    /// `None` where no order is refused for good: at a login, and where a clearance helps.
    const fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Login | Self::Clearance => None,
            Self::StaticIp => Some(Refusal::AddressNotRegistered),
            Self::MarketOrder => Some(Refusal::MarketOrderNotAllowed),
            Self::Funds => Some(Refusal::FundsGone),
            Self::Shares => Some(Refusal::SharesGone),
        }
    }

    fn text(self) -> String {
        match self.refusal() {
            Some(refusal) => refusal.to_string(),
            None if self == Self::Login => "The broker refuses this login; try again".to_owned(),
            None => NEEDS_CLEARANCE.to_owned(),
        }
    }
}
