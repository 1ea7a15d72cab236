//! The routes under `/flow` and `/assets`, and the return address of brokers.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{any, get, post};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use torana_brokers::BrokerReturn;
use torana_contract::errors::ErrorCode;
use torana_domain::broker_key::BrokerKey;
use torana_engine::flow::view::Form as BrokerForm;
use torana_engine::flow::{Action, Browser, FlowPage};
use torana_ui::assets;
use torana_ui::pages::ErrorKind;

use crate::after::to_present_step;
use crate::forms::Form;
use crate::refusals::{failed, refused, status_only};
use crate::returns::returned;
use crate::visit::{Visit, visit};
use crate::{HostedState, after, answers, cookies, frame, logos, origin, pages, presence, steps};

/// The routes of the hosted flow.
pub fn router(state: HostedState) -> Router {
    Router::new()
        .route("/flow/start", post(start))
        .route("/flow/{flow}/presence", get(presence_stream).post(presence_beat))
        .route("/flow/{flow}/gone", post(gone))
        .route("/flow/{flow}/{step}", get(show).post(act))
        .route("/assets/{name}", get(asset))
        .route("/assets/logo/{file}", get(logos::show))
        .route("/flow", any(unknown))
        .route("/return/{broker}", any(returned))
        .route("/flow/{flow}", any(unknown))
        .layer(from_fn_with_state(state.clone(), readable_path))
        .with_state(state)
}

/// A path that is no text after decoding belongs to no page; said before the routes read their parameters.
async fn readable_path(State(state): State<HostedState>, request: Request, next: Next) -> Response {
    let path = request.uri().path().replace('+', "%2B");
    let is_text = url::form_urlencoded::parse(path.as_bytes()).all(|(name, value)| {
        !name.contains(char::REPLACEMENT_CHARACTER) && !value.contains(char::REPLACEMENT_CHARACTER)
    });
    if is_text {
        next.run(request).await
    } else {
        refused(&state, ErrorKind::NotFound)
    }
}

async fn start(State(state): State<HostedState>, request: Request) -> Response {
    let (request, body) = request.into_parts();
    let Some(form) = Form::read(body).await else {
        return refused(&state, ErrorKind::FormRefused);
    };
    let partner = origin::of_sender(&request.headers);
    match state.engine.open_flow(form.get("handle"), partner).await {
        Ok(opened) => {
            let flow = opened.flow_id.as_str();
            let visit = match state.engine.flow_of_browser(flow, Some(&opened.cookie)).await {
                Ok(Some(run)) => Visit {
                    run,
                    cookie: opened.cookie.clone(),
                    browser: Browser::default(),
                },
                Ok(None) => return refused(&state, ErrorKind::StartUsed),
                Err(error) => return failed(&state, &error),
            };
            let mut response = to_present_step(&state, visit).await;
            if let Some(cookie) = cookies::set_flow(state.is_https(), flow, &opened.cookie) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(error) if error.code == ErrorCode::InvalidTransactionId => refused(&state, ErrorKind::StartUsed),
        Err(error) => failed(&state, &error),
    }
}

async fn show(
    State(state): State<HostedState>,
    Path((flow, step)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (request, _) = request.into_parts();
    let visit = match visit(&state, &flow, &request).await {
        Ok(visit) => visit,
        Err(response) => return *response,
    };
    let run = match state.engine.page_shown(visit.run).await {
        Ok(run) => run,
        Err(error) => return failed(&state, &error),
    };
    let cookie = visit.cookie;
    let page = match state.engine.flow_page(run, &visit.browser).await {
        Ok(page) => page,
        Err(error) => return failed(&state, &error),
    };
    let present = steps::canonical(&state.engine, &page);
    if step != present && !steps::is_allowed(&state.engine, &page, &step) {
        return answers::see_other(&format!("/flow/{flow}/{present}"));
    }
    let frame = frame::of_flow(&state, &page, &step, &cookie);
    let content = pages::body(&state.engine, &page, &step);
    // A form whose answer leads back to the partner must be allowed to lead there.
    let partner = pages::return_url(&page).map(|_| page.run.options.origin.clone());
    let targets: Vec<&str> = partner.as_deref().into_iter().collect();
    answers::page(&state, StatusCode::OK, frame, content, &targets)
}

async fn act(
    State(state): State<HostedState>,
    Path((flow, step)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (request, body) = request.into_parts();
    let visit = match visit(&state, &flow, &request).await {
        Ok(visit) => visit,
        Err(response) => return *response,
    };
    let Some(form) = own_form(&state, &visit, &request, body).await else {
        return refused(&state, ErrorKind::FormRefused);
    };
    let page = match state.engine.flow_page(visit.run.clone(), &visit.browser).await {
        Ok(page) => page,
        Err(error) => return failed(&state, &error),
    };
    let Some(action) = action(&page, &step, &form) else {
        return to_present_step(&state, visit).await;
    };
    match state.engine.flow_act(&page.run, action, &visit.browser).await {
        Ok(effect) => after::answer(&state, visit, &effect).await,
        Err(error) => failed(&state, &error),
    }
}

/// What a form of a page means.
fn action(page: &FlowPage, step: &str, form: &Form) -> Option<Action> {
    let lines = page.run.state.review.lines.len();
    let broker_return = || match &page.view.form {
        Some(BrokerForm::Fields(fields)) => form.broker_return(fields),
        _ => BrokerReturn::Fields(Vec::new()),
    };
    Some(match (step, form.get("action")) {
        ("brokers", _) => Action::ChooseBroker(BrokerKey::parse(form.get("broker"))?),
        ("broker-missing", "leave") => Action::LeaveBrokerMissing,
        ("open-account", "leave") => Action::LeaveOpenAccount,
        ("notice", "continue") => Action::AcceptNotice,
        ("login", _) => match &page.view.form {
            Some(BrokerForm::Fields(_)) => Action::SubmitLogin(broker_return()),
            _ => Action::AcceptNotice,
        },
        ("session", "continue") => Action::UseExistingSession,
        ("session", "other") => Action::UseAnotherAccount,
        ("consent", "accept") => Action::Consent(true),
        ("consent", "deny") => Action::Consent(false),
        ("review", "confirm") => Action::ConfirmReview(form.line_edits(lines)),
        ("review", _) => Action::UpdateReview(form.line_edits(lines)),
        ("checks", "recheck") => Action::Recheck,
        ("checks", "proceed") => Action::AcceptShortfall,
        ("checks", "leave") => Action::LeaveShortfall,
        ("authorise", "authorise") => Action::SubmitAuthorisation(broker_return()),
        ("authorise", "skip") => Action::SkipAuthorisation,
        ("market", "amo") => Action::AcceptAmo,
        ("market", "leave") => Action::LeaveMarketClosed,
        ("hand-off", "continue") => Action::ContinueHandOff,
        ("hand-off" | "status" | "mismatch", "finish") => Action::Finish,
        ("cancel", "cancel") => Action::Cancel,
        _ => return None,
    })
}

async fn presence_stream(
    State(state): State<HostedState>,
    Path(flow): Path<String>,
    request: Request,
) -> Response {
    let (request, _) = request.into_parts();
    match visit(&state, &flow, &request).await {
        Ok(visit) => presence::stream(state.engine.clone(), Arc::clone(&state.streams), visit.run),
        Err(_) => status_only(StatusCode::NOT_FOUND),
    }
}

async fn presence_beat(
    State(state): State<HostedState>,
    Path(flow): Path<String>,
    request: Request,
) -> Response {
    sign_of_life(&state, &flow, request, true).await
}

async fn gone(State(state): State<HostedState>, Path(flow): Path<String>, request: Request) -> Response {
    sign_of_life(&state, &flow, request, false).await
}

async fn sign_of_life(state: &HostedState, flow: &str, request: Request, is_present: bool) -> Response {
    let (request, body) = request.into_parts();
    let Ok(visit) = visit(state, flow, &request).await else {
        return status_only(StatusCode::NOT_FOUND);
    };
    if own_form(state, &visit, &request, body).await.is_none() {
        return status_only(StatusCode::FORBIDDEN);
    }
    // The beacon of a page comes before its stream ends; while any stream is open, the stream's end decides.
    let recorded = if is_present || state.streams.is_open(visit.run.flow.id) {
        state.engine.page_seen(&visit.run).await
    } else {
        state.engine.page_gone(&visit.run).await
    };
    match recorded {
        Ok(()) => answers::no_content(),
        Err(error) => {
            status_only(StatusCode::from_u16(error.status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE))
        }
    }
}

async fn asset(Path(name): Path<String>) -> Response {
    let Some((bytes, content_type)) = assets::lookup(&format!("/assets/{name}")) else {
        return status_only(StatusCode::NOT_FOUND);
    };
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(assets::CACHE_CONTROL),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

async fn unknown(State(state): State<HostedState>) -> Response {
    refused(&state, ErrorKind::NotFound)
}

/// A form that a page of this very flow has sent; `None` for any other.
async fn own_form(state: &HostedState, visit: &Visit, request: &Parts, body: Body) -> Option<Form> {
    if origin::is_foreign(&request.headers, state.engine.public_url()) {
        return None;
    }
    let form = Form::read(body).await?;
    form.has_token_of(&visit.cookie).then_some(form)
}
