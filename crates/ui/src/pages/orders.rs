//! Orders on their way and what became of them.

use serde::Serialize;
use torana_domain::batch::BatchStatus;
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::{OrderErrorCode, OrderState, OrderType, Side, Variety};

use super::broker::BrokerView;

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderLine {
    /// NSE ticker.
    pub ticker: String,
    /// Company or fund.
    pub name: String,
    /// Buy or sell.
    pub side: Side,
    /// Ordered shares.
    pub quantity: Shares,
    /// Filled shares.
    pub filled: Shares,
    /// Average fill price; zero while nothing is filled.
    pub average_price: Price,
    /// Market or limit.
    pub order_type: OrderType,
    /// Limit price; zero for a market order.
    pub limit_price: Price,
    /// What is known.
    pub state: OrderState,
    /// Standard reason of a failure.
    pub error_code: Option<OrderErrorCode>,
    /// The broker's words.
    pub status_message: Option<String>,
}

/// What is being waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Orders are being sent and filled.
    Orders,
    /// Holdings are being fetched.
    Holdings,
    /// The available cash is being read.
    Funds,
    /// The login is being finished.
    Login,
}

/// Step 14, and every other wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// The broker.
    pub broker: BrokerView,
    /// What is being waited for.
    pub work: Work,
    /// The orders; empty for other work.
    pub lines: Vec<OrderLine>,
    /// Orders that are final.
    pub finished_count: usize,
}

impl Progress {
    /// Progress of a batch.
    #[must_use]
    pub fn of_orders(broker: BrokerView, lines: Vec<OrderLine>) -> Self {
        let finished_count = lines.iter().filter(|line| line.state.is_final()).count();
        Self {
            broker,
            work: Work::Orders,
            lines,
            finished_count,
        }
    }

    /// Progress of work without lines.
    #[must_use]
    pub const fn of_work(broker: BrokerView, work: Work) -> Self {
        Self {
            broker,
            work,
            lines: Vec::new(),
            finished_count: 0,
        }
    }
}

/// Step 15. Action: `finish`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The broker.
    pub broker: BrokerView,
    /// The batch as a whole.
    pub status: BatchStatus,
    /// Whether some order is neither proven accepted nor proven refused.
    pub has_unproven: bool,
    /// Orders that failed while others did not; 0 when all of them failed.
    pub failed_count: usize,
    /// Regular or after-market.
    pub variety: Variety,
    /// The orders.
    pub lines: Vec<OrderLine>,
    /// Rupees bought.
    pub bought: Paise,
    /// Rupees sold.
    pub sold: Paise,
}

impl Status {
    /// The page about a batch.
    #[must_use]
    pub fn new(
        broker: BrokerView,
        status: BatchStatus,
        variety: Variety,
        lines: Vec<OrderLine>,
        traded: (Paise, Paise),
    ) -> Self {
        let has_unproven = lines.iter().any(|line| line.state == OrderState::Unknown);
        let is_failed = |line: &&OrderLine| {
            matches!(
                line.state,
                OrderState::Rejected | OrderState::Cancelled | OrderState::Unplaced
            )
        };
        let failed = lines.iter().filter(is_failed).count();
        let failed_count = if failed == lines.len() { 0 } else { failed };
        Self {
            broker,
            status,
            has_unproven,
            failed_count,
            variety,
            lines,
            bought: traded.0,
            sold: traded.1,
        }
    }
}
