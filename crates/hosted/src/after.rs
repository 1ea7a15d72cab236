//! What follows an action: the present step, or the broker's own pages.

use axum::response::Response;
use http::{StatusCode, header};
use torana_brokers::BrowserForm;
use torana_engine::flow::Effect;
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
            match (&effect.redirect, &effect.hand_off) {
                (Some(url), _) => leave(state, visit, Way::Login(url)).await,
                (None, Some(form)) => leave(state, visit, Way::Orders(form)).await,
                (None, None) => to_present_step(state, visit).await,
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

/// Where the user goes at the broker.
enum Way<'a> {
    Login(&'a str),
    Orders(&'a BrowserForm),
}

/// A page that goes on to the broker by itself. Not a redirect: browsers hold the `form-action` of the page before
/// against each hop that follows a form, and nobody knows over how many origins a broker's login leads. A form for the
/// broker needs its origin there, and nothing more.
async fn leave(state: &HostedState, visit: Visit, way: Way<'_>) -> Response {
    let page = match state.engine.flow_page(visit.run, &visit.browser).await {
        Ok(page) => page,
        Err(error) => return failed(state, &error),
    };
    let (url, body) = match way {
        Way::Login(url) => (url, pages::leave(&page, url)),
        Way::Orders(form) => (form.url.as_str(), pages::send_orders(&page, form)),
    };
    let Some(origin) = web_origin(url) else {
        tracing::error!(broker.key = ?page.run.state.broker, "a broker's page is at no web address");
        return refused(state, ErrorKind::Internal);
    };
    let targets: &[&str] = match way {
        Way::Login(_) => &[],
        Way::Orders(_) => &[&origin],
    };
    let frame = frame::of_flow(state, &page, body.step(), &visit.cookie);
    answers::page(state, StatusCode::OK, frame, body, targets)
}

/// Origin of an address that a page may lead to; `None` for anything but the web.
pub fn web_origin(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let is_web = matches!(url.scheme(), "https" | "http") && url.has_host();
    is_web.then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_lead_to_the_web_only() {
        for (url, origin) in [
            ("https://kite.example/connect/login?v=3", "https://kite.example"),
            ("http://127.0.0.1:8082/connect/login", "http://127.0.0.1:8082"),
            ("https://user@Kite.example:443/", "https://kite.example"),
        ] {
            assert_eq!(web_origin(url).as_deref(), Some(origin));
        }
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "/flow/x/login",
            "//evil.example",
            "",
            "file:///etc/passwd",
        ] {
            assert_eq!(web_origin(bad), None, "{bad}");
        }
    }
}
