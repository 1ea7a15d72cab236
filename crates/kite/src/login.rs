//! The login page, and the way back to the app.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, StatusCode};
use torana_domain::broker_key::BrokerKey;
use torana_exchange::access::{App, Opened, TokenKind, open_session};
use torana_exchange::core::{AccountKey, Reply};
use torana_ui::Notice;
use torana_ui::pages::{Hidden, KiteAsk, KiteForm};
use url::Url;

use crate::error::KiteError;
use crate::input::Params;
use crate::pages;
use crate::state::Kite;

/// How long a request token is good (world time).
const REQUEST_TOKEN_MS: i64 = 5 * 60_000;
/// Most characters of what an app wants back with the user.
const REDIRECT_PARAMS_MAX: usize = 2_000;
/// What an app cannot have sent back under another meaning.
const RESERVED: [&str; 4] = ["action", "type", "status", "request_token"];

/// Where the login form is.
pub const LOGIN_PATH: &str = "/connect/login";

/// The routes.
pub fn routes() -> Router<Kite> {
    Router::new().route(LOGIN_PATH, get(show).post(log_in))
}

/// The app that the parameters name.
pub async fn app_of(kite: &Kite, params: &Params) -> Result<Option<App>, KiteError> {
    match params.text("api_key") {
        None => Ok(None),
        Some(api_key) => Ok(kite.access().find_app(api_key).await?),
    }
}

async fn show(State(kite): State<Kite>, params: Params) -> Response {
    let shown = async {
        match app_of(&kite, &params).await? {
            None => Ok(pages::unknown(&kite)),
            Some(app) => login_page(&kite, &app, &params, None).await,
        }
    };
    shown.await.unwrap_or_else(|error| pages::failed(&kite, &error))
}

async fn login_page(
    kite: &Kite,
    app: &App,
    params: &Params,
    refusal: Option<String>,
) -> Result<Response, KiteError> {
    let fields = vec![pages::account_field(kite, &app.world).await?];
    let form = KiteForm {
        ask: KiteAsk::Login,
        broker: pages::broker(),
        orders: Vec::new(),
        shares: Vec::new(),
        fields,
        post_to: LOGIN_PATH.to_owned(),
        hidden: hidden(params),
    };
    Ok(pages::page(
        kite,
        StatusCode::OK,
        notice(refusal),
        form.into(),
        Some(app),
    ))
}

/// What a form carries on from the address that it was shown at.
pub fn hidden(params: &Params) -> Vec<Hidden> {
    let keep = |name: &'static str| {
        let value = params.text(name)?.to_owned();
        Some(Hidden { name, value })
    };
    ["api_key", "redirect_params"]
        .into_iter()
        .filter_map(keep)
        .collect()
}

/// What is said above a form that was refused.
pub fn notice(refusal: Option<String>) -> Option<Notice> {
    refusal.map(|text| Notice {
        key: "login_refused",
        detail: Some(text),
    })
}

async fn log_in(State(kite): State<Kite>, headers: HeaderMap, params: Params) -> Response {
    if !pages::is_own_form(&kite, &headers) {
        return pages::refused(&kite);
    }
    let done = async {
        let Some(app) = app_of(&kite, &params).await? else {
            return Ok(pages::unknown(&kite));
        };
        match begin(&kite, &app, &params).await? {
            Ok(opened) => {
                let target = way_back(&app, &params, "success", Some(opened.token.reveal()));
                Ok(pages::see_other(&target))
            }
            Err(refusal) => login_page(&kite, &app, &params, Some(refusal)).await,
        }
    };
    done.await.unwrap_or_else(|error| pages::failed(&kite, &error))
}

/// Logs the chosen account in for the few minutes that an app has to fetch its token. `Err` inside says why not, fit
/// for the user.
pub async fn begin(kite: &Kite, app: &App, params: &Params) -> Result<Result<Opened, String>, KiteError> {
    let Some(account) = pages::chosen_account(params) else {
        return Ok(Err("Choose an account.".to_owned()));
    };
    let key = match AccountKey::new(BrokerKey::Kite, &account) {
        Ok(key) => key,
        Err(error) => return Ok(Err(format!("There is no such account: {error}."))),
    };
    let at = kite.now(&app.world)?;
    let (book, exchange) = (kite.access(), kite.exchange());
    let end = at.plus_ms(REQUEST_TOKEN_MS);
    let opened = open_session(book, exchange, TokenKind::Request, app, &key, at, end).await?;
    Ok(match &opened.answer.reply {
        Reply::LoggedIn => Ok(opened),
        Reply::LoginRefused { text } => Err(text.clone()),
        _ => Err("The broker does not answer; try again.".to_owned()),
    })
}

/// The app's address with what it learns.
pub fn way_back(app: &App, params: &Params, status: &str, request_token: Option<&str>) -> String {
    let Ok(mut url) = Url::parse(&app.redirect_url) else {
        return app.redirect_url.clone();
    };
    {
        let mut query = url.query_pairs_mut();
        query
            .append_pair("action", "login")
            .append_pair("type", "login")
            .append_pair("status", status);
        if let Some(token) = request_token {
            query.append_pair("request_token", token);
        }
        let wanted = params.text("redirect_params").unwrap_or_default();
        if wanted.len() <= REDIRECT_PARAMS_MAX {
            let wanted = url::form_urlencoded::parse(wanted.as_bytes());
            query.extend_pairs(wanted.filter(|(name, _)| !RESERVED.contains(&name.as_ref())));
        }
    }
    url.into()
}
