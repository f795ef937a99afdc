//! Detects poison messages: a body that makes the decoder panic twice is rejected for good.
//!
//! The first panic is reported as retryable. Clients then resend the same bytes, so the second
//! response must be final, or one bad batch blocks all later ones.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use parking_lot::Mutex;

/// Number of hashes kept; the oldest is evicted first.
const REMEMBERED_MAX: usize = 256;

/// Hashes of bodies that caused a panic.
#[derive(Debug, Default)]
pub(crate) struct PanickedBodies {
    hashes: Mutex<VecDeque<u64>>,
}

impl PanickedBodies {
    /// Records a body that caused a panic; true if it had already caused one.
    pub(crate) fn is_repeated(&self, payload: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        payload.hash(&mut hasher);
        let hash = hasher.finish();
        let mut hashes = self.hashes.lock();
        if hashes.contains(&hash) {
            return true;
        }
        if hashes.len() == REMEMBERED_MAX {
            hashes.pop_front();
        }
        hashes.push_back(hash);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_second_time_is_repeated_and_memory_is_bounded() {
        let panicked = PanickedBodies::default();
        assert!(!panicked.is_repeated(b"a"));
        assert!(panicked.is_repeated(b"a"));
        for i in 0..1000_u32 {
            assert!(!panicked.is_repeated(&i.to_le_bytes()));
        }
        assert_eq!(panicked.hashes.lock().len(), REMEMBERED_MAX);
    }
}
