//! A plain HTTP client for which every status is an answer and no redirect is followed.

use std::time::Duration;

use serde_json::Value;

/// Longest wait for one answer; above the longest `waitMs` of the control API.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Largest body that is read.
const BODY_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// One answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Header names in lower case with their values, in order.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub text: String,
    /// Request line, for failure messages.
    pub asked: String,
}

impl Answer {
    /// First value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values of a header.
    #[must_use]
    pub fn header_all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| {
            panic!(
                "{} answered {} with no JSON ({error}): {}",
                self.asked, self.status, self.text
            )
        })
    }

    /// `data` of a successful answer.
    ///
    /// # Panics
    /// If the status is not 200 or the envelope says otherwise.
    #[must_use]
    pub fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{}: {}", self.asked, self.text);
        let body = self.json();
        assert_eq!(body["success"], Value::Bool(true), "{}: {body}", self.asked);
        assert_eq!(body["errors"], Value::Null, "{}: {body}", self.asked);
        body["data"].clone()
    }

    /// `errors[0]` of a refusal; empty where there is none.
    #[must_use]
    pub fn error(&self) -> String {
        serde_json::from_str::<Value>(&self.text)
            .ok()
            .and_then(|body| body["errors"][0].as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// All of `errors`, joined, for looking for a detail.
    #[must_use]
    pub fn errors(&self) -> String {
        let body = self.json();
        let list = body["errors"].as_array().cloned().unwrap_or_default();
        list.iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" | ")
    }

    /// Asserts a refusal: status and `errors[0]`.
    ///
    /// # Panics
    /// If either differs.
    pub fn refused(&self, status: u16, error: &str) -> &Self {
        assert_eq!(
            (self.status, self.error().as_str()),
            (status, error),
            "{}: {}",
            self.asked,
            self.text
        );
        self
    }
}

/// A client without cookies. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client(ureq::Agent);

impl Default for Client {
    fn default() -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .timeout_global(Some(TIMEOUT))
            .user_agent("torana-testkit")
            .build();
        Self(ureq::Agent::new_with_config(config))
    }
}

impl Client {
    /// Sends a request; an empty body is sent as none.
    ///
    /// # Panics
    /// If there is no answer.
    #[must_use]
    pub fn send(&self, method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_send(method, url, headers, body)
            .unwrap_or_else(|error| panic!("{method} {url}: {error}"))
    }

    /// As [`Self::send`], for a server that may be gone.
    ///
    /// # Errors
    /// The transport's, as text.
    pub fn try_send(
        &self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, String> {
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = if body.is_empty() && method != "POST" {
            self.0.run(request.body(()).map_err(|error| error.to_string())?)
        } else {
            self.0.run(request.body(body).map_err(|error| error.to_string())?)
        };
        let mut response = sent.map_err(|error| error.to_string())?;
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        let bytes = response
            .body_mut()
            .with_config()
            .limit(BODY_BYTES_MAX)
            .read_to_vec();
        let bytes = bytes.map_err(|error| error.to_string())?;
        Ok(Answer {
            status: response.status().as_u16(),
            headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            asked: format!("{method} {url}"),
        })
    }

    /// `GET`.
    #[must_use]
    pub fn get(&self, url: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", url, headers, b"")
    }

    /// `POST` of JSON.
    #[must_use]
    pub fn post(&self, url: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.send("POST", url, &all, body.to_string().as_bytes())
    }
}
