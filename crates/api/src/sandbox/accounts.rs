//! `POST .../sandbox/accounts`: makes an account on the paper exchange.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use torana_contract::envelope::{ApiError, Success};
use torana_contract::instant::Instant;
use torana_contract::number::Decimal;
use torana_contract::request::{Field, Problems, Scope};
use torana_domain::broker_key::BrokerKey;
use torana_domain::money::{Paise, Price, Shares};
use torana_domain::time::Timestamp;
use torana_exchange::core::command::{
    AccountView, HOLDINGS_PER_ACCOUNT_MAX, NewAccount, NewHolding, SecurityName,
};
use torana_exchange::core::{AccountKey, Behaviour};
use utoipa::ToSchema;

use super::security::parse_security;
use crate::call::{Call, Control};
use crate::detached::detached;
use crate::failure::Failure;
use crate::openapi::words::BrokerWord;
use crate::state::ApiState;
use crate::{keyed, reply};

/// Most rupees of an account.
const FUNDS_RUPEES_MAX: i64 = 10_000_000_000;
/// Most shares of one holding.
const SHARES_MAX: i64 = 1_000_000_000;
/// Most rupees per share.
const PRICE_RUPEES_MAX: i64 = 10_000_000;

/// Body of a new account.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; values are read member by member")]
struct AccountRequest {
    /// Broker key.
    broker: BrokerWord,
    /// Name of the account.
    #[schema(pattern = "^[A-Z0-9]{2,16}$")]
    account: String,
    /// Money in rupees, at most two decimals; default 0.
    #[schema(minimum = 0, maximum = 10_000_000_000_i64, multiple_of = 0.01)]
    funds_inr: Option<f64>,
    /// Shares; default none.
    #[schema(max_items = 500)]
    holdings: Option<Vec<HoldingRequest>>,
    /// Whether sales need no authorisation; default `true`.
    ddpi: Option<bool>,
    /// What the account does on purpose; default `normal`.
    behaviour: Option<BehaviourWord>,
}

/// One holding; exactly one of `ticker` and `isin`.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes a body; values are read member by member")]
enum HoldingRequest {
    /// Named by its ticker.
    ByTicker {
        /// NSE ticker.
        ticker: String,
        /// Settled shares.
        #[schema(minimum = 0, maximum = 1_000_000_000)]
        quantity: i64,
        /// Shares bought on the day before; default 0.
        #[schema(minimum = 0, maximum = 1_000_000_000, rename = "t1Quantity")]
        t1_quantity: Option<i64>,
        /// Cost per share in rupees, at most two decimals.
        #[schema(
            minimum = 0,
            maximum = 10_000_000,
            multiple_of = 0.01,
            rename = "averagePrice"
        )]
        average_price: f64,
        /// Shares cleared for sale, at most `quantity`; default 0.
        #[schema(minimum = 0, maximum = 1_000_000_000)]
        authorised: Option<i64>,
    },
    /// Named by its ISIN.
    ByIsin {
        /// ISIN.
        isin: String,
        /// Settled shares.
        #[schema(minimum = 0, maximum = 1_000_000_000)]
        quantity: i64,
        /// Shares bought on the day before; default 0.
        #[schema(minimum = 0, maximum = 1_000_000_000, rename = "t1Quantity")]
        t1_quantity: Option<i64>,
        /// Cost per share in rupees, at most two decimals.
        #[schema(
            minimum = 0,
            maximum = 10_000_000,
            multiple_of = 0.01,
            rename = "averagePrice"
        )]
        average_price: f64,
        /// Shares cleared for sale, at most `quantity`; default 0.
        #[schema(minimum = 0, maximum = 1_000_000_000)]
        authorised: Option<i64>,
    },
}

/// What an account does on purpose.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a member; values are read as text")]
enum BehaviourWord {
    /// Nothing unusual.
    Normal,
    /// Every buy fails the margin check.
    LowFunds,
    /// Every order is rejected after acceptance.
    OrderFailure,
    /// Half fills, the rest is cancelled at the close.
    Partial,
    /// Fills come 60 seconds late.
    Slow,
    /// No login succeeds.
    LoginFails,
    /// A login ends with its first order.
    SessionDies,
}

/// `data` of a new account: the account with its defaults filled in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AccountBody {
    /// Broker key.
    #[schema(value_type = String)]
    broker: &'static str,
    /// Name of the account.
    account: String,
    /// Money in rupees.
    funds_inr: Decimal,
    /// Shares, in the order of the request.
    holdings: Vec<HoldingBody>,
    /// Whether sales need no authorisation.
    ddpi: bool,
    /// What the account does on purpose.
    #[schema(value_type = String)]
    behaviour: &'static str,
    /// World time.
    world_time: Instant,
}

/// One holding.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HoldingBody {
    /// NSE ticker; `null` when not listed there.
    #[schema(required)]
    ticker: Option<String>,
    /// ISIN.
    isin: String,
    /// Settled shares.
    quantity: i64,
    /// Shares bought on the day before.
    t1_quantity: i64,
    /// Cost per share in rupees.
    average_price: Decimal,
    /// Shares cleared for sale.
    authorised: i64,
}

/// Make a sandbox account.
///
/// An account belongs to a broker of this gateway's world and is known nowhere else.
#[utoipa::path(
    post,
    path = "/torana/v1/gateways/{gatewayName}/sandbox/accounts",
    operation_id = "sandbox_create_account",
    tag = "Sandbox",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless: the first answer is given again.", min_length = 1, max_length = 255, pattern = "^[ -~]+$"),
    ),
    request_body(content = AccountRequest, example = json!({ "broker": "kite", "account": "CI0001", "fundsInr": 250_000, "holdings": [{ "ticker": "ITC", "quantity": 40, "t1Quantity": 5, "averagePrice": 402.35, "authorised": 0 }], "ddpi": false })),
    responses(
        (status = 200, description = "The account.", body = Success<AccountBody>),
        (status = 400, description = "malformed_json, validation_failed"),
        (status = 409, description = "account_exists, request_in_progress"),
        (status = 422, description = "ticker_not_found, idempotency_key_reused"),
    ),
    security(("gatewaySecret" = [])),
)]
pub async fn sandbox_create_account(
    State(api): State<ApiState>,
    call: Call<Control>,
) -> Result<Response, Failure> {
    let new = parse(&call.body)?;
    let (engine, caller, key) = (api.engine().clone(), call.caller, call.keyed);
    let answer = detached(api.engine().rt(), "sandbox.account", async move {
        keyed::once(&engine, &caller, key, async {
            let view = engine.create_account(&caller.gateway, new.clone()).await?;
            reply::envelope(show(&new, &view, engine.world_now(&caller.gateway)))
        })
        .await
    });
    Ok(reply::answer(answer.await?))
}

/// What was asked for, with the names that the exchange knows.
fn show(new: &NewAccount, view: &AccountView, world_time: Timestamp) -> AccountBody {
    let holding = |asked: &NewHolding| {
        let known = view.holdings.iter().find(|held| match &asked.security {
            SecurityName::Ticker(ticker) => held.nse_ticker.as_ref() == Some(ticker),
            SecurityName::Isin(isin) => held.isin == *isin,
        });
        let (ticker, isin) = match (&asked.security, known) {
            (_, Some(held)) => (held.nse_ticker.clone(), held.isin.clone()),
            (SecurityName::Ticker(ticker), None) => (Some(ticker.clone()), String::new()),
            (SecurityName::Isin(isin), None) => (None, isin.clone()),
        };
        HoldingBody {
            ticker,
            isin,
            quantity: asked.quantity.0,
            t1_quantity: asked.t1_quantity.0,
            average_price: asked.average_price.into(),
            authorised: asked.authorised.0,
        }
    };
    AccountBody {
        broker: new.key.broker().as_str(),
        account: new.key.account().to_owned(),
        funds_inr: new.funds.into(),
        holdings: new.holdings.iter().map(holding).collect(),
        ddpi: new.ddpi,
        behaviour: new.behaviour.as_str(),
        world_time: Instant(world_time),
    }
}

fn parse(body: &[u8]) -> Result<NewAccount, ApiError> {
    let body = Scope::of_body(body)?;
    let mut problems = Problems::default();
    let broker = body.word(
        "broker",
        &mut problems,
        "a broker key, such as kite",
        BrokerKey::parse_lenient,
    );
    let broker = broker.required(&mut problems, "broker", "a broker key, such as kite");
    let key = body
        .text("account", &mut problems)
        .and_then(&mut problems, "account", |account| {
            AccountKey::new(broker.unwrap_or(BrokerKey::Kite), &account).map_err(|bad| bad.to_string())
        });
    let key = key.required(&mut problems, "account", "a name of 2 to 16 of A-Z and 0-9");
    let funds = body
        .number("fundsInr")
        .and_then(&mut problems, "fundsInr", |number| {
            let funds = number.as_paise().map_err(|why| why.to_string())?;
            within(funds.0, FUNDS_RUPEES_MAX * 100)
                .then_some(funds)
                .ok_or_else(|| rupees(FUNDS_RUPEES_MAX))
        });
    let holdings = match body.objects("holdings", &mut problems, 0..=HOLDINGS_PER_ACCOUNT_MAX) {
        Field::Value(items) => items
            .iter()
            .filter_map(|item| holding(item, &mut problems))
            .collect(),
        Field::Absent | Field::Wrong => Vec::new(),
    };
    let ddpi = body.boolean("ddpi", &mut problems).value().unwrap_or(true);
    let words = Behaviour::ALL.map(Behaviour::as_str).join(", ");
    let behaviour = body.word(
        "behaviour",
        &mut problems,
        &format!("one of {words}"),
        Behaviour::parse,
    );
    problems.into_result()?;
    // An absent or wrong account was noted, so that this is never reached without one.
    let key = key.ok_or_else(|| ApiError::validation(["account: is required".to_owned()]))?;
    let funds = funds.value().unwrap_or(Paise(0));
    Ok(NewAccount {
        key,
        funds,
        holdings,
        ddpi,
        behaviour: behaviour.value().unwrap_or_default(),
    })
}

fn holding(item: &Scope<'_>, problems: &mut Problems) -> Option<NewHolding> {
    let security = parse_security(item, problems);
    let path = item.path_of("quantity");
    let quantity = item.integer("quantity", problems, 0..=SHARES_MAX);
    let quantity = quantity.required(problems, &path, "a number of shares");
    let t1_quantity = item
        .integer("t1Quantity", problems, 0..=SHARES_MAX)
        .value()
        .unwrap_or(0);
    let authorised = item
        .integer("authorised", problems, 0..=quantity.unwrap_or(SHARES_MAX))
        .value()
        .unwrap_or(0);
    let path = item.path_of("averagePrice");
    let average_price = item.number("averagePrice").and_then(problems, &path, |number| {
        let price = number.as_price().map_err(|why| why.to_string())?;
        within(price.0, PRICE_RUPEES_MAX * 10_000)
            .then_some(price)
            .ok_or_else(|| rupees(PRICE_RUPEES_MAX))
    });
    let average_price: Option<Price> = average_price.required(problems, &path, "rupees per share");
    Some(NewHolding {
        security: security?,
        quantity: Shares(quantity?),
        t1_quantity: Shares(t1_quantity),
        average_price: average_price?,
        authorised: Shares(authorised),
    })
}

fn within(value: i64, max: i64) -> bool {
    (0..=max).contains(&value)
}

fn rupees(max: i64) -> String {
    format!("must be from 0 to {max} rupees")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_the_contracts() {
        let new = parse(br#"{"broker":"kite","account":"CI0001"}"#).unwrap();
        assert_eq!(
            (new.funds, new.ddpi, new.behaviour, new.holdings.len()),
            (Paise(0), true, Behaviour::Normal, 0)
        );
        let body = br#"{"broker":"kite","account":"CI0001","fundsInr":250000.5,"ddpi":false,"behaviour":"slow",
            "holdings":[{"ticker":"itc","quantity":40,"averagePrice":402.35},{"isin":"INE009A01021","quantity":1,"t1Quantity":5,"averagePrice":1,"authorised":1}]}"#;
        let new = parse(body).unwrap();
        assert_eq!(
            (new.funds, new.ddpi, new.behaviour),
            (Paise(25_000_050), false, Behaviour::Slow)
        );
        assert_eq!(new.holdings[0].security, SecurityName::Ticker("ITC".to_owned()));
        assert_eq!(
            (new.holdings[0].authorised, new.holdings[1].t1_quantity),
            (Shares(0), Shares(5))
        );
    }

    #[test]
    fn every_wrong_field_is_named() {
        let body = br#"{"broker":"x","account":"a","fundsInr":10000000000.01,"ddpi":1,"behaviour":"odd",
            "holdings":[{"ticker":"ITC","isin":"INE154A01025","quantity":"4","t1Quantity":-1,"averagePrice":1.005},{"quantity":1,"averagePrice":1,"authorised":2}]}"#;
        let error = parse(body).unwrap_err();
        let named: Vec<&str> = error
            .details
            .iter()
            .filter_map(|line| line.split(':').next())
            .collect();
        assert_eq!(
            named,
            [
                "broker",
                "account",
                "fundsInr",
                "holdings[0].ticker",
                "holdings[0].quantity",
                "holdings[0].t1Quantity",
                "holdings[0].averagePrice",
                "holdings[1].ticker",
                "holdings[1].authorised",
                "ddpi",
                "behaviour",
            ]
        );
    }
}
