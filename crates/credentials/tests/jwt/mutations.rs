//! Random damage to good tokens, and arbitrary bytes.

use proptest::prelude::*;
use torana_credentials::jwt::{JwtPolicy, Principal, VerifyKeys, mint, verify};
use torana_credentials::secrets::Accepted;
use torana_domain::ids::AuthId;
use torana_domain::time::Timestamp;

use crate::signer::{HEADER, NOW, encode, secret, sign_text};

const KEY: &str = "mutation-secret-0123456789abcdefgh";
const LEGACY: JwtPolicy = JwtPolicy {
    legacy: true,
    max_age_seconds: 86_400,
};

fn accepts(token: &[u8]) -> bool {
    let secret = secret(KEY);
    verify(
        token,
        &VerifyKeys::new(&Accepted::only(&secret)),
        &LEGACY,
        Timestamp(NOW * 1000),
    )
    .is_ok()
}

fn good_token(connected: bool) -> Vec<u8> {
    let id = AuthId::parse("507f1f77bcf86cd799439011").unwrap();
    let principal = if connected {
        Principal::Connected(id)
    } else {
        Principal::Guest
    };
    mint(&principal, &secret(KEY), Timestamp(NOW * 1000), 3600).into_bytes()
}

/// One change to a text of bytes.
#[derive(Debug, Clone)]
enum Change {
    Replace(prop::sample::Index, u8),
    FlipBit(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Cut(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Repeat(prop::sample::Index, prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let base64url =
        prop::sample::select(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=".to_vec());
    let byte = prop_oneof![3 => base64url, 1 => any::<u8>()].boxed();
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), byte.clone()).prop_map(|(i, b)| Change::Replace(i, b)),
        (at(), 0u8..8).prop_map(|(i, b)| Change::FlipBit(i, b)),
        (at(), byte).prop_map(|(i, b)| Change::Insert(i, b)),
        at().prop_map(Change::Remove),
        at().prop_map(Change::Cut),
        (at(), at()).prop_map(|(i, j)| Change::Swap(i, j)),
        (at(), at()).prop_map(|(i, j)| Change::Repeat(i, j)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    let length = bytes.len();
    if length == 0 {
        return;
    }
    match change {
        Change::Replace(i, byte) => bytes[i.index(length)] = *byte,
        Change::FlipBit(i, bit) => bytes[i.index(length)] ^= 1 << bit,
        Change::Insert(i, byte) => bytes.insert(i.index(length + 1), *byte),
        Change::Remove(i) => drop(bytes.remove(i.index(length))),
        Change::Cut(i) => bytes.truncate(i.index(length)),
        Change::Swap(i, j) => bytes.swap(i.index(length), j.index(length)),
        Change::Repeat(i, j) => {
            let (from, to) = (
                i.index(length).min(j.index(length)),
                i.index(length).max(j.index(length)),
            );
            bytes.extend_from_within(from..=to);
        }
    }
}

#[test]
fn the_unchanged_tokens_are_good() {
    assert!(accepts(&good_token(false)) && accepts(&good_token(true)));
}

#[test]
fn no_single_character_can_be_another_one() {
    for connected in [false, true] {
        let good = good_token(connected);
        for index in 0..good.len() {
            for byte in 0..=255 {
                let mut changed = good.clone();
                changed[index] = byte;
                assert!(changed == good || !accepts(&changed), "byte {byte} at {index}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_changed_token_never_verifies(connected: bool, changes in prop::collection::vec(change(), 1..6)) {
        let good = good_token(connected);
        let mut changed = good.clone();
        changes.iter().for_each(|change| apply(&mut changed, change));
        prop_assume!(changed != good);
        prop_assert!(!accepts(&changed));
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(!accepts(&bytes));
    }

    /// Rightly signed parts of any content never panic, and are a principal only by the claims.
    #[test]
    fn arbitrary_signed_parts_do_not_panic(
        header in prop_oneof![Just(HEADER.as_bytes().to_vec()), prop::collection::vec(any::<u8>(), 0..40)],
        payload in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..80),
            r#"\{"guest":true,"exp":-?[0-9]{0,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,20})?\}"#.prop_map(String::into_bytes),
            r#"[{}\[\]",:0-9eE.+\-\\u truefalsn]{0,60}"#.prop_map(String::into_bytes),
        ],
    ) {
        let token = sign_text(&format!("{}.{}", encode(&header), encode(&payload)), KEY.as_bytes());
        if accepts(token.as_bytes()) {
            let payload: serde_json::Value = serde_json::from_slice(&payload).unwrap();
            prop_assert!(payload["guest"] == true);
        }
    }
}
