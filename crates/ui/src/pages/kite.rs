//! Pages of the Kite interface, at the root of its own listener. They belong to no flow; what they need to know
//! again travels in hidden inputs.

use serde::Serialize;

use super::broker::BrokerView;
use super::checks::AuthoriseLine;
use super::login::LoginField;

/// What a form is for; the texts are `kite.{kind}.*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KiteAsk {
    /// Log in to an app.
    Login,
    /// Log in and place orders that an app prepared.
    Basket,
    /// Clear shares for sale.
    Authorise,
}

/// An order of a basket. Its inputs are `quantity.{index}` and `price.{index}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KiteOrder {
    /// `BUY` or `SELL`.
    pub side: &'static str,
    /// Ticker.
    pub ticker: String,
    /// Exchange.
    pub exchange: &'static str,
    /// Product and order type, as brokers write them.
    pub terms: String,
    /// Shares, as they are typed.
    pub quantity: String,
    /// Limit price, as it is typed; none for orders without one.
    pub price: Option<String>,
    /// Whether the user may change nothing.
    pub is_fixed: bool,
    /// What is wrong with what was typed.
    pub problem: Option<String>,
}

/// A hidden input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hidden {
    /// Form name.
    pub name: &'static str,
    /// What is posted.
    pub value: String,
}

/// A form. Actions: `confirm`, `cancel` (baskets only).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KiteForm {
    /// What it is for.
    pub ask: KiteAsk,
    /// The broker.
    pub broker: BrokerView,
    /// Orders of a basket.
    pub orders: Vec<KiteOrder>,
    /// Shares to be cleared.
    pub shares: Vec<AuthoriseLine>,
    /// Its inputs.
    pub fields: Vec<LoginField>,
    /// Path that it is posted to.
    pub post_to: String,
    /// What travels with it.
    pub hidden: Vec<Hidden>,
}

/// How it ended; the texts are `kite.end.{kind}.*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KiteEnding {
    /// The shares are cleared.
    Authorised,
    /// They are not.
    NotAuthorised,
    /// The key or the address is wrong.
    Unknown,
    /// The form came from another page, or is out of date.
    FormRefused,
    /// The basket cannot be read.
    BadBasket,
    /// The exchange does not answer.
    Unavailable,
}

/// The end of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KiteEnd {
    /// How.
    pub ending: KiteEnding,
    /// What is wrong, in words.
    pub detail: Option<String>,
}
