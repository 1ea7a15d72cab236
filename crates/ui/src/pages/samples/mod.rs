//! Invented pages, one per template and state. The tests render all of them, the gallery writes them out.

mod ending;
mod entry;
mod kite;
mod orders;
mod trade;

use torana_domain::broker_key::BrokerKey;
use torana_domain::time::Timestamp;

use super::{BrokerView, LoginField, Page};
use crate::frame::{Frame, Trail};

/// A sample and its name.
type Sample = (&'static str, Page);

/// Monday, 5 January 2026, 10:31:02 in India.
const AT: Timestamp = Timestamp(1_767_589_262_000);

pub(super) fn all() -> Vec<Sample> {
    let groups = [
        entry::before_login(),
        entry::login(),
        trade::review(),
        trade::checks(),
        orders::orders(),
        ending::ends(),
        ending::errors(),
        kite::pages(),
    ];
    groups.into_iter().flatten().collect()
}

fn broker() -> BrokerView {
    BrokerView::new(BrokerKey::Kite, "Zerodha")
}

fn order_frame(current: usize) -> Frame {
    Frame::sample().with_trail(Trail::ORDER, current)
}

fn text_field(name: &str, label: &str, is_secret: bool, value: &str) -> LoginField {
    LoginField {
        name: name.to_owned(),
        label: label.to_owned(),
        choices: Vec::new(),
        is_secret,
        value: value.to_owned(),
    }
}
