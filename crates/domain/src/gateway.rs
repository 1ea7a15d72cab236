//! A gateway: one partner's configured tenant.

use serde::{Deserialize, Serialize};

use crate::broker_key::BrokerKey;
use crate::intent::IntentKind;
use crate::money::Paise;

/// Whether a gateway trades on the paper exchange or at live brokers. Fixed at creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Paper exchange only.
    Sandbox,
    /// Live brokers only.
    Live,
}

impl Mode {
    /// The word of settings and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Live => "live",
        }
    }

    /// Parses the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "sandbox" => Some(Self::Sandbox),
            "live" => Some(Self::Live),
            _ => None,
        }
    }
}

/// When failed webhook attempts are repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RetryLadder {
    /// Eleven attempts over about three days.
    Standard,
    /// 15 minutes, 24 hours, 48 hours after the first.
    Legacy,
}

/// Bounds that are checked at confirmation; `None` is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderLimits {
    /// Most rupees of one order.
    pub order_value_max: Option<Paise>,
    /// Most rupees of one basket.
    pub basket_value_max: Option<Paise>,
    /// Most lines of one basket.
    pub legs_max: Option<u32>,
}

/// Settings of a gateway, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GatewaySettings {
    /// Shown on hosted pages; empty = the gateway's name.
    pub display_name: String,
    /// Whitelisted web origins.
    pub origins: Vec<String>,
    /// Webhook URLs; each gets every event.
    pub webhook_urls: Vec<String>,
    /// URLs per event type, in place of the default ones.
    pub webhook_overrides: std::collections::BTreeMap<String, Vec<String>>,
    /// Relaxed token rules and secret length.
    pub legacy: bool,
    /// Longest life of a user token.
    pub jwt_max_age_seconds: i64,
    /// Whether smallcase orders send webhooks.
    pub smallcase_order_webhooks: bool,
    /// Whether `status` shows the real status always.
    pub extended_statuses: bool,
    /// Whether the rate limits count.
    pub rate_limits: bool,
    /// Enabled intents; `None` = all.
    pub intents: Option<Vec<IntentKind>>,
    /// Enabled brokers; `None` = all.
    pub brokers: Option<Vec<BrokerKey>>,
    /// Webhook retry ladder.
    pub retry_ladder: RetryLadder,
    /// Bounds for orders.
    pub limits: OrderLimits,
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            display_name: String::new(),
            origins: Vec::new(),
            webhook_urls: Vec::new(),
            webhook_overrides: std::collections::BTreeMap::new(),
            legacy: false,
            jwt_max_age_seconds: 86_400,
            smallcase_order_webhooks: true,
            extended_statuses: false,
            rate_limits: true,
            intents: None,
            brokers: None,
            retry_ladder: RetryLadder::Standard,
            limits: OrderLimits::default(),
        }
    }
}

impl GatewaySettings {
    /// Whether an intent is switched on.
    #[must_use]
    pub fn allows_intent(&self, intent: IntentKind) -> bool {
        self.intents.as_ref().is_none_or(|list| list.contains(&intent))
    }

    /// Whether a broker is switched on.
    #[must_use]
    pub fn allows_broker(&self, broker: BrokerKey) -> bool {
        self.brokers.as_ref().is_none_or(|list| list.contains(&broker))
    }

    /// The URLs that get an event of this type.
    #[must_use]
    pub fn urls_for(&self, event_type: &str) -> &[String] {
        self.webhook_overrides
            .get(event_type)
            .map_or(&self.webhook_urls, |urls| urls)
    }
}
