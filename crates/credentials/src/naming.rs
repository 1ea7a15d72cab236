//! Bytes for a thing that has a name: of one root, the same name gives the same bytes, and any other name gives
//! bytes that have nothing to do with them. That is how ids are made: of a fresh root each time, or, where runs are
//! to be repeated, always of the same root.

use crate::encoding::hmac_of_parts;

/// What names are turned into bytes with.
#[derive(Clone, Copy)]
pub struct Root([u8; 32]);

impl Root {
    /// A root of these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of a name, given by its parts; at most 32.
    #[must_use]
    pub fn bytes<const N: usize>(&self, name: &[&str]) -> [u8; N] {
        const { assert!(N <= 32, "a name has 32 bytes") };
        let tag = hmac_of_parts(&self.0, name);
        let mut bytes = [0; N];
        for (target, source) in bytes.iter_mut().zip(tag.as_ref()) {
            *target = *source;
        }
        bytes
    }
}

impl std::fmt::Debug for Root {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Root([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_its_parts_and_its_root() {
        let (one, other) = (Root::new([1; 32]), Root::new([2; 32]));
        let bytes: [u8; 16] = one.bytes(&["batch", "acme"]);
        assert_eq!(bytes, one.bytes(&["batch", "acme"]));
        for different in [
            one.bytes(&["batcha", "cme"]),
            one.bytes(&["batch"]),
            other.bytes(&["batch", "acme"]),
        ] {
            assert_ne!(bytes, different);
        }
    }
}
