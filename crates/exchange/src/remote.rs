//! The exchange in a process of its own: the port over one internal HTTP route, commands and answers as JSON.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use torana_credentials::secrets::Secret;
use torana_domain::time::Timestamp;
use torana_runtime::{BoxFuture, EgressClass, Http, HttpError, HttpRequest, HttpResponse};

use crate::access::{AccessDesk, AccessReply, AccessRequest};
use crate::core::{Answer, Command};
use crate::port::{Port, PortError};

/// Where an exchange process takes commands.
pub const PORT_PATH: &str = "/torana/internal/exchange/v1";
/// Where it takes what control sides ask about access.
pub const DESK_PATH: &str = "/torana/internal/exchange/v1/access";
/// Longest wait for an answer: a jump over hundreds of days with many accounts is one command.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);
/// Most bytes of an answer; the largest is the book of an account with many orders.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortRequest {
    /// Whose world: a gateway's name.
    pub world: String,
    /// The instant of world time.
    pub at: Timestamp,
    /// The command.
    pub command: Command,
}

/// What comes back, with status 200. Any status of 400 to 499 says that the request was refused before anything
/// was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortReply {
    /// It was carried out.
    Answer(Answer),
    /// There is no answer.
    Error(PortError),
}

/// What is sent about access.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskRequest {
    /// Whose world: a gateway's name.
    pub world: String,
    /// The instant of world time.
    pub at: Timestamp,
    /// What is asked.
    pub request: AccessRequest,
}

/// What comes back from there.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeskReply {
    /// It was served.
    Answer(AccessReply),
    /// There is no answer.
    Error(PortError),
}

/// An exchange behind an address.
#[derive(Clone)]
pub struct RemoteExchange {
    http: Arc<dyn Http>,
    origin: Arc<str>,
    authorization: HeaderValue,
}

impl RemoteExchange {
    /// The exchange at `origin`, with the key that both processes derive from their keys file. `None` if the key
    /// cannot stand in a header, which none of ours does.
    #[must_use]
    pub fn new(http: Arc<dyn Http>, origin: &str, key: &Secret) -> Option<Self> {
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", key.reveal())).ok()?;
        authorization.set_sensitive(true);
        let origin = origin.trim_end_matches('/').into();
        Some(Self {
            http,
            origin,
            authorization,
        })
    }

    fn request(&self, path: &str, body: Vec<u8>) -> HttpRequest {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        HttpRequest {
            method: Method::POST,
            url: format!("{}{path}", self.origin),
            headers,
            body: Bytes::from(body),
            timeout: ANSWER_TIME_MAX,
            max_response_bytes: ANSWER_BYTES_MAX,
            egress: EgressClass::Broker,
        }
    }

    async fn send<T: DeserializeOwned>(&self, path: &str, body: Vec<u8>) -> Result<T, PortError> {
        match self.http.send(self.request(path, body)).await {
            Ok(response) => read(&response),
            Err(HttpError::NotSent(why)) => Err(PortError::NotDone(why)),
            Err(HttpError::Unknown(why)) => Err(PortError::Unavailable(why)),
        }
    }
}

impl Port for RemoteExchange {
    fn execute(
        &self,
        world: &str,
        at: Timestamp,
        command: Command,
    ) -> BoxFuture<'static, Result<Answer, PortError>> {
        let (this, world) = (self.clone(), world.to_owned());
        Box::pin(async move {
            let request = PortRequest { world, at, command };
            let body = serde_json::to_vec(&request).map_err(|error| PortError::NotDone(error.to_string()))?;
            match this.send(PORT_PATH, body).await? {
                PortReply::Answer(answer) => Ok(answer),
                PortReply::Error(error) => Err(error),
            }
        })
    }
}

impl AccessDesk for RemoteExchange {
    fn serve(
        &self,
        world: &str,
        at: Timestamp,
        request: AccessRequest,
    ) -> BoxFuture<'static, Result<AccessReply, PortError>> {
        let (this, world) = (self.clone(), world.to_owned());
        Box::pin(async move {
            let request = DeskRequest { world, at, request };
            let body = serde_json::to_vec(&request).map_err(|error| PortError::NotDone(error.to_string()))?;
            match this.send(DESK_PATH, body).await? {
                DeskReply::Answer(reply) => Ok(reply),
                DeskReply::Error(error) => Err(error),
            }
        })
    }

    fn wants_clocks(&self) -> bool {
        true
    }
}

fn read<T: DeserializeOwned>(response: &HttpResponse) -> Result<T, PortError> {
    match response.status {
        200 => serde_json::from_slice(&response.body)
            .map_err(|error| PortError::Unavailable(format!("unreadable answer: {error}"))),
        status @ 400..=499 => Err(PortError::NotDone(format!(
            "the exchange refused the request with status {status}"
        ))),
        status => Err(PortError::Unavailable(format!(
            "the exchange answered with status {status}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::core::Reply;

    struct Canned(
        Mutex<Option<Result<HttpResponse, HttpError>>>,
        Mutex<Vec<HttpRequest>>,
    );

    impl Http for Canned {
        fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
            self.1.lock().unwrap().push(request);
            let answer = self.0.lock().unwrap().take().unwrap();
            Box::pin(async move { answer })
        }
    }

    fn ask(answer: Result<HttpResponse, HttpError>) -> (Result<Answer, PortError>, HttpRequest) {
        let http = Arc::new(Canned(Mutex::new(Some(answer)), Mutex::default()));
        let key = Secret::new("sesame".to_owned());
        let exchange = RemoteExchange::new(http.clone(), "http://127.0.0.1:8082/", &key).unwrap();
        let result = exchange
            .execute("acme", Timestamp(5), Command::NextDue)
            .now_or_never();
        let request = http.1.lock().unwrap().pop().unwrap();
        (result.unwrap(), request)
    }

    fn answered(status: u16, body: &str) -> Result<HttpResponse, HttpError> {
        Ok(HttpResponse {
            status,
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        })
    }

    #[test]
    fn a_command_goes_out_with_its_key_and_comes_back_as_an_answer() {
        let answer = Answer {
            at: Timestamp(6),
            reply: Reply::Done,
            disturbance: None,
        };
        let body = serde_json::to_string(&PortReply::Answer(answer.clone())).unwrap();
        let (result, request) = ask(answered(200, &body));
        assert_eq!(result, Ok(answer));
        assert_eq!(request.url, "http://127.0.0.1:8082/torana/internal/exchange/v1");
        assert_eq!(request.headers[AUTHORIZATION], "Bearer sesame");
        assert!(!format!("{:?}", request.headers).contains("sesame"));
        let sent: PortRequest = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(
            (sent.world.as_str(), sent.at, sent.command),
            ("acme", Timestamp(5), Command::NextDue)
        );
    }

    #[test]
    fn only_proof_says_that_nothing_was_done() {
        let why = || "connection refused".to_owned();
        let is_proven = |answer| matches!(ask(answer).0, Err(PortError::NotDone(_)));
        assert!(is_proven(Err(HttpError::NotSent(why()))));
        assert!(is_proven(answered(401, "")));
        for unproven in [
            Err(HttpError::Unknown(why())),
            answered(500, ""),
            answered(503, ""),
            answered(200, "{}"),
            answered(200, ""),
        ] {
            let (result, _) = ask(unproven);
            assert!(matches!(result, Err(PortError::Unavailable(_))), "{result:?}");
        }
        let damaged = PortError::Damaged("page 7".to_owned());
        let body = serde_json::to_string(&PortReply::Error(damaged.clone())).unwrap();
        assert_eq!(ask(answered(200, &body)).0, Err(damaged));
    }
}
