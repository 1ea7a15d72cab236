//! The request that creates a transaction, judged in the stages of the contract's check order:
//!
//! 1. [`Shape::parse`]: one JSON object.
//! 2. [`Shape::intent`]: a known intent.
//! 3. [`needs_connected`] with [`Shape::order_type`]: the caller compares it with the token.
//! 4. [`Shape::fields`]: every field of that intent.
//! 5. The caller checks that the intent is enabled; [`RequestedIntent::enabled`] says whether it exists here.
//! 6. [`ValidatedCreate::check_exchanges`], then the caller's own look-ups (tickers, ticks, limit orders).
//!
//! To add an intent: give it a variant in `torana_domain::intent::Intent` and return it from its function in
//! `create/`.

mod created;
mod holdings;
mod investment;
pub mod schema;
mod securities;

pub use created::CreatedBody;

use torana_domain::intent::{Intent, IntentKind};
use torana_domain::time::Date;

use crate::envelope::ApiError;
use crate::errors::ErrorCode;
use crate::request::{Problems, Scope};

/// Unicode characters that `notes` may have.
pub const MAX_NOTES_CHARS: usize = 256;
/// Items of a basket.
pub const MAX_SECURITIES: usize = 100;
/// Shares of one line.
pub const MAX_QUANTITY: i64 = 10_000_000;
/// Rupees that a limit price may have; keeps every sum within 64 bits of paise.
pub const MAX_PRICE_RUPEES: i64 = 10_000_000;
/// Unicode characters of an order's name.
pub const MAX_ORDER_NAME_CHARS: usize = 100;
/// Bytes of an address.
pub const MAX_URL_BYTES: usize = 2048;

/// The smallcase order types. `REPAIR` is a synonym of `FIX`.
pub const SMALLCASE_ORDER_TYPES: [&str; 10] = [
    "BUY",
    "INVESTMORE",
    "SIP",
    "FIX",
    "REPAIR",
    "REBALANCE",
    "MANAGE",
    "EXIT",
    "PARTIALEXIT",
    "RECONCILIATION",
];
/// The order type of stock orders.
pub const SECURITIES: &str = "SECURITIES";

const INTENTS: &str = "CONNECT, TRANSACTION, HOLDINGS_IMPORT, MF_HOLDINGS_IMPORT, FETCH_FUNDS, SIP_SETUP, IMR_SETUP, \
                       CANCEL_AMO, AUTHORISE_HOLDINGS, SUBSCRIPTION";

/// A body that is one JSON object.
#[derive(Clone, Debug)]
pub struct Shape<'a> {
    body: Scope<'a>,
}

/// A request whose fields are all in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatedCreate {
    /// What is asked for.
    pub intent: RequestedIntent,
    /// The partner's own note.
    pub notes: Option<String>,
    unsupported_exchanges: Vec<String>,
}

/// An intent that passed its field checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedIntent {
    /// One that runs to completion here.
    Available(Intent),
    /// One that does not exist here yet, valid in every field.
    NotBuilt(IntentKind),
}

impl RequestedIntent {
    /// The contract's intent.
    #[must_use]
    pub const fn kind(&self) -> IntentKind {
        match self {
            Self::Available(intent) => intent.kind(),
            Self::NotBuilt(kind) => *kind,
        }
    }

    /// The intent, if it exists here.
    ///
    /// # Errors
    /// `intent_not_enabled`.
    pub fn enabled(self) -> Result<Intent, ApiError> {
        match self {
            Self::Available(intent) => Ok(intent),
            Self::NotBuilt(kind) => Err(ApiError::new(ErrorCode::IntentNotEnabled).with_detail(format!(
                "intent: {} is not available on this server yet",
                kind.as_str()
            ))),
        }
    }
}

impl ValidatedCreate {
    /// The look-up of exchanges: nothing but NSE is served.
    ///
    /// # Errors
    /// `exchange_not_supported`, one detail per line.
    pub fn check_exchanges(&self) -> Result<(), ApiError> {
        if self.unsupported_exchanges.is_empty() {
            return Ok(());
        }
        let details = self
            .unsupported_exchanges
            .iter()
            .map(|path| format!("{path}: must be NSE or left out"));
        Err(ApiError::new(ErrorCode::ExchangeNotSupported).with_details(details))
    }
}

/// Whether the intent needs a connected user's token. `order_type` is `orderConfig.type`; unknown types need
/// none here, because they are refused with the fields.
#[must_use]
pub fn needs_connected(intent: IntentKind, order_type: Option<&str>) -> bool {
    match intent {
        IntentKind::Connect
        | IntentKind::HoldingsImport
        | IntentKind::MfHoldingsImport
        | IntentKind::Subscription => false,
        IntentKind::Transaction => {
            order_type.is_some_and(|kind| kind != "BUY" && SMALLCASE_ORDER_TYPES.contains(&kind))
        }
        IntentKind::FetchFunds
        | IntentKind::SipSetup
        | IntentKind::ImrSetup
        | IntentKind::CancelAmo
        | IntentKind::AuthoriseHoldings => true,
    }
}

impl<'a> Shape<'a> {
    /// Stage 1.
    ///
    /// # Errors
    /// `malformed_json`.
    pub fn parse(body: &'a [u8]) -> Result<Self, ApiError> {
        Scope::of_body(body).map(|body| Self { body })
    }

    /// Stage 2.
    ///
    /// # Errors
    /// `validation_failed` when `intent` is missing or no string, `intent_not_supported` when it is unknown.
    pub fn intent(&self) -> Result<IntentKind, ApiError> {
        let mut problems = Problems::default();
        let word = self
            .body
            .text("intent", &mut problems)
            .required(&mut problems, "intent", INTENTS);
        problems.into_result()?;
        word.as_deref().and_then(IntentKind::parse).ok_or_else(|| {
            ApiError::new(ErrorCode::IntentNotSupported)
                .with_detail(format!("intent: must be one of {INTENTS}"))
        })
    }

    /// `orderConfig.type` as it was sent, for [`needs_connected`].
    #[must_use]
    pub fn order_type(&self) -> Option<String> {
        self.body
            .object("orderConfig", &mut Problems::default())
            .value()?
            .peek_text("type")
    }

    /// Stage 4: every field of this intent. `today` is the date by which a day counts as future.
    ///
    /// # Errors
    /// `validation_failed` with every refused field, or `invalid_order_type`.
    pub fn fields(&self, intent: IntentKind, today: Date) -> Result<ValidatedCreate, ApiError> {
        let mut problems = Problems::default();
        let mut unsupported_exchanges = Vec::new();
        let body = &self.body;
        let requested = match intent {
            IntentKind::Connect => Some(Intent::Connect),
            IntentKind::FetchFunds => Some(Intent::FetchFunds),
            IntentKind::AuthoriseHoldings => Some(Intent::AuthoriseHoldings),
            IntentKind::HoldingsImport => holdings::import(body, &mut problems),
            IntentKind::Transaction => order(body, &mut problems, &mut unsupported_exchanges)?,
            IntentKind::MfHoldingsImport => {
                holdings::mutual_fund_import(body, today, &mut problems);
                None
            }
            IntentKind::SipSetup | IntentKind::ImrSetup | IntentKind::CancelAmo => {
                investment::setup(body, &mut problems);
                None
            }
            IntentKind::Subscription => {
                investment::subscription(body, &mut problems);
                None
            }
        };
        let notes = notes(body, &mut problems);
        problems.into_result()?;
        let intent = requested.map_or(RequestedIntent::NotBuilt(intent), RequestedIntent::Available);
        Ok(ValidatedCreate {
            intent,
            notes,
            unsupported_exchanges,
        })
    }
}

fn notes(body: &Scope<'_>, problems: &mut Problems) -> Option<String> {
    let notes = body.text("notes", problems).and_then(problems, "notes", |text| {
        if text.chars().count() <= MAX_NOTES_CHARS {
            Ok(text)
        } else {
            Err(format!("may have at most {MAX_NOTES_CHARS} Unicode characters"))
        }
    });
    notes.value()
}

/// Orders of every type. `None` for smallcase orders, and for stock orders that have a problem.
fn order(
    body: &Scope<'_>,
    problems: &mut Problems,
    unsupported_exchanges: &mut Vec<String>,
) -> Result<Option<Intent>, ApiError> {
    let config =
        body.object("orderConfig", problems)
            .required(problems, "orderConfig", "an object with `type`");
    let Some(config) = config else { return Ok(None) };
    let path = config.path_of("type");
    let word =
        config
            .text("type", problems)
            .required(problems, &path, "SECURITIES or a smallcase order type");
    match word.as_deref() {
        None => Ok(None),
        Some(SECURITIES) => Ok(securities::order(&config, problems, unsupported_exchanges)),
        Some(kind) if SMALLCASE_ORDER_TYPES.contains(&kind) => {
            investment::order(kind, &config, problems);
            Ok(None)
        }
        Some(_) => Err(ApiError::new(ErrorCode::InvalidOrderType).with_detail(format!(
            "{path}: must be SECURITIES or one of {}",
            SMALLCASE_ORDER_TYPES.join(", ")
        ))),
    }
}
