//! Brokers as data: names, abilities, limits. Drives the chooser, the checks, the docs and the tests.

use torana_domain::broker_key::BrokerKey;

use crate::outcome::PlatformScope;

/// What a broker can do for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Import of demat holdings.
    pub holdings_import: bool,
    /// Limit orders.
    pub limit_orders: bool,
    /// Holdings can be refreshed without a session of the user.
    pub sessionless_holdings: bool,
    /// Takes part in the original test mode.
    pub test_mode: bool,
    /// An account can be opened through the hosted flow.
    pub account_opening: bool,
    /// After-market orders.
    pub amo: bool,
    /// Demat mutual funds.
    pub demat_funds: bool,
    /// Order changes reach us without a session of the user.
    pub order_push: bool,
}

impl Capabilities {
    /// Whether the broker lets the platform itself read this.
    #[must_use]
    pub const fn grants(self, scope: PlatformScope) -> bool {
        match scope {
            PlatformScope::Orders => self.order_push,
            PlatformScope::Holdings => self.sessionless_holdings,
        }
    }
}

/// How sales out of the demat account are cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SellAuthorisation {
    /// Never needed.
    None,
    /// Once, in the broker's own app.
    OneTimeExternal,
    /// Per session, by a call and a page.
    PerSessionApi,
}

/// The broker's field for our reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferenceRule {
    /// Longest text it keeps; at least 10.
    pub max_len: u8,
    /// Whether the broker itself refuses a second order with the same reference.
    pub is_unique: bool,
    /// Whether an order can be looked up by it.
    pub has_lookup: bool,
}

/// One broker's profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// Public key.
    pub key: BrokerKey,
    /// Name as users know it.
    pub name: &'static str,
    /// Abilities.
    pub capabilities: Capabilities,
    /// Clearance of sales.
    pub sell_authorisation: SellAuthorisation,
    /// Reference field.
    pub reference: ReferenceRule,
    /// Most order calls in any one-second window per account.
    pub orders_per_second: u32,
    /// Most order calls per minute per account.
    pub orders_per_minute: u32,
    /// Hour and minute (IST) at which the broker ends its sessions.
    pub session_ends_ist: (u8, u8),
}

const fn profile(key: BrokerKey, name: &'static str) -> Profile {
    Profile {
        key,
        name,
        capabilities: Capabilities {
            holdings_import: true,
            limit_orders: true,
            sessionless_holdings: false,
            test_mode: true,
            account_opening: false,
            amo: true,
            demat_funds: true,
            order_push: true,
        },
        sell_authorisation: SellAuthorisation::PerSessionApi,
        reference: ReferenceRule {
            max_len: 20,
            is_unique: false,
            has_lookup: false,
        },
        orders_per_second: 10,
        orders_per_minute: 400,
        session_ends_ist: (6, 0),
    }
}

impl Profile {
    const fn opens_accounts(mut self) -> Self {
        self.capabilities.account_opening = true;
        self
    }

    const fn outside_test_mode(mut self) -> Self {
        self.capabilities.test_mode = false;
        self
    }

    const fn without_holdings_import(mut self) -> Self {
        self.capabilities.holdings_import = false;
        self
    }

    const fn sessionless(mut self) -> Self {
        self.capabilities.sessionless_holdings = true;
        self
    }
}

/// The sandbox profiles of all brokers: the contract's capability table, where "not stated" counts as yes
/// except for sessionless holdings. Sorted by key.
pub const SANDBOX_PROFILES: &[Profile] = &[
    profile(BrokerKey::AliceBlue, "Alice Blue"),
    profile(BrokerKey::AngelBroking, "Angel One"),
    profile(BrokerKey::Axis, "Axis Securities"),
    profile(BrokerKey::Dhan, "Dhan").outside_test_mode(),
    profile(BrokerKey::Edelweiss, "Nuvama"),
    profile(BrokerKey::Fisdom, "Fisdom").outside_test_mode(),
    profile(BrokerKey::FivePaisa, "5paisa").opens_accounts(),
    profile(BrokerKey::FundzBazar, "FundzBazar"),
    profile(BrokerKey::Groww, "Groww")
        .outside_test_mode()
        .without_holdings_import(),
    profile(BrokerKey::Hdfc, "HDFC Securities").opens_accounts(),
    profile(BrokerKey::HdfcSky, "HDFC Sky").outside_test_mode(),
    profile(BrokerKey::Icici, "ICICIdirect"),
    profile(BrokerKey::Iifl, "IIFL"),
    profile(BrokerKey::Kite, "Zerodha").opens_accounts().sessionless(),
    profile(BrokerKey::Kotak, "Kotak Securities").opens_accounts(),
    profile(BrokerKey::Motilal, "Motilal Oswal").outside_test_mode(),
    profile(BrokerKey::Paytm, "Paytm Money"),
    profile(BrokerKey::Sbi, "SBI Securities"),
    profile(BrokerKey::Trustline, "Trustline"),
    profile(BrokerKey::Upstox, "Upstox").opens_accounts(),
];

/// The order of a chooser that nobody else ordered: roughly by number of clients, so that most users find their
/// broker without searching. Brokers that are not named follow by key.
const BY_CLIENTS: [BrokerKey; 12] = [
    BrokerKey::Kite,
    BrokerKey::Groww,
    BrokerKey::AngelBroking,
    BrokerKey::Upstox,
    BrokerKey::Icici,
    BrokerKey::Hdfc,
    BrokerKey::Kotak,
    BrokerKey::Dhan,
    BrokerKey::Motilal,
    BrokerKey::Sbi,
    BrokerKey::Paytm,
    BrokerKey::FivePaisa,
];

/// Position of a broker in a chooser, from 0.
#[must_use]
pub fn chooser_rank(key: BrokerKey) -> usize {
    BY_CLIENTS
        .iter()
        .position(|known| *known == key)
        .unwrap_or(BY_CLIENTS.len())
}

/// The sandbox profile of one broker.
#[must_use]
pub fn sandbox_profile(key: BrokerKey) -> Option<&'static Profile> {
    SANDBOX_PROFILES.iter().find(|profile| profile.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_broker_has_one_profile_that_fits_our_reference() {
        for key in BrokerKey::ALL {
            let found: Vec<_> = SANDBOX_PROFILES
                .iter()
                .filter(|profile| profile.key == *key)
                .collect();
            assert_eq!(found.len(), 1, "{key}");
            assert!(found[0].reference.max_len >= 10, "{key}");
        }
    }
}
