//! Session tokens: fetched for a request token, renewed, given back.

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde::Serialize;
use torana_brokers::profile::sandbox_profile;
use torana_credentials::secrets::Secret;
use torana_credentials::sha256_hex;
use torana_domain::broker_key::BrokerKey;
use torana_domain::time::{DAY_MS, Timestamp};
use torana_exchange::access::{App, Grant, Opened, TokenKind, open_session, session_end};
use torana_exchange::core::{AccountKey, Command, Reader, Reply, SessionRef};

use crate::answer::{Answered, success};
use crate::error::{ErrorType, KiteError};
use crate::input::Params;
use crate::instant::KiteTime;
use crate::state::Kite;
use crate::user::Profile;
use crate::wire::Slip;

/// How long new tokens can be had without another login (world time).
const REFRESH_TOKEN_MS: i64 = 365 * DAY_MS;

/// The routes.
pub fn routes() -> Router<Kite> {
    Router::new()
        .route("/session/token", post(fetch).delete(give_back))
        .route("/session/refresh_token", post(renew))
}

#[derive(Serialize)]
struct SessionData {
    #[serde(flatten)]
    profile: Profile,
    api_key: String,
    access_token: String,
    public_token: String,
    enctoken: String,
    refresh_token: String,
    silo: &'static str,
    login_time: KiteTime,
}

async fn fetch(State(kite): State<Kite>, slip: Slip, params: Params) -> Answered {
    let request_token = params.required("request_token")?.to_owned();
    let app = proven_app(&kite, &params, &request_token).await?;
    let at = kite.now(&app.world)?;
    let redeemed = kite
        .access()
        .redeem(TokenKind::Request, &request_token, &app, at)
        .await?;
    let key = redeemed.ok_or_else(token_over)?;
    let session = SessionRef {
        key: key.clone(),
        token_hash: sha256_hex(request_token.as_bytes()),
    };
    // A login that the world has forgotten, by a reset or otherwise, is none.
    let look = Command::Account(Reader::User(session.clone()));
    if kite.exchange().execute(&app.world, at, look).await?.reply == Reply::SessionExpired {
        return Err(token_over());
    }
    let end = Command::Logout(session);
    kite.exchange().execute(&app.world, at, end).await?;
    let refresh_until = at.plus_ms(REFRESH_TOKEN_MS);
    let refresh = kite
        .access()
        .issue(TokenKind::Refresh, &app, &key, at, refresh_until)
        .await?;
    open(&kite, &slip, &app, &key, at, refresh).await
}

async fn renew(State(kite): State<Kite>, slip: Slip, params: Params) -> Answered {
    let refresh_token = params.required("refresh_token")?.to_owned();
    let app = proven_app(&kite, &params, &refresh_token).await?;
    let at = kite.now(&app.world)?;
    let grant = kite.access().find(TokenKind::Refresh, &refresh_token).await?;
    let grant = grant.filter(|grant| grant.app.id == app.id && at < grant.expires_at);
    let Grant { key, .. } = grant.ok_or_else(token_over)?;
    open(&kite, &slip, &app, &key, at, Secret::new(refresh_token)).await
}

/// The app that knows its secret: the checksum is the SHA-256 of its key, the token and the secret.
async fn proven_app(kite: &Kite, params: &Params, token: &str) -> Result<App, KiteError> {
    let api_key = params.required("api_key")?;
    let checksum = params.required("checksum")?.to_ascii_lowercase();
    let app = kite.access().find_app(api_key).await?;
    let app = app.ok_or_else(|| KiteError::new(ErrorType::Token, "Invalid `api_key`."))?;
    let secret = kite.access().secret_of(&app)?;
    let expected = sha256_hex(format!("{api_key}{token}{}", secret.reveal()).as_bytes());
    if !Secret::new(expected).matches(checksum.as_bytes()) {
        return Err(KiteError::new(ErrorType::Token, "Invalid `checksum`."));
    }
    Ok(app)
}

fn token_over() -> KiteError {
    KiteError::new(ErrorType::Token, "Token is invalid or has expired.")
}

async fn open(
    kite: &Kite,
    slip: &Slip,
    app: &App,
    key: &AccountKey,
    at: Timestamp,
    refresh: Secret,
) -> Answered {
    let end = sandbox_profile(BrokerKey::Kite).map_or(at, |profile| session_end(profile, at));
    let (book, exchange) = (kite.access(), kite.exchange());
    let opened = open_session(book, exchange, TokenKind::Access, app, key, at, end).await?;
    let Opened {
        token,
        session,
        answer,
    } = opened;
    slip.note(answer.disturbance);
    match answer.reply {
        Reply::LoggedIn => {}
        Reply::LoginRefused { text } => return Err(KiteError::new(ErrorType::User, text)),
        _ => return Err(KiteError::odd_answer()),
    }
    let look = Command::Account(Reader::User(session));
    let Reply::Account(account) = exchange.execute(&app.world, at, look).await?.reply else {
        return Err(KiteError::odd_answer());
    };
    Ok(success(SessionData {
        profile: Profile::of(&account),
        api_key: app.api_key.clone(),
        // Kite's own front end lives on these two; nothing here takes them.
        public_token: sha256_hex(format!("public/{}", token.reveal()).as_bytes()),
        enctoken: String::new(),
        access_token: token.reveal().to_owned(),
        refresh_token: refresh.reveal().to_owned(),
        silo: "",
        login_time: KiteTime(at),
    }))
}

async fn give_back(State(kite): State<Kite>, params: Params) -> Answered {
    let api_key = params.required("api_key")?;
    let (kind, token) = match params.text("access_token") {
        Some(token) => (TokenKind::Access, token),
        None => (
            TokenKind::Refresh,
            params
                .required("refresh_token")
                .map_err(|_| KiteError::input("Missing or empty field `access_token`"))?,
        ),
    };
    let grant = kite.access().find(kind, token).await?;
    let grant = grant.filter(|grant| grant.app.api_key == api_key);
    let Grant { app, key, .. } = grant.ok_or_else(KiteError::token)?;
    kite.access().revoke(kind, token, &app).await?;
    if kind == TokenKind::Access {
        let at = kite.now(&app.world)?;
        let session = SessionRef {
            key,
            token_hash: sha256_hex(token.as_bytes()),
        };
        kite.exchange()
            .execute(&app.world, at, Command::Logout(session))
            .await?;
    }
    Ok(success(true))
}
