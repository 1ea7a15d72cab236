//! Requests and answers of Kite Connect v3: headers, forms, the envelope, and what is proven when there is none.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use torana_brokers::{BrokerError, LoginError};
use torana_runtime::{EgressClass, HttpError, HttpRequest, HttpResponse};
use url::form_urlencoded;

/// Longest wait (wall time) for an answer.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Most bytes of an answer; the largest is the book of an account that used up its 5,000 orders of a day.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The version of the interface that is spoken.
const VERSION: &str = "3";

/// Names and values of a form or a query.
pub type Pairs = Vec<(&'static str, String)>;

/// A request before it has an address.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    path: String,
    pairs: Pairs,
}

impl Request {
    /// A read.
    pub fn get(path: impl Into<String>, pairs: Pairs) -> Self {
        Self {
            method: Method::GET,
            path: path.into(),
            pairs,
        }
    }

    /// A call that changes something.
    pub fn post(path: impl Into<String>, pairs: Pairs) -> Self {
        Self {
            method: Method::POST,
            path: path.into(),
            pairs,
        }
    }

    /// A call that ends something.
    pub fn delete(path: impl Into<String>, pairs: Pairs) -> Self {
        Self {
            method: Method::DELETE,
            path: path.into(),
            pairs,
        }
    }

    /// Whether asking again changes nothing.
    pub fn is_read(&self) -> bool {
        self.method == Method::GET
    }

    /// The request to `root`, in the name of whoever has `authorization`.
    pub fn to(&self, root: &str, authorization: Option<&str>) -> HttpRequest {
        let encoded = encode(&self.pairs);
        let is_form = self.method == Method::POST;
        let query = if is_form || encoded.is_empty() {
            String::new()
        } else {
            format!("?{encoded}")
        };
        let mut headers = HeaderMap::new();
        headers.insert("x-kite-version", HeaderValue::from_static(VERSION));
        if is_form {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(CONTENT_TYPE, form);
        }
        // A key or token that cannot stand in a header is none of theirs: without it the answer is a refusal.
        if let Some(Ok(mut value)) = authorization.map(HeaderValue::from_str) {
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        HttpRequest {
            method: self.method.clone(),
            url: format!("{root}{}{query}", self.path),
            headers,
            body: if is_form {
                Bytes::from(encoded)
            } else {
                Bytes::new()
            },
            timeout: ANSWER_TIMEOUT,
            max_response_bytes: ANSWER_BYTES_MAX,
            egress: EgressClass::Broker,
        }
    }
}

/// Pairs as they stand in a query or a form.
pub fn encode<K: AsRef<str>, V: AsRef<str>>(pairs: &[(K, V)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// Why there is no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Proven: no byte left this process.
    NotSent(String),
    /// Sent, and what came back proves nothing about it.
    Lost(String),
    /// Sent, and what came back cannot be read.
    Unreadable(String),
    /// Too many calls: the limit stands before everything else, so nothing was done.
    TooMany {
        /// Seconds to wait, if the broker said so.
        retry_after_seconds: Option<u32>,
    },
    /// The login is over.
    TokenOver(String),
    /// Shares must be cleared at the depository first.
    NeedsAuthorisation(String),
    /// The broker refuses the request and says why.
    Refused {
        /// `error_type`.
        kind: String,
        /// The broker's words.
        text: String,
    },
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotSent(why) | Self::Lost(why) | Self::Unreadable(why) => f.write_str(why),
            Self::TokenOver(text) | Self::NeedsAuthorisation(text) | Self::Refused { text, .. } => {
                f.write_str(text)
            }
            Self::TooMany {
                retry_after_seconds: Some(seconds),
            } => write!(f, "the broker takes no more calls for {seconds} s"),
            Self::TooMany { .. } => f.write_str("the broker takes no more calls for a while"),
        }
    }
}

impl From<Trouble> for BrokerError {
    fn from(trouble: Trouble) -> Self {
        let why = trouble.to_string();
        match trouble {
            Trouble::NotSent(_) | Trouble::Lost(_) => Self::Unavailable(why),
            Trouble::TokenOver(_) => Self::SessionExpired,
            Trouble::TooMany { retry_after_seconds } => Self::RateLimited { retry_after_seconds },
            Trouble::Unreadable(_) | Trouble::NeedsAuthorisation(_) | Trouble::Refused { .. } => {
                Self::Protocol(why)
            }
        }
    }
}

impl From<Trouble> for LoginError {
    fn from(trouble: Trouble) -> Self {
        let text = trouble.to_string();
        match trouble {
            Trouble::TokenOver(_) | Trouble::NeedsAuthorisation(_) | Trouble::Refused { .. } => {
                Self::Refused { text }
            }
            _ => Self::Unavailable(text),
        }
    }
}

/// The envelope of every answer.
#[derive(Deserialize)]
struct Envelope<'a> {
    status: String,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    error_type: Option<String>,
}

/// What an answer holds.
///
/// # Errors
/// [`Trouble`]: only a refusal in the broker's own form, with a status that fits one, proves that nothing was done.
pub fn read<T: DeserializeOwned>(answer: Result<HttpResponse, HttpError>) -> Result<T, Trouble> {
    let response = answer.map_err(|error| match error {
        HttpError::NotSent(why) => Trouble::NotSent(why),
        HttpError::Unknown(why) => Trouble::Lost(why),
    })?;
    if response.status == 429 {
        return Err(Trouble::TooMany {
            retry_after_seconds: retry_after(&response.headers),
        });
    }
    let envelope = serde_json::from_slice::<Envelope<'_>>(&response.body);
    match (response.status, envelope) {
        (200..=299, Ok(envelope)) if envelope.status == "success" => data(envelope.data),
        (200..=299, Ok(envelope)) => {
            let text = envelope.message.unwrap_or_default();
            Err(Trouble::Unreadable(format!(
                "HTTP {} with an error in its body: {text}",
                response.status
            )))
        }
        (400..=499, Ok(envelope)) if envelope.status == "error" => Err(refusal(response.status, envelope)),
        (status, Ok(envelope)) => {
            let text = envelope.message.unwrap_or_default();
            Err(Trouble::Lost(format!("HTTP {status}: {text}")))
        }
        (200..=299, Err(_)) if is_page(&response.headers) => {
            Err(Trouble::Unreadable("a web page instead of JSON".to_owned()))
        }
        (200..=299, Err(error)) => Err(Trouble::Unreadable(format!("not the documented JSON: {error}"))),
        (status, Err(_)) => Err(Trouble::Lost(format!(
            "HTTP {status} without the documented JSON"
        ))),
    }
}

fn data<T: DeserializeOwned>(data: Option<&RawValue>) -> Result<T, Trouble> {
    let text = data.map_or("null", RawValue::get);
    serde_json::from_str(text)
        .map_err(|error| Trouble::Unreadable(format!("not the documented data: {error}")))
}

fn refusal(status: u16, envelope: Envelope<'_>) -> Trouble {
    let text = envelope.message.unwrap_or_default();
    let kind = envelope.error_type.unwrap_or_default();
    match (status, kind.as_str()) {
        (_, "TokenException") => Trouble::TokenOver(text),
        (428, _) => Trouble::NeedsAuthorisation(text),
        // A request that waited too long somewhere may have been passed on.
        (408 | 499, _) => Trouble::Lost(format!("HTTP {status}: {text}")),
        _ => Trouble::Refused { kind, text },
    }
}

fn retry_after(headers: &HeaderMap) -> Option<u32> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

fn is_page(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| value.starts_with("text/html"))
}
