//! Pages of the Kite interface.

use torana_domain::money::Shares;

use super::entry::account_field;
use super::{Sample, broker, text_field};
use crate::frame::{Frame, Setting};
use crate::pages::checks::AuthoriseLine;
use crate::pages::{Hidden, KiteAsk, KiteEnd, KiteEnding, KiteForm, KiteOrder, LoginField, Page};

fn frame() -> Frame {
    Frame {
        partner: None,
        setting: Setting::Sandbox,
        flow: None,
        ..Frame::sample()
    }
}

fn form(ask: KiteAsk, fields: Vec<LoginField>) -> KiteForm {
    KiteForm {
        ask,
        broker: broker(),
        orders: Vec::new(),
        shares: Vec::new(),
        fields,
        post_to: "/connect/login".to_owned(),
        hidden: vec![Hidden {
            name: "api_key",
            value: "0123456789abcdef".to_owned(),
        }],
    }
}

fn orders() -> Vec<KiteOrder> {
    let order = KiteOrder {
        side: "BUY",
        ticker: "INFY".to_owned(),
        exchange: "NSE",
        terms: "CNC LIMIT".to_owned(),
        quantity: "5".to_owned(),
        price: Some("1500.5".to_owned()),
        is_fixed: false,
        problem: Some("Price 1500.53 is not a multiple of the tick size 0.1".to_owned()),
    };
    let fixed = KiteOrder {
        side: "SELL",
        ticker: "ITC".to_owned(),
        terms: "CNC MARKET".to_owned(),
        price: None,
        is_fixed: true,
        problem: None,
        ..order.clone()
    };
    vec![order, fixed]
}

pub(super) fn pages() -> Vec<Sample> {
    let basket = KiteForm {
        orders: orders(),
        ..form(KiteAsk::Basket, vec![account_field()])
    };
    let shares = vec![AuthoriseLine {
        ticker: "ITC".to_owned(),
        name: "ITC Limited".to_owned(),
        quantity: Shares(120),
    }];
    let authorise = KiteForm {
        shares,
        ..form(KiteAsk::Authorise, vec![text_field("tpin", "TPIN", true, "")])
    };
    let refused = frame().with_notice(
        "login_refused",
        Some("The broker refuses the login of this account."),
    );
    let mut pages = vec![
        (
            "kite-login",
            Page::new(frame(), form(KiteAsk::Login, vec![account_field()])),
        ),
        (
            "kite-login-refused",
            Page::new(refused, form(KiteAsk::Login, vec![account_field()])),
        ),
        ("kite-basket", Page::new(frame(), basket)),
        ("kite-authorise", Page::new(frame(), authorise)),
    ];
    let endings = [
        ("kite-end-authorised", KiteEnding::Authorised),
        ("kite-end-not-authorised", KiteEnding::NotAuthorised),
        ("kite-end-unknown", KiteEnding::Unknown),
        ("kite-end-form", KiteEnding::FormRefused),
        ("kite-end-basket", KiteEnding::BadBasket),
        ("kite-end-unavailable", KiteEnding::Unavailable),
    ];
    for (name, ending) in endings {
        let detail = (ending == KiteEnding::BadBasket).then(|| "data[0]: quantity is missing".to_owned());
        pages.push((name, Page::new(frame(), KiteEnd { ending, detail })));
    }
    pages
}
