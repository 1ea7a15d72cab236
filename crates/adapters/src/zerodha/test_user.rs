//! The user of a test account on the pages of a Kite interface that has test accounts: posts their forms as a browser
//! does, with what stands in the address or in the form that led there.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use http::{HeaderMap, Method};
use torana_brokers::{BrokerPage, BrokerReturn, Deed, LoginError, TestUser};
use torana_runtime::{BoxFuture, EgressClass, Http, HttpRequest};
use url::Url;

use super::wire::{ANSWER_TIMEOUT, encode};

/// Most bytes of a page that are read; what stands on it is not looked at.
const PAGE_BYTES_MAX: usize = 64 * 1024;
/// Where the basket's page posts its form.
const BASKET_CONFIRM_PATH: &str = "/connect/basket/confirm";

/// The user.
pub struct PageUser {
    http: Arc<dyn Http>,
}

impl PageUser {
    /// A user who reaches the pages over `http`.
    #[must_use]
    pub fn new(http: Arc<dyn Http>) -> Self {
        Self { http }
    }
}

impl TestUser for PageUser {
    fn act(&self, page: BrokerPage, deed: Deed) -> BoxFuture<'static, Result<BrokerReturn, LoginError>> {
        let http = Arc::clone(&self.http);
        Box::pin(async move {
            let (url, mut fields) = form_of(page)?;
            let (name, value) = match deed {
                Deed::LogIn { account } | Deed::ConfirmOrders { account } => ("account", account),
                Deed::ClearShares { tpin } => ("tpin", tpin),
                Deed::LeaveOrders => ("action", "cancel".to_owned()),
            };
            fields.push((name.to_owned(), value));
            let location = post(&*http, url, &fields).await?;
            let back = Url::parse(&location).map_err(|error| LoginError::Unavailable(error.to_string()))?;
            Ok(BrokerReturn::Parameters(
                back.query_pairs().into_owned().collect(),
            ))
        })
    }
}

/// Where the page's form goes, and what it carries on.
fn form_of(page: BrokerPage) -> Result<(Url, Vec<(String, String)>), LoginError> {
    let read = |text: &str| Url::parse(text).map_err(|error| LoginError::Unavailable(error.to_string()));
    match page {
        BrokerPage::At(address) => {
            let mut url = read(&address)?;
            let fields = url.query_pairs().into_owned().collect();
            url.set_query(None);
            Ok((url, fields))
        }
        BrokerPage::Form(form) => {
            let mut url = read(&form.url)?;
            url.set_path(BASKET_CONFIRM_PATH);
            Ok((url, form.fields))
        }
    }
}

/// Posts a form and gives the address that the answer leads to.
async fn post(http: &dyn Http, url: Url, fields: &[(String, String)]) -> Result<String, LoginError> {
    let mut headers = HeaderMap::new();
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, form);
    let request = HttpRequest {
        method: Method::POST,
        url: url.as_str().to_owned(),
        headers,
        body: Bytes::from(encode(fields)),
        timeout: ANSWER_TIMEOUT,
        max_response_bytes: PAGE_BYTES_MAX,
        egress: EgressClass::Broker,
    };
    let answer = http.send(request).await;
    let answer = answer.map_err(|error| LoginError::Unavailable(error.to_string()))?;
    let location = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok());
    match location.filter(|_| (300..400).contains(&answer.status)) {
        // A relative address leads to another page of the broker.
        Some(location) => url
            .join(location)
            .map(String::from)
            .map_err(|error| LoginError::Unavailable(error.to_string())),
        None => Err(LoginError::Refused {
            text: "The broker's page does not let the user go on.".to_owned(),
        }),
    }
}
