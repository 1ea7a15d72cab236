//! `POST /torana/sdk/v1/{gatewayName}/transactions/{transactionId}/start`: a one-time handle for the hosted flow.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde_json::value::RawValue;
use torana_contract::envelope::{ApiError, Success};
use torana_contract::errors::ErrorCode;
use torana_contract::request::{Problems, Scope};
use torana_contract::sdk::StartBody;
use torana_credentials::origin::{Origin, URL_BYTES_MAX};
use torana_domain::broker_key::BrokerKey;
use torana_domain::ids::TransactionId;
use torana_engine::flow::{FlowOptions, Mode};
use torana_engine::{Engine, Gateway};

use super::call::SdkCall;
use crate::failure::Failure;
use crate::reply;
use crate::state::ApiState;

/// Most entries of `brokers`.
const BROKERS_MAX: usize = 100;

/// Body of `start`.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; values are read member by member")]
struct StartRequest {
    /// Broker keys to offer; left out, `null` or empty means all. Unknown keys are ignored.
    #[schema(max_items = 100)]
    brokers: Option<Vec<String>>,
    /// Whether after-market orders may be offered.
    amo: Option<bool>,
    /// How the pages are shown; default `popup`.
    flow_mode: Option<FlowModeWord>,
    /// Where redirect mode returns to: an address on the calling page's origin.
    #[schema(max_length = 4096)]
    return_url: Option<String>,
    /// Whether the pages are labelled as test mode.
    leprechaun_enabled: Option<bool>,
}

/// How the hosted pages are shown.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes a member; values are read as text")]
enum FlowModeWord {
    /// In a window of its own.
    Popup,
    /// In place of the calling page.
    Redirect,
}

/// Start or re-enter a transaction's flow.
///
/// One flow per transaction: the session that started it gets a fresh handle until the transaction is over.
#[utoipa::path(
    post,
    path = "/torana/sdk/v1/{gatewayName}/transactions/{transactionId}/start",
    operation_id = "sdk_start",
    tag = "SDK protocol",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("transactionId" = String, Path, description = "The transaction.", example = "TRX_0123456789abcdef0123456789abcdef"),
        ("x-torana-sdk" = String, Header, description = "Name and version of the SDK.", example = "web/1.0.0"),
    ),
    request_body(content = StartRequest, example = json!({ "brokers": ["kite", "groww"], "amo": false, "flowMode": "popup", "returnUrl": null })),
    responses(
        (status = 200, description = "The handle.", body = Success<StartBody>, example = json!({ "success": true, "errors": null, "data": { "startUrl": "https://torana.example.org/flow/start", "handle": "h_Qm3v...", "nonce": "n_71c0..." } })),
        (status = 400, description = "malformed_json, validation_failed"),
        (status = 401, description = "sdk_session_expired"),
        (status = 403, description = "user_mismatch"),
        (status = 404, description = "invalid_transactionId"),
        (status = 409, description = "transaction_expired"),
        (status = 422, description = "no_broker"),
    ),
    security(("sdkSession" = [])),
    extensions(("x-internal" = json!(true))),
)]
pub async fn sdk_start(State(api): State<ApiState>, call: SdkCall) -> Result<Response, Failure> {
    let (engine, gateway) = (api.engine(), &*call.gateway);
    let session = engine
        .sdk_session(gateway, call.origin.as_ref(), call.bearer())
        .await?;
    let id = call.transaction_id()?;
    let body = call.body();
    let asked = parse(&body, call.origin.as_ref())?;
    if asked.offers_nothing {
        refuse_guest(engine, gateway, &id).await?;
    }
    reply::data(engine.sdk_start(gateway, &session, &id, asked.options).await?)
}

/// What the SDK asks for.
#[derive(Debug)]
struct Asked {
    options: FlowOptions,
    /// Whether a list of brokers was sent of which none exists.
    offers_nothing: bool,
}

fn parse(bytes: &[u8], origin: Option<&Origin>) -> Result<Asked, ApiError> {
    let body = Scope::of_body(bytes)?;
    let mut problems = Problems::default();
    let sent = brokers(bytes, &mut problems);
    let brokers: Vec<BrokerKey> = sent
        .iter()
        .flatten()
        .filter_map(|text| BrokerKey::parse_lenient(text))
        .collect();
    let mode = body.word(
        "flowMode",
        &mut problems,
        "popup or redirect",
        |word| match word {
            "popup" | "auto" => Some(Mode::Popup),
            "redirect" => Some(Mode::Redirect),
            _ => None,
        },
    );
    let return_url = body
        .text("returnUrl", &mut problems)
        .and_then(&mut problems, "returnUrl", |url| check_return_url(&url, origin));
    let mode = mode.value().unwrap_or_default();
    if mode == Mode::Redirect && !return_url.is_present() {
        problems.note("returnUrl", "is required when flowMode is redirect");
    }
    let options = FlowOptions {
        amo: body.boolean("amo", &mut problems).value().unwrap_or(false),
        leprechaun: body
            .boolean("leprechaunEnabled", &mut problems)
            .value()
            .unwrap_or(false),
        mode,
        return_url: return_url.value(),
        origin: origin.map_or_else(String::new, |origin| origin.as_str().to_owned()),
        brokers,
    };
    problems.into_result()?;
    let offers_nothing = options.brokers.is_empty() && sent.is_some_and(|list| !list.is_empty());
    Ok(Asked {
        options,
        offers_nothing,
    })
}

/// The sent list, `None` when there is none. Entries that are no strings become empty texts, which name no
/// broker.
fn brokers(body: &[u8], problems: &mut Problems) -> Option<Vec<String>> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
    let raw = members.get("brokers").filter(|raw| raw.get() != "null")?;
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else {
        problems.note("brokers", "must be an array of broker keys");
        return None;
    };
    if items.len() > BROKERS_MAX {
        problems.note("brokers", &format!("may have at most {BROKERS_MAX} entries"));
        return None;
    }
    Some(
        items
            .into_iter()
            .map(|item| serde_json::from_str(item.get()).unwrap_or_default())
            .collect(),
    )
}

/// The calling page's own address, without its fragment. The origin was compared with the gateway's list
/// already, so an equal one is whitelisted.
fn check_return_url(url: &str, origin: Option<&Origin>) -> Result<String, String> {
    let Some(origin) = origin else {
        return Err("is not allowed without a calling page".to_owned());
    };
    if url.len() > URL_BYTES_MAX {
        return Err(format!("may have at most {URL_BYTES_MAX} bytes"));
    }
    match Origin::of_url(url) {
        Ok(target) if target == *origin => {
            Ok(url.split_once('#').map_or(url, |(address, _)| address).to_owned())
        }
        _ => Err(format!(
            "must be an address on the calling page's origin, {origin}"
        )),
    }
}

/// A guest to whom nothing can be offered gets 1008, but not before what comes first: an unknown transaction,
/// and one that is over. A connected user's list is not looked at.
async fn refuse_guest(engine: &Engine, gateway: &Gateway, id: &TransactionId) -> Result<(), ApiError> {
    let txn = engine.load_transaction(gateway, id).await?.txn;
    if txn.principal.is_some() {
        return Ok(());
    }
    if txn.status.is_terminal() || txn.expire_at <= engine.world_now(gateway) {
        return Err(ErrorCode::TransactionExpired.into());
    }
    Err(ApiError::new(ErrorCode::NoBroker).with_detail("brokers: none of the sent keys is a broker"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Origin {
        Origin::parse("https://app.example.org").unwrap()
    }

    fn asked(body: &str) -> Result<Asked, ApiError> {
        parse(body.as_bytes(), Some(&page()))
    }

    #[test]
    fn broker_lists_are_forgiving() {
        let of = |list: &str| {
            let asked = asked(&format!(r#"{{"brokers":{list}}}"#)).unwrap();
            (asked.options.brokers, asked.offers_nothing)
        };
        assert_eq!(of("null"), (vec![], false));
        assert_eq!(of("[]"), (vec![], false));
        assert_eq!(
            of(r#"["KITE-leprechaun", 7, null, "nobody", "groww"]"#),
            (vec![BrokerKey::Kite, BrokerKey::Groww], false)
        );
        assert_eq!(of(r#"["nobody"]"#), (vec![], true));
        assert_eq!(of("[7]"), (vec![], true));
        assert_eq!(
            asked(r#"{"brokers":"kite"}"#).unwrap_err().details,
            ["brokers: must be an array of broker keys"]
        );
    }

    #[test]
    fn return_addresses_stay_on_the_page() {
        let of = |url: &str| {
            let body = format!(r#"{{"flowMode":"redirect","returnUrl":"{url}"}}"#);
            asked(&body).map(|asked| asked.options.return_url)
        };
        assert_eq!(
            of("https://app.example.org/shop?a=1#top"),
            Ok(Some("https://app.example.org/shop?a=1".to_owned()))
        );
        for bad in [
            "https://app.example.org.evil.example/",
            "https://app.example.org@evil.example/",
            "http://app.example.org/",
            "https://app.example.org:8443/",
            "//app.example.org/",
            "/shop",
            "javascript:alert(1)",
            "",
        ] {
            assert_eq!(of(bad).map_err(|error| error.status()), Err(400), "{bad}");
        }
        let without_page = parse(br#"{"returnUrl":"https://app.example.org/"}"#, None);
        assert_eq!(without_page.unwrap_err().status(), 400);
        assert_eq!(asked(r#"{"flowMode":"redirect"}"#).unwrap_err().details.len(), 1);
        assert_eq!(
            asked(r#"{"flowMode":"popup","returnUrl":null}"#)
                .unwrap()
                .options
                .mode,
            Mode::Popup
        );
    }
}
