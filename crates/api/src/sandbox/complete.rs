//! `POST .../sandbox/transactions/{transactionId}/complete`: walks the hosted flow without a browser.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use torana_contract::create::MAX_SECURITIES;
use torana_contract::envelope::{ApiError, Success};
use torana_contract::instant::Instant;
use torana_contract::request::{Field, Problems, Scope};
use torana_contract::sdk::{Outcome, SettlementBody};
use torana_contract::transaction::TransactionDetailsData;
use torana_domain::broker_key::BrokerKey;
use torana_engine::flow::review::{LineEdit, QUANTITY_MAX};
use torana_engine::flow::walk::{Decision, WalkAnswer, WalkEdit, WalkRequest};
use torana_exchange::core::AccountKey;
use utoipa::ToSchema;

use crate::call::{Call, ControlForUser};
use crate::detached::detached;
use crate::failure::Failure;
use crate::openapi::words::{BrokerWord, OrderTypeWord, SideWord};
use crate::state::ApiState;
use crate::{keyed, reply};

/// Longest wait for fills.
const WAIT_MS_MAX: i64 = 30_000;

/// Body of a walk.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; values are read member by member")]
struct CompleteRequest {
    /// What the user decides.
    decision: DecisionWord,
    /// Broker key, where the decision logs in.
    broker: Option<BrokerWord>,
    /// Account of this world, where the decision logs in.
    #[schema(pattern = "^[A-Z0-9]{2,16}$")]
    account: Option<String>,
    /// What the user types on the review page.
    #[schema(max_items = 100)]
    edits: Option<Vec<EditRequest>>,
    /// Whether after-market orders are asked for and accepted; default `false`.
    amo: Option<bool>,
    /// Whether shares are authorised when that is asked for; default `true`.
    authorise: Option<bool>,
    /// Whether the user goes on although something is short; default `false`.
    proceed_if_short: Option<bool>,
}

/// One line as the user types it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; values are read member by member")]
struct EditRequest {
    /// NSE ticker of the line.
    ticker: String,
    /// `BUY` or `SELL`.
    r#type: Option<SideWord>,
    /// Shares.
    #[schema(minimum = 1, maximum = 10_000_000)]
    quantity: Option<i64>,
    /// `MARKET` or `LIMIT`.
    order_type: Option<OrderTypeWord>,
    /// Limit price in rupees, at most two decimals.
    #[schema(exclusive_minimum = 0, multiple_of = 0.01)]
    price: Option<f64>,
}

/// What the user of a walk decides.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes a member; values are read as text")]
enum DecisionWord {
    /// Log in, agree, review, confirm.
    Approve,
    /// Press cancel on the last page before the work starts.
    Cancel,
    /// Refuse the consent; imports of holdings only.
    DenyConsent,
    /// Log in to another account than the mapped one; connected only.
    WrongAccount,
    /// Leave because the broker is not listed.
    NoBroker,
    /// Leave to open an account.
    OpenAccount,
    /// Close the window before the login.
    CloseBeforeLogin,
    /// Close the window after the login.
    CloseAfterLogin,
    /// Let this transaction's time run out.
    Expire,
}

/// `data` of a walk: the transaction's details, and what the SDK would do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CompleteBody {
    #[serde(flatten)]
    details: TransactionDetailsData,
    /// How the SDK's promise settles.
    settlement: CompleteSettlement,
    /// World time.
    world_time: Instant,
}

/// How the SDK's promise settles.
#[derive(Serialize, ToSchema)]
struct CompleteSettlement {
    /// Pending, resolve or reject.
    outcome: Outcome,
    /// Number of a rejection.
    #[schema(required)]
    code: Option<u16>,
    /// Message of a rejection.
    #[schema(required, value_type = Option<String>)]
    message: Option<&'static str>,
}

impl From<WalkAnswer> for CompleteBody {
    fn from(answer: WalkAnswer) -> Self {
        let SettlementBody {
            outcome,
            code,
            message,
            ..
        } = answer.settlement;
        Self {
            details: answer.details,
            settlement: CompleteSettlement {
                outcome,
                code,
                message,
            },
            world_time: Instant(answer.world_time),
        }
    }
}

/// Complete a transaction.
///
/// Walks the hosted flow as the decision says, and returns when the work goes on without the user, the
/// transaction is over, or the decision leaves it open. Needs the token of the transaction's user.
#[utoipa::path(
    post,
    path = "/torana/v1/gateways/{gatewayName}/sandbox/transactions/{transactionId}/complete",
    operation_id = "sandbox_complete_transaction",
    tag = "Sandbox",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("transactionId" = String, Path, description = "The transaction.", example = "TRX_0123456789abcdef0123456789abcdef"),
        ("waitMs" = Option<i64>, Query, description = "Longest wait for the fills, wall time; default 0.", minimum = 0, maximum = 30_000),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless: the first answer is given again.", min_length = 1, max_length = 255, pattern = "^[ -~]+$"),
    ),
    request_body(content = CompleteRequest, example = json!({ "decision": "approve", "broker": "kite", "account": "DEMO01", "edits": [{ "ticker": "INFY", "type": "BUY", "quantity": 2, "orderType": "LIMIT", "price": 1500.5 }], "proceedIfShort": false })),
    responses(
        (status = 200, description = "What came of it.", body = Success<CompleteBody>),
        (status = 400, description = "malformed_json, validation_failed"),
        (status = 404, description = "invalid_transactionId, account_not_found"),
        (status = 409, description = "transaction_expired, request_in_progress"),
        (status = 422, description = "decision_not_applicable, broker_not_available, edits_incomplete, idempotency_key_reused"),
    ),
    security(("gatewaySecret" = [], "userToken" = [])),
)]
pub async fn sandbox_complete_transaction(
    State(api): State<ApiState>,
    call: Call<ControlForUser>,
) -> Result<Response, Failure> {
    let mut problems = Problems::default();
    let wait_ms = call.query.integer("waitMs", 0..=WAIT_MS_MAX, 0, &mut problems);
    let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
    let request = parse(&call.body, wait, problems)?;
    let id = call.transaction_id()?;
    let (engine, caller, key) = (api.engine().clone(), call.caller, call.keyed);
    let answer = detached(api.engine().rt(), "sandbox.complete", async move {
        // A walk is a large future: on the heap it does not swell those around it.
        let walk = Box::pin(async {
            reply::envelope(CompleteBody::from(engine.walk(&caller, &id, request).await?))
        });
        keyed::once(&engine, &caller, key, walk).await
    });
    Ok(reply::answer(answer.await?))
}

fn parse(body: &[u8], wait: Duration, mut problems: Problems) -> Result<WalkRequest, ApiError> {
    let body = Scope::of_body(body)?;
    let words = Decision::ALL.map(|(word, _)| word).join(", ");
    let decision = body.word(
        "decision",
        &mut problems,
        &format!("one of {words}"),
        Decision::parse,
    );
    let decision = decision.required(&mut problems, "decision", &format!("one of {words}"));
    let broker = body
        .word(
            "broker",
            &mut problems,
            "a broker key, such as kite",
            BrokerKey::parse_lenient,
        )
        .value();
    let account = body
        .text("account", &mut problems)
        .and_then(&mut problems, "account", |account| {
            // Which broker it is asked at does not matter for what an account may be called.
            AccountKey::new(broker.unwrap_or(BrokerKey::Kite), &account).map_err(|bad| bad.to_string())?;
            Ok(account)
        });
    let edits = match body.objects("edits", &mut problems, 0..=MAX_SECURITIES) {
        Field::Value(items) => items
            .iter()
            .filter_map(|item| edit(item, &mut problems))
            .collect(),
        Field::Absent | Field::Wrong => Vec::new(),
    };
    let mut flag = |name: &str, default: bool| body.boolean(name, &mut problems).value().unwrap_or(default);
    let (amo, authorise, proceed_if_short) = (
        flag("amo", false),
        flag("authorise", true),
        flag("proceedIfShort", false),
    );
    problems.into_result()?;
    // Absent and wrong decisions were noted, so that this is never reached without one.
    let decision = decision.ok_or_else(|| ApiError::validation(["decision: is required".to_owned()]))?;
    Ok(WalkRequest {
        decision,
        broker,
        account: account.value(),
        edits,
        amo,
        authorise,
        proceed_if_short,
        wait,
    })
}

fn edit(item: &Scope<'_>, problems: &mut Problems) -> Option<WalkEdit> {
    let path = item.path_of("ticker");
    let ticker = item
        .text("ticker", problems)
        .required(problems, &path, "the ticker of a line");
    let one_of =
        |words: &'static [&'static str]| move |text: &str| words.contains(&text).then(|| text.to_owned());
    let side = item
        .word("type", problems, "BUY or SELL", one_of(&["BUY", "SELL"]))
        .value();
    let order_type = item
        .word(
            "orderType",
            problems,
            "MARKET or LIMIT",
            one_of(&["MARKET", "LIMIT"]),
        )
        .value();
    let quantity = item.integer("quantity", problems, 1..=QUANTITY_MAX).value();
    let price = item
        .number("price")
        .and_then(problems, &item.path_of("price"), |number| {
            let price = number.as_price().map_err(|why| why.to_string())?;
            if price.0 > 0 {
                Ok(price.to_decimal())
            } else {
                Err("must be above 0".to_owned())
            }
        });
    Some(WalkEdit {
        ticker: ticker?.trim().to_ascii_uppercase(),
        edit: LineEdit {
            line: 0,
            side,
            quantity: quantity.map(|shares| shares.to_string()),
            order_type,
            price: price.value(),
            validity: None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> Result<WalkRequest, ApiError> {
        parse(body.as_bytes(), Duration::ZERO, Problems::default())
    }

    #[test]
    fn defaults_are_the_contracts() {
        let request = parsed(r#"{"decision":"approve","broker":"kite","account":"DEMO01"}"#).unwrap();
        assert_eq!(
            (request.amo, request.authorise, request.proceed_if_short),
            (false, true, false)
        );
        assert_eq!(
            (request.broker, request.account.as_deref()),
            (Some(BrokerKey::Kite), Some("DEMO01"))
        );
    }

    #[test]
    fn every_decision_has_its_word() {
        for word in [
            "approve",
            "cancel",
            "deny_consent",
            "wrong_account",
            "no_broker",
            "open_account",
            "close_before_login",
            "close_after_login",
            "expire",
        ] {
            assert!(parsed(&format!(r#"{{"decision":"{word}"}}"#)).is_ok(), "{word}");
        }
    }

    #[test]
    fn edits_are_typed_like_on_the_page() {
        let request = parsed(
            r#"{"decision":"approve","edits":[{"ticker":" infy ","type":"BUY","quantity":2,"orderType":"LIMIT","price":1500.5}]}"#,
        );
        let edits = request.unwrap().edits;
        assert_eq!(edits[0].ticker, "INFY");
        assert_eq!(edits[0].edit.quantity.as_deref(), Some("2"));
        assert_eq!(edits[0].edit.price.as_deref(), Some("1500.5"));
    }

    #[test]
    fn every_wrong_field_is_named() {
        let error = parsed(
            r#"{"decision":"maybe","broker":"nobody","account":"demo","amo":"yes","edits":[{"type":"HOLD","quantity":0,"price":-1}]}"#,
        )
        .unwrap_err();
        let named: Vec<&str> = error
            .details
            .iter()
            .filter_map(|line| line.split(':').next())
            .collect();
        assert_eq!(
            named,
            [
                "decision",
                "broker",
                "account",
                "edits[0].ticker",
                "edits[0].type",
                "edits[0].quantity",
                "edits[0].price",
                "amo"
            ]
        );
        assert_eq!(parsed("[]").unwrap_err().code.slug(), "malformed_json");
    }
}
