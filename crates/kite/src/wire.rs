//! What can happen to an answer on its way to the client, made true at this border.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value};
use torana_exchange::core::Disturbance;
use torana_runtime::Rt;

use crate::error::{ErrorType, KiteError};
use crate::state::Kite;

/// How long a client is kept waiting for an answer that never comes.
const NEVER: Duration = Duration::from_secs(300);
/// Members that a client needs, of which the first that an object has is taken away.
const NEEDED: [&str; 8] = [
    "order_id",
    "trade_id",
    "trigger_id",
    "quantity",
    "net",
    "access_token",
    "request_id",
    "user_id",
];

/// How a connection ends without an answer. Whoever accepted the connection finds it among the extensions of the
/// response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It is closed.
    Closed,
    /// It is reset.
    Reset,
}

/// Where a handler leaves what is to happen to its answer.
#[derive(Clone, Debug, Default)]
pub struct Slip(Arc<Mutex<Option<Disturbance>>>);

impl Slip {
    /// Notes what is to happen; the first of a request counts.
    pub fn note(&self, disturbance: Option<Disturbance>) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.is_none() {
            *noted = disturbance;
        }
    }

    /// What is to happen.
    pub fn take(&self) -> Option<Disturbance> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl FromRequestParts<Kite> for Slip {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Kite) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// What is left of an answer after what happens to it on the way.
pub async fn disturbed(rt: &Rt, response: Response, disturbance: Disturbance) -> Response {
    match disturbance {
        Disturbance::NoAnswer => cut(Cut::Closed),
        Disturbance::Reset => cut(Cut::Reset),
        Disturbance::Late { delay_ms } => {
            rt.sleep.sleep(Duration::from_millis(u64::from(delay_ms))).await;
            response
        }
        Disturbance::AfterTimeout => {
            rt.sleep.sleep(NEVER).await;
            cut(Cut::Closed)
        }
        Disturbance::RateLimited { retry_after_seconds } => {
            KiteError::too_many(retry_after_seconds).into_response()
        }
        Disturbance::ServerError { status, text } => server_error(status, text),
        Disturbance::ErrorBody { text } => KiteError::new(ErrorType::General, text)
            .with_status(StatusCode::OK)
            .into_response(),
        Disturbance::Html => html(),
        Disturbance::UnknownStatus { word } => {
            let word = Value::String(word);
            changed(response, |object| {
                if object.contains_key("order_id") && object.contains_key("status") {
                    object.insert("status".to_owned(), word.clone());
                }
            })
            .await
        }
        Disturbance::FieldAdded => {
            changed(response, |object| {
                object.insert("unannounced".to_owned(), Value::String("new".to_owned()));
            })
            .await
        }
        Disturbance::FieldMissing => {
            changed(response, |object| {
                if let Some(name) = needed(object) {
                    object.remove(name);
                }
            })
            .await
        }
        Disturbance::FieldNull => {
            changed(response, |object| {
                if let Some(name) = needed(object) {
                    object.insert(name.to_owned(), Value::Null);
                }
            })
            .await
        }
        Disturbance::NumberAsString => {
            changed(response, |object| {
                for value in object.values_mut() {
                    if let Value::Number(number) = value {
                        *value = Value::String(number.to_string());
                    }
                }
            })
            .await
        }
    }
}

fn cut(how: Cut) -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(how);
    response
}

fn server_error(status: u16, text: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = match status {
        StatusCode::INTERNAL_SERVER_ERROR => ErrorType::General,
        _ => ErrorType::Network,
    };
    KiteError::new(kind, text).with_status(status).into_response()
}

fn html() -> Response {
    let page =
        "<!doctype html><html><head><title>Kite</title></head><body><h1>We will be back</h1></body></html>";
    let mut response = Response::new(Body::from(page));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    response
}

fn needed(object: &Map<String, Value>) -> Option<&'static str> {
    NEEDED.into_iter().find(|name| object.contains_key(*name))
}

/// The answer with every object of its `data` changed. What is not JSON stays as it is.
async fn changed(response: Response, mut change: impl FnMut(&mut Map<String, Value>)) -> Response {
    let (head, body) = response.into_parts();
    // The body is one of ours: it is there, and it is not large.
    let bytes = match body.collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(_) => return cut(Cut::Closed),
    };
    let body = match serde_json::from_slice::<Value>(&bytes) {
        Ok(mut value) => {
            if let Some(data) = value.get_mut("data") {
                walk(data, &mut change);
            }
            Body::from(value.to_string())
        }
        Err(_) => Body::from(bytes),
    };
    let mut response = Response::from_parts(head, body);
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response
}

fn walk(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(|inner| walk(inner, change));
            change(object);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| walk(item, change)),
        _ => {}
    }
}
