//! Memory permits: bodies in flight take their bytes from one budget and give them back.
//!
//! Bytes are taken as they arrive, never as announced, so that a length alone reserves nothing.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that all requests in flight share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Budget {
    bytes: Arc<Semaphore>,
    total: usize,
}

/// A share of a [`Budget`]; dropping it gives the bytes back.
#[derive(Debug, Default)]
pub struct Permit {
    bytes: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// A budget of `total` bytes.
    #[must_use]
    pub fn new(total: usize) -> Self {
        let total = total.min(Semaphore::MAX_PERMITS);
        Self { bytes: Arc::new(Semaphore::new(total)), total }
    }

    /// Takes more bytes into a permit, or leaves it as it is when too few are free.
    #[must_use]
    pub fn grow(&self, permit: &mut Permit, bytes: usize) -> bool {
        let Ok(count) = u32::try_from(bytes) else { return false };
        let Ok(more) = Arc::clone(&self.bytes).try_acquire_many_owned(count) else { return false };
        match &mut permit.bytes {
            Some(held) => held.merge(more),
            none => *none = Some(more),
        }
        true
    }

    /// Bytes that are taken at this moment.
    #[must_use]
    pub fn used(&self) -> usize {
        self.total.saturating_sub(self.bytes.available_permits())
    }

    /// Bytes that there are.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }
}

impl Permit {
    /// Bytes held.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }

    /// Gives back all but `bytes`.
    pub fn shrink_to(&mut self, bytes: usize) {
        let surplus = self.bytes().saturating_sub(bytes);
        if let Some(held) = &mut self.bytes {
            drop(held.split(surplus));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_comes_back() {
        let budget = Budget::new(100);
        let mut permit = Permit::default();
        assert!(budget.grow(&mut permit, 60) && budget.grow(&mut permit, 30));
        assert!(!budget.grow(&mut permit, 11), "only ten are left");
        assert_eq!((permit.bytes(), budget.used()), (90, 90));
        permit.shrink_to(20);
        assert_eq!(budget.used(), 20);
        drop(permit);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn more_than_the_whole_budget_is_refused() {
        assert!(!Budget::new(100).grow(&mut Permit::default(), 101));
        assert!(!Budget::new(100).grow(&mut Permit::default(), usize::MAX));
    }
}
