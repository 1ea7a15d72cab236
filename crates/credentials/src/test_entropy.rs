//! Randomness for the tests of this crate: a counter behind SHA-256, different bytes at every draw.

use std::sync::atomic::{AtomicU64, Ordering};

use ring::digest::{SHA256, digest};
use torana_runtime::{Entropy, Stream};

/// Predictable bytes that never repeat within one value of this type.
#[derive(Default)]
pub(crate) struct CountingEntropy(AtomicU64);

impl Entropy for CountingEntropy {
    fn fill(&self, stream: Stream, out: &mut [u8]) {
        assert_eq!(stream, Stream::Secrets, "credentials draw from no other stream");
        for chunk in out.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            let block = digest(&SHA256, &count.to_be_bytes());
            chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        }
    }
}

/// A broken source that always says the same.
pub(crate) struct ConstantEntropy;

impl Entropy for ConstantEntropy {
    fn fill(&self, _stream: Stream, out: &mut [u8]) {
        out.fill(7);
    }
}
