//! The partner API as the shop calls it: plain HTTP over loopback, every call written to the log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use torana_runtime::Wall;

use crate::rim::http::exchange;
use crate::shop::call_log::{Call, CallLog};
use crate::shop::token::user_token;
use crate::shop::{ShopConfig, member};

/// Longest time of one call.
const CALL_TIME_MAX: Duration = Duration::from_secs(20);

/// Largest answer that is read.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// A failed call, as the shop's page shows it.
#[derive(Debug, Clone)]
pub(super) struct CallFailure {
    pub(super) status: StatusCode,
    pub(super) message: String,
}

/// The client.
pub(super) struct PartnerApi {
    config: ShopConfig,
    log: Arc<CallLog>,
    wall: Arc<dyn Wall>,
}

impl PartnerApi {
    pub(super) fn new(config: ShopConfig, log: Arc<CallLog>, wall: Arc<dyn Wall>) -> Self {
        Self { config, log, wall }
    }

    /// A token for this user, or a guest.
    pub(super) fn token(&self, auth_id: Option<&str>) -> String {
        user_token(&self.config.secret, auth_id, self.wall.now().0.div_euclid(1000))
    }

    /// Creates a transaction and gives its id.
    pub(super) async fn create(&self, auth_id: Option<&str>, body: Value) -> Result<String, CallFailure> {
        let path = format!("/gateway/{}/transaction", self.config.gateway_name);
        let data = self.call(Method::POST, &path, auth_id, Some(body)).await?;
        let id = member(&data, "transactionId").as_str().map(str::to_owned);
        id.ok_or_else(|| unreadable("an answer without transactionId"))
    }

    /// `data` of the transaction's details.
    pub(super) async fn details(
        &self,
        auth_id: Option<&str>,
        transaction_id: &str,
    ) -> Result<Value, CallFailure> {
        let name = &self.config.gateway_name;
        let path = format!("/v1/{name}/engine/transactiondetails?transactionId={transaction_id}");
        self.call(Method::GET, &path, auth_id, None).await
    }

    /// `data` of the user's holdings.
    pub(super) async fn holdings(&self, auth_id: &str) -> Result<Value, CallFailure> {
        let path = format!("/v1/{}/engine/user/holdings?version=v2", self.config.gateway_name);
        self.call(Method::GET, &path, Some(auth_id), None).await
    }

    /// `data` of the market status.
    pub(super) async fn market(&self, auth_id: Option<&str>) -> Result<Value, CallFailure> {
        let path = format!("/v1/{}/engine/market/status", self.config.gateway_name);
        self.call(Method::GET, &path, auth_id, None).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        auth_id: Option<&str>,
        body: Option<Value>,
    ) -> Result<Value, CallFailure> {
        let started = Instant::now();
        let answered = self.send(&method, path, auth_id, body.as_ref()).await;
        let (status, response) = match &answered {
            Ok((status, response)) => (status.as_u16(), response.clone()),
            Err(reason) => (0, json!({ "noAnswer": reason })),
        };
        self.log.add(Call {
            seq: 0,
            at: self.wall.now().to_iso(),
            method: method.to_string(),
            path: path.to_owned(),
            request: body,
            status,
            response: without_tokens(response),
            elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        let (status, mut response) = answered.map_err(|reason| unreadable(&reason))?;
        if status.is_success() {
            return Ok(response.get_mut("data").map(Value::take).unwrap_or_default());
        }
        let lines = member(&response, "errors")
            .as_array()
            .cloned()
            .unwrap_or_default();
        let message: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
        Err(CallFailure {
            status,
            message: message.join(": "),
        })
    }

    async fn send(
        &self,
        method: &Method,
        path: &str,
        auth_id: Option<&str>,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), String> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.config.gateway_address.to_string())
            .header("content-type", "application/json")
            .header("x-gateway-secret", self.config.api_secret.reveal())
            .header("x-gateway-authtoken", self.token(auth_id))
            .body(Full::new(
                body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string())),
            ))
            .map_err(|error| error.to_string())?;
        let exchanged = async {
            let stream = TcpStream::connect(self.config.gateway_address)
                .await
                .map_err(|error| error.to_string())?;
            exchange(stream, request, ANSWER_BYTES_MAX)
                .await
                .map_err(|error| error.to_string())
        };
        let answer = tokio::time::timeout(CALL_TIME_MAX, exchanged)
            .await
            .map_err(|_| "no answer in time".to_owned())??;
        let status = StatusCode::from_u16(answer.status).map_err(|error| error.to_string())?;
        let response = serde_json::from_slice(&answer.body).map_err(|error| format!("not JSON: {error}"))?;
        Ok((status, response))
    }
}

fn unreadable(reason: &str) -> CallFailure {
    CallFailure {
        status: StatusCode::BAD_GATEWAY,
        message: format!("the gateway gave {reason}"),
    }
}

/// Members that hold user tokens.
const TOKEN_MEMBERS: [&str; 2] = ["smallcaseAuthToken", "authToken"];

/// The answer with its user tokens cut, for the log.
fn without_tokens(mut value: Value) -> Value {
    // A stack instead of recursion: the depth is the sender's choice.
    let mut pending = vec![&mut value];
    while let Some(next) = pending.pop() {
        match next {
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    match member {
                        Value::String(text) if TOKEN_MEMBERS.contains(&name.as_str()) => {
                            *text = format!("{}…", text.chars().take(12).collect::<String>());
                        }
                        other => pending.push(other),
                    }
                }
            }
            Value::Array(items) => pending.extend(items.iter_mut()),
            _ => {}
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_do_not_reach_the_log() {
        let shown = without_tokens(
            json!({ "data": [{ "smallcaseAuthToken": "eyJhbGciOiJIUzI1NiIs", "broker": "kite" }] }),
        );
        assert_eq!(
            shown,
            json!({ "data": [{ "smallcaseAuthToken": "eyJhbGciOiJI…", "broker": "kite" }] })
        );
    }
}
