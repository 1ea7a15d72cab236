//! The answer of market status.

use serde::Serialize;
use torana_domain::broker_key::BrokerKey;
use torana_domain::time::Timestamp;
use utoipa::ToSchema;

use crate::instant::Instant;

/// What a market-status answer is made of. Instants are world time.
#[derive(Clone, Copy, Debug)]
pub struct MarketView {
    /// The broker whose after-market window counts; `None` when neither the query nor the user names one.
    pub broker: Option<BrokerKey>,
    /// Whether the normal or the closing session takes new orders now.
    pub market_open: bool,
    /// Whether the broker takes after-market orders now.
    pub amo_open: bool,
    /// Now.
    pub server_time: Timestamp,
    /// Next opening after now.
    pub next_open: Timestamp,
    /// Next close after now.
    pub next_close: Timestamp,
    /// Whether the calendar of these days is not published yet.
    pub provisional: bool,
}

/// `data` of market status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarketBody {
    /// Always `NSE`.
    #[schema(value_type = String)]
    pub exchange: &'static str,
    /// Broker key, or `null`.
    #[schema(required, value_type = Option<String>)]
    pub broker: Option<&'static str>,
    /// Whether new orders are taken now.
    pub market_open: bool,
    /// Whether after-market orders are taken now.
    pub amo_open: bool,
    /// Now.
    pub server_time: Instant,
    /// Next opening.
    pub next_open: Instant,
    /// Next close.
    pub next_close: Instant,
    /// Whether only weekends and fixed holidays are known for these days.
    pub provisional: bool,
}

impl From<MarketView> for MarketBody {
    fn from(view: MarketView) -> Self {
        Self {
            exchange: "NSE",
            broker: view.broker.map(BrokerKey::as_str),
            market_open: view.market_open,
            amo_open: view.amo_open,
            server_time: Instant(view.server_time),
            next_open: Instant(view.next_open),
            next_close: Instant(view.next_close),
            provisional: view.provisional,
        }
    }
}
