//! The contract's test vectors.

use torana_credentials::jwt::{JwtPolicy, JwtRejection, Principal, mint};
use torana_domain::ids::AuthId;
use torana_domain::time::Timestamp;

use crate::signer::{NOW, check, secret};

const LONG_KEY: &str = "torana-test-secret-0123456789abc";
const LEGACY: JwtPolicy = JwtPolicy {
    legacy: true,
    max_age_seconds: 86_400,
};
const STRICT: JwtPolicy = JwtPolicy {
    legacy: false,
    max_age_seconds: 86_400,
};

const VECTOR_1: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJndWVzdCI6dHJ1ZSwiZXhwIjoxODkzNDU2MDAwfQ.gOhyzS3Ci0GZjZegiid3nsy4bOHWKf-v9dXL5y3725s";
const VECTOR_2: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzbWFsbGNhc2VBdXRoSWQiOiI1MDdmMWY3N2JjZjg2Y2Q3OTk0MzkwMTEiLCJleHAiOjE4OTM0NTYwMDB9.qUTHPFlrDrf1k5X9hGx-RqnafhGNTHR0A0A_lM-zbNg";
const VECTOR_3: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJndWVzdCI6dHJ1ZSwiaWF0IjoxNzY3NjA1NDAwLCJleHAiOjE3Njc2MDkwMDB9.vZq__VsiC7wt8knyTwTBv29wT4DZo-T6c3I1crFOKAA";
const VECTOR_4: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzbWFsbGNhc2VBdXRoSWQiOiI1MDdmMWY3N2JjZjg2Y2Q3OTk0MzkwMTEiLCJpYXQiOjE3Njc2MDU0MDAsImV4cCI6MTc2NzYwOTAwMH0.jcQlLpxW7f3hKPf-Q48gi_C3gcSlhAXx812A4eLOBeA";
const VECTOR_5: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJndWVzdCI6dHJ1ZSwiaWF0IjoxNzAwMDAwMDAwfQ.bVvLT5HkOLn0SN2Af-hoMYnTuTxn38FI1tSQ9Mgcwj0";
const VECTOR_6: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJndWVzdCI6dHJ1ZSwiZXhwIjoxODkzNDU2MDAwfQ.";

fn connected() -> Principal {
    Principal::Connected(AuthId::parse("507f1f77bcf86cd799439011").unwrap())
}

#[test]
fn vectors_1_and_2_are_valid_only_if_legacy() {
    for (token, principal) in [(VECTOR_1, Principal::Guest), (VECTOR_2, connected())] {
        assert_eq!(check(token, "example_secret", LEGACY, NOW), Ok(principal));
        assert_eq!(
            check(token, "example_secret", STRICT, NOW),
            Err(JwtRejection::ExpTooFar)
        );
    }
}

#[test]
fn vectors_3_and_4_are_valid_in_their_hour() {
    for (token, principal) in [(VECTOR_3, Principal::Guest), (VECTOR_4, connected())] {
        for policy in [STRICT, LEGACY] {
            let at = |now| check(token, LONG_KEY, policy, now);
            assert_eq!(at(NOW), Ok(principal.clone()));
            assert_eq!(at(NOW + 3600 + 59), Ok(principal.clone()));
            assert_eq!(at(NOW + 3600 + 60), Err(JwtRejection::Expired));
            assert_eq!(at(NOW - 60), Ok(principal.clone()));
            assert_eq!(at(NOW - 61), Err(JwtRejection::IatInFuture));
        }
    }
}

#[test]
fn vector_5_has_no_exp_and_is_valid_only_if_legacy() {
    assert_eq!(
        check(VECTOR_5, "gatewayDemo_secret", LEGACY, NOW),
        Ok(Principal::Guest)
    );
    assert_eq!(
        check(VECTOR_5, "gatewayDemo_secret", STRICT, NOW),
        Err(JwtRejection::ExpMissing)
    );
}

#[test]
fn vector_6_is_never_valid() {
    for policy in [STRICT, LEGACY] {
        assert_eq!(
            check(VECTOR_6, "example_secret", policy, NOW),
            Err(JwtRejection::Algorithm)
        );
    }
}

#[test]
fn minted_tokens_are_the_vectors_and_are_accepted() {
    let (key, iat) = (secret(LONG_KEY), Timestamp(NOW * 1000 + 999));
    assert_eq!(mint(&Principal::Guest, &key, iat, 3600), VECTOR_3);
    assert_eq!(mint(&connected(), &key, iat, 3600), VECTOR_4);
    let token = mint(&connected(), &key, iat, 3600);
    for policy in [STRICT, LEGACY] {
        assert_eq!(check(&token, LONG_KEY, policy, NOW), Ok(connected()));
    }
}
