//! A flow in the browser that holds its cookie.

use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use torana_engine::flow::Browser;
use torana_engine::flow::access::FlowRun;
use torana_ui::pages::OtherBrowser;

use crate::refusals::failed;
use crate::{ClientAddress, HostedState, answers, cookies, frame};

/// Longest `User-Agent` that is stored with a confirmation, in characters.
const USER_AGENT_CHARS_MAX: usize = 300;

/// A flow and the browser that it belongs to.
pub struct Visit {
    pub run: FlowRun,
    pub cookie: String,
    pub browser: Browser,
}

/// The flow of an address, if this browser holds its cookie; else the page that says how to return.
pub async fn visit(state: &HostedState, flow: &str, request: &Parts) -> Result<Visit, Box<Response>> {
    let headers = &request.headers;
    let cookie = cookies::read(headers, &cookies::flow_cookie_name(state.is_https(), flow));
    let found = state
        .engine
        .flow_of_browser(flow, cookie)
        .await
        .map_err(|error| Box::new(failed(state, &error)))?;
    let (Some(run), Some(cookie)) = (found, cookie) else {
        return Err(Box::new(other_browser(state)));
    };
    let browser = Browser {
        address: request
            .extensions
            .get::<ClientAddress>()
            .map_or_else(String::new, |address| address.0.to_string()),
        user_agent: user_agent(headers),
        broker_cookie: cookies::read(
            headers,
            &cookies::broker_cookie_name(state.is_https(), &run.gateway.name),
        )
        .map(str::to_owned),
    };
    Ok(Visit {
        run,
        cookie: cookie.to_owned(),
        browser,
    })
}

/// Says how to return to the partner.
fn other_browser(state: &HostedState) -> Response {
    let body = OtherBrowser {}.into();
    answers::page(state, StatusCode::FORBIDDEN, frame::bare(state), body, &[])
}

fn user_agent(headers: &HeaderMap) -> String {
    let text = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    text.chars().take(USER_AGENT_CHARS_MAX).collect()
}
