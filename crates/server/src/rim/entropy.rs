//! Randomness: the operating system's, and for seeded sandbox runs a fixed root of ids and references.

use ring::rand::{SecureRandom as _, SystemRandom};
use torana_credentials::naming::Root;
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

/// The root of ids and client references comes from the seed, everything else from the operating system.
pub struct SeededEntropy {
    system: SystemEntropy,
    root: Root,
}

impl SeededEntropy {
    /// Randomness of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        for (target, source) in bytes.iter_mut().zip(seed.to_be_bytes()) {
            *target = source;
        }
        Self {
            system: SystemEntropy::default(),
            root: Root::new(bytes),
        }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, stream: Stream, out: &mut [u8]) {
        match stream {
            Stream::Ids => {
                for (block, chunk) in out.chunks_mut(32).enumerate() {
                    let bytes: [u8; 32] = self.root.bytes(&["ids", &block.to_string()]);
                    for (target, source) in chunk.iter_mut().zip(bytes) {
                        *target = source;
                    }
                }
            }
            Stream::Secrets | Stream::Jitter => self.system.fill(stream, out),
        }
    }

    fn is_seeded(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use torana_runtime::random_bytes;

    #[test]
    fn the_root_of_ids_is_the_seeds() {
        let draw = |entropy: &SeededEntropy| random_bytes::<48>(entropy, Stream::Ids);
        let first = SeededEntropy::new(7);
        let root = draw(&first);
        assert_eq!(root, draw(&first));
        assert_eq!(root, draw(&SeededEntropy::new(7)));
        assert_ne!(root, draw(&SeededEntropy::new(8)));
        assert_ne!(root.first_chunk::<16>(), root.last_chunk::<16>());
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
    fn the_system_never_draws_the_same_twice() {
        let system = SystemEntropy::default();
        assert!(!system.is_seeded());
        assert_ne!(
            random_bytes::<32>(&system, Stream::Ids),
            random_bytes::<32>(&system, Stream::Ids)
        );
    }
}
