//! What the shop's page asks the shop's server. Tokens are made here; the browser never sees a secret.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::shop::partner::CallFailure;
use crate::shop::sessions::Session;
use crate::shop::{Shop, WEBHOOK_PATH, member, pages};

/// Largest body that the shop reads; webhooks with holdings are the largest.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Most lines of a basket.
const LINES_MAX: usize = 20;

pub(super) fn router(shop: Arc<Shop>) -> Router {
    Router::new()
        .route("/", get(pages::index))
        .route("/shop.css", get(pages::style))
        .route("/shop.js", get(pages::script))
        .route("/favicon.ico", get(pages::icon))
        .route("/healthz", get(|| async { "ok" }))
        .route("/api/session", get(session).delete(forget))
        .route("/api/transactions", post(create))
        .route("/api/transactions/{id}", get(details))
        .route("/api/holdings", get(holdings))
        .route("/api/market", get(market))
        .route("/api/feed", get(feed))
        .route(WEBHOOK_PATH, post(webhook))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(shop)
}

fn refuse(failure: &CallFailure) -> Response {
    (failure.status, Json(json!({ "error": failure.message }))).into_response()
}

fn bad_request(message: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": message }))).into_response()
}

/// The session as its page sees it, with a fresh token for the SDK.
fn session_body(shop: &Shop, session: &Session) -> Value {
    json!({
        "connected": session.auth_id.is_some(),
        "broker": session.broker,
        "smallcaseAuthId": session.auth_id,
        "token": shop.partner.token(session.auth_id.as_deref()),
    })
}

/// `GET /api/session`: who this browser is; makes a session for a new one.
async fn session(State(shop): State<Arc<Shop>>, headers: HeaderMap) -> Response {
    let (id, cookie) = match shop.sessions.find(&headers) {
        Some(id) => (id, None),
        None => shop.sessions.make(),
    };
    let mut answer = Json(session_body(&shop, &shop.sessions.read(&id))).into_response();
    if let Some(cookie) = cookie {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    answer
}

/// `DELETE /api/session`: the page has logged out of the broker; be a guest again.
async fn forget(State(shop): State<Arc<Shop>>, headers: HeaderMap) -> Response {
    let Some(id) = shop.sessions.find(&headers) else {
        return bad_request("no session");
    };
    shop.sessions.change(&id, |session| *session = Session::default());
    Json(session_body(&shop, &Session::default())).into_response()
}

/// What the page wants to start.
#[derive(Debug, Deserialize)]
struct Wish {
    kind: String,
    #[serde(default)]
    lines: Vec<Line>,
}

/// One line of the basket.
#[derive(Debug, Deserialize)]
struct Line {
    ticker: String,
    quantity: u32,
}

/// `POST /api/transactions`: creates a transaction for the SDK.
async fn create(State(shop): State<Arc<Shop>>, headers: HeaderMap, Json(wish): Json<Wish>) -> Response {
    let Some(id) = shop.sessions.find(&headers) else {
        return bad_request("no session; reload the page");
    };
    if wish.lines.len() > LINES_MAX {
        return bad_request("too many lines");
    }
    let body = match wish.kind.as_str() {
        "connect" => json!({ "intent": "CONNECT" }),
        "holdings" => json!({ "intent": "HOLDINGS_IMPORT", "version": "v2", "notes": "demo shop" }),
        "funds" => json!({ "intent": "FETCH_FUNDS" }),
        "authorise" => json!({ "intent": "AUTHORISE_HOLDINGS" }),
        "basket" => {
            let securities: Vec<Value> = wish
                .lines
                .iter()
                .map(|line| json!({ "ticker": line.ticker, "quantity": line.quantity, "type": "BUY" }))
                .collect();
            json!({ "intent": "TRANSACTION", "notes": "demo shop",
                "orderConfig": { "type": "SECURITIES", "securities": securities, "meta": { "orderName": "Three good companies" } } })
        }
        _ => return bad_request("kind: allowed are connect, basket, holdings, funds, authorise"),
    };
    let auth_id = shop.sessions.read(&id).auth_id;
    match shop.partner.create(auth_id.as_deref(), body).await {
        Ok(transaction_id) => {
            shop.sessions.change(&id, |session| {
                session
                    .transactions
                    .push_back((transaction_id.clone(), wish.kind));
            });
            Json(json!({ "transactionId": transaction_id })).into_response()
        }
        Err(failure) => refuse(&failure),
    }
}

/// `GET /api/transactions/{id}`: the transaction as the gateway's server tells it. What the SDK told the page
/// is only a hint, so the user's identity is taken from here.
async fn details(
    State(shop): State<Arc<Shop>>,
    headers: HeaderMap,
    Path(transaction_id): Path<String>,
) -> Response {
    let Some(id) = shop.sessions.find(&headers) else {
        return bad_request("no session; reload the page");
    };
    let session = shop.sessions.read(&id);
    let Some(kind) = session.kind_of(&transaction_id) else {
        return bad_request("this browser did not start that transaction");
    };
    let data = match shop
        .partner
        .details(session.auth_id.as_deref(), &transaction_id)
        .await
    {
        Ok(data) => data,
        Err(failure) => return refuse(&failure),
    };
    if session.auth_id.is_none()
        && let Some(auth_id) = member(&data, "smallcaseAuthId").as_str()
    {
        shop.sessions.change(&id, |session| {
            session.auth_id = Some(auth_id.to_owned());
            session.broker = member(&data, "broker").as_str().map(str::to_owned);
        });
    }
    let nested = member(&data, "transactionDetails");
    let result = member(member(nested, "success"), "data");
    Json(json!({
        "kind": kind,
        "transactionId": transaction_id,
        "status": member(nested, "status"),
        "rawStatus": member(nested, "rawStatus"),
        "error": member(nested, "error"),
        "batch": member(result, "batches").get(0),
        "funds": member(result, "funds"),
        "session": session_body(&shop, &shop.sessions.read(&id)),
    }))
    .into_response()
}

/// `GET /api/holdings`: the last imported holdings.
async fn holdings(State(shop): State<Arc<Shop>>, headers: HeaderMap) -> Response {
    let session = shop.sessions.find(&headers).map(|id| shop.sessions.read(&id));
    let Some(auth_id) = session.and_then(|session| session.auth_id) else {
        return bad_request("not connected");
    };
    match shop.partner.holdings(&auth_id).await {
        Ok(data) => Json(data).into_response(),
        Err(failure) => refuse(&failure),
    }
}

/// `GET /api/market`: whether the market is open.
async fn market(State(shop): State<Arc<Shop>>, headers: HeaderMap) -> Response {
    let session = shop
        .sessions
        .find(&headers)
        .map(|id| shop.sessions.read(&id))
        .unwrap_or_default();
    match shop.partner.market(session.auth_id.as_deref()).await {
        Ok(data) => Json(data).into_response(),
        Err(failure) => refuse(&failure),
    }
}

/// Numbers of the newest entries that the page has.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Seen {
    messages: u64,
    calls: u64,
}

/// `GET /api/feed`: new webhooks and calls.
async fn feed(State(shop): State<Arc<Shop>>, Query(seen): Query<Seen>) -> Response {
    Json(json!({ "messages": shop.inbox.after(seen.messages), "calls": shop.log.after(seen.calls) }))
        .into_response()
}

/// `POST /webhooks`: what the gateway delivers.
async fn webhook(State(shop): State<Arc<Shop>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if shop.inbox.receive(&headers, &body, shop.wall.now()) {
        StatusCode::OK
    } else {
        StatusCode::UNAUTHORIZED
    }
}
