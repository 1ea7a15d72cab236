//! Webhooks as a careful partner receives them: both signatures checked, repeats recognised.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use ring::hmac;
use serde::Serialize;
use serde_json::Value;
use torana_credentials::secrets::Secret;
use torana_domain::time::Timestamp;

use crate::shop::{ShopConfig, member};

/// Messages that are kept.
const MESSAGES_MAX: usize = 100;

/// How far `webhook-timestamp` may be from our clock.
const TOLERANCE_SECONDS: i64 = 300;

/// One received message.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    pub(super) seq: u64,
    pub(super) received_at: String,
    pub(super) webhook_id: String,
    pub(super) event_type: String,
    /// Whether the checksum in the body is right.
    pub(super) checksum_verified: bool,
    /// Whether one of the header's signatures is right and fresh.
    pub(super) signature_verified: bool,
    /// Whether a message with this id was here before.
    pub(super) repeated: bool,
    pub(super) body: Value,
}

/// The inbox and the keys to check with.
pub(super) struct Inbox {
    api_secret: Secret,
    webhook_key: Vec<u8>,
    kept: Mutex<(u64, VecDeque<Message>)>,
}

impl Inbox {
    pub(super) fn new(config: &ShopConfig) -> Self {
        let encoded = config.webhook_key.reveal().trim_start_matches("whsec_");
        let webhook_key = STANDARD.decode(encoded).unwrap_or_default();
        Self {
            api_secret: config.api_secret.clone(),
            webhook_key,
            kept: Mutex::default(),
        }
    }

    /// Checks and keeps a message; true when both proofs hold. A body that is not JSON is refused unkept.
    pub(super) fn receive(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> bool {
        let Ok(parsed) = serde_json::from_slice::<Value>(body) else {
            return false;
        };
        let checksum_verified = self.checksum_holds(&parsed);
        let signature_verified = self.signature_holds(headers, body, now);
        let webhook_id = header(headers, "webhook-id").unwrap_or_default().to_owned();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0 += 1;
        let message = Message {
            seq: kept.0,
            received_at: now.to_iso(),
            repeated: kept
                .1
                .iter()
                .any(|message| message.webhook_id == webhook_id && message.signature_verified),
            webhook_id,
            event_type: member(&parsed, "eventType")
                .as_str()
                .unwrap_or("unknown")
                .to_owned(),
            checksum_verified,
            signature_verified,
            body: parsed,
        };
        kept.1.push_back(message);
        if kept.1.len() > MESSAGES_MAX {
            kept.1.pop_front();
        }
        checksum_verified && signature_verified
    }

    /// Messages with a number above `seq`, oldest first.
    pub(super) fn after(&self, seq: u64) -> Vec<Message> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.1
            .iter()
            .filter(|message| message.seq > seq)
            .cloned()
            .collect()
    }

    /// HMAC of the body's timestamp and the user's id.
    fn checksum_holds(&self, body: &Value) -> bool {
        let (Some(timestamp), Some(presented)) = (
            member(body, "timestamp").as_str(),
            member(body, "checksum").as_str(),
        ) else {
            return false;
        };
        let is_funds = member(body, "intent") == "MF_HOLDINGS_IMPORT";
        let id = if is_funds {
            "transactionId"
        } else {
            "smallcaseAuthId"
        };
        let Some(id) = member(body, id).as_str() else {
            return false;
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.api_secret.as_bytes());
        let Some(presented) = from_hex(presented) else {
            return false;
        };
        hmac::verify(&key, format!("{timestamp}{id}").as_bytes(), &presented).is_ok()
    }

    /// HMAC of id, timestamp and the raw body, in any entry of the header.
    fn signature_holds(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> bool {
        let (Some(id), Some(timestamp), Some(signatures)) = (
            header(headers, "webhook-id"),
            header(headers, "webhook-timestamp"),
            header(headers, "webhook-signature"),
        ) else {
            return false;
        };
        let Ok(seconds) = timestamp.parse::<i64>() else {
            return false;
        };
        if seconds.abs_diff(now.0.div_euclid(1000)) > TOLERANCE_SECONDS.unsigned_abs() {
            return false;
        }
        let mut signed = format!("{id}.{timestamp}.").into_bytes();
        signed.extend_from_slice(body);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.webhook_key);
        let candidates = signatures
            .split(' ')
            .filter_map(|entry| entry.strip_prefix("v1,"));
        let mut decoded = candidates.filter_map(|entry| STANDARD.decode(entry).ok());
        decoded.any(|signature| hmac::verify(&key, &signed, &signature).is_ok())
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()))
        .collect();
    let digits = digits?;
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    Some(
        pairs
            .map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_767_605_462_000);

    fn inbox() -> Inbox {
        // The contract's published vectors.
        Inbox {
            api_secret: Secret::new("example_api_secret".to_owned()),
            webhook_key: b"torana-webhook-signing-key-00001".to_vec(),
            kept: Mutex::default(),
        }
    }

    fn headers(signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "msg_2b7e151628aed2a6abf71589".parse().unwrap());
        headers.insert("webhook-timestamp", "1767605462".parse().unwrap());
        headers.insert("webhook-signature", signature.parse().unwrap());
        headers
    }

    #[test]
    fn published_vectors_verify() {
        let body = serde_json::json!({
            "timestamp": "2026-01-05T09:31:02.120Z", "smallcaseAuthId": "507f1f77bcf86cd799439011",
            "checksum": "542c9dcc1129f0facd7f4a61d9fb91117a4c43b623e365b7cb3fe80d9ae39f12" });
        assert!(inbox().checksum_holds(&body));
        let mut forged = body.clone();
        forged["smallcaseAuthId"] = "507f1f77bcf86cd799439012".into();
        assert!(!inbox().checksum_holds(&forged));

        let body = br#"{"batchId":"60c72b2f9b1e8a0012345678","status":"COMPLETED"}"#;
        let good = "v1,AAAA v1,LXRmuo6NoFHKTo441k0gX16Joqu/8+QRj4F8HSBvF+4=";
        assert!(inbox().signature_holds(&headers(good), body, NOW));
        assert!(!inbox().signature_holds(&headers(good), b"{}", NOW));
        assert!(!inbox().signature_holds(&headers("v1,AAAA"), body, NOW));
        assert!(
            !inbox().signature_holds(&headers(good), body, Timestamp(NOW.0 + 301_000)),
            "too old"
        );
    }

    #[test]
    fn forged_messages_are_kept_as_such_and_answered_no() {
        let inbox = inbox();
        assert!(!inbox.receive(&headers("v1,AAAA"), b"{\"eventType\":\"order.placed\"}", NOW));
        let kept = inbox.after(0);
        assert_eq!(kept.len(), 1);
        assert!(!kept[0].checksum_verified && !kept[0].signature_verified && !kept[0].repeated);
        assert!(!inbox.receive(&headers("v1,AAAA"), b"not json", NOW));
        assert_eq!(inbox.after(0).len(), 1);
    }
}
