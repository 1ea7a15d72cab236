//! Pages at the end of a flow, and outside of any.

use super::{Sample, broker};
use crate::frame::{Frame, Setting};
use crate::pages::{Cancel, Done, ErrorKind, ErrorPage, OtherBrowser, Outcome, Page, Purpose};

const BACK: &str = "http://127.0.0.1:8081/basket?transactionId=TRX_0&status=COMPLETED";

/// A page outside of any flow.
fn stray() -> Frame {
    Frame {
        flow: None,
        request_id: Some("req_5f1d0c".to_owned()),
        ..Frame::sample()
    }
}

pub(super) fn ends() -> Vec<Sample> {
    let done = |outcome, return_url| Done { outcome, return_url };
    let success = |purpose| Outcome::Success {
        purpose,
        broker: broker(),
    };
    let frame = || Frame::sample().without_cancel();
    let back = Some(BACK.to_owned());
    let mut pages = vec![
        ("done", Page::new(frame(), done(success(Purpose::Connect), None))),
        (
            "done-redirect",
            Page::new(
                frame().in_redirect_mode(),
                done(success(Purpose::Order), back.clone()),
            ),
        ),
        (
            "done-holdings",
            Page::new(frame(), done(success(Purpose::Holdings), None)),
        ),
        (
            "done-funds",
            Page::new(frame(), done(success(Purpose::Funds), None)),
        ),
        (
            "done-authorise",
            Page::new(frame(), done(success(Purpose::Authorise), None)),
        ),
        (
            "cancel",
            Page::new(
                Frame::sample(),
                Cancel {
                    back: "/flow/f3k9w2x7q5m1/review".to_owned(),
                },
            ),
        ),
        ("other-browser", Page::new(stray(), OtherBrowser {})),
        (
            "other-browser-unknown",
            Page::new(
                Frame {
                    partner: None,
                    setting: Setting::Live,
                    ..stray()
                },
                OtherBrowser {},
            ),
        ),
    ];
    let failures = [
        ("done-mismatch", "user_mismatch", 1001),
        ("done-consent", "consent_denied", 1003),
        ("done-holdings-short", "insufficient_holdings", 1004),
        ("done-expired", "transaction_expired", 1005),
        ("done-no-broker", "no_broker", 1006),
        ("done-cancelled", "user_cancelled", 1012),
        ("done-internal", "internal_error", 2000),
        ("done-import", "holdings_import_error", 2001),
        ("done-not-enabled", "intent_not_enabled_for_broker", 3000),
        ("done-timed-out", "timed_out", 4003),
        ("done-market", "market_closed", 4004),
        ("done-pending", "order_pending", 4006),
        ("done-trading", "trading_not_enabled", 7104),
    ];
    for (name, message, code) in failures {
        pages.push((
            name,
            Page::new(frame(), done(Outcome::Failure { message, code }, None)),
        ));
    }
    pages
}

pub(super) fn errors() -> Vec<Sample> {
    let mut pages = Vec::new();
    let errors = [
        ("error-expired", ErrorKind::Expired),
        ("error-start-used", ErrorKind::StartUsed),
        ("error-not-found", ErrorKind::NotFound),
        ("error-form", ErrorKind::FormRefused),
        ("error-broker", ErrorKind::BrokerUnavailable),
        ("error-unavailable", ErrorKind::Unavailable),
        ("error-too-many", ErrorKind::TooMany),
        ("error-internal", ErrorKind::Internal),
    ];
    for (name, kind) in errors {
        let retry = (kind == ErrorKind::BrokerUnavailable).then(|| "/flow/f3k9w2x7q5m1/notice".to_owned());
        let return_url = if kind == ErrorKind::Expired {
            Some(BACK.to_owned())
        } else {
            None
        };
        pages.push((
            name,
            Page::new(
                stray(),
                ErrorPage {
                    kind,
                    retry,
                    return_url,
                },
            ),
        ));
    }
    pages
}
