//! The holdings payload, versions 1 and 2, as answered by the API and sent by webhook.

use serde::Serialize;
use torana_domain::broker_key::BrokerKey;
use torana_domain::ids::AuthId;
use torana_domain::intent::HoldingsVersion;
use torana_domain::money::{Price, Shares, UNIT_DECIMALS};
use torana_domain::time::{Date, Timestamp};
use utoipa::ToSchema;

use super::{FundHolding, HoldingsSnapshot, NetPosition, SecurityHolding};
use crate::instant::Instant;
use crate::number::Decimal;

/// What a holdings payload is made of.
#[derive(Clone, Copy, Debug)]
pub struct HoldingsView<'a> {
    /// The stored snapshot.
    pub snapshot: &'a HoldingsSnapshot,
    /// Which layout.
    pub version: HoldingsVersion,
    /// Whether funds were asked for.
    pub mutual_funds: bool,
    /// Whether a background refresh is running.
    pub updating: bool,
    /// When the snapshot was stored (world time).
    pub last_update: Timestamp,
    /// Owner.
    pub auth_id: &'a AuthId,
    /// Where the account is.
    pub broker: BrokerKey,
    /// Notes of the last import.
    pub notes: Option<&'a str>,
}

/// `data` of the holdings answer, and the larger part of the holdings webhook.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldingsBody {
    /// Version 1: an object with `holdings` and `positions`. Version 2: an array.
    pub securities: SecuritiesBody,
    /// Invested smallcases.
    pub smallcases: SmallcasesBody,
    /// Demat funds; absent unless asked for and supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutual_funds: Option<FundsBody>,
    /// Whether a background refresh is running.
    pub updating: bool,
    /// When the data was stored.
    pub last_update: Instant,
    /// When the broker said so.
    pub snapshot_date: Instant,
    /// Owner.
    pub smallcase_auth_id: String,
    /// Broker key.
    #[schema(value_type = String)]
    pub broker: &'static str,
    /// Notes of the last import.
    #[schema(required)]
    pub notes: Option<String>,
}

/// Securities in the layout of the asked version.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum SecuritiesBody {
    /// Version 1.
    V1(SecuritiesV1Body),
    /// Version 2.
    V2(Vec<SecurityV2Body>),
}

/// Securities, version 1: NSE names only, without the smallcase part.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SecuritiesV1Body {
    /// Settled and T1 shares.
    pub holdings: Vec<HoldingV1Body>,
    /// Today's net trades.
    pub positions: Vec<HoldingV1Body>,
}

/// One line of version 1.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldingV1Body {
    /// NSE ticker.
    pub ticker: String,
    /// Company name.
    pub name: String,
    /// Always `NSE`.
    #[schema(value_type = String)]
    pub exchange: &'static str,
    /// Shares.
    pub shares: i64,
    /// Average price in rupees.
    pub average_price: Decimal,
}

/// One security of version 2.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityV2Body {
    /// Company name.
    pub name: String,
    /// ISIN.
    pub isin: String,
    /// `null` when not listed at NSE.
    #[schema(required)]
    pub nse_ticker: Option<String>,
    /// `null` when not listed at BSE.
    #[schema(required)]
    pub bse_ticker: Option<String>,
    /// Settled and T1 shares, the smallcase part included.
    pub holdings: HoldingLegBody,
    /// Today's net trades.
    pub positions: PositionsBody,
    /// Pledged shares.
    pub collateral_quantity: i64,
    /// NSE holdings plus NSE positions.
    pub transactable_quantity: i64,
    /// Shares held through smallcases.
    pub smallcase_quantity: i64,
    /// Flag.
    #[serde(rename = "isSuspendedOrDelistedOnNSE")]
    pub suspended_on_nse: bool,
    /// Flag.
    #[serde(rename = "isSuspendedOrDelistedOnBSE")]
    pub suspended_on_bse: bool,
}

/// Shares and their average price.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldingLegBody {
    /// Shares.
    pub quantity: i64,
    /// Average price in rupees.
    pub average_price: Decimal,
}

/// Today's net trades per exchange.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PositionsBody {
    /// At NSE.
    pub nse: HoldingLegBody,
    /// At BSE.
    pub bse: HoldingLegBody,
}

/// Invested smallcases. Both keys of `private` are always there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct SmallcasesBody {
    /// Published smallcases.
    #[schema(value_type = Vec<Object>)]
    pub public: Vec<serde_json::Value>,
    /// The user's own ones.
    pub private: PrivateSmallcasesBody,
}

/// The user's own smallcases.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct PrivateSmallcasesBody {
    /// Totals.
    pub stats: PrivateStatsBody,
    /// One item each.
    #[schema(value_type = Vec<Object>)]
    pub investments: Vec<serde_json::Value>,
}

/// Totals of the user's own smallcases.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrivateStatsBody {
    /// Rupees.
    pub current_value: Decimal,
    /// Rupees.
    pub total_returns: Decimal,
}

/// Demat funds.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FundsBody {
    /// One item per folio and scheme.
    pub holdings: Vec<FundBody>,
}

/// One demat fund.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FundBody {
    /// Folio number.
    pub folio: String,
    /// Scheme name.
    pub fund: String,
    /// Trading symbol.
    pub tradingsymbol: String,
    /// ISIN.
    pub isin: String,
    /// Units.
    pub quantity: Decimal,
    /// Average buying price in rupees.
    pub average_price: Decimal,
    /// Net asset value in rupees.
    pub last_price: Decimal,
    /// Day of that value, `yyyy-mm-dd`.
    #[schema(required)]
    pub last_price_date: Option<String>,
    /// Profit or loss in rupees.
    pub pnl: Decimal,
    /// Always 0: no broker states it.
    pub xirr: Decimal,
}

impl HoldingsBody {
    /// The payload in the asked version.
    #[must_use]
    pub fn of(view: &HoldingsView<'_>) -> Self {
        let snapshot = view.snapshot;
        let securities = match view.version {
            HoldingsVersion::V1 => SecuritiesBody::V1(SecuritiesV1Body::of(&snapshot.securities)),
            HoldingsVersion::V2 => {
                SecuritiesBody::V2(snapshot.securities.iter().map(SecurityV2Body::of).collect())
            }
        };
        let funds = snapshot.mutual_funds.as_ref().filter(|_| view.mutual_funds);
        Self {
            securities,
            smallcases: SmallcasesBody::default(),
            mutual_funds: funds.map(|funds| FundsBody {
                holdings: funds.iter().map(FundBody::of).collect(),
            }),
            updating: view.updating,
            last_update: Instant(view.last_update),
            snapshot_date: Instant(snapshot.taken_at),
            smallcase_auth_id: view.auth_id.to_string(),
            broker: view.broker.as_str(),
            notes: view.notes.map(str::to_owned),
        }
    }
}

impl SecuritiesV1Body {
    fn of(securities: &[SecurityHolding]) -> Self {
        let line = |security: &SecurityHolding, shares: i64, price: Price| {
            let ticker = security.nse_ticker.clone().filter(|_| shares != 0)?;
            let name = security.name.clone();
            Some(HoldingV1Body {
                ticker,
                name,
                exchange: "NSE",
                shares,
                average_price: price.into(),
            })
        };
        Self {
            holdings: securities
                .iter()
                .filter_map(|s| line(s, s.held().0.saturating_sub(s.smallcase.0), s.average_price))
                .collect(),
            positions: securities
                .iter()
                .filter_map(|s| line(s, s.nse_position.quantity.0, s.nse_position.average_price))
                .collect(),
        }
    }
}

impl SecurityV2Body {
    fn of(security: &SecurityHolding) -> Self {
        Self {
            name: security.name.clone(),
            isin: security.isin.clone(),
            nse_ticker: security.nse_ticker.clone(),
            bse_ticker: security.bse_ticker.clone(),
            holdings: leg(security.held(), security.average_price),
            positions: PositionsBody {
                nse: position(security.nse_position),
                bse: position(security.bse_position),
            },
            collateral_quantity: security.collateral.0,
            transactable_quantity: security.transactable().0,
            smallcase_quantity: security.smallcase.0,
            suspended_on_nse: security.suspended_on_nse,
            suspended_on_bse: security.suspended_on_bse,
        }
    }
}

impl FundBody {
    fn of(fund: &FundHolding) -> Self {
        Self {
            folio: fund.folio.clone(),
            fund: fund.fund.clone(),
            tradingsymbol: fund.tradingsymbol.clone(),
            isin: fund.isin.clone(),
            quantity: Decimal::new(fund.quantity.0, UNIT_DECIMALS),
            average_price: fund.average_price.into(),
            last_price: fund.last_price.into(),
            last_price_date: fund.last_price_date.as_ref().map(Date::to_string),
            pnl: fund.pnl.into(),
            xirr: Decimal::default(),
        }
    }
}

fn leg(quantity: Shares, average_price: Price) -> HoldingLegBody {
    HoldingLegBody {
        quantity: quantity.0,
        average_price: average_price.into(),
    }
}

fn position(position: NetPosition) -> HoldingLegBody {
    leg(position.quantity, position.average_price)
}
