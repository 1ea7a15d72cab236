//! The two requests as bytes on the wire.

use torana_domain::ids::TransactionId;

use crate::rows::{mixed, transaction_id};

/// Body of the creation: a basket of three.
pub const CREATE_BODY: &str = r#"{"intent":"TRANSACTION","orderConfig":{"type":"SECURITIES","securities":[{"ticker":"INFY","quantity":3,"type":"BUY"},{"ticker":"ITC","quantity":7,"type":"BUY"},{"ticker":"RELIANCE","quantity":2,"type":"BUY"}]},"notes":"plan-42"}"#;

/// Where the id stands in the template of a read, as a pattern of the same length.
const ID_LENGTH: usize = 36;

/// What a partner's backend knows.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `gatewayName`.
    pub gateway: String,
    /// `x-gateway-secret`.
    pub api_secret: String,
    /// A guest's token, used for every request.
    pub token: String,
}

impl Credentials {
    /// Of the length of real ones, for a server that does not look at them.
    pub fn placeholder() -> Self {
        Self {
            gateway: "bench".to_owned(),
            api_secret: "s".repeat(43),
            token: "t".repeat(140),
        }
    }

    fn headers(&self) -> String {
        let (secret, token) = (&self.api_secret, &self.token);
        format!("host: 127.0.0.1\r\nx-gateway-secret: {secret}\r\nx-gateway-authtoken: {token}\r\n")
    }
}

/// Requests of one connection, one after the other.
#[derive(Debug, Clone)]
pub struct Requests {
    bytes: Vec<u8>,
    ids: Option<RandomIds>,
}

#[derive(Debug, Clone)]
struct RandomIds {
    position: usize,
    stored: u64,
    state: u64,
}

impl Requests {
    /// Creations.
    pub fn create(credentials: &Credentials) -> Self {
        let path = format!("/gateway/{}/transaction", credentials.gateway);
        Self::post(credentials, &path, CREATE_BODY)
    }

    /// One call with a JSON body, by the user of the token.
    pub fn post(credentials: &Credentials, path: &str, body: &str) -> Self {
        let (headers, length) = (credentials.headers(), body.len());
        let text = format!(
            "POST {path} HTTP/1.1\r\n{headers}content-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        Self {
            bytes: text.into_bytes(),
            ids: None,
        }
    }

    /// Reads of random ones of the first `stored` transactions.
    pub fn details(credentials: &Credentials, stored: u64) -> Self {
        let path = format!(
            "GET /v1/{}/engine/transactiondetails?transactionId=",
            credentials.gateway
        );
        let ids = RandomIds {
            position: path.len(),
            stored: stored.max(1),
            state: 0,
        };
        let mut requests = Self::details_of(credentials, &transaction_id(0));
        requests.ids = Some(ids);
        requests
    }

    /// Reads of one transaction.
    pub fn details_of(credentials: &Credentials, id: &TransactionId) -> Self {
        let (gateway, headers) = (&credentials.gateway, credentials.headers());
        let path = format!(
            "/v1/{gateway}/engine/transactiondetails?transactionId={}",
            id.as_str()
        );
        Self {
            bytes: format!("GET {path} HTTP/1.1\r\n{headers}\r\n").into_bytes(),
            ids: None,
        }
    }

    /// The same requests with ids drawn in an order of their own.
    pub fn for_connection(&self, number: u64) -> Self {
        let mut requests = self.clone();
        if let Some(ids) = &mut requests.ids {
            ids.state = mixed(number);
        }
        requests
    }

    /// The next request.
    pub fn next(&mut self) -> &[u8] {
        if let Some(ids) = &mut self.ids {
            ids.state = mixed(ids.state);
            let id = transaction_id(ids.state % ids.stored);
            let place = self.bytes.get_mut(ids.position..ids.position + ID_LENGTH);
            if let Some(place) = place
                && id.as_str().len() == ID_LENGTH
            {
                place.copy_from_slice(id.as_str().as_bytes());
            }
        }
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_name_stored_transactions_and_not_always_the_same() {
        let known: Vec<String> = (0..5)
            .map(|number| transaction_id(number).as_str().to_owned())
            .collect();
        let mut requests = Requests::details(&Credentials::placeholder(), 5).for_connection(7);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let text = String::from_utf8(requests.next().to_vec()).unwrap();
            let id = text.split(['=', ' ']).nth(2).unwrap().to_owned();
            assert!(known.contains(&id), "{text}");
            seen.insert(id);
        }
        assert_eq!(seen.len(), 5);
    }

    #[test]
    fn a_creation_announces_its_length() {
        let mut requests = Requests::create(&Credentials::placeholder());
        let text = String::from_utf8(requests.next().to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())));
    }
}
