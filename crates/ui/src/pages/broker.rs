//! Choosing a broker: steps before the login.

use serde::Serialize;
use torana_domain::broker_key::BrokerKey;

use crate::mark::{Mark, mark_of};

/// Brokers that the chooser shows before "more".
pub const SHOWN_BROKERS_MAX: usize = 9;

/// What the user came for, in the words of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Link the account.
    Connect,
    /// Place orders.
    Order,
    /// Share holdings.
    Holdings,
    /// Share the available cash.
    Funds,
    /// Clear shares for sale.
    Authorise,
}

/// A broker as the pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokerView {
    /// Public key.
    pub key: BrokerKey,
    /// Name as users know it.
    pub name: String,
    /// Initials in a coloured disc.
    pub mark: Mark,
}

impl BrokerView {
    /// A broker by key and name.
    #[must_use]
    pub fn new(key: BrokerKey, name: &str) -> Self {
        Self {
            key,
            name: name.to_owned(),
            mark: mark_of(key.as_str(), name),
        }
    }
}

/// Step 1: shown for a moment, leads on by itself with or without script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loading {
    /// Path of the page that follows.
    pub next: String,
}

/// One entry of the chooser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokerChoice {
    /// The broker.
    pub broker: BrokerView,
    /// Whether this browser used it before.
    pub is_recent: bool,
}

/// Step 2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Brokers {
    /// Shown at once, recently used first; at most [`SHOWN_BROKERS_MAX`].
    pub first: Vec<BrokerChoice>,
    /// Behind "more".
    pub more: Vec<BrokerChoice>,
    /// What the user came for.
    pub purpose: Purpose,
    /// Whether some broker opens accounts.
    pub opens_accounts: bool,
}

impl Brokers {
    /// The chooser over `choices` in their order, recently used ones moved to the front.
    #[must_use]
    pub fn new(mut choices: Vec<BrokerChoice>, purpose: Purpose, opens_accounts: bool) -> Self {
        choices.sort_by_key(|choice| !choice.is_recent);
        let more = choices.split_off(choices.len().min(SHOWN_BROKERS_MAX));
        Self {
            first: choices,
            more,
            purpose,
            opens_accounts,
        }
    }
}

/// Step 3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokerMissing {
    /// How many brokers there are to choose from.
    pub offered_count: usize,
}

/// Step 4.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenAccount {
    /// Brokers that open accounts.
    pub brokers: Vec<BrokerView>,
}

/// Step 5.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokerNotice {
    /// The chosen broker.
    pub broker: BrokerView,
    /// What the user came for.
    pub purpose: Purpose,
    /// Message ids of what the partner will receive.
    pub receives: &'static [&'static str],
    /// Whether the next page is the broker's own.
    pub leaves_torana: bool,
    /// Whether another broker can be chosen.
    pub may_choose_other: bool,
}

impl BrokerNotice {
    /// The notice for a purpose.
    #[must_use]
    pub const fn new(
        broker: BrokerView,
        purpose: Purpose,
        leaves_torana: bool,
        may_choose_other: bool,
    ) -> Self {
        let receives: &[&str] = match purpose {
            Purpose::Connect => &["receives.link"],
            Purpose::Order => &["receives.link", "receives.orders"],
            Purpose::Holdings => &["receives.link", "receives.holdings"],
            Purpose::Funds => &["receives.link", "receives.funds"],
            Purpose::Authorise => &["receives.link", "receives.authorised"],
        };
        Self {
            broker,
            purpose,
            receives,
            leaves_torana,
            may_choose_other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recently_used_brokers_come_first_and_nine_are_shown() {
        let choices = BrokerKey::ALL
            .iter()
            .map(|key| BrokerChoice {
                broker: BrokerView::new(*key, key.as_str()),
                is_recent: *key == BrokerKey::Upstox,
            })
            .collect();
        let page = Brokers::new(choices, Purpose::Connect, true);
        assert_eq!(page.first.len(), SHOWN_BROKERS_MAX);
        assert_eq!(page.first.len() + page.more.len(), BrokerKey::ALL.len());
        assert_eq!(page.first[0].broker.key, BrokerKey::Upstox);
        assert_eq!(page.first[1].broker.key, BrokerKey::AliceBlue);
    }
}
