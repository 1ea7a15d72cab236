//! The user JWT: the partner's signed statement about whom a call concerns.
//!
//! The reader is our own and not a general JWT library, because it has to be narrower than those are:
//! one algorithm fixed in code, JSON without duplicate members, and claims checked against the time that
//! the caller hands in. Common libraries read the system clock in their claim checks and take the last of
//! two members of one name.
//!
//! Invariant: no claim is looked at before the signature is proven.

mod claims;
mod mint;

use base64::Engine as _;
use ring::hmac;
use torana_domain::ids::AuthId;
use torana_domain::time::Timestamp;

use crate::encoding::BASE64URL;
use crate::secrets::{Accepted, Secret};
use crate::strict_json::{self, Members, Value};

pub use crate::strict_json::JsonFault;
pub use mint::mint;

/// Longest token that is looked at, in bytes.
pub const TOKEN_BYTES_MAX: usize = 4096;

/// Difference between the partner's clock and ours that is forgiven, in seconds.
pub const CLOCK_LEEWAY_SECONDS: i64 = 60;

/// Whom a user JWT speaks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// Somebody whose broker account is not known yet.
    Guest,
    /// The holder of one broker account on this gateway. Whether the id exists is the caller's check.
    Connected(AuthId),
}

/// The settings of a gateway that its tokens are checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JwtPolicy {
    /// Accept tokens without `exp`, and of any life.
    pub legacy: bool,
    /// Longest remaining life of a token of a gateway that is not legacy, in seconds.
    pub max_age_seconds: i64,
}

/// The rule that a token broke; its `Display` is the detail of the public error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwtRejection {
    /// The token is too long.
    #[error("token longer than {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    /// The token has not the form of a JWT.
    #[error("not three base64url parts without padding")]
    NotThreeParts,
    /// The header is no strict JSON object.
    #[error("header: {0}")]
    Header(JsonFault),
    /// The header names another algorithm, or none.
    #[error("alg is not HS256")]
    Algorithm,
    /// The header says that it is another kind of token.
    #[error("typ is not JWT")]
    Type,
    /// The header asks for extensions.
    #[error("crit is not supported")]
    Critical,
    /// No accepted secret made this signature.
    #[error("signature")]
    Signature,
    /// The payload is no strict JSON object.
    #[error("payload: {0}")]
    Payload(JsonFault),
    /// The payload speaks for nobody.
    #[error("neither guest nor smallcaseAuthId")]
    NoPrincipal,
    /// The payload has both shapes at once.
    #[error("both guest and smallcaseAuthId")]
    TwoPrincipals,
    /// `guest` is something else than `true`.
    #[error("guest is not true")]
    GuestNotTrue,
    /// `smallcaseAuthId` has not the form of an id.
    #[error("smallcaseAuthId is not 24 lowercase hexadecimal digits")]
    MalformedAuthId,
    /// There is no `exp`, and the gateway is not legacy.
    #[error("exp missing")]
    ExpMissing,
    /// `exp` is no number.
    #[error("exp not numeric")]
    ExpNotNumeric,
    /// `exp` has passed.
    #[error("expired")]
    Expired,
    /// `exp` is further away than the gateway allows.
    #[error("exp too far in the future")]
    ExpTooFar,
    /// `iat` is no number.
    #[error("iat not numeric")]
    IatNotNumeric,
    /// `iat` is yet to come.
    #[error("iat in the future")]
    IatInFuture,
    /// `nbf` is no number.
    #[error("nbf not numeric")]
    NbfNotNumeric,
    /// `nbf` is yet to come.
    #[error("nbf in the future")]
    NbfInFuture,
}

/// The one or two secrets of a gateway, ready to verify with.
#[derive(Debug, Clone)]
pub struct VerifyKeys {
    signing: Option<hmac::Key>,
    other: Option<hmac::Key>,
}

impl VerifyKeys {
    /// Prepares the accepted values of a gateway's `secret`. An empty value verifies nothing.
    #[must_use]
    pub fn new(accepted: &Accepted<'_>) -> Self {
        Self {
            signing: verify_key(accepted.signing),
            other: accepted.other.and_then(verify_key),
        }
    }

    /// Both keys are always tried, so that the time does not tell which one signed.
    fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let made_it = |key: &Option<hmac::Key>| {
            key.as_ref()
                .is_some_and(|key| hmac::verify(key, message, signature).is_ok())
        };
        made_it(&self.signing) | made_it(&self.other)
    }
}

fn verify_key(secret: &Secret) -> Option<hmac::Key> {
    let bytes = secret.as_bytes();
    (!bytes.is_empty()).then(|| hmac::Key::new(hmac::HMAC_SHA256, bytes))
}

/// Checks a token as it came in the header and says whom it speaks for, or the first rule that it broke.
/// `now` is wall time, also for sandbox gateways.
pub fn verify(
    token: &[u8],
    keys: &VerifyKeys,
    policy: &JwtPolicy,
    now: Timestamp,
) -> Result<Principal, JwtRejection> {
    let parts = split(token)?;
    check_header(&strict_json::parse_object(&parts.header).map_err(JwtRejection::Header)?)?;
    if !keys.verify(parts.signed, &parts.signature) {
        return Err(JwtRejection::Signature);
    }
    let payload = strict_json::parse_object(&parts.payload).map_err(JwtRejection::Payload)?;
    let principal = claims::principal(&payload)?;
    claims::check_times(&payload, policy, now)?;
    Ok(principal)
}

struct Parts<'a> {
    signed: &'a [u8],
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

fn split(token: &[u8]) -> Result<Parts<'_>, JwtRejection> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(JwtRejection::TooLong);
    }
    let parts = || {
        let (signed, signature) = std::str::from_utf8(token).ok()?.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        // A further point would stand in the payload, where base64url has none.
        let decode = |part: &str| BASE64URL.decode(part).ok();
        Some(Parts {
            signed: signed.as_bytes(),
            header: decode(header)?,
            payload: decode(payload)?,
            signature: decode(signature)?,
        })
    };
    parts().ok_or(JwtRejection::NotThreeParts)
}

/// `kid`, `jku`, `jwk`, `x5u` and whatever else a header may hold are not read at all.
fn check_header(header: &Members) -> Result<(), JwtRejection> {
    if header.get("alg") != Some(&Value::Text("HS256".to_owned())) {
        return Err(JwtRejection::Algorithm);
    }
    match header.get("typ") {
        None => {}
        Some(Value::Text(typ)) if typ.eq_ignore_ascii_case("JWT") => {}
        Some(_) => return Err(JwtRejection::Type),
    }
    if header.contains_key("crit") {
        Err(JwtRejection::Critical)
    } else {
        Ok(())
    }
}
