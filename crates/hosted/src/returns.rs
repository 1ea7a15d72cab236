//! `/return/{broker}`: the browser comes back from a broker's own pages. Nothing of what it brings is shown.

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use torana_domain::broker_key::BrokerKey;
use torana_engine::flow::returns::{Parameters, STATE};
use torana_engine::flow::{Posted, RoundTrip};
use torana_ui::pages::ErrorKind;

use crate::refusals::{failed, refused, status_only};
use crate::visit::{Visit, visit};
use crate::{HostedState, after, answers, cookies};

/// Most bytes of what a broker sends back, in an address or a form.
const BYTES_MAX: usize = 8 * 1024;
/// Most parameters.
const PARAMETERS_MAX: usize = 50;
/// Most flows of one browser that are looked at for a return that names none.
const FLOWS_MAX: usize = 20;

/// The one return address of a broker.
pub async fn returned(
    State(state): State<HostedState>,
    Path(broker): Path<String>,
    request: Request,
) -> Response {
    let (request, body) = request.into_parts();
    let Some(broker) = BrokerKey::parse(&broker) else {
        return refused(&state, ErrorKind::NotFound);
    };
    match request.method {
        // Boxed, because what may follow a return is large.
        Method::GET => Box::pin(arrived(&state, broker, &request)).await,
        Method::POST => posted(&state, broker, &request, body).await,
        _ => status_only(StatusCode::METHOD_NOT_ALLOWED),
    }
}

async fn arrived(state: &HostedState, broker: BrokerKey, request: &Parts) -> Response {
    let Some(parameters) = in_address(request) else {
        return refused(state, ErrorKind::NotFound);
    };
    let found = match RoundTrip::of(&parameters) {
        Some(round_trip) => visit(state, round_trip.flow_id().as_str(), request).await,
        None => waiting(state, broker, request).await,
    };
    let visit = match found {
        Ok(visit) => visit,
        Err(response) => return *response,
    };
    let returned = state
        .engine
        .flow_return(&visit.run, broker, parameters, &visit.browser)
        .await;
    match returned {
        Ok(effect) => after::answer(state, visit, &effect).await,
        Err(error) => failed(state, &error),
    }
}

/// The flow of this browser that waits for a return without a value, if there is exactly one.
async fn waiting(state: &HostedState, broker: BrokerKey, request: &Parts) -> Result<Visit, Box<Response>> {
    let mut found = Vec::new();
    for flow in cookies::flows(&request.headers, state.is_https()).take(FLOWS_MAX) {
        if let Ok(visit) = visit(state, flow, request).await
            && visit.run.state.awaits(broker, None)
        {
            found.push(visit);
        }
    }
    match (found.pop(), found.pop()) {
        (Some(visit), None) => Ok(visit),
        _ => Err(Box::new(refused(state, ErrorKind::NotFound))),
    }
}

/// Without the flow's cookie, which no form of another site brings: kept, and asked for again with it.
async fn posted(state: &HostedState, broker: BrokerKey, request: &Parts, body: Body) -> Response {
    let collected = Limited::new(body, BYTES_MAX).collect().await.ok();
    let in_body = collected.and_then(|body| parameters(&body.to_bytes()));
    let (Some(mut all), Some(in_body)) = (in_address(request), in_body) else {
        return refused(state, ErrorKind::NotFound);
    };
    all.extend(in_body);
    match state.engine.keep_posted(broker, all).await {
        Ok(Posted::Kept(value)) => answers::see_other(&format!("/return/{broker}?{STATE}={value}")),
        // Where the flow stands is for its own browser to see.
        Ok(Posted::NotAwaited(flow)) => answers::see_other(&format!("/flow/{flow}/login")),
        Ok(Posted::Unreadable) => refused(state, ErrorKind::NotFound),
        Err(error) => failed(state, &error),
    }
}

fn in_address(request: &Parts) -> Option<Parameters> {
    parameters(request.uri.query().unwrap_or_default().as_bytes())
}

/// Names and values in order; `None` beyond the limits.
fn parameters(encoded: &[u8]) -> Option<Parameters> {
    if encoded.len() > BYTES_MAX {
        return None;
    }
    let pairs: Parameters = url::form_urlencoded::parse(encoded)
        .into_owned()
        .take(PARAMETERS_MAX + 1)
        .collect();
    (pairs.len() <= PARAMETERS_MAX).then_some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_keep_their_order_and_have_limits() {
        let pairs = parameters(b"b=1&a=%20x&b=2").unwrap();
        let expected = [("b", "1"), ("a", " x"), ("b", "2")];
        assert_eq!(
            pairs,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert!(parameters(&vec![b'a'; BYTES_MAX]).is_some());
        assert!(parameters(&vec![b'a'; BYTES_MAX + 1]).is_none());
        assert!(parameters("a=1&".repeat(PARAMETERS_MAX).as_bytes()).is_some());
        assert!(parameters("a=1&".repeat(PARAMETERS_MAX + 1).as_bytes()).is_none());
    }
}
