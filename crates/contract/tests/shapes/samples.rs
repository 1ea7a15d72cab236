//! Values that the samples are made of.

use serde_json::{Value, json};
use torana_contract::batch::BatchView;
use torana_contract::holdings::{
    FundHolding, HoldingsSnapshot, HoldingsView, NetPosition, SecurityHolding, Units,
};
use torana_contract::transaction::{IdentityView, TransactionView};
use torana_domain::broker_key::BrokerKey;
use torana_domain::ids::{AuthId, BatchId, ClientReference, GatewayName, TransactionId};
use torana_domain::intent::{BasketLine, HoldingsVersion, Intent, OrderMeta};
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::order::{Evidence, Order, OrderState, OrderTicket, OrderType, Side, Validity, Variety};
use torana_domain::time::{Date, Timestamp, parse_iso};
use torana_domain::transaction::Status;

pub(crate) const TRX: &str = "TRX_0123456789abcdef0123456789abcdef";
pub(crate) const USER: &str = "507f1f77bcf86cd799439011";
pub(crate) const BATCH: &str = "60c72b2f9b1e8a0012345678";

pub(crate) fn at(text: &str) -> Timestamp {
    parse_iso(text).unwrap()
}

pub(crate) struct Ids {
    pub(crate) transaction: TransactionId,
    pub(crate) user: AuthId,
    pub(crate) batch: BatchId,
    pub(crate) gateway: GatewayName,
}

pub(crate) fn ids() -> Ids {
    Ids {
        transaction: TransactionId::parse(TRX).unwrap(),
        user: AuthId::parse(USER).unwrap(),
        batch: BatchId::parse(BATCH).unwrap(),
        gateway: GatewayName::parse("gatewaydemo").unwrap(),
    }
}

pub(crate) fn order(ticker: &str, side: Side, quantity: i64, state: OrderState) -> Order {
    Order {
        ticket: OrderTicket {
            reference: ClientReference::from_random([7; 10]),
            ticker: ticker.to_owned(),
            isin: "INE009A01021".to_owned(),
            side,
            quantity: Shares(quantity),
            order_type: OrderType::Market,
            price: None,
            validity: Validity::Day,
            variety: Variety::Regular,
        },
        state,
        filled: Shares(0),
        average_price: Price(0),
        broker_order_id: None,
        exchange_order_id: None,
        order_timestamp: None,
        error_code: None,
        status_message: None,
        evidence: Evidence::None,
        as_of: at("2026-01-05T09:31:02.100Z"),
    }
}

pub(crate) fn filled_infy() -> Order {
    Order {
        filled: Shares(3),
        average_price: Price(15_035_000),
        broker_order_id: Some("B1".to_owned()),
        exchange_order_id: Some("1100000000012345".to_owned()),
        order_timestamp: Some(at("2026-01-05T09:31:00.400Z")),
        evidence: Evidence::OrderBook,
        ..order("INFY", Side::Buy, 3, OrderState::Complete)
    }
}

pub(crate) fn batch<'a>(ids: &'a Ids, orders: &'a [Order]) -> BatchView<'a> {
    BatchView {
        batch_id: &ids.batch,
        transaction_id: &ids.transaction,
        variety: Variety::Regular,
        broker: BrokerKey::Kite,
        label: None,
        completed_at: Some(at("2026-01-05T09:31:02.120Z")),
        orders,
    }
}

pub(crate) fn sample_order() -> Value {
    json!({ "status": "COMPLETE", "quantity": 3, "filledQuantity": 3, "averagePrice": 1503.5, "tradingsymbol": "INFY",
        "transactionType": "BUY", "exchange": "NSE", "orderType": "MARKET", "product": "CNC", "price": 0,
        "validity": "DAY", "exchangeOrderId": "1100000000012345", "orderTimestamp": "2026-01-05T09:31:00.400Z",
        "errorCode": null, "statusMessage": null, "rawStatus": "COMPLETE", "evidence": "order_book",
        "asOf": "2026-01-05T09:31:02.100Z" })
}

pub(crate) fn sample_batch() -> Value {
    json!({ "batchId": BATCH, "transactionId": TRX, "buyAmount": 4510.5, "sellAmount": 0, "quantity": 1, "filled": 1,
        "status": "COMPLETED", "variety": "regular", "broker": "kite", "completedDate": "2026-01-05T09:31:02.120Z",
        "orders": [sample_order()], "unplaced": [] })
}

pub(crate) fn wire<T: serde::Serialize>(body: &T) -> Value {
    serde_json::from_str(&serde_json::to_string(body).unwrap()).unwrap()
}

pub(crate) fn transaction<'a>(
    ids: &'a Ids,
    intent: &'a Intent,
    batches: &'a [BatchView<'a>],
) -> TransactionView<'a> {
    TransactionView {
        transaction_id: &ids.transaction,
        gateway: &ids.gateway,
        intent,
        status: Status::Completed,
        extended_statuses: false,
        failure: None,
        expire_at: at("2026-01-05T09:35:00.000Z"),
        created_at: at("2026-01-05T09:30:00.000Z"),
        updated_at: at("2026-01-05T09:31:10.000Z"),
        notes: Some("u-17"),
        identity: Some(IdentityView {
            auth_id: &ids.user,
            token: "eyJhbGciOi...",
            broker: BrokerKey::Kite,
            signup: false,
        }),
        batches,
        funds: None,
    }
}

pub(crate) const HOLDINGS: Intent = Intent::HoldingsImport {
    version: HoldingsVersion::V1,
    mf_holdings: false,
};

pub(crate) fn securities() -> Intent {
    let line = |ticker: &str| BasketLine {
        ticker: ticker.to_owned(),
        quantity: None,
        side: None,
        order_type: OrderType::Market,
        price: None,
        validity: Validity::Day,
    };
    Intent::Securities {
        lines: vec![
            BasketLine {
                quantity: Some(Shares(3)),
                side: Some(Side::Buy),
                ..line("INFY")
            },
            BasketLine {
                order_type: OrderType::Limit,
                price: Some(Price(4_315_000)),
                ..line("ITC")
            },
        ],
        meta: OrderMeta {
            order_name: Some("January plan".to_owned()),
            order_logo: None,
        },
    }
}

pub(crate) fn infy() -> SecurityHolding {
    SecurityHolding {
        name: "Infosys Ltd".to_owned(),
        isin: "INE009A01021".to_owned(),
        nse_ticker: Some("INFY".to_owned()),
        bse_ticker: Some("INFY".to_owned()),
        settled: Shares(9),
        t1: Shares(1),
        average_price: Price(14_102_000),
        nse_position: NetPosition {
            quantity: Shares(2),
            average_price: Price(14_330_000),
        },
        bse_position: NetPosition::default(),
        collateral: Shares(0),
        smallcase: Shares(4),
        suspended_on_nse: false,
        suspended_on_bse: false,
    }
}

pub(crate) fn snapshot() -> HoldingsSnapshot {
    let bse_only = SecurityHolding {
        name: "Only There Ltd".to_owned(),
        isin: "INE000X01010".to_owned(),
        nse_ticker: None,
        bse_ticker: Some("ONLYTHERE".to_owned()),
        nse_position: NetPosition::default(),
        smallcase: Shares(0),
        suspended_on_bse: true,
        ..infy()
    };
    HoldingsSnapshot {
        taken_at: at("2026-01-05T09:31:09.000Z"),
        securities: vec![infy(), bse_only],
        mutual_funds: Some(vec![FundHolding {
            folio: "123456/78".to_owned(),
            fund: "Example Flexi Cap - Direct".to_owned(),
            tradingsymbol: "INF000000000".to_owned(),
            isin: "INF000000000".to_owned(),
            quantity: Units(105_231_000),
            average_price: Price(521_100),
            last_price: Price(602_000),
            last_price_date: Date::parse("2026-01-02").ok(),
            pnl: Paise(85_100),
        }]),
    }
}

pub(crate) fn holdings<'a>(
    ids: &'a Ids,
    snapshot: &'a HoldingsSnapshot,
    version: HoldingsVersion,
) -> HoldingsView<'a> {
    HoldingsView {
        snapshot,
        version,
        mutual_funds: true,
        updating: false,
        last_update: at("2026-01-05T09:31:10.000Z"),
        auth_id: &ids.user,
        broker: BrokerKey::Kite,
        notes: Some("u-17"),
    }
}

pub(crate) fn no_smallcases() -> Value {
    json!({ "public": [], "private": { "stats": { "currentValue": 0, "totalReturns": 0 }, "investments": [] } })
}
