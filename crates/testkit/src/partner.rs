//! A partner's backend: the calls that it makes, and no more than it knows.

use std::time::Duration;

use serde_json::{Value, json};

use crate::http::{Answer, Client};
use crate::jwt;
use crate::wait::wait_until;

/// An instant of a trading day at which the market is open: Monday, 10:00 IST.
pub const MARKET_OPEN: &str = "2026-01-05T04:30:00.000Z";
/// An instant at which it is closed and after-market orders are taken: the same Monday, 18:00 IST.
pub const MARKET_CLOSED: &str = "2026-01-05T12:30:00.000Z";

/// The same evening, when the day's books are closed and read.
pub const AFTER_CLOSE: &str = "2026-01-05T16:30:00.000Z";

/// How long orders may take to be proven by an open book; a lease of the killed process included.
const OPEN_BOOK_PATIENCE: Duration = Duration::from_secs(60);
const CRASH_PATIENCE: Duration = Duration::from_secs(120);
const CRASH_PAUSE: Duration = Duration::from_millis(50);

/// What the operator gives to a partner.
#[derive(Debug, Clone)]
pub struct GatewayKeys {
    /// Gateway name.
    pub name: String,
    /// Key of the user tokens.
    pub secret: String,
    /// `x-gateway-secret` and key of the checksums.
    pub api_secret: String,
    /// Key of the Standard Webhooks signature.
    pub webhook_key: String,
}

impl GatewayKeys {
    /// Those of the seeded demo gateway; its webhook key is not public.
    #[must_use]
    pub fn demo() -> Self {
        Self {
            name: "gatewaydemo".to_owned(),
            secret: "gatewayDemo_secret".to_owned(),
            api_secret: "gatewayDemo_secret".to_owned(),
            webhook_key: String::new(),
        }
    }
}

/// A partner's backend.
#[derive(Debug, Clone)]
pub struct Partner {
    /// Origin of the gateway process.
    pub base: String,
    /// Name and secrets.
    pub keys: GatewayKeys,
    client: Client,
}

impl Partner {
    /// A backend that talks to `base`.
    #[must_use]
    pub fn new(base: &str, keys: &GatewayKeys) -> Self {
        Self {
            base: base.to_owned(),
            keys: keys.clone(),
            client: Client::default(),
        }
    }

    /// A guest token.
    #[must_use]
    pub fn guest(&self) -> String {
        jwt::guest(&self.keys.secret)
    }

    /// A connected token.
    #[must_use]
    pub fn connected(&self, id: &str) -> String {
        jwt::connected(&self.keys.secret, id)
    }

    /// Path of transaction creation.
    #[must_use]
    pub fn creation(&self) -> String {
        format!("/gateway/{}/transaction", self.keys.name)
    }

    /// Path below the engine's data routes.
    #[must_use]
    pub fn engine(&self, rest: &str) -> String {
        format!("/v1/{}/engine/{rest}", self.keys.name)
    }

    /// Path below the sandbox control routes.
    #[must_use]
    pub fn sandbox(&self, rest: &str) -> String {
        format!("/torana/v1/gateways/{}/sandbox/{rest}", self.keys.name)
    }

    /// Any request with exactly these headers.
    #[must_use]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.client
            .send(method, &format!("{}{path}", self.base), headers, body)
    }

    /// `GET` with both credentials.
    #[must_use]
    pub fn get(&self, path: &str, token: &str) -> Answer {
        self.send("GET", path, &self.credentials(token), b"")
    }

    /// `POST` of JSON with both credentials.
    #[must_use]
    pub fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.post_with(path, token, body, &[])
    }

    /// As [`Self::post`] with further headers.
    #[must_use]
    pub fn post_with(&self, path: &str, token: &str, body: &Value, further: &[(&str, &str)]) -> Answer {
        let mut headers = self.credentials(token);
        headers.push(("content-type", "application/json"));
        headers.extend_from_slice(further);
        self.send("POST", path, &headers, body.to_string().as_bytes())
    }

    /// `POST` of JSON with the gateway secret alone.
    #[must_use]
    pub fn post_as_gateway(&self, path: &str, body: &Value) -> Answer {
        let headers = [
            ("x-gateway-secret", self.keys.api_secret.as_str()),
            ("content-type", "application/json"),
        ];
        self.send("POST", path, &headers, body.to_string().as_bytes())
    }

    /// `GET` with the gateway secret alone.
    #[must_use]
    pub fn get_as_gateway(&self, path: &str) -> Answer {
        self.send(
            "GET",
            path,
            &[("x-gateway-secret", self.keys.api_secret.as_str())],
            b"",
        )
    }

    /// The two credential headers.
    #[must_use]
    pub fn credentials<'a>(&'a self, token: &'a str) -> Vec<(&'a str, &'a str)> {
        vec![
            ("x-gateway-secret", self.keys.api_secret.as_str()),
            ("x-gateway-authtoken", token),
        ]
    }

    /// Creates a transaction, whatever the answer.
    #[must_use]
    pub fn create(&self, token: &str, body: &Value) -> Answer {
        self.post(&self.creation(), token, body)
    }

    /// Creates a transaction and returns its id.
    ///
    /// # Panics
    /// If it is refused.
    #[must_use]
    pub fn transaction(&self, token: &str, body: &Value) -> String {
        self.create(token, body).data()["transactionId"]
            .as_str()
            .expect("a transactionId")
            .to_owned()
    }

    /// Transaction details, whatever the answer.
    #[must_use]
    pub fn details(&self, token: &str, id: &str) -> Answer {
        self.get(
            &self.engine(&format!("transactiondetails?transactionId={id}")),
            token,
        )
    }

    /// The real status of a transaction, seen by id as a guest.
    #[must_use]
    pub fn raw_status(&self, id: &str) -> String {
        let data = self.details(&self.guest(), id).data();
        data["transactionDetails"]["rawStatus"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Waits for a real status and returns the details' `data`.
    #[must_use]
    pub fn wait_for_status(&self, id: &str, status: &str) -> Value {
        wait_until(&format!("{id} to be {status}"), || {
            let data = self.details(&self.guest(), id).data();
            (data["transactionDetails"]["rawStatus"] == status).then_some(data)
        })
    }

    /// Waits until an order transaction has ended, also after its process was killed. An order whose sending
    /// was cut off may have no proof before the day's book is closed; the clock is moved there then. It has
    /// failed only where no order reached the broker.
    #[must_use]
    pub fn final_state_after_a_crash(&self, id: &str) -> Value {
        let start = std::time::Instant::now();
        let mut is_closed = false;
        loop {
            let data = self.details(&self.guest(), id).data();
            let status = &data["transactionDetails"]["rawStatus"];
            if status == "COMPLETED" || status == "ERRORED" {
                return data;
            }
            if !is_closed && start.elapsed() > OPEN_BOOK_PATIENCE {
                let _ = self.clock(&json!({"set": AFTER_CLOSE})).data();
                is_closed = true;
            }
            assert!(
                start.elapsed() < CRASH_PATIENCE,
                "{id} does not end after a crash: {data}"
            );
            std::thread::sleep(CRASH_PAUSE);
        }
    }

    /// Completes a transaction by the sandbox control API, whatever the answer.
    #[must_use]
    pub fn complete(&self, token: &str, id: &str, body: &Value) -> Answer {
        self.post(
            &self.sandbox(&format!("transactions/{id}/complete?waitMs=20000")),
            token,
            body,
        )
    }

    /// Puts the world to an instant at which the market is open, running at the speed of the wall.
    pub fn open_market(&self) {
        self.start_world_at(MARKET_OPEN, false);
    }

    /// Resets the world to an instant; frozen or running.
    ///
    /// # Panics
    /// If it is refused.
    pub fn start_world_at(&self, instant: &str, frozen: bool) {
        let mut body = json!({"scope": "world", "startAt": instant});
        if frozen {
            body["freeze"] = json!(true);
        }
        let _ = self.post_as_gateway(&self.sandbox("reset"), &body).data();
        if !frozen {
            let _ = self.clock(&json!({"rate": 1})).data();
        }
    }

    /// Moves the clock, whatever the answer.
    #[must_use]
    pub fn clock(&self, body: &Value) -> Answer {
        self.post_as_gateway(&self.sandbox("clock"), body)
    }

    /// Connects a guest through the control API and returns the `smallcaseAuthId`.
    ///
    /// # Panics
    /// If it does not succeed.
    #[must_use]
    pub fn connect(&self, broker: &str, account: &str) -> String {
        let guest = self.guest();
        let id = self.transaction(&guest, &json!({"intent": "CONNECT"}));
        let body = json!({"decision": "approve", "broker": broker, "account": account});
        let data = self.complete(&guest, &id, &body).data();
        data["smallcaseAuthId"]
            .as_str()
            .unwrap_or_else(|| panic!("no smallcaseAuthId: {data}"))
            .to_owned()
    }
}

/// A basket of market buys.
#[must_use]
pub fn basket(tickers: &[(&str, i64)]) -> Value {
    let line =
        |(ticker, quantity): &(&str, i64)| json!({"ticker": ticker, "quantity": quantity, "type": "BUY"});
    let securities: Vec<Value> = tickers.iter().map(line).collect();
    json!({"intent": "TRANSACTION", "orderConfig": {"type": "SECURITIES", "securities": securities}})
}
