//! Accounts for the memory of a decoded request as it grows.

use signals::{MemoryExhausted, MemoryReservation};

use super::reject::REQUEST_TOO_LARGE;
use crate::{Limits, WireError};

/// Bytes reserved at a time: about the columns of a request with one item.
const STEP_BYTES: usize = 128 << 10;

/// Memory of one decoded request.
pub(crate) struct DecodedMemory<'m> {
    reservation: &'m MemoryReservation,
    bytes: usize,
    bytes_max: usize,
    reserved: usize,
    exhausted: Option<MemoryExhausted>,
}

impl<'m> DecodedMemory<'m> {
    pub(crate) fn new(limits: &Limits, reservation: &'m MemoryReservation) -> Self {
        let bytes_max = limits.decoded_bytes_max;
        Self { reservation, bytes: 0, bytes_max, reserved: 0, exhausted: None }
    }

    /// Whether another item may be decoded; otherwise the reason.
    pub(crate) fn has_room(&self) -> Result<(), &'static str> {
        let has_room = self.bytes <= self.bytes_max && self.exhausted.is_none();
        if has_room { Ok(()) } else { Err(REQUEST_TOO_LARGE) }
    }

    /// Counts the memory of an item.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes <= self.reserved || self.exhausted.is_some() {
            return;
        }
        let missing = (self.bytes - self.reserved).max(STEP_BYTES);
        match self.reservation.try_grow(missing) {
            Ok(()) => self.reserved += missing,
            Err(exhausted) => self.exhausted = Some(exhausted),
        }
    }

    /// Counts the memory of an item before it is built, or returns the reason for rejecting it.
    #[inline]
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), &'static str> {
        if self.bytes.saturating_add(bytes) > self.bytes_max {
            return Err(REQUEST_TOO_LARGE);
        }
        self.add(bytes);
        self.has_room()
    }

    /// Confirms that all memory could be reserved.
    ///
    /// # Errors
    /// [`WireError::Memory`] if only part of the request was decoded.
    pub(crate) fn finish(self) -> Result<(), WireError> {
        self.exhausted.map_or(Ok(()), |exhausted| Err(exhausted.into()))
    }
}

#[cfg(test)]
mod tests {
    use signals::MemoryBudget;

    use super::*;

    #[test]
    fn items_are_taken_until_the_request_or_the_budget_has_enough() {
        let limits = Limits { decoded_bytes_max: 1 << 20, ..Limits::default() };
        let budget = MemoryBudget::new("requests in flight", 500 << 10);
        let reservation = budget.reservation();

        let mut memory = DecodedMemory::new(&limits, &reservation);
        memory.add(10);
        assert_eq!(budget.bytes_taken(), STEP_BYTES);
        assert!(memory.has_room().is_ok() && memory.take(2 << 20).is_err());
        assert!(memory.finish().is_ok(), "an item that is too large is rejected, not retryable");

        let mut memory = DecodedMemory::new(&limits, &reservation);
        memory.add(500 << 10);
        assert!(memory.has_room().is_err());
        assert!(matches!(memory.finish(), Err(WireError::Memory(_))));
    }
}
