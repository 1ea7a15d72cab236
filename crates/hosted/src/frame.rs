//! What surrounds a page: partner, mode, progress trail, the script's values.

use torana_domain::intent::Intent;
use torana_domain::transaction::Status;
use torana_engine::Gateway;
use torana_engine::flow::{FlowPage, Mode, Step};
use torana_ui::{FlowFrame, FlowMode, Frame, Notice, Partner, Setting, Trail};

use crate::HostedState;
use crate::answers::nonce;
use crate::forms::csrf_token;
use crate::logos;

/// A page that belongs to no flow, or to one that may not be shown.
pub fn bare(state: &HostedState) -> Frame {
    Frame {
        csp_nonce: nonce(state),
        partner: None,
        setting: Setting::Live,
        flow: None,
        trail: None,
        notice: None,
        request_id: None,
    }
}

/// The frame of a flow's page.
pub fn of_flow(state: &HostedState, page: &FlowPage, shown: &str, cookie: &str) -> Frame {
    let run = &page.run;
    let txn = &run.loaded.txn;
    let may_cancel = matches!(txn.status, Status::Initialized | Status::Used) && page.step != Step::Done;
    let expires_in_ms = may_cancel
        .then(|| {
            run.gateway
                .clock
                .wall_until(txn.expire_at, state.engine.wall_now())
        })
        .flatten();
    Frame {
        csp_nonce: nonce(state),
        partner: Some(partner(&run.gateway)),
        setting: setting(state, &run.gateway, run.options.leprechaun),
        flow: Some(FlowFrame {
            id: run.flow.public_id.to_string(),
            transaction_id: txn.public_id.to_string(),
            message_nonce: run.flow.nonce.clone(),
            origin: run.options.origin.clone(),
            mode: match run.options.mode {
                Mode::Popup => FlowMode::Popup,
                Mode::Redirect => FlowMode::Redirect,
            },
            csrf: csrf_token(cookie),
            expires_in_ms,
            may_cancel,
        }),
        trail: trail(&txn.intent, shown),
        notice: notice(page, shown),
        request_id: None,
    }
}

fn partner(gateway: &Gateway) -> Partner {
    Partner::new(gateway.display_name()).with_logo(gateway.logo.as_deref().map(logos::path))
}

fn setting(state: &HostedState, gateway: &Gateway, leprechaun: bool) -> Setting {
    if !gateway.is_sandbox() {
        Setting::Live
    } else if state.demo_gateway.as_deref() == Some(gateway.name.as_str()) {
        Setting::Demo
    } else if leprechaun {
        Setting::TestMode
    } else {
        Setting::Sandbox
    }
}

fn trail(intent: &Intent, shown: &str) -> Option<Trail> {
    let (steps, work) = match intent {
        Intent::Connect | Intent::FetchFunds => (Trail::CONNECT, None),
        Intent::Securities { .. } => (Trail::ORDER, Some(2)),
        Intent::HoldingsImport { .. } => (Trail::IMPORT, Some(2)),
        Intent::AuthoriseHoldings => (Trail::AUTHORISE, Some(2)),
    };
    let last = steps.len() - 1;
    let current = match shown {
        "brokers" | "broker-missing" | "open-account" | "notice" => 0,
        "session" | "login" => 1,
        "consent" | "review" | "checks" | "authorise" | "market" => work.unwrap_or(last),
        "hand-off" | "progress" | "status" => last,
        _ => return None,
    };
    Some(Trail { steps, current })
}

fn notice(page: &FlowPage, shown: &str) -> Option<Notice> {
    let state = &page.run.state;
    match shown {
        "login" if page.run.loaded.txn.status == Status::Used && state.message.is_none() => Some(Notice {
            key: "session_expired",
            detail: None,
        }),
        "login" => state.message.clone().map(|text| Notice {
            key: "login_refused",
            detail: Some(text),
        }),
        "authorise" => state.message.clone().map(|text| Notice {
            key: "authorisation_refused",
            detail: Some(text),
        }),
        "hand-off" | "progress" | "status" if state.hand_off.is_some() => {
            state.message.clone().map(|text| Notice {
                key: "hand_off",
                detail: Some(text),
            })
        }
        "review" if !state.review.problems.is_empty() => Some(Notice {
            key: "correct_fields",
            detail: None,
        }),
        _ => None,
    }
}
