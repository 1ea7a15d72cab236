//! `POST .../sandbox/kite/apps`, `POST .../sandbox/kite/sessions`: keys for the world's Kite interface.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use torana_contract::envelope::{ApiError, Success};
use torana_contract::instant::Instant;
use torana_contract::request::{Problems, Scope};
use torana_exchange::access::AppTerms;
use utoipa::ToSchema;

use crate::call::{Call, Control};
use crate::detached::detached;
use crate::failure::Failure;
use crate::state::ApiState;
use crate::{keyed, reply};

/// Longest URL of an app, in bytes.
const URL_BYTES_MAX: usize = 2_000;

/// Body of a new app.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; values are read member by member")]
struct AppRequest {
    /// Where a user's browser goes after a login.
    #[schema(pattern = "^https?://.+$", max_length = 2000)]
    redirect_url: String,
    /// Where news about the app's orders go; default nowhere.
    #[schema(pattern = "^https?://.+$", max_length = 2000)]
    postback_url: Option<String>,
    /// Whether its calls are counted against the limits of Kite; default `true`.
    rate_limits: Option<bool>,
}

/// `data` of a new app, with Kite's member names.
#[derive(Serialize, ToSchema)]
struct AppBody {
    /// Its public key.
    api_key: String,
    /// Its secret; shown this once.
    api_secret: String,
    /// World time.
    #[serde(rename = "worldTime")]
    world_time: Instant,
}

/// Body of a new session.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes a body; values are read member by member")]
struct SessionRequest {
    /// Public key of an app of this gateway.
    api_key: String,
    /// Name of an account of broker `kite`.
    #[schema(pattern = "^[A-Z0-9]{2,16}$")]
    account: String,
}

/// `data` of a new session, with Kite's member names.
#[derive(Serialize, ToSchema)]
struct SessionBody {
    /// The app's public key.
    api_key: String,
    /// The token of its calls; it ends at 06:00 in India of world time.
    access_token: String,
    /// Name of the account.
    user_id: String,
    /// World time.
    #[serde(rename = "worldTime")]
    world_time: Instant,
}

/// Make a Kite app.
///
/// Its key and secret are good for the Kite interface of this gateway's world and nowhere else.
#[utoipa::path(
    post,
    path = "/torana/v1/gateways/{gatewayName}/sandbox/kite/apps",
    operation_id = "sandbox_make_kite_app",
    tag = "Sandbox",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless: the first answer is given again.", min_length = 1, max_length = 255, pattern = "^[ -~]+$"),
    ),
    request_body(content = AppRequest, example = json!({ "redirectUrl": "http://127.0.0.1:9000/cb", "postbackUrl": null })),
    responses(
        (status = 200, description = "The app.", body = Success<AppBody>),
        (status = 400, description = "malformed_json, validation_failed"),
        (status = 409, description = "request_in_progress"),
        (status = 422, description = "idempotency_key_reused"),
    ),
    security(("gatewaySecret" = [])),
)]
pub async fn sandbox_make_kite_app(
    State(api): State<ApiState>,
    call: Call<Control>,
) -> Result<Response, Failure> {
    let terms = parse_app(&call.body)?;
    let (engine, caller, key) = (api.engine().clone(), call.caller, call.keyed);
    let answer = detached(api.engine().rt(), "sandbox.kite_app", async move {
        keyed::once(&engine, &caller, key, async {
            let app = engine.make_app(&caller.gateway, terms.clone()).await?;
            reply::envelope(AppBody {
                api_key: app.api_key,
                api_secret: app.api_secret,
                world_time: Instant(engine.world_now(&caller.gateway)),
            })
        })
        .await
    });
    Ok(reply::answer(answer.await?))
}

/// Open a Kite session.
///
/// The login of an account without its login page. The token works like one that an app fetched.
#[utoipa::path(
    post,
    path = "/torana/v1/gateways/{gatewayName}/sandbox/kite/sessions",
    operation_id = "sandbox_open_kite_session",
    tag = "Sandbox",
    params(
        ("gatewayName" = String, Path, description = "The gateway.", example = "gatewaydemo"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless: the first answer is given again.", min_length = 1, max_length = 255, pattern = "^[ -~]+$"),
    ),
    request_body(content = SessionRequest, example = json!({ "apiKey": "0123456789abcdef", "account": "DEMO01" })),
    responses(
        (status = 200, description = "The session.", body = Success<SessionBody>),
        (status = 400, description = "malformed_json, validation_failed"),
        (status = 404, description = "app_not_found, account_not_found"),
        (status = 409, description = "request_in_progress"),
        (status = 422, description = "idempotency_key_reused"),
    ),
    security(("gatewaySecret" = [])),
)]
pub async fn sandbox_open_kite_session(
    State(api): State<ApiState>,
    call: Call<Control>,
) -> Result<Response, Failure> {
    let (api_key, account) = parse_session(&call.body)?;
    let (engine, caller, key) = (api.engine().clone(), call.caller, call.keyed);
    let answer = detached(api.engine().rt(), "sandbox.kite_session", async move {
        keyed::once(&engine, &caller, key, async {
            let opened = engine.open_app_session(&caller.gateway, Some(api_key.clone()), account.clone());
            let opened = opened.await?;
            reply::envelope(SessionBody {
                api_key: opened.api_key,
                access_token: opened.access_token,
                user_id: account.clone(),
                world_time: Instant(engine.world_now(&caller.gateway)),
            })
        })
        .await
    });
    Ok(reply::answer(answer.await?))
}

fn parse_app(body: &[u8]) -> Result<AppTerms, ApiError> {
    let body = Scope::of_body(body)?;
    let mut problems = Problems::default();
    let redirect_url = body.text("redirectUrl", &mut problems);
    let redirect_url = redirect_url.and_then(&mut problems, "redirectUrl", checked_url);
    let redirect_url = redirect_url.required(&mut problems, "redirectUrl", "an http or https URL");
    let postback_url = body.text("postbackUrl", &mut problems);
    let postback_url = postback_url.and_then(&mut problems, "postbackUrl", checked_url);
    let is_limited = body.boolean("rateLimits", &mut problems).value().unwrap_or(true);
    problems.into_result()?;
    Ok(AppTerms {
        // An absent or wrong address was noted, so that this is never reached without one.
        redirect_url: redirect_url.unwrap_or_default(),
        postback_url: postback_url.value(),
        is_limited,
    })
}

/// An absolute http or https URL without user name.
fn checked_url(text: String) -> Result<String, String> {
    let allowed = || format!("must be an absolute http or https URL of at most {URL_BYTES_MAX} bytes");
    if text.len() > URL_BYTES_MAX {
        return Err(allowed());
    }
    torana_credentials::origin::Origin::of_url(&text).map_err(|_| allowed())?;
    Ok(text)
}

fn parse_session(body: &[u8]) -> Result<(String, String), ApiError> {
    let body = Scope::of_body(body)?;
    let mut problems = Problems::default();
    let api_key = body.text("apiKey", &mut problems);
    let api_key = api_key.required(&mut problems, "apiKey", "the key of an app");
    let account = body.text("account", &mut problems);
    let account = account.required(&mut problems, "account", "the name of an account");
    problems.into_result()?;
    Ok((api_key.unwrap_or_default(), account.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_needs_no_more_than_an_address() {
        let terms = parse_app(br#"{"redirectUrl":"http://127.0.0.1:9000/cb","postbackUrl":null}"#).unwrap();
        assert_eq!(
            (terms.redirect_url.as_str(), terms.postback_url, terms.is_limited),
            ("http://127.0.0.1:9000/cb", None, true)
        );
        let body =
            br#"{"redirectUrl":"https://a.example","postbackUrl":"https://a.example/p","rateLimits":false}"#;
        let terms = parse_app(body).unwrap();
        assert_eq!(
            (terms.postback_url.as_deref(), terms.is_limited),
            (Some("https://a.example/p"), false)
        );
    }

    #[test]
    fn every_wrong_field_is_named() {
        let names = |error: ApiError| -> Vec<String> {
            let named = error.details.iter().filter_map(|line| line.split(':').next());
            named.map(str::to_owned).collect()
        };
        let body = br#"{"redirectUrl":"javascript:x","postbackUrl":7,"rateLimits":"no"}"#;
        assert_eq!(
            names(parse_app(body).unwrap_err()),
            ["redirectUrl", "postbackUrl", "rateLimits"]
        );
        assert_eq!(names(parse_app(b"{}").unwrap_err()), ["redirectUrl"]);
        assert_eq!(
            names(parse_session(br#"{"apiKey":1}"#).unwrap_err()),
            ["apiKey", "account"]
        );
    }
}
