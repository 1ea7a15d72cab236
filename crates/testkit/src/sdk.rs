//! The SDK's side of its protocol with the server.

use std::time::Duration;

use serde_json::{Value, json};

use crate::http::{Answer, Client};
use crate::process::ORIGIN;
use crate::wait::wait_until_for;

/// What the SDK says that it is.
pub const VERSION: &str = "web/1.0.0";

/// Longest time until a promise settles: the wait for fills, or the time that a user gets to read.
const SETTLE_PATIENCE: Duration = Duration::from_secs(45);

/// A page of the partner with the SDK in it.
#[derive(Debug, Clone)]
pub struct Sdk {
    /// Origin of the gateway process.
    pub base: String,
    /// Gateway name.
    pub gateway: String,
    /// Origin of the partner's page.
    pub origin: String,
    /// Bearer of the SDK session, after `init`.
    pub session: String,
    client: Client,
}

impl Sdk {
    /// An SDK on a page of the usual origin.
    #[must_use]
    pub fn new(base: &str, gateway: &str) -> Self {
        Self {
            base: base.to_owned(),
            gateway: gateway.to_owned(),
            origin: ORIGIN.to_owned(),
            session: String::new(),
            client: Client::default(),
        }
    }

    /// Initialises with a user token, or says why not.
    ///
    /// # Panics
    /// If the answer is a success without a session.
    #[must_use]
    pub fn init(&mut self, token: &str) -> Answer {
        let answer = self.send(
            "POST",
            "init",
            &json!({"smallcaseAuthToken": token, "leprechaunEnabled": false}),
        );
        if answer.status == 200 {
            self.session = answer.data()["sdkSession"]
                .as_str()
                .expect("an sdkSession")
                .to_owned();
        }
        answer
    }

    /// An initialised SDK.
    #[must_use]
    pub fn initialised(base: &str, gateway: &str, token: &str) -> Self {
        let mut sdk = Self::new(base, gateway);
        let _ = sdk.init(token).data();
        sdk
    }

    /// Any call of the protocol.
    #[must_use]
    pub fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {}", self.session);
        let mut headers = vec![("x-torana-sdk", VERSION), ("origin", self.origin.as_str())];
        if !self.session.is_empty() {
            headers.push(("authorization", &bearer));
        }
        let url = format!("{}/torana/sdk/v1/{}/{path}", self.base, self.gateway);
        if method == "GET" {
            return self.client.get(&url, &headers);
        }
        headers.push(("content-type", "application/json"));
        self.client
            .send(method, &url, &headers, body.to_string().as_bytes())
    }

    /// Starts the flow of a transaction, whatever the answer.
    #[must_use]
    pub fn start(&self, id: &str, options: &Value) -> Answer {
        let mut body = json!({"brokers": null, "amo": false, "flowMode": "popup", "returnUrl": null});
        if let (Some(body), Some(options)) = (body.as_object_mut(), options.as_object()) {
            body.extend(options.clone());
        }
        self.send("POST", &format!("transactions/{id}/start"), &body)
    }

    /// State of a transaction, whatever the answer.
    #[must_use]
    pub fn state(&self, id: &str) -> Answer {
        self.send("GET", &format!("transactions/{id}/state"), &Value::Null)
    }

    /// Reports the window as closed.
    #[must_use]
    pub fn closed(&self, id: &str) -> Answer {
        self.send("POST", &format!("transactions/{id}/closed"), &json!({}))
    }

    /// Polls until the promise would settle; returns the settlement.
    #[must_use]
    pub fn settle(&self, id: &str) -> Value {
        wait_until_for(SETTLE_PATIENCE, &format!("{id} to settle"), || {
            let settlement = self.state(id).data()["settlement"].clone();
            (settlement["outcome"] != "pending").then_some(settlement)
        })
    }
}
