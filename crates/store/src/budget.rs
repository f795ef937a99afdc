//! Memory permits: a named number of bytes, of which whoever keeps something big takes a part first.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A bound on the bytes that one use of memory may hold at a time. Cheap to clone.
#[derive(Debug, Clone)]
pub struct MemoryBudget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    name: &'static str,
    bytes_max: usize,
    bytes_taken: AtomicUsize,
}

/// Bytes that were taken; dropping it gives them back.
#[derive(Debug)]
pub struct Permit {
    shared: Arc<Shared>,
    bytes: usize,
}

impl MemoryBudget {
    /// A budget that nothing was taken from. The name appears in messages.
    #[must_use]
    pub fn new(name: &'static str, bytes_max: usize) -> Self {
        Self { shared: Arc::new(Shared { name, bytes_max, bytes_taken: AtomicUsize::new(0) }) }
    }

    /// Takes bytes, or nothing if fewer are left. Something larger than the whole budget is let
    /// through when it is alone, so that no size is refused for ever.
    #[must_use]
    pub fn try_take(&self, bytes: usize) -> Option<Permit> {
        let fits = |taken: usize| {
            let sum = taken.checked_add(bytes)?;
            (taken == 0 || sum <= self.shared.bytes_max).then_some(sum)
        };
        let taken = &self.shared.bytes_taken;
        taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits).ok()?;
        Some(Permit { shared: Arc::clone(&self.shared), bytes })
    }

    /// What it is for.
    pub fn name(&self) -> &'static str {
        self.shared.name
    }

    /// Bytes taken now.
    pub fn bytes_taken(&self) -> usize {
        self.shared.bytes_taken.load(Ordering::Acquire)
    }

    /// The bound.
    pub fn bytes_max(&self) -> usize {
        self.shared.bytes_max
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.shared.bytes_taken.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back_and_the_bound_holds() {
        let budget = MemoryBudget::new("test", 100);
        let first = budget.try_take(60).unwrap();
        assert!(budget.try_take(60).is_none());
        let second = budget.try_take(40).unwrap();
        drop(first);
        drop(second);
        assert_eq!(budget.bytes_taken(), 0);
        let large = budget.try_take(1000).unwrap();
        assert!(budget.try_take(1).is_none());
        drop(large);
    }
}
