//! Pages up to the login.

use torana_domain::broker_key::BrokerKey;

use super::{Sample, broker, order_frame, text_field};
use crate::frame::{Frame, Setting, Trail};
use crate::pages::{
    BrokerChoice, BrokerMissing, BrokerNotice, BrokerView, Brokers, Consent, Leave, Loading, Login,
    LoginChoice, LoginField, Mismatch, OpenAccount, Page, Purpose, Session,
};

const NAMES: &[(BrokerKey, &str)] = &[
    (BrokerKey::Kite, "Zerodha"),
    (BrokerKey::Groww, "Groww"),
    (BrokerKey::AngelBroking, "Angel One"),
    (BrokerKey::Upstox, "Upstox"),
    (BrokerKey::Icici, "ICICIdirect"),
    (BrokerKey::Hdfc, "HDFC Securities"),
    (BrokerKey::Kotak, "Kotak Securities"),
    (BrokerKey::Motilal, "Motilal Oswal"),
    (BrokerKey::Dhan, "Dhan"),
    (BrokerKey::FivePaisa, "5paisa"),
    (BrokerKey::AliceBlue, "Alice Blue"),
    (BrokerKey::Axis, "Axis Securities"),
    (BrokerKey::Paytm, "Paytm Money"),
    (BrokerKey::Sbi, "SBI Securities"),
];

pub(super) fn before_login() -> Vec<Sample> {
    let choices = |recent: &[BrokerKey]| {
        NAMES
            .iter()
            .map(|(key, name)| BrokerChoice {
                broker: BrokerView::new(*key, name),
                is_recent: recent.contains(key),
            })
            .collect::<Vec<_>>()
    };
    let few = choices(&[]).into_iter().take(3).collect();
    let views = |keys: &[BrokerKey]| -> Vec<BrokerView> {
        NAMES
            .iter()
            .filter(|(key, _)| keys.contains(key))
            .map(|(key, name)| BrokerView::new(*key, name))
            .collect()
    };
    let opening = views(&[
        BrokerKey::Kite,
        BrokerKey::Upstox,
        BrokerKey::Hdfc,
        BrokerKey::Kotak,
        BrokerKey::FivePaisa,
    ]);
    let live = order_frame(0).with_setting(Setting::Live);
    vec![
        (
            "loading",
            Page::new(
                Frame::sample(),
                Loading {
                    next: "/flow/f3k9w2x7q5m1/brokers".to_owned(),
                },
            ),
        ),
        (
            "brokers",
            Page::new(
                order_frame(0),
                Brokers::new(choices(&[BrokerKey::Upstox]), Purpose::Order, true),
            ),
        ),
        (
            "brokers-live",
            Page::new(live.clone(), Brokers::new(choices(&[]), Purpose::Holdings, true)),
        ),
        (
            "brokers-few",
            Page::new(
                order_frame(0).with_setting(Setting::TestMode),
                Brokers::new(few, Purpose::Connect, false),
            ),
        ),
        (
            "broker-missing",
            Page::new(order_frame(0), BrokerMissing { offered_count: 14 }),
        ),
        (
            "open-account",
            Page::new(order_frame(0), OpenAccount { brokers: opening }),
        ),
        (
            "notice",
            Page::new(
                order_frame(1),
                BrokerNotice::new(broker(), Purpose::Order, false, true),
            ),
        ),
        (
            "notice-live",
            Page::new(
                live.with_trail(Trail::IMPORT, 1),
                BrokerNotice::new(broker(), Purpose::Holdings, true, false),
            ),
        ),
    ]
}

pub(super) fn account_field() -> LoginField {
    let choices = [
        ("DEMO01", "₹10,00,000, holdings, no authorisation needed"),
        ("DEMO02", "The same, to try another account"),
        ("EMPTY01", "No money, no holdings"),
        ("TPIN01", "Sales need authorisation, TPIN 123456"),
        ("LOWFUNDS01", "Every buy fails for lack of funds"),
        ("ORDERFAIL01", "Every order is rejected after acceptance"),
        ("PARTIAL01", "Half of every order fills"),
        ("SLOW01", "Orders fill after 60 seconds"),
    ];
    LoginField {
        name: "account".to_owned(),
        label: "Test account".to_owned(),
        choices: choices
            .map(|(value, text)| LoginChoice {
                value: value.to_owned(),
                explanation: text.to_owned(),
            })
            .to_vec(),
        is_secret: false,
        value: String::new(),
    }
}

pub(super) fn login() -> Vec<Sample> {
    let page = |fields, is_sandbox| Login {
        broker: broker(),
        fields,
        is_elsewhere: false,
        is_sandbox,
        may_choose_other: true,
    };
    let elsewhere = Login {
        is_elsewhere: true,
        ..page(Vec::new(), false)
    };
    let leave = Leave {
        broker: broker(),
        url: "https://kite.example/connect/login?v=3&api_key=k".to_owned(),
    };
    let other = BrokerView::new(BrokerKey::Groww, "Groww");
    let refused = order_frame(1).with_notice("login_refused", Some("This account does not exist."));
    let import = Frame::sample().with_trail(Trail::IMPORT, 2);
    let typed = LoginField {
        value: "NOBODY1".to_owned(),
        ..account_field()
    };
    let live = order_frame(1).with_setting(Setting::Live);
    vec![
        (
            "login",
            Page::new(order_frame(1), page(vec![account_field()], true)),
        ),
        ("login-refused", Page::new(refused, page(vec![typed], true))),
        (
            "login-fields",
            Page::new(
                live.clone(),
                page(
                    vec![
                        text_field("client", "Client id", false, "AB1234"),
                        text_field("otp", "OTP", true, ""),
                    ],
                    false,
                ),
            ),
        ),
        ("login-elsewhere", Page::new(live.clone(), elsewhere)),
        ("leave", Page::new(live, leave)),
        (
            "session",
            Page::new(
                order_frame(1),
                Session {
                    broker: broker(),
                    account_hint: "••••01".to_owned(),
                },
            ),
        ),
        (
            "mismatch",
            Page::new(
                order_frame(1).without_cancel(),
                Mismatch {
                    broker: broker(),
                    expected: broker(),
                },
            ),
        ),
        (
            "mismatch-broker",
            Page::new(
                order_frame(1).without_cancel(),
                Mismatch {
                    broker: other,
                    expected: broker(),
                },
            ),
        ),
        (
            "consent",
            Page::new(
                import.clone(),
                Consent {
                    broker: broker(),
                    includes_funds: true,
                },
            ),
        ),
        (
            "consent-stocks",
            Page::new(
                import,
                Consent {
                    broker: broker(),
                    includes_funds: false,
                },
            ),
        ),
    ]
}
