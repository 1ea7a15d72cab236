//! The partner's receiver of webhooks. It is slow, fails now and then, and sometimes takes a delivery without
//! saying so; what it takes it checks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use serde_json::Value;
use torana_credentials::secrets::Secret;
use torana_credentials::webhook::{WebhookKey, standard_signature, verify_checksum};
use torana_engine::admin::NewSecrets;
use torana_runtime::{BoxFuture, Http, HttpError, HttpRequest, HttpResponse};

use crate::machine::{Chance, Machine};

pub const URL: &str = "https://shop.example/hook";
/// Longest way of a request to the receiver, and of its answer back.
const WAY_US_MAX: u64 = 80_000;
/// Attempts of one delivery that may go wrong.
const BAD_ATTEMPTS_MAX: u32 = 2;

#[derive(Clone)]
pub struct Shop {
    machine: Machine,
    keys: Arc<Mutex<Option<(Secret, WebhookKey)>>>,
    /// Bodies by `webhook-id`, in the order of their first arrival.
    inbox: Arc<Mutex<Vec<(String, Value)>>>,
    /// By `webhook-id`.
    attempts: Arc<Mutex<BTreeMap<String, u32>>>,
}

impl Shop {
    pub fn new(machine: &Machine) -> Self {
        Self {
            machine: machine.clone(),
            keys: Arc::default(),
            inbox: Arc::default(),
            attempts: Arc::default(),
        }
    }

    pub fn knows(&self, secrets: &NewSecrets) {
        let key = WebhookKey::parse(&secrets.webhook_key).unwrap();
        *self.keys.lock().unwrap() = Some((secrets.api_secret.clone(), key));
    }

    /// What came, each delivery once.
    pub fn inbox(&self) -> Vec<Value> {
        let inbox = self.inbox.lock().unwrap();
        inbox.iter().map(|(_, body)| body.clone()).collect()
    }

    /// Whether and how this attempt goes wrong: not at all from 3 on.
    fn luck(&self, request: &HttpRequest) -> u64 {
        let id = request.headers["webhook-id"].to_str().unwrap().to_owned();
        let mut attempts = self.attempts.lock().unwrap();
        let count = attempts.entry(id).or_default();
        *count += 1;
        if *count > BAD_ATTEMPTS_MAX {
            return u64::MAX;
        }
        self.machine.draw(Chance::Network, 6)
    }

    fn take(&self, request: &HttpRequest) {
        let header = |name: &str| request.headers[name].to_str().unwrap().to_owned();
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        let keys = self.keys.lock().unwrap();
        let (api_secret, key) = keys.as_ref().unwrap();
        let (id, at) = (header("webhook-id"), header("webhook-timestamp").parse().unwrap());
        assert!(
            verify_checksum(
                api_secret,
                &text("timestamp"),
                &text("smallcaseAuthId"),
                &text("checksum")
            ),
            "{body}"
        );
        assert_eq!(
            header("webhook-signature"),
            standard_signature(key, &id, at, &request.body)
        );
        let mut inbox = self.inbox.lock().unwrap();
        match inbox.iter().find(|(known, _)| *known == id) {
            Some((_, first)) => assert_eq!(*first, body, "a repetition sends the same bytes"),
            None => inbox.push((id, body)),
        }
    }
}

impl Http for Shop {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse, HttpError>> {
        let me = self.clone();
        Box::pin(async move {
            me.machine.pause(Chance::Network, WAY_US_MAX).await;
            assert_eq!(request.url, URL);
            let luck = me.luck(&request);
            me.machine.note(&format!(
                "webhook {luck} {}",
                String::from_utf8_lossy(&request.body)
            ));
            if luck == 0 {
                return Err(HttpError::NotSent("no connection".to_owned()));
            }
            let status = if luck == 1 { 500 } else { 200 };
            if status == 200 {
                me.take(&request);
            }
            me.machine.pause(Chance::Network, WAY_US_MAX).await;
            if luck == 2 {
                return Err(HttpError::Unknown("the answer was lost".to_owned()));
            }
            Ok(HttpResponse {
                status,
                headers: http::HeaderMap::new(),
                body: Bytes::new(),
            })
        })
    }
}
