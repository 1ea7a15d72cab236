//! Randomness: the operating system's, and for seeded sandbox runs a keyed counter for ids and references.

use std::sync::{Mutex, PoisonError};

use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};
use torana_runtime::{Entropy, Stream};

/// The operating system's random source.
pub struct SystemEntropy(SystemRandom);

impl Default for SystemEntropy {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl Entropy for SystemEntropy {
    #[expect(
        clippy::panic,
        reason = "without randomness no id or key may be made; only this request dies"
    )]
    fn fill(&self, _stream: Stream, out: &mut [u8]) {
        if self.0.fill(out).is_err() {
            panic!("the operating system gives no random bytes");
        }
    }
}

/// Ids and client references come from the seed, everything else from the operating system.
pub struct SeededEntropy {
    system: SystemEntropy,
    ids: SeededStream,
    references: SeededStream,
}

impl SeededEntropy {
    /// The streams of this seed, from their beginning.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            system: SystemEntropy::default(),
            ids: SeededStream::new(seed, "ids"),
            references: SeededStream::new(seed, "references"),
        }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, stream: Stream, out: &mut [u8]) {
        match stream {
            Stream::Ids => self.ids.fill(out),
            Stream::References => self.references.fill(out),
            Stream::Secrets | Stream::Jitter => self.system.fill(stream, out),
        }
    }
}

/// HMAC-SHA256 of a counter under a key made of seed and purpose. Every draw starts a new block, so its
/// bytes depend on the number of draws before it and not on their lengths.
struct SeededStream {
    key: hmac::Key,
    blocks: Mutex<u64>,
}

impl SeededStream {
    fn new(seed: u64, purpose: &str) -> Self {
        let root = hmac::Key::new(hmac::HMAC_SHA256, &seed.to_be_bytes());
        let derived = hmac::sign(&root, purpose.as_bytes());
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()),
            blocks: Mutex::new(0),
        }
    }

    fn fill(&self, out: &mut [u8]) {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in out.chunks_mut(32) {
            let block = hmac::sign(&self.key, &blocks.to_be_bytes());
            *blocks = blocks.wrapping_add(1);
            for (target, source) in chunk.iter_mut().zip(block.as_ref()) {
                *target = *source;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use torana_runtime::random_bytes;

    #[test]
    fn same_seed_same_ids_and_streams_do_not_shift_each_other() {
        let (first, second) = (SeededEntropy::new(7), SeededEntropy::new(7));
        let _ = random_bytes::<50>(&second, Stream::References);
        let _ = random_bytes::<5>(&second, Stream::Secrets);
        for _ in 0..4 {
            assert_eq!(
                random_bytes::<16>(&first, Stream::Ids),
                random_bytes::<16>(&second, Stream::Ids)
            );
        }
        let other = SeededEntropy::new(8);
        assert_ne!(
            random_bytes::<16>(&SeededEntropy::new(7), Stream::Ids),
            random_bytes::<16>(&other, Stream::Ids)
        );
    }

    #[test]
    fn a_seed_never_makes_secrets() {
        let (first, second) = (SeededEntropy::new(7), SeededEntropy::new(7));
        assert_ne!(
            random_bytes::<32>(&first, Stream::Secrets),
            random_bytes::<32>(&second, Stream::Secrets)
        );
    }

    #[test]
    fn draws_differ() {
        let entropy = SeededEntropy::new(1);
        assert_ne!(
            random_bytes::<12>(&entropy, Stream::Ids),
            random_bytes::<12>(&entropy, Stream::Ids)
        );
    }
}
