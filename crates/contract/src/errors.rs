//! Every error slug that Torana answers, in one table: status, class, and what it means. The same table serves
//! the answers and the pages behind `documentationUrl`.

use serde::Serialize;
use utoipa::ToSchema;

/// Class of an error, the field `errorType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub enum ErrorClass {
    /// The request is at fault.
    #[serde(rename = "InputException")]
    Input,
    /// Not allowed.
    #[serde(rename = "AccessDenied")]
    Access,
    /// Too many requests.
    #[serde(rename = "RateLimited")]
    RateLimited,
    /// Torana is at fault.
    #[serde(rename = "InternalError")]
    Internal,
    /// The broker is at fault.
    #[serde(rename = "BrokerException")]
    Broker,
}

impl ErrorClass {
    /// The wire word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "InputException",
            Self::Access => "AccessDenied",
            Self::RateLimited => "RateLimited",
            Self::Internal => "InternalError",
            Self::Broker => "BrokerException",
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorSpec {
    /// `errors[0]`, `message`, `errorCode` and the anchor of the documentation page.
    pub slug: &'static str,
    /// HTTP status.
    pub status: u16,
    /// `errorType`.
    pub class: ErrorClass,
    /// What happened and what to do about it.
    pub explanation: &'static str,
}

macro_rules! errors {
    ($($variant:ident = $slug:literal, $status:literal, $class:ident, $explanation:literal;)+) => {
        /// Every error by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum ErrorCode {
            $(#[doc = $explanation] $variant),+
        }

        /// The table, in the order in which the documentation shows it.
        pub const ERRORS: &[ErrorSpec] = &[$(ErrorCode::$variant.spec()),+];

        impl ErrorCode {
            /// Every code, in the order of [`ERRORS`].
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Status, class and explanation.
            #[must_use]
            pub const fn spec(self) -> ErrorSpec {
                match self {
                    $(Self::$variant => ErrorSpec {
                        slug: $slug,
                        status: $status,
                        class: ErrorClass::$class,
                        explanation: $explanation,
                    }),+
                }
            }
        }
    };
}

errors! {
    // Any endpoint.
    MalformedJson = "malformed_json", 400, Input, "The body is not a JSON object; send one, encoded as UTF-8.";
    ValidationFailed = "validation_failed", 400, Input, "A field or parameter is missing, of the wrong type or out of range; the later entries of `errors` name each field and what is allowed there.";
    InvalidApiSecret = "invalid_api_secret", 401, Access, "The header x-gateway-secret is missing or is not this gateway's API secret; send the value that was issued for it.";
    InvalidJwt = "invalid_jwt", 401, Access, "The user token is missing or failed a check, which errors[1] names; sign a fresh one with the gateway's secret.";
    UnknownUser = "unknown_user", 401, Access, "The smallcaseAuthId of the token does not exist on this gateway; connect the user again with a guest token.";
    ConnectedUserRequired = "connected_user_required", 403, Access, "This needs a connected user's token and a guest's was sent; let the user connect a broker first.";
    GatewayDisabled = "gateway_disabled", 403, Access, "The gateway is switched off; ask its operator.";
    InvalidGateway = "invalid_gateway", 404, Input, "No gateway has this name; check the path.";
    RouteNotFound = "route_not_found", 404, Input, "There is no such path; check its spelling, double slashes included.";
    MethodNotAllowed = "method_not_allowed", 405, Input, "The path exists but not with this method; the header Allow lists the right ones.";
    PayloadTooLarge = "payload_too_large", 413, Input, "The body is larger than 256 KiB; send a smaller one.";
    RequestTimeout = "request_timeout", 408, Input, "The request did not arrive completely in time; send it again.";
    HeadersTooLarge = "headers_too_large", 431, Input, "The header block is over the limit; send fewer or shorter headers.";
    RateLimited = "rate_limited", 429, RateLimited, "Too many requests; wait for the seconds of the header Retry-After.";
    InternalError = "internal_error", 500, Internal, "Something unexpected happened inside Torana; report the requestId to the operator.";
    ServiceUnavailable = "service_unavailable", 503, Internal, "Torana or something it needs is starting, stopping or down; repeat after the seconds of Retry-After.";
    BrokerUnavailable = "broker_unavailable", 502, Broker, "The broker could not be read; try again later.";
    BrokerTimeout = "broker_timeout", 504, Broker, "The broker did not answer in time; try again later.";
    IdempotencyKeyReused = "idempotency_key_reused", 422, Input, "This Idempotency-Key was used for another request; use a new key for a new request.";
    RequestInProgress = "request_in_progress", 409, Input, "A request with the same Idempotency-Key is still running; repeat in a few seconds.";

    // Creating a transaction.
    IntentNotSupported = "intent_not_supported", 400, Input, "No such intent; use one of the documented ones in upper case.";
    InvalidOrderType = "invalid_order_type", 400, Input, "No such orderConfig.type; use SECURITIES or a documented smallcase order type.";
    IntentNotEnabled = "intent_not_enabled", 403, Access, "This intent is switched off for the gateway or not available here; ask the operator.";
    SmallcaseNotFound = "smallcase_not_found", 404, Input, "No smallcase with this scid is enabled for the gateway; check the scid.";
    InvestmentNotFound = "investment_not_found", 404, Input, "The user has no open investment with this id; read the user's investments for valid ones.";
    NoAmoPending = "no_amo_pending", 409, Input, "The investment has no open after-market order; nothing needs to be cancelled.";
    TickerNotFound = "ticker_not_found", 422, Input, "At least one ticker cannot be traded on NSE; the later entries of `errors` list them.";
    ExchangeNotSupported = "exchange_not_supported", 422, Input, "Orders go to NSE only; leave the exchange out or set it to NSE.";
    LimitOrderNotSupported = "limit_order_not_supported", 422, Input, "The connected user's broker takes no limit orders; send market orders.";
    InvalidPrice = "invalid_price", 422, Input, "A price is not a multiple of the security's tick, or lies outside the day's band where prices are set; the detail names what is allowed.";
    IscidRequired = "iscid_required", 422, Input, "The user has several investments in this smallcase; name the one that is meant by its iscid.";
    IscidScidMismatch = "iscid_scid_mismatch", 422, Input, "The iscid belongs to another smallcase than the scid; send a matching pair or the iscid alone.";
    SmallcaseArchived = "smallcase_archived", 422, Input, "The investment is archived and takes no orders.";

    // Reading.
    InvalidTransactionId = "invalid_transactionId", 404, Input, "No transaction of this gateway and user has this id; check the id and whose token is sent.";
    ConsentDenied = "consent_denied", 403, Access, "The user refused or withdrew the consent to share holdings; ask again with a new HOLDINGS_IMPORT.";
    HoldingsNotImported = "holdings_not_imported", 404, Input, "No holdings of this user are stored yet; run a HOLDINGS_IMPORT first.";

    // Sandbox control.
    AccountNotFound = "account_not_found", 404, Input, "The sandbox has no such account at this broker; make it first.";
    TransactionExpired = "transaction_expired", 409, Input, "The transaction is over, out of time or belongs to another session; create a new one.";
    DecisionNotApplicable = "decision_not_applicable", 422, Input, "This decision does not fit the transaction's intent, user or state; choose another one.";
    BrokerNotAvailable = "broker_not_available", 422, Input, "This broker is not offered for the transaction; choose one that is enabled and supports it.";
    EditsIncomplete = "edits_incomplete", 422, Input, "Lines still lack a side or a quantity; give them in `edits`.";
    AccountExists = "account_exists", 409, Input, "The sandbox has this account already; choose another name or reset.";
    ClockBackwards = "clock_backwards", 409, Input, "A world's clock moves forward only; use a reset to go back.";
    ClockBusy = "clock_busy", 409, Input, "The clock is being moved by another call; wait for it.";
    ClockJumpTooLarge = "clock_jump_too_large", 422, Input, "One jump may be 400 days at most; make several.";
    FaultNotFound = "fault_not_found", 404, Input, "No active fault has this id; list the active ones.";
    UnknownFault = "unknown_fault", 422, Input, "The catalogue has no fault of this name; read the catalogue.";
    TickInPast = "tick_in_past", 422, Input, "A price may not be set before the world's present instant; leave `at` out or move it forward.";
    AppNotFound = "app_not_found", 404, Input, "The sandbox has no such API app; make it first.";

    // SDK protocol.
    InitSdk = "init_sdk", 409, Input, "Test mode does not exist on a live gateway; use a sandbox gateway or leave it off.";
    UserMismatch = "user_mismatch", 403, Access, "The SDK and the transaction belong to different users; initialise the SDK with the token of the transaction's user.";
    NoBroker = "no_broker", 422, Input, "No broker is available for this intent; widen the list of brokers or ask the operator.";
    OriginNotAllowed = "origin_not_allowed", 403, Access, "The page's origin is not listed for the gateway; ask the operator to add it exactly as the browser sends it.";
    SdkSessionExpired = "sdk_session_expired", 401, Access, "The SDK session is unknown or over; initialise the SDK again.";
}

impl ErrorCode {
    /// The slug: `errors[0]`, `message` and `errorCode`.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        self.spec().slug
    }

    /// The code with this slug.
    #[must_use]
    pub fn parse(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.slug() == slug)
    }

    /// The number and message that the SDK hands to the partner for this error.
    #[must_use]
    pub const fn sdk(self) -> (u16, &'static str) {
        match self {
            Self::InvalidJwt | Self::UnknownUser => (90, "invalid_jwt"),
            Self::InvalidGateway => (100, "invalid_gateway"),
            Self::UserMismatch => (1001, "user_mismatch"),
            Self::NoBroker => (1008, "no_broker"),
            Self::TransactionExpired => (3001, "transaction_expired"),
            Self::InvalidTransactionId => (3002, "invalid_transactionId"),
            Self::InitSdk => (3004, "init_sdk"),
            _ => (2000, "internal_error"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_unique_and_found() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::parse(code.slug()), Some(*code));
        }
        assert_eq!(ERRORS.len(), ErrorCode::ALL.len());
        assert_eq!(ErrorCode::parse("nonsense"), None);
    }

    #[test]
    fn classes_fit_the_statuses() {
        for spec in ERRORS {
            let fits = match spec.class {
                ErrorClass::Input => (400..500).contains(&spec.status),
                ErrorClass::Access => spec.status == 401 || spec.status == 403,
                ErrorClass::RateLimited => spec.status == 429,
                ErrorClass::Internal => spec.status == 500 || spec.status == 503,
                ErrorClass::Broker => spec.status == 502 || spec.status == 504,
            };
            assert!(fits, "{}", spec.slug);
            assert!(
                spec.explanation.ends_with('.') && spec.explanation.len() > 20,
                "{}",
                spec.slug
            );
        }
    }

    /// The statuses of the contract's tables, written down once more.
    #[test]
    fn statuses_are_the_contracts() {
        let table: &[(u16, &[&str])] = &[
            (
                400,
                &[
                    "malformed_json",
                    "validation_failed",
                    "intent_not_supported",
                    "invalid_order_type",
                ],
            ),
            (
                401,
                &[
                    "invalid_api_secret",
                    "invalid_jwt",
                    "unknown_user",
                    "sdk_session_expired",
                ],
            ),
            (
                403,
                &[
                    "connected_user_required",
                    "gateway_disabled",
                    "intent_not_enabled",
                    "consent_denied",
                    "user_mismatch",
                    "origin_not_allowed",
                ],
            ),
            (
                404,
                &[
                    "invalid_gateway",
                    "route_not_found",
                    "smallcase_not_found",
                    "investment_not_found",
                    "invalid_transactionId",
                    "holdings_not_imported",
                    "account_not_found",
                    "fault_not_found",
                    "app_not_found",
                ],
            ),
            (405, &["method_not_allowed"]),
            (408, &["request_timeout"]),
            (
                409,
                &[
                    "request_in_progress",
                    "no_amo_pending",
                    "transaction_expired",
                    "account_exists",
                    "clock_backwards",
                    "clock_busy",
                    "init_sdk",
                ],
            ),
            (413, &["payload_too_large"]),
            (
                422,
                &[
                    "idempotency_key_reused",
                    "ticker_not_found",
                    "exchange_not_supported",
                    "limit_order_not_supported",
                    "invalid_price",
                    "iscid_required",
                    "iscid_scid_mismatch",
                    "smallcase_archived",
                    "decision_not_applicable",
                    "broker_not_available",
                    "edits_incomplete",
                    "clock_jump_too_large",
                    "unknown_fault",
                    "tick_in_past",
                    "no_broker",
                ],
            ),
            (429, &["rate_limited"]),
            (431, &["headers_too_large"]),
            (500, &["internal_error"]),
            (502, &["broker_unavailable"]),
            (503, &["service_unavailable"]),
            (504, &["broker_timeout"]),
        ];
        let listed: usize = table.iter().map(|(_, slugs)| slugs.len()).sum();
        assert_eq!(listed, ERRORS.len());
        for (status, slugs) in table {
            for slug in *slugs {
                assert_eq!(
                    ErrorCode::parse(slug).map(|code| code.spec().status),
                    Some(*status),
                    "{slug}"
                );
            }
        }
    }
}
