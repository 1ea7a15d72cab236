//! What the payload of a proven token says: the principal and the times.

use torana_domain::ids::AuthId;
use torana_domain::time::Timestamp;

use super::{CLOCK_LEEWAY_SECONDS, JwtPolicy, JwtRejection, Principal};
use crate::decimal::Decimal;
use crate::strict_json::{Members, Value};

/// The principal of a payload that has exactly one of the two shapes. A member counts as present whatever
/// its value is, `null` included.
pub(super) fn principal(payload: &Members) -> Result<Principal, JwtRejection> {
    match (payload.get("guest"), payload.get("smallcaseAuthId")) {
        (None, None) => Err(JwtRejection::NoPrincipal),
        (Some(_), Some(_)) => Err(JwtRejection::TwoPrincipals),
        (Some(Value::Bool(true)), None) => Ok(Principal::Guest),
        (Some(_), None) => Err(JwtRejection::GuestNotTrue),
        (None, Some(Value::Text(id))) => AuthId::parse(id)
            .map(Principal::Connected)
            .map_err(|_| JwtRejection::MalformedAuthId),
        (None, Some(_)) => Err(JwtRejection::MalformedAuthId),
    }
}

/// `exp` first, then `iat`, then `nbf`; numbers may have fractions and are compared exactly.
pub(super) fn check_times(payload: &Members, policy: &JwtPolicy, now: Timestamp) -> Result<(), JwtRejection> {
    let now_ms = i128::from(now.0);
    let leeway_ms = seconds_to_ms(CLOCK_LEEWAY_SECONDS);
    match numeric(payload, "exp", JwtRejection::ExpNotNumeric)? {
        None if policy.legacy => {}
        None => return Err(JwtRejection::ExpMissing),
        Some(exp) => {
            if !exp.is_later_than_ms(now_ms - leeway_ms) {
                return Err(JwtRejection::Expired);
            }
            let latest_ms = now_ms + seconds_to_ms(policy.max_age_seconds) + leeway_ms;
            if !policy.legacy && exp.is_later_than_ms(latest_ms) {
                return Err(JwtRejection::ExpTooFar);
            }
        }
    }
    let begun = |name, not_numeric, in_future| match numeric(payload, name, not_numeric)? {
        Some(begin) if begin.is_later_than_ms(now_ms + leeway_ms) => Err(in_future),
        _ => Ok(()),
    };
    begun("iat", JwtRejection::IatNotNumeric, JwtRejection::IatInFuture)?;
    begun("nbf", JwtRejection::NbfNotNumeric, JwtRejection::NbfInFuture)
}

fn numeric(
    payload: &Members,
    name: &str,
    not_numeric: JwtRejection,
) -> Result<Option<Decimal>, JwtRejection> {
    match payload.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => Ok(Some(*number)),
        Some(_) => Err(not_numeric),
    }
}

fn seconds_to_ms(seconds: i64) -> i128 {
    i128::from(seconds) * 1000
}
