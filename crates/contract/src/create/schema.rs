//! The request body as OpenAPI shows it. These types only describe; requests are read by [`super::Shape`],
//! which can name every wrong field.

use serde::Serialize;
use utoipa::ToSchema;

/// Body of a request that creates a transaction.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct CreateTransactionBody {
    /// What the transaction is for.
    #[schema(value_type = String, examples("TRANSACTION"))]
    pub intent: String,
    /// The order, for `TRANSACTION`, `SIP_SETUP`, `IMR_SETUP` and `CANCEL_AMO`.
    pub order_config: Option<OrderConfigRequest>,
    /// For the two imports.
    pub asset_config: Option<AssetConfigRequest>,
    /// For `MF_HOLDINGS_IMPORT`.
    pub response_config: Option<ResponseConfigRequest>,
    /// For `SUBSCRIPTION`.
    pub config: Option<SubscriptionConfigRequest>,
    /// `HOLDINGS_IMPORT`: `v1` (default) or `v2`.
    #[schema(examples("v2"))]
    pub version: Option<String>,
    /// Echoed in holdings payloads and results.
    #[schema(max_length = 256)]
    pub notes: Option<String>,
}

/// The order.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct OrderConfigRequest {
    /// `SECURITIES` or a smallcase order type.
    #[schema(examples("SECURITIES"))]
    pub r#type: Option<String>,
    /// Lines of a stock order. `quantity` and `type` each stand on all lines or on none.
    #[schema(min_items = 1, max_items = 100)]
    pub securities: Option<Vec<SecurityRequest>>,
    /// Texts for the review page.
    pub meta: Option<OrderMetaRequest>,
    /// Smallcase id.
    pub scid: Option<String>,
    /// Investment id.
    #[schema(pattern = "^[0-9a-f]{24}$")]
    pub iscid: Option<String>,
}

/// One line of a stock order.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SecurityRequest {
    /// NSE ticker; trimmed and upper-cased.
    #[schema(examples("INFY"))]
    pub ticker: String,
    /// Shares.
    #[schema(minimum = 1, maximum = 10_000_000)]
    pub quantity: Option<i64>,
    /// `BUY` or `SELL`.
    pub r#type: Option<String>,
    /// `NSE` in any case.
    pub exchange: Option<String>,
    /// `MARKET` (default) or `LIMIT`.
    pub order_type: Option<String>,
    /// Limit price in rupees, at most two decimals.
    #[schema(exclusive_minimum = 0)]
    pub price: Option<f64>,
    /// `DAY` (default) or `IOC`.
    pub validity: Option<String>,
}

/// Texts for the review page.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct OrderMetaRequest {
    /// Name of the order.
    #[schema(max_length = 100)]
    pub order_name: Option<String>,
    /// https address of a logo.
    #[schema(max_length = 2048)]
    pub order_logo: Option<String>,
}

/// What to import.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct AssetConfigRequest {
    /// `HOLDINGS_IMPORT`: demat funds too.
    pub mf_holdings: Option<BooleanOrText>,
    /// `MF_HOLDINGS_IMPORT`: only transactions from this day, `yyyy-mm-dd`, not in the future.
    #[schema(format = Date)]
    pub from_date: Option<String>,
    /// `MF_HOLDINGS_IMPORT`: not before `fromDate`.
    #[schema(format = Date)]
    pub to_date: Option<String>,
    /// Five letters, four digits and a letter.
    pub pan: Option<String>,
    /// 10 digits; `+91`, `91` or `0` in front are dropped.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// `wealth`.
    pub flow: Option<String>,
}

/// What the mutual-fund payload holds.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ResponseConfigRequest {
    /// Include the detailed statement.
    pub cas_detail: Option<BooleanOrText>,
    /// Include the summary statement.
    pub cas_summary: Option<BooleanOrText>,
}

/// What to subscribe to.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct SubscriptionConfigRequest {
    /// Fee-based smallcase; `orderConfig.scid` is accepted too.
    pub scid: Option<String>,
    /// Existing investment.
    #[schema(pattern = "^[0-9a-f]{24}$")]
    pub iscid: Option<String>,
}

/// A boolean, or `true` or `false` as a string in any case.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum BooleanOrText {
    /// Boolean.
    Boolean(bool),
    /// String.
    Text(String),
}
