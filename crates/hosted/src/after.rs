//! What follows an action: the present step, or the broker's own pages.

use axum::response::Response;
use http::{StatusCode, header};
use torana_engine::flow::{Effect, Step};
use torana_ui::pages::ErrorKind;

use crate::refusals::{failed, refused};
use crate::visit::Visit;
use crate::{HostedState, answers, cookies, frame, pages, steps};

/// The answer to an action on the flow of a visit.
pub async fn answer(state: &HostedState, visit: Visit, effect: &Effect) -> Response {
    let gateway = visit.run.gateway.clone();
    let mut response = match state.engine.reread(&visit.run).await {
        Ok(run) => {
            let visit = Visit { run, ..visit };
            match &effect.redirect {
                Some(url) => leave(state, visit, url).await,
                None => to_present_step(state, visit).await,
            }
        }
        Err(error) => failed(state, &error),
    };
    if let Some(value) = &effect.broker_cookie
        && let Some(cookie) = cookies::set_broker(state.is_https(), &gateway.name, value)
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// 303 to the step at which the flow stands.
pub async fn to_present_step(state: &HostedState, visit: Visit) -> Response {
    let flow = visit.run.flow.public_id.to_string();
    match state.engine.flow_page(visit.run, &visit.browser).await {
        Ok(page) => answers::see_other(&format!(
            "/flow/{flow}/{}",
            steps::canonical(&state.engine, &page)
        )),
        Err(error) => failed(state, &error),
    }
}

/// A page that goes on to the broker by itself. Not a redirect: browsers hold the `form-action` of the page before
/// against each hop that follows a form, and nobody knows over how many origins a broker's login leads.
async fn leave(state: &HostedState, visit: Visit, url: &str) -> Response {
    let page = match state.engine.flow_page(visit.run, &visit.browser).await {
        Ok(page) => page,
        Err(error) => return failed(state, &error),
    };
    if !is_web_address(url) {
        tracing::error!(broker.key = ?page.run.state.broker, "a broker's login is at no web address");
        return refused(state, ErrorKind::Internal);
    }
    let frame = frame::of_flow(state, &page, Step::Login.as_str(), &visit.cookie);
    answers::page(state, StatusCode::OK, frame, pages::leave(&page, url), &[])
}

/// Whether a page may lead there.
pub fn is_web_address(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_lead_to_the_web_only() {
        assert!(is_web_address("https://kite.example/connect/login?v=3"));
        assert!(is_web_address("http://127.0.0.1:8082/connect/login"));
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "/flow/x/login",
            "//evil.example",
            "",
            "file:///etc/passwd",
        ] {
            assert!(!is_web_address(bad), "{bad}");
        }
    }
}
