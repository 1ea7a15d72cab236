//! Settings of brokers that are reached over their own interface.

use crate::layers::Source;
use crate::parse::{self, Reader};
use crate::settings::origin;
use crate::{PublicUrl, SettingError};

/// How orders reach Zerodha.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KiteMode {
    /// Torana sends them.
    Direct,
    /// The user confirms them on the broker's own page.
    HandOff,
}

/// The keys of an app.
#[derive(Clone, PartialEq, Eq)]
pub struct AppKeys {
    /// Public key.
    pub api_key: String,
    /// Secret.
    pub api_secret: String,
}

impl std::fmt::Debug for AppKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppKeys")
            .field("api_key", &self.api_key)
            .finish_non_exhaustive()
    }
}

/// `brokers.kite.*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KiteBroker {
    /// `brokers.kite.mode`.
    pub mode: KiteMode,
    /// `brokers.kite.url`; none is the paper exchange's own interface, where it is open.
    pub url: Option<PublicUrl>,
    /// `brokers.kite.login_url`; none is the same as `url`.
    pub login_url: Option<PublicUrl>,
    /// `brokers.kite.api_key` and `brokers.kite.api_secret`; none is an app of each gateway's own.
    pub keys: Option<AppKeys>,
}

impl KiteBroker {
    pub(crate) fn read(read: &Reader<'_>) -> Result<Self, SettingError> {
        let mode = read.get_or("brokers.kite.mode", KiteMode::Direct, |raw| {
            match parse::text(raw)?.as_str() {
                "direct" => Some(KiteMode::Direct),
                "hand-off" => Some(KiteMode::HandOff),
                _ => None,
            }
        })?;
        Ok(Self {
            mode: mode.value,
            url: origin(read, "brokers.kite.url")?,
            login_url: origin(read, "brokers.kite.login_url")?,
            keys: keys(read)?,
        })
    }
}

fn keys(read: &Reader<'_>) -> Result<Option<AppKeys>, SettingError> {
    let key = read.get_or("brokers.kite.api_key", String::new(), parse::token)?;
    let secret = read.get_or("brokers.kite.api_secret", String::new(), parse::token)?;
    let is_given = |source: &Source, text: &str| *source != Source::Default && !text.is_empty();
    match (
        is_given(&key.source, &key.value),
        is_given(&secret.source, &secret.value),
    ) {
        (true, true) => Ok(Some(AppKeys {
            api_key: key.value,
            api_secret: secret.value,
        })),
        (false, false) => Ok(None),
        (true, false) => Err(read.refuse(
            "brokers.kite.api_secret",
            "required, because brokers.kite.api_key is given; allowed is the secret of that app",
        )),
        (false, true) => Err(read.refuse(
            "brokers.kite.api_key",
            "required, because brokers.kite.api_secret is given; allowed is the public key of that app",
        )),
    }
}
