//! Memory budgets: a tree of named bounds on bytes, from the process-wide ceiling down to
//! individual uses.
//!
//! A child has its own bound and also charges its parent, so the total stays under the ceiling even
//! where the children's bounds add up to more. Large allocations first take a
//! [`MemoryReservation`], which fails when any budget on the path to the root is full. All counters
//! are atomic; nothing blocks.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A bound on the bytes that one use of memory holds at a time. Cheap to clone; clones share one
/// budget.
#[derive(Debug, Clone)]
pub struct MemoryBudget {
    node: Arc<Node>,
}

#[derive(Debug)]
struct Node {
    name: &'static str,
    bytes_max: usize,
    bytes_taken: AtomicUsize,
    parent: Option<MemoryBudget>,
}

/// Bytes taken from a budget and all its ancestors; released on drop.
///
/// Growing and shrinking take `&self`, so parallel parts of one query can share a reservation.
#[derive(Debug)]
pub struct MemoryReservation {
    budget: MemoryBudget,
    bytes: AtomicUsize,
}

/// A budget has no room for the requested bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryExhausted {
    /// The full budget: the requested one or an ancestor.
    pub budget: &'static str,
    /// Its bound.
    pub bytes_max: usize,
    /// Bytes in use.
    pub bytes_taken: usize,
    /// Bytes requested.
    pub bytes_wanted: usize,
    /// Whether the request exceeds the whole budget, so that retrying cannot succeed.
    pub never_fits: bool,
}

impl fmt::Display for MemoryExhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { budget, bytes_max, bytes_taken, bytes_wanted, .. } = self;
        write!(
            f,
            "out of memory for {budget}: {bytes_taken} of {bytes_max} bytes are in use, \
             {bytes_wanted} more are needed"
        )
    }
}

impl std::error::Error for MemoryExhausted {}

impl MemoryBudget {
    /// The root of a tree. The name describes the use of the memory in messages: `requests in
    /// flight`.
    #[must_use]
    pub fn new(name: &'static str, bytes_max: usize) -> Self {
        Self::with_parent(name, bytes_max, None)
    }

    /// A child of this budget.
    #[must_use]
    pub fn child(&self, name: &'static str, bytes_max: usize) -> Self {
        Self::with_parent(name, bytes_max, Some(self.clone()))
    }

    fn with_parent(name: &'static str, bytes_max: usize, parent: Option<Self>) -> Self {
        let node = Node { name, bytes_max, bytes_taken: AtomicUsize::new(0), parent };
        Self { node: Arc::new(node) }
    }

    /// The name, for messages.
    pub fn name(&self) -> &'static str {
        self.node.name
    }

    /// The bound.
    pub fn bytes_max(&self) -> usize {
        self.node.bytes_max
    }

    /// Bytes in use; can exceed the bound after [`MemoryReservation::grow`].
    pub fn bytes_taken(&self) -> usize {
        self.node.bytes_taken.load(Ordering::Acquire)
    }

    /// An empty reservation, to be grown.
    #[must_use]
    pub fn reservation(&self) -> MemoryReservation {
        MemoryReservation { budget: self.clone(), bytes: AtomicUsize::new(0) }
    }

    /// Takes bytes.
    ///
    /// # Errors
    /// [`MemoryExhausted`] when this budget or an ancestor is full; nothing is taken then.
    pub fn reserve(&self, bytes: usize) -> Result<MemoryReservation, MemoryExhausted> {
        let reservation = self.reservation();
        reservation.try_grow(bytes)?;
        Ok(reservation)
    }

    fn try_charge(&self, bytes: usize) -> Result<(), MemoryExhausted> {
        for budget in self.up() {
            let fits =
                |taken: usize| taken.checked_add(bytes).filter(|sum| *sum <= budget.node.bytes_max);
            let taken = &budget.node.bytes_taken;
            if let Err(taken) = taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, fits) {
                for charged in self.up().take_while(|below| !Arc::ptr_eq(&below.node, &budget.node))
                {
                    charged.node.bytes_taken.fetch_sub(bytes, Ordering::AcqRel);
                }
                return Err(MemoryExhausted {
                    budget: budget.node.name,
                    bytes_max: budget.node.bytes_max,
                    bytes_taken: taken,
                    bytes_wanted: bytes,
                    never_fits: bytes > budget.node.bytes_max,
                });
            }
        }
        Ok(())
    }

    fn charge(&self, bytes: usize) {
        for budget in self.up() {
            budget.node.bytes_taken.fetch_add(bytes, Ordering::AcqRel);
        }
    }

    fn release(&self, bytes: usize) {
        for budget in self.up() {
            budget.node.bytes_taken.fetch_sub(bytes, Ordering::AcqRel);
        }
    }

    /// This budget and its ancestors, up to the root.
    fn up(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |budget| budget.node.parent.as_ref())
    }
}

impl MemoryReservation {
    /// Takes more bytes.
    ///
    /// # Errors
    /// [`MemoryExhausted`] when a budget is full; the reservation is then unchanged.
    pub fn try_grow(&self, bytes: usize) -> Result<(), MemoryExhausted> {
        self.budget.try_charge(bytes).map_err(|exhausted| MemoryExhausted {
            never_fits: self.bytes().saturating_add(bytes) > exhausted.bytes_max,
            ..exhausted
        })?;
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
        Ok(())
    }

    /// Takes bytes even beyond the bound, for memory that is already allocated and cannot be
    /// refused. Other reservations fail until it is released.
    pub fn grow(&self, bytes: usize) {
        self.budget.charge(bytes);
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
    }

    /// Sets the size to `bytes`, even beyond the bound: see [`Self::grow`].
    pub fn set(&mut self, bytes: usize) {
        let held = std::mem::replace(self.bytes.get_mut(), bytes);
        if bytes > held {
            self.budget.charge(bytes - held);
        } else {
            self.budget.release(held - bytes);
        }
    }

    /// Releases `bytes`, or all bytes held if that is less.
    pub fn shrink(&self, bytes: usize) {
        let less = |held: usize| Some(held.saturating_sub(bytes));
        let held = self.bytes.fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
        self.budget.release(bytes.min(held.unwrap_or_else(|held| held)));
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Acquire)
    }

    /// The budget of this reservation.
    pub fn budget(&self) -> &MemoryBudget {
        &self.budget
    }
}

impl Drop for MemoryReservation {
    fn drop(&mut self) {
        self.budget.release(*self.bytes.get_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_comes_back_to_every_budget_up_to_the_root() {
        let root = MemoryBudget::new("everything", 100);
        let queries = root.child("queries", 80);
        let first = queries.reserve(50).unwrap();
        assert_eq!((root.bytes_taken(), queries.bytes_taken()), (50, 50));
        first.try_grow(20).unwrap();
        first.shrink(30);
        assert_eq!((first.bytes(), root.bytes_taken(), queries.bytes_taken()), (40, 40, 40));
        first.shrink(1000);
        assert_eq!((first.bytes(), root.bytes_taken()), (0, 0));
        first.try_grow(5).unwrap();
        drop(first);
        assert_eq!((root.bytes_taken(), queries.bytes_taken()), (0, 0));
    }

    #[test]
    fn the_budget_that_is_full_is_named_and_nothing_is_taken() {
        let root = MemoryBudget::new("everything", 100);
        let (queries, heads) = (root.child("queries", 80), root.child("heads", 80));
        let head = heads.reserve(60).unwrap();
        let refused = queries.reserve(50).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "out of memory for everything: 60 of 100 bytes are in use, 50 more are needed"
        );
        assert!(!refused.never_fits);
        assert_eq!((root.bytes_taken(), queries.bytes_taken()), (60, 0));
        let refused = head.try_grow(30).unwrap_err();
        assert_eq!((refused.budget, refused.never_fits), ("heads", true));
        assert_eq!((head.bytes(), heads.bytes_taken(), root.bytes_taken()), (60, 60, 60));
        assert!(queries.reserve(usize::MAX).unwrap_err().never_fits);
    }

    #[test]
    fn what_cannot_be_refused_is_charged_and_refuses_the_rest() {
        let root = MemoryBudget::new("everything", 100);
        let mut head = root.child("heads", 50).reservation();
        head.set(140);
        head.grow(10);
        assert!(root.reserve(1).is_err());
        head.set(20);
        assert_eq!(root.bytes_taken(), 20);
        assert!(root.reserve(80).is_ok());
    }

    #[test]
    fn threads_that_share_a_budget_never_exceed_it() {
        let root = MemoryBudget::new("everything", 1000);
        let shared = root.child("queries", 900).reservation();
        std::thread::scope(|scope| {
            for thread in 1..=4 {
                let (root, shared) = (&root, &shared);
                scope.spawn(move || {
                    for bytes in 1..2000 {
                        let own = root.reserve(bytes % 300);
                        if shared.try_grow(thread * 7).is_ok() {
                            assert!(root.bytes_taken() <= 1000);
                            shared.shrink(thread * 7);
                        }
                        drop(own);
                    }
                });
            }
        });
        assert_eq!((shared.bytes(), root.bytes_taken()), (0, 0));
    }
}
