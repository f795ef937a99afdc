//! Breaks the poison loop: a body that panics our decoder twice is refused for good.
//!
//! A defect answers "try again" the first time. Clients keep their batch and send the same bytes
//! again, so the second time the answer must be final, or one bad batch blocks all later ones.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use parking_lot::Mutex;

/// Hashes that are remembered; the oldest is forgotten first.
const REMEMBERED_MAX: usize = 256;

/// Hashes of bodies that panicked.
#[derive(Debug, Default)]
pub(crate) struct Poison {
    hashes: Mutex<VecDeque<u64>>,
}

impl Poison {
    /// Remembers a body that panicked; true when it had already panicked before.
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
        let poison = Poison::default();
        assert!(!poison.is_repeated(b"a"));
        assert!(poison.is_repeated(b"a"));
        for i in 0..1000_u32 {
            assert!(!poison.is_repeated(&i.to_le_bytes()));
        }
        assert_eq!(poison.hashes.lock().len(), REMEMBERED_MAX);
    }
}
