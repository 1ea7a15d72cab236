//! The pages: their answers, their forms, and the static files that they use.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use torana_credentials::origin::{Origin, is_foreign_sender};
use torana_domain::broker_key::BrokerKey;
use torana_exchange::access::App;
use torana_exchange::core::{Command, Reply};
use torana_exchange::paper::{ACCOUNT_FIELD, ACCOUNTS_OFFERED_MAX, account_choices};
use torana_runtime::{Stream, random_bytes};
use torana_ui::csp::content_security_policy;
use torana_ui::pages::{BrokerView, KiteEnd, KiteEnding, LoginChoice, LoginField};
use torana_ui::{Body as PageBody, Frame, Notice, Page, Setting, assets};

use crate::error::KiteError;
use crate::input::Params;
use crate::state::Kite;

/// Name of the broker on the pages.
const BROKER: &str = "Zerodha";

/// The routes.
pub fn routes() -> Router<Kite> {
    Router::new().route("/assets/{name}", get(asset))
}

async fn asset(Path(name): Path<String>) -> Response {
    let Some((bytes, content_type)) = assets::lookup(&format!("/assets/{name}")) else {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let mut response = Response::new(Body::from(bytes));
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, assets::CACHE_CONTROL),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The broker as the pages show it.
pub fn broker() -> BrokerView {
    BrokerView::new(BrokerKey::Kite, BROKER)
}

/// A page. `leads_to` is the app whose address the answer to its form may redirect to.
pub fn page(
    kite: &Kite,
    status: StatusCode,
    notice: Option<Notice>,
    body: PageBody,
    leads_to: Option<&App>,
) -> Response {
    let bytes: [u8; 16] = random_bytes(&*kite.rt().entropy, Stream::Secrets);
    let nonce: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let target = leads_to.and_then(|app| Origin::of_url(&app.redirect_url).ok());
    let targets: Vec<&str> = target.iter().map(Origin::as_str).collect();
    let policy = content_security_policy(&nonce, &targets);
    let frame = Frame {
        csp_nonce: nonce,
        partner: None,
        setting: Setting::Sandbox,
        flow: None,
        trail: None,
        notice,
        request_id: None,
    };
    let (status, content_type, text) = match kite.renderer().render(&Page::new(frame, body)) {
        Ok(html) => (status, "text/html; charset=utf-8", html),
        Err(error) => {
            tracing::error!(%error, "page could not be rendered");
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            (status, "text/plain; charset=utf-8", "internal error".to_owned())
        }
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A page that says how it ended.
pub fn end(kite: &Kite, status: StatusCode, ending: KiteEnding, detail: Option<String>) -> Response {
    page(kite, status, None, KiteEnd { ending, detail }.into(), None)
}

/// The address names no app or no request.
pub fn unknown(kite: &Kite) -> Response {
    end(kite, StatusCode::BAD_REQUEST, KiteEnding::Unknown, None)
}

/// Something does not answer.
pub fn failed(kite: &Kite, error: &KiteError) -> Response {
    let detail = Some(error.message().to_owned());
    end(
        kite,
        StatusCode::SERVICE_UNAVAILABLE,
        KiteEnding::Unavailable,
        detail,
    )
}

/// 303 to an address; a value that cannot stand in a header becomes our own error.
pub fn see_other(location: &str) -> Response {
    let mut response = Response::new(Body::empty());
    match HeaderValue::from_str(location) {
        Ok(value) => {
            *response.status_mut() = StatusCode::SEE_OTHER;
            response.headers_mut().insert(header::LOCATION, value);
        }
        Err(_) => *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR,
    }
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Whether a form came from a page of ours, as far as its browser tells. No cookie is set here, so that a foreign
/// page has nothing of the user's to use; this keeps it from logging him in or placing orders behind his back.
pub fn is_own_form(kite: &Kite, headers: &HeaderMap) -> bool {
    let value = |name: header::HeaderName| headers.get(name).map(HeaderValue::as_bytes);
    let fetch_site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    !is_foreign_sender(value(header::ORIGIN), fetch_site, kite.public_url())
}

/// A form that came from elsewhere.
pub fn refused(kite: &Kite) -> Response {
    end(kite, StatusCode::FORBIDDEN, KiteEnding::FormRefused, None)
}

/// The input that offers the test accounts of a world.
///
/// # Errors
/// 503 when the exchange does not answer.
pub async fn account_field(kite: &Kite, world: &str) -> Result<LoginField, KiteError> {
    let at = kite.now(world)?;
    let command = Command::ListAccounts(BrokerKey::Kite);
    let answer = kite.exchange().execute(world, at, command).await?;
    let Reply::Accounts(accounts) = answer.reply else {
        return Err(KiteError::odd_answer());
    };
    let choice = |(value, explanation)| LoginChoice { value, explanation };
    let choices = account_choices(&accounts, ACCOUNTS_OFFERED_MAX);
    Ok(LoginField {
        name: ACCOUNT_FIELD.to_owned(),
        label: "Test account".to_owned(),
        choices: choices.into_iter().map(choice).collect(),
        is_secret: false,
        value: String::new(),
    })
}

/// The account that was chosen in such an input, or typed in its place.
pub fn chosen_account(params: &Params) -> Option<String> {
    let typed = format!("{ACCOUNT_FIELD}__other");
    let chosen = params.text(ACCOUNT_FIELD).or_else(|| params.text(&typed));
    chosen.map(str::to_ascii_uppercase)
}
